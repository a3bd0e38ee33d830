"""What comes for a ring before we know that both are in: it waits while our signature may still open it."""

from typing import Any

from sqlalchemy import Connection, Row, select

from node.boundary import is_within, may_ask_about, rests
from node.identity import SELF
from node.ids import now
from node.incoming import Dropped, Early
from node.memberships import rooms
from node.objects import is_ring
from node.peers import get_peer
from node.rings.agreement_lines import firms_of
from node.rings.agreement_rows import (
    SIGNING,
    agreements_of,
    domains_that_left,
    find_ring_row,
    has_signed,
)
from node.rings.sector.rows import (
    ADMITTED,
    SECTOR,
    WAITING,
    ended_applications,
    find_sector_of,
    is_listed,
    standing,
)


def need_both_within(db: Connection, audience: str, peer_id: int) -> None:
    """Raises Early while the last word that opens a ring, or a room in it, may be coming; else Dropped."""
    # Both are asked always: what is refused causes the same statements (rule 7).
    if all([is_within(db, audience), is_within(db, audience, peer_id)]):
        return
    if rests(db, audience) and all(may_ask_about(db, audience, one) for one in (SELF, peer_id)):
        raise Early("a room that rests until its home told who is in")
    if _is_expected(db, _ring_around(db, audience), peer_id):
        raise Early("a ring that is not open yet, as far as we heard")
    raise Dropped("not a ring or room that both are in")


def _ring_around(db: Connection, audience: str) -> str:
    if is_ring(audience):
        return audience
    return db.scalar(select(rooms.c.within).where(rooms.c.audience == audience)) or ""


def _is_expected(db: Connection, ring_audience: str, peer_id: int) -> bool:
    ring = find_ring_row(db, ring_audience.removeprefix("ring:"))
    if ring is None:
        return False
    return _awaits_roster(db, ring, peer_id) if ring.kind == SECTOR else _awaits_proofs(db, ring, peer_id)


def _awaits_proofs(db: Connection, ring: Row[Any], peer_id: int) -> bool:
    """Our director signed a version that lists them too, and not every proof is here."""
    domain = get_peer(db, peer_id).domain
    return any(
        row.state == SIGNING
        and row.deadline > now()
        and has_signed(db, row.hash, SELF)
        and domain in firms_of(row) - domains_that_left(db, row)
        for row in agreements_of(db, ring.id)
    )


def _awaits_roster(db: Connection, ring: Row[Any], peer_id: int) -> bool:
    """The steward may have admitted us, or them; who was in the roster and is out is not expected."""
    sector = find_sector_of(db, ring.id)
    ours = standing(db, sector) if sector is not None else ""
    if peer_id in {gone for gone, _ in ended_applications(db, ring.id)}:
        return False
    return ours == WAITING or (ours == ADMITTED and not is_listed(db, ring.id, peer_id))
