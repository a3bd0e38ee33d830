"""Which nodes this one, put back from a copy, is still closed towards. Decides nothing."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from node.ids import now
from node.peers import PAIRED, peers
from node.rings.trust_tables import restores

BACKUP, COPY = "backup", "copy"
PAUSE = timedelta(minutes=5)
SILENT = timedelta(days=7)


def begin_waiting(db: Connection, why: str, moment: datetime) -> int:
    """From now on every paired node must first tell what it knows; returns how many those are."""
    db.execute(delete(restores))
    ids = list(db.scalars(select(peers.c.id).where(peers.c.state == PAIRED)))
    if ids:
        db.execute(insert(restores), [{"peer_id": one, "why": why, "since_at": moment} for one in ids])
    return len(ids)


def is_closed_towards(db: Connection, peer_id: int) -> bool:
    """Whether nothing closed goes to a node or is taken from it: it did not yet tell what it knows."""
    return peer_id in closed_towards(db)


def closed_towards(db: Connection) -> set[int]:
    return set(db.scalars(select(restores.c.peer_id).where(restores.c.answered_at.is_(None))))


def waited_for(db: Connection) -> set[int]:
    """Those of them that no director went on without."""
    open_ones = restores.c.answered_at.is_(None), restores.c.passed_at.is_(None), peers.c.state == PAIRED
    query = select(restores.c.peer_id).join(peers, peers.c.id == restores.c.peer_id)
    return set(db.scalars(query.where(*open_ones)))


def due_restores(db: Connection) -> list[Row[Any]]:
    """Nodes to ask now, as rows of peers."""
    rested = or_(
        restores.c.tried_at.is_(None),
        restores.c.tried_at < now() - PAUSE,
        peers.c.heard_at > restores.c.tried_at,
    )
    query = select(peers).join(restores, restores.c.peer_id == peers.c.id)
    return list(db.execute(query.where(restores.c.answered_at.is_(None), peers.c.state == PAIRED, rested)))


def restores_with_names(db: Connection) -> list[Row[Any]]:
    """How it stands with every node since the copy was put back."""
    joined = restores.join(peers, peers.c.id == restores.c.peer_id)
    query = select(restores, peers.c.name, peers.c.domain, peers.c.state)
    return list(db.execute(query.select_from(joined).order_by(peers.c.domain)))


def is_waiting(row: Row[Any]) -> bool:
    """Whether it has not told yet what we forgot, and no director went on without it."""
    return row.answered_at is None and row.passed_at is None


def is_silent(row: Row[Any]) -> bool:
    """Whether a director may go on without it."""
    return is_waiting(row) and bool(row.since_at <= now() - SILENT)


def change_restore(db: Connection, peer_id: int, **values: object) -> None:
    db.execute(update(restores).where(restores.c.peer_id == peer_id).values(**values))
