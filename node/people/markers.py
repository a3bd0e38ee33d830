"""How far a member has read, as their apps tell each other."""

from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Integer, Row, Table, Text, insert, select, update

from node.db import Id, UtcDateTime, metadata
from node.ids import now

TIMELINES = ("home", "notifications")

markers = Table(
    "markers",
    metadata,
    Column("member_id", Id, ForeignKey("members.actor_id"), primary_key=True),
    Column("timeline", Text, primary_key=True),
    Column("last_read_id", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)


def list_markers(db: Connection, member_id: int, timelines: list[str]) -> list[Row[Any]]:
    mine = markers.c.member_id == member_id, markers.c.timeline.in_(timelines)
    return list(db.execute(select(markers).where(*mine)))


def set_marker(db: Connection, member_id: int, timeline: str, last_read_id: int) -> None:
    """The latest word wins."""
    mine = markers.c.member_id == member_id, markers.c.timeline == timeline
    values = {"last_read_id": last_read_id, "updated_at": now()}
    if not db.execute(update(markers).where(*mine).values(**values, version=markers.c.version + 1)).rowcount:
        key = {"member_id": member_id, "timeline": timeline}
        db.execute(insert(markers).values(**key, **values, version=1))
