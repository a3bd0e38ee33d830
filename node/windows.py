"""One page of a list by ids, as apps ask for it: below an id, above one, or the page right above one."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row


@dataclass(frozen=True)
class Window:
    """`max_id` is exclusive; `since_id` takes the newest above it, `min_id` those right above it."""

    limit: int = 20
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None


def rows_within(db: Connection, query: Any, column: Any, window: Window) -> list[Row[Any]]:
    """The rows of one page, newest first; `column` is what the list is paged by."""
    if window.max_id is not None:
        query = query.where(column < window.max_id)
    if window.since_id is not None:
        query = query.where(column > window.since_id)
    if window.min_id is not None:
        upward = query.where(column > window.min_id).order_by(column.asc()).limit(window.limit)
        return list(db.execute(upward))[::-1]
    return list(db.execute(query.order_by(column.desc()).limit(window.limit)))
