"""What others ask about rings: which we are in, by which name, and whom something sent there reaches."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from node.access.logins import is_own_member
from node.access.tables import members
from node.boundary import ring_nodes, rings_of
from node.errors import NotFound
from node.ids import now
from node.objects import is_ring, ring_audience
from node.rings.tables import ring_people, rings, sources

PROPOSED, OPEN, CLOSED = "proposed", "open", "closed"
PEOPLE_FRESH = timedelta(days=1)
MOST_NAMED = 12  # partners in a sentence; more are counted, and named in a list that folds out


@dataclass(frozen=True)
class RingRow:
    """A ring as this node knows it; `handle` is this node's own name for it."""

    id: int
    hash: str
    audience: str
    handle: str
    name: str
    kind: str
    state: str


@dataclass(frozen=True)
class NodeReach:
    """One partner that gets it; `people` is None when they never told, `approximate` when long ago."""

    name: str
    domain: str
    people: int | None
    approximate: bool


@dataclass(frozen=True)
class Reach:
    """Who will get it: people of our own and, by partner, theirs."""

    own_people: int
    nodes: tuple[NodeReach, ...]

    @property
    def is_large(self) -> bool:
        """Too many partners to name them all in one sentence."""
        return len(self.nodes) > MOST_NAMED

    @property
    def their_people(self) -> int:
        """Rounded, and known by what the partners told last."""
        count = sum(node.people or 0 for node in self.nodes)
        return round(count, -2) if count >= 1000 else count


def open_rings(db: Connection) -> list[RingRow]:
    """The rings we are in now, by name."""
    hashes = [audience.removeprefix("ring:") for audience in rings_of(db)]
    query = _named().where(rings.c.hash.in_(hashes)).order_by(rings.c.name, rings.c.id)
    return [_ring(row) for row in db.execute(query)]


def known_rings(db: Connection) -> list[RingRow]:
    """Every ring that our director ever signed for, by name."""
    return [_ring(row) for row in db.execute(_named().order_by(rings.c.name, rings.c.id))]


def find_ring(db: Connection, handle: str) -> RingRow:
    """A ring by this node's name for it, open or not; raises NotFound."""
    row = db.execute(_named().where(rings.c.handle == handle)).one_or_none()
    if row is None:
        raise NotFound
    return _ring(row)


def ring_of_audience(db: Connection, audience: str) -> RingRow | None:
    if not is_ring(audience):
        return None
    row = db.execute(_named().where(rings.c.hash == audience.removeprefix("ring:"))).one_or_none()
    return None if row is None else _ring(row)


def _named() -> Select[Any]:
    return select(rings).where(rings.c.handle.is_not(None))


def _ring(row: Row[Any]) -> RingRow:
    return RingRow(row.id, row.hash, ring_audience(row.hash), row.handle, row.name, row.kind, row.state)


def describe_reach(db: Connection, audience: str) -> Reach:
    """Who something with this audience reaches; asks the same boundary that delivers."""
    ring = ring_of_audience(db, audience)
    if ring is None:
        return Reach(count_own_people(db), ())
    told, counts = _told_at(db, audience), _people_counts(db, ring.id)
    nodes = [
        _node_reach(peer, told.get(peer.id), counts.get(peer.id, 0)) for peer in ring_nodes(db, audience)
    ]
    return Reach(count_own_people(db), tuple(nodes))


def _told_at(db: Connection, audience: str) -> dict[int, Any]:
    """When each partner last told who its people are."""
    query = select(sources.c.peer_id, sources.c.people_at).where(sources.c.audience == audience)
    return {row.peer_id: row.people_at for row in db.execute(query)}


def _people_counts(db: Connection, ring_id: int) -> dict[int, int]:
    counted = select(ring_people.c.peer_id, func.count()).where(ring_people.c.ring_id == ring_id)
    return {row[0]: row[1] for row in db.execute(counted.group_by(ring_people.c.peer_id))}


def count_own_people(db: Connection) -> int:
    """Members that can log in now; guests are none."""
    return int(db.execute(select(func.count()).select_from(members).where(is_own_member())).scalar_one())


def _node_reach(peer: Row[Any], told_at: Any, count: int) -> NodeReach:
    return NodeReach(
        name=peer.name or peer.domain,
        domain=peer.domain,
        people=None if told_at is None else count,
        approximate=told_at is None or told_at < now() - PEOPLE_FRESH,
    )
