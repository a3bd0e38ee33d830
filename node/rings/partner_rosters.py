"""Who is in a ring of partners now, by its agreements, leavings and blocks; opens and closes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from node.identity import SELF
from node.ids import now
from node.peers import PAIRED, find_peer
from node.rings.agreement_lines import firms_of, heads_of, is_grounded, rows_of
from node.rings.tables import leavings


@dataclass(frozen=True)
class Roster:
    """Peer ids that are in now, SELF among them, and until when; nobody when that is no ring any more."""

    inside: frozenset[int]
    ends_at: datetime


PARTNERS = "partners"
RosterOf = Callable[[Connection, str, Row[Any]], Roster]  # takes our domain and the ring's row


def nobody() -> Roster:
    return Roster(frozenset(), now())


def agreed_roster(db: Connection, own_domain: str, ring: Row[Any]) -> Roster:
    """The roster that the complete versions give; after a fork only firms in every head stay in."""
    heads, rows = heads_of(db, ring.id), rows_of(db, ring.id)
    ends_at = min((head.ends_at for head in heads), default=now())
    if ends_at <= now() or not all(is_grounded(rows, head) for head in heads):
        return nobody()
    domains = set.intersection(*(firms_of(head) for head in heads))
    if own_domain not in domains or has_left(db, ring.id, SELF):
        return nobody()
    known = [find_peer(db, domain) for domain in domains - {own_domain}]
    paired = [int(peer.id) for peer in known if peer is not None and peer.state == PAIRED]
    staying = frozenset(peer_id for peer_id in paired if not has_left(db, ring.id, peer_id))
    return Roster(staying | {SELF}, ends_at) if staying else nobody()


def has_left(db: Connection, ring_id: int, peer_id: int) -> bool:
    """Whether it left the version that holds now: a later agreement that it signs lets it in again."""
    hashes = [head.hash for head in heads_of(db, ring_id)]
    gone = leavings.c.ring_id == ring_id, leavings.c.peer_id == peer_id, leavings.c.agreement.in_(hashes)
    return db.execute(select(leavings.c.peer_id).where(*gone)).first() is not None
