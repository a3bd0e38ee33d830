"""What a member keeps for themselves: bookmarks, likes, muted conversations; and what they pin."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, select

from node.boundary import Member
from node.db import insert_new
from node.errors import Conflict, NotFound
from node.i18n import msg
from node.ids import new_id
from node.objects import LIVE, PEOPLE, objects
from node.posts.queries import get_readable_post, readable_rows
from node.posts.reactions import LIKE
from node.posts.storing import own_post
from node.posts.tables import bookmarks, muted_threads, pins, posts, reactions
from node.windows import Window, rows_within

MOST_PINS = 5


def bookmark(db: Connection, member: Member, object_id: int) -> None:
    """A member finds a post again that they may read; nobody else hears of it."""
    _get(db, member, object_id)
    insert_new(db, bookmarks, [{"id": new_id(), "member_id": member.actor_id, "object_id": object_id}])


def unbookmark(db: Connection, member: Member, object_id: int) -> None:
    get_readable_post(db, member, object_id)
    _remove(db, bookmarks, member, object_id)


def pin(db: Connection, member: Member, object_id: int) -> None:
    """A post of one's own stands on top of one's page, for those who may read it."""
    row = _get(db, member, object_id)
    own_post(db, member.actor_id, object_id)
    if row.audience == PEOPLE:
        raise Conflict(msg("A message to people cannot be pinned."))
    mine = pins.c.member_id == member.actor_id
    count = db.scalar(select(func.count()).select_from(pins).where(mine, pins.c.object_id != object_id))
    if int(count or 0) >= MOST_PINS:
        raise Conflict(msg("You have pinned 5 posts already. Take one away first."))
    insert_new(db, pins, [{"id": new_id(), "member_id": member.actor_id, "object_id": object_id}])


def unpin(db: Connection, member: Member, object_id: int) -> None:
    own_post(db, member.actor_id, object_id)
    _remove(db, pins, member, object_id)


def mute_thread(db: Connection, member: Member, object_id: int) -> None:
    """A member hears no more of the conversation that a post stands in."""
    row = get_readable_post(db, member, object_id)
    insert_new(db, muted_threads, [{"member_id": member.actor_id, "root_id": row.root_id}])


def unmute_thread(db: Connection, member: Member, object_id: int) -> None:
    row = get_readable_post(db, member, object_id)
    mine = muted_threads.c.member_id == member.actor_id, muted_threads.c.root_id == row.root_id
    db.execute(delete(muted_threads).where(*mine))


def _get(db: Connection, member: Member, object_id: int) -> Row[Any]:
    row = get_readable_post(db, member, object_id)
    if row.state != LIVE:
        raise NotFound
    return row


def _remove(db: Connection, table: Table, member: Member, object_id: int) -> None:
    mine = table.c.member_id == member.actor_id, table.c.object_id == object_id
    db.execute(delete(table).where(*mine))


# --- lists: rows of posts with `saved_id`, by which they are paged ------------------------------------


def bookmarked_within(db: Connection, member: Member, window: Window) -> list[Row[Any]]:
    """The last bookmarked first; what the member may not read any more is not there."""
    query = _joined(member, bookmarks, bookmarks.c.object_id, bookmarks.c.id)
    return rows_within(db, query.where(bookmarks.c.member_id == member.actor_id), bookmarks.c.id, window)


def liked_within(db: Connection, member: Member, window: Window) -> list[Row[Any]]:
    """What a member likes, the last first."""
    query = _joined(member, reactions, reactions.c.target_id, reactions.c.object_id)
    mine = reactions.c.actor_id == member.actor_id, reactions.c.type == LIKE
    return rows_within(db, query.where(*mine), reactions.c.object_id, window)


def _joined(member: Member, table: Table, target: Any, saved_id: Any) -> Any:
    query = readable_rows(member).join(table, target == objects.c.id)
    return query.add_columns(saved_id.label("saved_id")).where(objects.c.state == LIVE)


# --- marks beside posts --------------------------------------------------------------------------------


def bookmarked_of(db: Connection, member: Member, ids: Collection[int]) -> set[int]:
    return _marked(db, bookmarks, member, ids)


def pinned_of(db: Connection, member: Member, ids: Collection[int]) -> set[int]:
    return _marked(db, pins, member, ids)


def _marked(db: Connection, table: Table, member: Member, ids: Collection[int]) -> set[int]:
    mine = table.c.member_id == member.actor_id, table.c.object_id.in_(ids)
    return set(db.scalars(select(table.c.object_id).where(*mine)))


def muted_of(db: Connection, member: Member, ids: Collection[int]) -> set[int]:
    """Of these posts those in a conversation that the member muted."""
    joined = posts.join(muted_threads, muted_threads.c.root_id == posts.c.root_id)
    mine = muted_threads.c.member_id == member.actor_id, posts.c.object_id.in_(ids)
    return set(db.scalars(select(posts.c.object_id).select_from(joined).where(*mine)))
