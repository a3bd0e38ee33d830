"""Who may have what, by hand: check-rings holds the running node to this and never asks the boundary.

Plain code over rows of `objects` and the periods in `memberships`, so that a fault in the boundary's
conditions shows as a difference.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from node.actors import actors
from node.identity import SELF, nodes
from node.ids import now
from node.memberships import addressees, memberships, rooms
from node.objects import holders
from node.peers import peers

Kind = Literal["anonymous", "stranger", "node"]


@dataclass(frozen=True)
class Asker:
    """Somebody who asks: nobody, a server never met, or a paired node by its own key."""

    kind: Kind
    name: str
    peer_id: int = -2  # of no peer


@dataclass(frozen=True)
class Facts:
    """What stands in the database about nodes, rings and rooms at one moment."""

    moment: datetime
    has_list: bool
    peers: dict[int, Row[Any]]
    periods: list[Row[Any]]
    rooms: dict[str, Row[Any]]


def read_facts(db: Connection) -> Facts:
    return Facts(
        moment=now(),
        has_list=db.execute(select(nodes.c.federation)).scalar_one() == "allow_list",
        peers={row.id: row for row in db.execute(select(peers))},
        periods=list(db.execute(select(memberships))),
        rooms={row.audience: row for row in db.execute(select(rooms))},
    )


# What each kind of asker may have of each kind of audience, as a document or file.
TABLE: dict[tuple[str, Kind], str] = {
    ("company", "anonymous"): "never",
    ("company", "stranger"): "never",
    ("company", "node"): "never",
    ("ring", "anonymous"): "never",
    ("ring", "stranger"): "never",
    ("ring", "node"): "in its periods",
    ("room", "anonymous"): "never",
    ("room", "stranger"): "never",
    ("room", "node"): "somebody of it is in",
    ("people", "anonymous"): "never",
    ("people", "stranger"): "never",
    ("people", "node"): "somebody of it is named",
    ("public", "anonymous"): "without a list",
    ("public", "stranger"): "without a list",
    ("public", "node"): "by its policy",
}


def may_have(db: Connection, facts: Facts, asker: Asker, row: Row[Any]) -> bool:
    """Whether this object of ours is for this asker now; ours alone are served, and only while they live."""
    if row.origin != SELF or row.state != "live":
        return False
    rule = TABLE.get((row.audience.partition(":")[0], asker.kind), "never")
    if rule == "in its periods":
        return is_in(facts, row.audience, asker.peer_id, row.published)
    if rule == "somebody of it is in":
        return is_in_room(facts, row.audience, asker.peer_id, row.published)
    if rule == "somebody of it is named":
        return _is_named(db, row.id, asker.peer_id)
    if rule == "without a list":
        return not facts.has_list
    return rule == "by its policy" and exchanges_open_posts(facts, asker)


def exchanges_open_posts(facts: Facts, asker: Asker) -> bool:
    if asker.kind != "node":
        return not facts.has_list
    peer = facts.peers[asker.peer_id]
    return peer.state != "blocked" and (
        peer.policy == "allowed" or (not facts.has_list and peer.policy != "rings_only")
    )


def is_in(facts: Facts, audience: str, peer_id: int, then: datetime | None = None) -> bool:
    """In a ring or room now, and at another moment too."""
    theirs = [row for row in facts.periods if (row.audience, row.peer_id) == (audience, peer_id)]
    moments = [facts.moment] if then is None else [facts.moment, then]
    return all(any(_covers(period, moment) for period in theirs) for moment in moments)


def _covers(period: Row[Any], moment: datetime) -> bool:
    return bool(period.from_at <= moment and (period.until_at is None or period.until_at > moment))


def is_in_room(facts: Facts, audience: str, peer_id: int, then: datetime | None = None) -> bool:
    """Somebody of a node is in a room that lasts, and both nodes are in what it is within."""
    room = facts.rooms.get(audience)
    if (
        room is None
        or room.rests_at is not None
        or (room.until_at is not None and room.until_at <= facts.moment)
    ):
        return False
    both = is_in(facts, room.within, SELF) and is_in(facts, room.within, peer_id)
    return both and is_in(facts, audience, peer_id, then)


def _is_named(db: Connection, object_id: int, peer_id: int) -> bool:
    named = select(actors.c.id).join(addressees, addressees.c.actor_id == actors.c.id)
    mine = addressees.c.object_id == object_id, actors.c.peer_id == peer_id
    return db.execute(named.where(*mine)).first() is not None


def may_know_gone(db: Connection, facts: Facts, asker: Asker, row: Row[Any]) -> bool:
    """Whether this asker could read it before it was deleted, and so may be told that it is gone."""
    if row.origin != SELF or row.state != "deleted":
        return False
    if row.audience == "public":
        return exchanges_open_posts(facts, asker)
    had = holders.c.object_id == row.id, holders.c.peer_id == asker.peer_id
    return asker.kind == "node" and db.execute(select(holders.c.object_id).where(*had)).first() is not None


def may_see_page(facts: Facts, row: Row[Any]) -> bool:
    """Whether everybody on the web may see an object on our pages: what is open, also of others."""
    if row.audience != "public" or row.state != "live":
        return False
    peer = facts.peers.get(row.origin)
    return peer is None or (peer.state != "blocked" and peer.policy != "limited")


def may_know_person(facts: Facts, asker: Asker, actor: Row[Any]) -> bool:
    """A face is for everybody that open posts are exchanged with; ring nodes know each of our people."""
    if actor.peer_id != SELF or actor.gone_at is not None:
        return False
    if (actor.type == "Group" or actor.face_at is not None) and exchanges_open_posts(facts, asker):
        return True
    shared = {row.audience for row in facts.periods if row.audience.startswith("ring:")}
    in_ring = any(is_in(facts, one, SELF) and is_in(facts, one, asker.peer_id) for one in shared)
    return actor.type != "Group" and asker.kind == "node" and in_ring
