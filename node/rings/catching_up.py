"""Numbers of ring activities: every number of an author's node is answered, so nobody misses one unseen."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeGuard

from sqlalchemy import Connection, Row, delete, select, update

from federation.addressing import read_addressing
from federation.documents import Document, as_id, as_object
from federation.errors import Rejected
from node.boundary import Outside, Receiver, is_in_ring, readable
from node.db import insert_new
from node.departures import record_departure
from node.errors import NotFound
from node.identity import Identity
from node.ids import now
from node.objects import HANDED, WAITING, holders, objects
from node.outbox import numbers, remember_holders
from node.peers import PAIRED, peers
from node.queue import Arrival, activities, keep_received
from node.rings.queries import RingRow, open_rings, ring_of_audience
from node.rings.tables import ring_heads, ring_heard, ring_partners

PAGE = 50
PAGE_BYTES = 2_000_000
MOST_NUMBERS = 2**31
ASK_AGAIN = timedelta(hours=1)
PEOPLE_AGAIN = timedelta(days=1)
PAUSE = timedelta(seconds=15)
# Known to whoever has the object, though it is not readable any more.
TAKES_BACK = ("Delete", "Undo")


# --- answering -------------------------------------------------------------------------------------


def answer_numbers(
    db: Connection, node: Identity, ring: RingRow, peer: Row[Any], epoch: int, after: int
) -> Document:
    """What we sent to a ring after a number, as far as this partner may have it.

    `next_epoch` is where to go on when this epoch's numbers are all answered.
    """
    if not is_in_ring(db, ring.audience, peer.id):
        raise NotFound
    epochs = _epochs(db, ring.audience)
    asked = min((known for known in epochs if known >= epoch), default=node.epoch)
    last = epochs.get(asked, 0)
    start = after if asked == epoch else 0
    rows = _rows(db, ring.audience, asked, start)
    items = _items(db, peer, rows, start, min(last, start + PAGE))
    later = [known for known in epochs if known > asked]
    _note_departure(db, node, peer, rows, items)
    return {"epoch": asked, "last": last, "next_epoch": min(later, default=None), "items": items}


def _epochs(db: Connection, audience: str) -> dict[int, int]:
    """The last number by epoch."""
    rows = db.execute(select(numbers.c.epoch, numbers.c.last).where(numbers.c.audience == audience))
    return {row.epoch: row.last for row in rows}


def _rows(db: Connection, audience: str, epoch: int, after: int) -> dict[int, Row[Any]]:
    inside = activities.c.n > after, activities.c.n <= after + PAGE
    query = select(activities).where(activities.c.audience == audience, activities.c.epoch == epoch, *inside)
    return {row.n: row for row in db.execute(query)}


def _items(
    db: Connection, peer: Row[Any], rows: dict[int, Row[Any]], after: int, last: int
) -> list[Document]:
    """One answer for each number; a page ends early rather than becoming too large."""
    may = _readable_ids(db, peer, rows) | _held_ids(db, peer, rows) | _of_its_time_ids(db, peer, rows)
    items: list[Document] = []
    size = 0
    for n in range(after + 1, last + 1):
        row = rows.get(n)
        if row is None or row.id not in may:
            items.append({"n": n, "none": True})
            continue
        size += len(row.body)
        if size > PAGE_BYTES and items:
            break
        items.append({"n": n, "activity": json.loads(row.body)})
    return items


def _readable_ids(db: Connection, peer: Row[Any], rows: dict[int, Row[Any]]) -> set[int]:
    """Activities whose object this partner may read now."""
    wanted = {row.object_id for row in rows.values() if row.object_id is not None}
    reader = Outside(peer.id, node_key=True)
    found = set(db.scalars(select(objects.c.id).where(objects.c.id.in_(wanted), readable(reader))))
    return {row.id for row in rows.values() if row.object_id in found}


def _of_its_time_ids(db: Connection, peer: Row[Any], rows: dict[int, Row[Any]]) -> set[int]:
    """What is about no object, such as who came and went: only of this partner's own periods (rule 9)."""
    about_none = [row for row in rows.values() if row.object_id is None]
    return {row.id for row in about_none if is_in_ring(db, row.audience, peer.id, row.created_at)}


def _held_ids(db: Connection, peer: Row[Any], rows: dict[int, Row[Any]]) -> set[int]:
    """Deletes of what this partner ever got."""
    wanted = {row.object_id for row in rows.values() if row.type in TAKES_BACK and row.object_id is not None}
    has = holders.c.peer_id == peer.id, holders.c.object_id.in_(wanted)
    found = set(db.scalars(select(holders.c.object_id).where(*has)))
    return {row.id for row in rows.values() if row.type in TAKES_BACK and row.object_id in found}


def _note_departure(
    db: Connection, node: Identity, peer: Row[Any], rows: dict[int, Row[Any]], items: list[Document]
) -> None:
    sent = [rows[item["n"]] for item in items if "activity" in item]
    if not sent:
        return
    body = json.dumps([row.id for row in sent]).encode() + b"".join(row.body.encode() for row in sent)
    ids = [f"{node.base}{row.uri}" for row in sent]
    record_departure(db, "catching up", ids=ids, receivers=[peer.domain], content=body)
    for object_id in {row.object_id for row in sent if row.object_id is not None}:
        remember_holders(db, object_id, [Receiver(peer.id, peer.inbox)])
        handed = holders.c.object_id == object_id, holders.c.peer_id == peer.id, holders.c.state == WAITING
        db.execute(update(holders).where(*handed).values(state=HANDED, changed_at=now()))


# --- hearing ---------------------------------------------------------------------------------------


def note_number(db: Connection, peer_id: int, audience: str, epoch: int, n: int) -> None:
    """A numbered activity of a partner came in; a number skipped marks the partner as to be asked."""
    ring = ring_of_audience(db, audience)
    if ring is None or epoch < 1 or n < 1:
        return
    head = _head(db, ring.id, peer_id, epoch)
    if n <= head.contiguous:
        return
    _hear(db, ring.id, peer_id, epoch, [n])
    if _head(db, ring.id, peer_id, epoch).contiguous < n or _missed_epoch(db, ring.id, peer_id, epoch):
        _change_partner(db, ring.id, peer_id, behind=True)


def _missed_epoch(db: Connection, ring_id: int, peer_id: int, epoch: int) -> bool:
    """An epoch that begins while the one before was not finished, as far as we know."""
    older = ring_heads.c.ring_id == ring_id, ring_heads.c.peer_id == peer_id, ring_heads.c.epoch < epoch
    return (
        db.execute(
            select(ring_heads.c.epoch).where(*older, ring_heads.c.contiguous < ring_heads.c.highest)
        ).first()
        is not None
    )


def _head(db: Connection, ring_id: int, peer_id: int, epoch: int) -> Row[Any]:
    key = {"ring_id": ring_id, "peer_id": peer_id, "epoch": epoch}
    insert_new(db, ring_heads, [key])
    return db.execute(select(ring_heads).filter_by(**key).with_for_update()).one()


def _hear(db: Connection, ring_id: int, peer_id: int, epoch: int, answered: list[int], last: int = 0) -> None:
    """Move the head over every number that is answered now, in whatever order they came."""
    head = _head(db, ring_id, peer_id, epoch)
    ahead = [n for n in answered if n > head.contiguous]
    key = {"ring_id": ring_id, "peer_id": peer_id, "epoch": epoch}
    insert_new(db, ring_heard, [{**key, "n": n} for n in ahead])
    waiting = set(db.scalars(select(ring_heard.c.n).filter_by(**key)))
    contiguous = head.contiguous
    while contiguous + 1 in waiting:
        contiguous += 1
    db.execute(delete(ring_heard).filter_by(**key).where(ring_heard.c.n <= contiguous))
    highest = max([head.highest, last, contiguous, *ahead])
    db.execute(update(ring_heads).filter_by(**key).values(contiguous=contiguous, highest=highest))


def _change_partner(db: Connection, ring_id: int, peer_id: int, **values: object) -> None:
    this = ring_partners.c.ring_id == ring_id, ring_partners.c.peer_id == peer_id
    db.execute(update(ring_partners).where(*this).values(**values))


# --- asking ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """One partner to ask for one ring's activities, people, or both."""

    ring: RingRow
    peer: Row[Any]
    numbers: bool
    people: bool


def due_partners(db: Connection) -> list[Due]:
    """Partners never asked since the start, behind, or asked an hour ago; not those tried just now."""
    found = []
    for ring in open_rings(db):
        for peer, partner in _partners(db, ring):
            numbers_due = partner.behind or _is_older(partner.asked_at, ASK_AGAIN)
            people_due = _is_older(partner.people_at, PEOPLE_AGAIN)
            heard = peer.heard_at is not None and partner.tried_at is not None
            rested = _is_older(partner.tried_at, PAUSE) or (heard and peer.heard_at > partner.tried_at)
            if rested and (numbers_due or people_due) and is_in_ring(db, ring.audience, peer.id):
                found.append(Due(ring, peer, numbers_due, people_due))
    return found


def _partners(db: Connection, ring: RingRow) -> list[tuple[Row[Any], Row[Any]]]:
    query = select(ring_partners).where(ring_partners.c.ring_id == ring.id)
    rows = {row.peer_id: row for row in db.execute(query)}
    paired = db.execute(select(peers).where(peers.c.id.in_(rows), peers.c.state == PAIRED))
    return [(peer, rows[peer.id]) for peer in paired]


def _is_older(moment: Any, age: timedelta) -> bool:
    return moment is None or moment < now() - age


def ask_all_again(db: Connection) -> None:
    """The process starts: nobody knows what was missed meanwhile."""
    db.execute(update(ring_partners).values(asked_at=None, tried_at=None))


def next_question(db: Connection, ring_id: int, peer_id: int) -> tuple[int, int]:
    """The (epoch, number) after which we know nothing for sure."""
    query = select(ring_heads).where(ring_heads.c.ring_id == ring_id, ring_heads.c.peer_id == peer_id)
    heads = list(db.execute(query.order_by(ring_heads.c.epoch)))
    unfinished = [head for head in heads if head.contiguous < head.highest]
    first = (unfinished or heads[-1:])[:1]
    return (first[0].epoch, first[0].contiguous) if first else (1, 0)


def keep_answer(db: Connection, scheme: str, due: Due, answer: Document) -> tuple[int, int] | None:
    """Take a page of answers: activities go to the queue in order. Returns what to ask next, or None."""
    epoch, last, items = answer.get("epoch"), answer.get("last"), answer.get("items")
    if not _is_number(epoch, 1) or not _is_number(last, 0) or not isinstance(items, list):
        return None
    sound = [item for item in items[:PAGE] if isinstance(item, dict) and _is_number(item.get("n"), 1)]
    answered = [item for item in sound if item.get("none") is True or _is_theirs(scheme, due, epoch, item)]
    arrivals = [_arrival(due.peer, item["activity"]) for item in answered if "activity" in item]
    keep_received(db, [(arrival, int(due.peer.id)) for arrival in arrivals])
    _hear(db, due.ring.id, due.peer.id, epoch, [item["n"] for item in answered], last)
    head = _head(db, due.ring.id, due.peer.id, epoch)
    if answered and head.contiguous < last:
        return epoch, head.contiguous
    later = answer.get("next_epoch")
    if not _is_number(later, epoch + 1):
        return None
    return later, _head(db, due.ring.id, due.peer.id, later).contiguous


def _is_number(value: object, least: int) -> TypeGuard[int]:
    """One that a node gives out, and that every database can keep."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < MOST_NUMBERS


def _is_theirs(scheme: str, due: Due, epoch: int, item: Document) -> bool:
    """An activity of that partner's own people to that ring alone, numbered as it says."""
    activity = item.get("activity")
    if not isinstance(activity, dict):
        return False
    origin = f"{scheme}://{due.peer.domain}/"
    ours = as_id(activity).startswith(origin) and as_id(activity.get("actor")).startswith(origin)
    numbered = activity.get("epoch") == epoch and activity.get("n") == item["n"]
    return ours and numbered and _is_for(due.ring.hash, activity)


def _is_for(ring_hash: str, activity: Document) -> bool:
    try:
        named = read_addressing(activity, as_object(activity.get("object")))
    except Rejected:
        return False
    return named.rings == {ring_hash} and not named.rooms and not named.public


def _arrival(peer: Row[Any], activity: Document) -> Arrival:
    return Arrival(
        uri=as_id(activity),
        domain=peer.domain,
        actor=as_id(activity.get("actor")),
        by_node=True,
        body=json.dumps(activity, ensure_ascii=False),
    )


def note_asked(db: Connection, ring_id: int, peer_id: int) -> None:
    """Asked to the end: whatever is still missing now is a gap that stays."""
    moment = now()
    _change_partner(db, ring_id, peer_id, asked_at=moment, tried_at=moment, behind=False)


def note_tried(db: Connection, ring_id: int, peer_id: int) -> None:
    _change_partner(db, ring_id, peer_id, tried_at=now())


def gaps(db: Connection, ring_id: int, peer_id: int) -> int:
    """How many of a partner's numbers are known to exist and not answered."""
    query = select(ring_heads).where(ring_heads.c.ring_id == ring_id, ring_heads.c.peer_id == peer_id)
    missing = sum(head.highest - head.contiguous for head in db.execute(query))
    beyond = ring_heard.c.ring_id == ring_id, ring_heard.c.peer_id == peer_id
    return int(missing) - len(db.execute(select(ring_heard.c.n).where(*beyond)).all())
