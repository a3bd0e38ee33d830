"""An agreement that nears its end: directors are told a month and a week before, to renew in time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from node.ids import now
from node.rings.agreement_lines import heads_of
from node.rings.agreement_rows import change_agreement, get_ring_row
from node.rings.queries import OPEN
from node.rings.rosters import tell_directors
from node.rings.tables import agreements, rings

DAYS = (7, 30)


def has_endings_to_tell(db: Connection) -> bool:
    return bool(_near_endings(db))


def tell_endings(db: Connection) -> int:
    """Tell once for each of DAYS; returns how many versions that was."""
    found = _near_endings(db)
    for row, days in found:
        ring = get_ring_row(db, row.ring_id)
        change_agreement(db, row.hash, ending_told=days)
        tell_directors(db, f"ring_ends_{days}", ring.name, f"/rings/{ring.handle}/about")
    return len(found)


def _near_endings(db: Connection) -> list[tuple[Row[Any], int]]:
    """The versions that hold in open rings and end soon, with the number of days to tell of."""
    soon = agreements.c.ends_at > now(), agreements.c.ends_at <= now() + timedelta(days=max(DAYS))
    joined = agreements.join(rings, rings.c.id == agreements.c.ring_id)
    rows = db.execute(select(agreements).select_from(joined).where(rings.c.state == OPEN, *soon)).all()
    found = []
    for row in rows:
        days = next(days for days in DAYS if row.ends_at <= now() + timedelta(days=days))
        is_told = row.ending_told is not None and row.ending_told <= days
        if not is_told and row in heads_of(db, row.ring_id):
            found.append((row, days))
    return found
