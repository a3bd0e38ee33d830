"""What its author took away from others: who confirmed that it is gone, and asking again. Ids, no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from node.boundary import Member, holders_of, is_inside
from node.errors import Conflict, NotFound
from node.gates.rules import note_gate_act
from node.gates.tables import gate_acts
from node.i18n import msg
from node.identity import SELF, Identity
from node.objects import ANY_RING, DELETED, GONE, PUBLIC, holders, is_closed, objects
from node.outbox import publish
from node.peers import PAIRED, peers
from node.posts.documents import delete_activity, note_document
from node.posts.storing import get_post, lock_object
from node.queue import activities, deliveries

PER_PAGE = 50
CONFIRMED, WAITS, HANDED_OVER, REFUSED = "confirmed", "waits", "handed_over", "refused"


@dataclass(frozen=True)
class Holder:
    """A node that had it: how its deletion stands there. Only our own software confirms."""

    peer_id: int
    name: str
    state: str
    at: datetime
    has_left: bool
    confirms: bool


def list_recalled(db: Connection, member: Member, before: int | None = None) -> list[Row[Any]]:
    """Deleted posts that had gone out, newest first: one's own, for editors all of rings and open ones."""
    query = (
        select(objects, gate_acts.c.id.label("act_id"), gate_acts.c.at, gate_acts.c.actor_id)
        .join(gate_acts, gate_acts.c.object_id == objects.c.id)
        .where(gate_acts.c.act == "deleted", _may_look(member))
    )
    if before is not None:
        query = query.where(gate_acts.c.id < before)
    return list(db.execute(query.order_by(gate_acts.c.id.desc()).limit(PER_PAGE)))


def _may_look(member: Member) -> Any:
    mine = objects.c.author_id == member.actor_id
    if "editor" not in member.roles:
        return mine
    return or_(mine, objects.c.audience == PUBLIC, objects.c.audience.like(ANY_RING))


def get_recalled(db: Connection, member: Member, object_id: int) -> Row[Any]:
    """A deleted post of ours, for its author and, outside rooms, the editors; NotFound for all others."""
    deleted = objects.c.id == object_id, objects.c.kind == "post", objects.c.origin == SELF
    query = select(objects).where(*deleted, objects.c.state == DELETED, _may_look(member))
    row = db.execute(query).one_or_none()
    if row is None or not (row.audience == PUBLIC or is_closed(row.audience)):
        raise NotFound
    return row


def holders_view(db: Connection, row: Row[Any]) -> list[Holder]:
    """Every node that ever got it, still inside or not, by name."""
    sent = _deletions_sent(db, row.id)
    query = (
        select(holders.c.peer_id, holders.c.state, holders.c.changed_at, peers.c.name, peers.c.domain)
        .add_columns(peers.c.state.label("peer_state"))
        .join(peers, peers.c.id == holders.c.peer_id)
        .where(holders.c.object_id == row.id)
        .order_by(peers.c.domain)
    )
    return [_holder(db, row, found, sent.get(found.peer_id)) for found in db.execute(query)]


def _holder(db: Connection, row: Row[Any], found: Row[Any], sent: Row[Any] | None) -> Holder:
    at = found.changed_at if found.state == GONE or sent is None else sent.ended_at or sent.created_at
    closed = is_closed(row.audience)
    return Holder(
        peer_id=found.peer_id,
        name=found.name or found.domain,
        state=_state(found.state, sent),
        at=at,
        has_left=closed and not is_inside(db, row.audience, found.peer_id),
        confirms=closed or found.peer_state == PAIRED,
    )


def _state(held: str, sent: Row[Any] | None) -> str:
    if held == GONE:
        return CONFIRMED
    if sent is None or sent.state == "waiting":
        return WAITS
    return HANDED_OVER if sent.state == "done" else REFUSED


def _deletions_sent(db: Connection, object_id: int) -> dict[int, Row[Any]]:
    """The last Delete that each peer was sent, or is being sent."""
    query = (
        select(deliveries.c.peer_id, deliveries.c.state, deliveries.c.created_at, deliveries.c.ended_at)
        .join(activities, activities.c.id == deliveries.c.activity_id)
        .where(activities.c.object_id == object_id, activities.c.type == "Delete")
        .order_by(deliveries.c.id)
    )
    rows: list[Row[Any]] = list(db.execute(query))
    return {row.peer_id: row for row in rows}


def ask_again(db: Connection, node: Identity, member: Member, object_id: int) -> int:
    """Send the Delete again to who has not confirmed it, in the ring or not; returns to how many."""
    lock_object(db, object_id)
    row = get_recalled(db, member, object_id)
    open_ones = {one.peer_id for one in holders_view(db, row) if one.state in (HANDED_OVER, REFUSED)}
    there = [receiver for receiver in holders_of(db, object_id) if receiver.peer_id in open_ones]
    if not there:
        raise Conflict(msg("There is nobody to ask now: all have confirmed, or are being told."))
    post = get_post(db, object_id)
    publish(
        db,
        node,
        delete_activity(node, post, note_document(db, node, post)),
        audience=post.audience,
        receivers=there,
        actor_id=post.author_id,
        object_id=object_id,
        numbered=False,  # a number for some of the ring would be a gap for the others
    )
    note_gate_act(db, object_id, "asked_again", member.actor_id)
    return len(there)


def confirmed_of(seen: Sequence[Holder]) -> tuple[int, int]:
    """How many confirmed, of how many that had it."""
    return sum(one.state == CONFIRMED for one in seen), len(seen)
