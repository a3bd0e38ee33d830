"""Which firms of a sector ring are in, by this node's own copy of the roster and its own clock."""

from typing import Any

from sqlalchemy import Connection, Row

from node.identity import SELF
from node.ids import now
from node.peers import PAIRED
from node.rings.sector.rows import (
    OTHER_KEY,
    SOUND,
    contrary_rosters,
    ended_applications,
    find_sector_of,
    listed_firms,
    roster_of,
)


def firms_inside(db: Connection, ring_id: int) -> set[int]:
    """Peer ids (SELF among them) that are in now; empty when that is no ring.

    Once its steward showed two rosters, only firms that stand in both, by the same signature, are in.
    """
    sector = find_sector_of(db, ring_id)
    if sector is None or sector.ends_at <= now():
        return set()
    ended, others = ended_applications(db, ring_id), contrary_rosters(db, ring_id)
    shown = [{entry.application for entry in roster_of(row).firms} for row in others]
    inside = {
        int(firm.peer_id)
        for firm in listed_firms(db, ring_id)
        if has_good_key(firm)
        and (firm.peer_id, firm.application) not in ended
        and all(firm.application in applications for applications in shown)
    }
    return inside if SELF in inside and len(inside) > 1 else set()


def has_good_key(firm: Row[Any]) -> bool:
    """It signed the terms with the key that we pinned for it, and nobody here blocked it."""
    if firm.peer_id == SELF:
        return bool(firm.standing == SOUND)
    settled = firm.standing == SOUND or (firm.standing == OTHER_KEY and firm.node_key == firm.key)
    return bool(settled and firm.state == PAIRED)
