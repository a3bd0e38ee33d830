"""Hashtags that a member follows: what carries one and they may read comes into their home."""

from typing import Any

from sqlalchemy import Connection, Row, delete, select

from node.boundary import Member
from node.db import insert_new
from node.ids import new_id
from node.posts.tables import followed_tags
from node.windows import Window, rows_within


def follow_tag(db: Connection, member: Member, tag: str) -> None:
    insert_new(db, followed_tags, [{"id": new_id(), "member_id": member.actor_id, "tag": tag}])


def unfollow_tag(db: Connection, member: Member, tag: str) -> None:
    db.execute(delete(followed_tags).where(*_mine(member), followed_tags.c.tag == tag))


def follows_tag(db: Connection, member: Member, tag: str) -> bool:
    query = select(followed_tags.c.id).where(*_mine(member), followed_tags.c.tag == tag)
    return db.execute(query).first() is not None


def tags_within(db: Connection, member: Member, window: Window) -> list[Row[Any]]:
    """The hashtags that a member follows, the last first."""
    return rows_within(db, select(followed_tags).where(*_mine(member)), followed_tags.c.id, window)


def _mine(member: Member) -> tuple[Any, ...]:
    return (followed_tags.c.member_id == member.actor_id,)
