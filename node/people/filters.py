"""What a member does not want to come across in apps: words and single posts, each for some places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Row,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from node.changes import FILTERS, note_change
from node.db import Id, UtcDateTime, insert_new, metadata
from node.errors import Invalid, NotFound
from node.i18n import msg
from node.ids import new_id, now

PLACES = ("home", "notifications", "public", "thread", "account")
WARN, HIDE = "warn", "hide"
ACTIONS = (WARN, HIDE, "blur")
LONGEST_TITLE, LONGEST_KEYWORD, MOST_KEYWORDS, MOST_FILTERS = 200, 500, 200, 200

filters = Table(
    "filters",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("members.actor_id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("places", Text, nullable=False),  # where it holds, parted by spaces
    Column("action", Text, nullable=False),
    Column("expires_at", UtcDateTime),
    Index(None, "member_id"),
)

filter_keywords = Table(
    "filter_keywords",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("filter_id", Id, ForeignKey("filters.id"), nullable=False),
    Column("keyword", Text, nullable=False),
    Column("whole_word", Boolean, nullable=False),
    Index(None, "filter_id"),
)

filter_statuses = Table(
    "filter_statuses",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("filter_id", Id, ForeignKey("filters.id"), nullable=False),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    UniqueConstraint("filter_id", "object_id"),
)


@dataclass(frozen=True)
class Filter:
    """A filter with its keywords and the posts that it names."""

    row: Row[Any]
    keywords: Sequence[Row[Any]]
    statuses: Sequence[Row[Any]]

    @property
    def places(self) -> list[str]:
        return str(self.row.places).split()

    def words_in(self, text: str) -> list[str]:
        return [one.keyword for one in self.keywords if _pattern(one.keyword, one.whole_word).search(text)]

    def names(self, object_id: int) -> bool:
        return any(one.object_id == object_id for one in self.statuses)


def _pattern(keyword: str, whole_word: bool) -> re.Pattern[str]:
    """A whole word has none of its letters beside it; what begins or ends with a sign needs no edge there."""
    before = r"\b" if whole_word and re.match(r"\w", keyword) else ""
    after = r"\b" if whole_word and re.search(r"\w$", keyword) else ""
    return re.compile(before + re.escape(keyword) + after, re.IGNORECASE)


# --- read ------------------------------------------------------------------------------------------


def list_filters(db: Connection, member_id: int, *, active: bool = False) -> list[Filter]:
    """All of a member's, oldest first; with `active` those that have not ended."""
    mine = select(filters).where(filters.c.member_id == member_id).order_by(filters.c.id)
    if active:
        mine = mine.where(filters.c.expires_at.is_(None) | (filters.c.expires_at > now()))
    return _whole(db, list(db.execute(mine)))


def get_filter(db: Connection, member_id: int, filter_id: int) -> Filter:
    mine = filters.c.id == filter_id, filters.c.member_id == member_id
    found = _whole(db, list(db.execute(select(filters).where(*mine))))
    if not found:
        raise NotFound
    return found[0]


def _whole(db: Connection, rows: Sequence[Row[Any]]) -> list[Filter]:
    if not rows:
        return []
    ids = [row.id for row in rows]
    words, named = (
        list(db.execute(select(table).where(table.c.filter_id.in_(ids)).order_by(table.c.id)))
        for table in (filter_keywords, filter_statuses)
    )
    return [
        Filter(
            row,
            [one for one in words if one.filter_id == row.id],
            [one for one in named if one.filter_id == row.id],
        )
        for row in rows
    ]


def get_keyword(db: Connection, member_id: int, keyword_id: int) -> tuple[Filter, Row[Any]]:
    return _part(db, member_id, filter_keywords, keyword_id)


def get_named(db: Connection, member_id: int, row_id: int) -> tuple[Filter, Row[Any]]:
    """The line of a post that a filter names."""
    return _part(db, member_id, filter_statuses, row_id)


def _part(db: Connection, member_id: int, table: Table, row_id: int) -> tuple[Filter, Row[Any]]:
    row = db.execute(select(table).where(table.c.id == row_id)).one_or_none()
    if row is None:
        raise NotFound
    return get_filter(db, member_id, row.filter_id), row


# --- change ----------------------------------------------------------------------------------------


def add_filter(
    db: Connection,
    member_id: int,
    *,
    title: str,
    places: Sequence[str],
    action: str,
    expires_at: datetime | None,
) -> int:
    if len(list_filters(db, member_id)) >= MOST_FILTERS:
        raise Invalid(title=msg("You have many filters already. Delete one first."))
    values = _checked(title, places, action)
    filter_id = new_id()
    db.execute(insert(filters).values(id=filter_id, member_id=member_id, expires_at=expires_at, **values))
    note_change(db, FILTERS, member_id=member_id)
    return filter_id


def change_filter(
    db: Connection,
    member_id: int,
    filter_id: int,
    *,
    title: str,
    places: Sequence[str],
    action: str,
    expires_at: datetime | None,
) -> None:
    get_filter(db, member_id, filter_id)
    values = _checked(title, places, action)
    db.execute(update(filters).where(filters.c.id == filter_id).values(expires_at=expires_at, **values))
    note_change(db, FILTERS, member_id=member_id)


def _checked(title: str, places: Sequence[str], action: str) -> dict[str, str]:
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise Invalid(
            title=msg("Give the filter a name of at most %(longest)s characters.", longest=LONGEST_TITLE)
        )
    known = [one for one in PLACES if one in places]
    if not known or len(set(places)) != len(known):
        raise Invalid(context=msg("Choose where the filter holds."))
    if action not in ACTIONS:
        raise Invalid(filter_action=msg("Choose one of these."))
    return {"title": title.strip(), "places": " ".join(known), "action": action}


def delete_filter(db: Connection, member_id: int, filter_id: int) -> None:
    get_filter(db, member_id, filter_id)
    for table in (filter_keywords, filter_statuses):
        db.execute(delete(table).where(table.c.filter_id == filter_id))
    db.execute(delete(filters).where(filters.c.id == filter_id))
    note_change(db, FILTERS, member_id=member_id)


def add_keyword(db: Connection, member_id: int, filter_id: int, keyword: str, *, whole_word: bool) -> int:
    if len(get_filter(db, member_id, filter_id).keywords) >= MOST_KEYWORDS:
        raise Invalid(keyword=msg("This filter has many words already. Delete one first."))
    row_id = new_id()
    row = {"id": row_id, "filter_id": filter_id, "keyword": _word(keyword), "whole_word": whole_word}
    db.execute(insert(filter_keywords).values(row))
    note_change(db, FILTERS, member_id=member_id)
    return row_id


def change_keyword(db: Connection, member_id: int, row_id: int, keyword: str, *, whole_word: bool) -> None:
    get_keyword(db, member_id, row_id)
    mine = update(filter_keywords).where(filter_keywords.c.id == row_id)
    db.execute(mine.values(keyword=_word(keyword), whole_word=whole_word))
    note_change(db, FILTERS, member_id=member_id)


def _word(keyword: str) -> str:
    if not keyword.strip() or len(keyword) > LONGEST_KEYWORD:
        raise Invalid(keyword=msg("Use between 1 and %(longest)s characters.", longest=LONGEST_KEYWORD))
    return keyword.strip()


def delete_keyword(db: Connection, member_id: int, row_id: int) -> None:
    get_keyword(db, member_id, row_id)
    db.execute(delete(filter_keywords).where(filter_keywords.c.id == row_id))
    note_change(db, FILTERS, member_id=member_id)


def name_post(db: Connection, member_id: int, filter_id: int, object_id: int) -> int:
    """The filter holds for one post, which its caller may read; once is enough."""
    get_filter(db, member_id, filter_id)
    row = {"filter_id": filter_id, "object_id": object_id}
    insert_new(db, filter_statuses, [{"id": new_id(), **row}])
    note_change(db, FILTERS, member_id=member_id)
    same = filter_statuses.c.filter_id == filter_id, filter_statuses.c.object_id == object_id
    return int(db.execute(select(filter_statuses.c.id).where(*same)).scalar_one())


def unname_post(db: Connection, member_id: int, row_id: int) -> None:
    get_named(db, member_id, row_id)
    db.execute(delete(filter_statuses).where(filter_statuses.c.id == row_id))
    note_change(db, FILTERS, member_id=member_id)
