"""What changed, in order: one short-lived row each, by which every process tells its streams.

Only numbers are in it; whoever is told asks the boundary again at that moment.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Column, Connection, Table, Text, delete, insert, select

from node.db import Id, metadata
from node.ids import new_id, now

NEW, EDITED, GONE = "new", "edited", "gone"  # of a post
NOTICE = "notice"
FILTERS = "filters"
KEPT = timedelta(minutes=10)
SLACK_MS = 5_000  # a row may be committed so much later than its number was made

changes = Table(
    "changes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject_id", Id),  # a post or a notice
    Column("member_id", Id),  # whom alone it concerns
)


@dataclass(frozen=True)
class Change:
    """Something happened; `member_id` when it concerns one member alone."""

    id: int
    kind: str
    subject_id: int | None
    member_id: int | None


def note_change(
    db: Connection, kind: str, subject_id: int | None = None, *, member_id: int | None = None
) -> None:
    """Streams hear of it when the transaction commits, and not otherwise."""
    values = {"kind": kind, "subject_id": subject_id, "member_id": member_id}
    db.execute(insert(changes).values(id=new_id(), **values))


def recent_changes(db: Connection, after_id: int) -> list[Change]:
    """In order, with those that may have been committed late: the caller knows which it had."""
    late = after_id - (SLACK_MS << 16)
    query = select(changes).where(changes.c.id > late).order_by(changes.c.id)
    return [Change(*row) for row in db.execute(query)]


def forget_changes(db: Connection) -> None:
    before = int((now() - KEPT).timestamp() * 1000) << 16
    db.execute(delete(changes).where(changes.c.id < before))
