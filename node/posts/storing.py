"""Rows of posts, the same for ours and for what came: put in place in the thread, changed, emptied."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from node.boundary import Outside, may_hold
from node.changes import EDITED, GONE, note_change
from node.db import insert_new
from node.errors import NotFound
from node.identity import SELF
from node.ids import new_id, now
from node.memberships import addressees
from node.objects import DROPPED, OWN_STATES, PEOPLE, PUBLIC, is_closed, mark_deleted, objects
from node.posts.tables import hashtags, mentions, post_versions, posts, reactions
from node.queue import forget_words


@dataclass(frozen=True)
class Words:
    """What a post says, in the columns it is kept in."""

    title: str
    source: str
    html: str
    warning: str
    language: str


def find_post(db: Connection, uri: str) -> Row[Any] | None:
    """A post with the columns of its object, whoever asks: only for code that then asks the boundary."""
    return db.execute(_with_object().where(objects.c.uri == uri)).one_or_none()


def get_post(db: Connection, object_id: int) -> Row[Any]:
    return db.execute(_with_object().where(objects.c.id == object_id)).one()


def own_post(db: Connection, author_id: int, object_id: int) -> Row[Any]:
    """A post of this writer; NotFound for anything else."""
    mine = select(objects.c.id).where(
        objects.c.id == object_id,
        objects.c.author_id == author_id,
        objects.c.kind == "post",
        objects.c.origin == SELF,
        objects.c.state.in_(OWN_STATES),
    )
    if db.execute(mine).first() is None:
        raise NotFound
    return get_post(db, object_id)


def _with_object() -> Any:
    return select(*objects.c, *posts.c).join(posts, posts.c.object_id == objects.c.id)


def insert_post(
    db: Connection,
    object_id: int,
    words: Words,
    *,
    type: str = "Note",
    url: str | None = None,
    parent: Row[Any] | None = None,
    parent_uri: str | None = None,
    topic_id: int | None = None,
) -> None:
    """`parent_uri` is kept only while the parent is unknown."""
    db.execute(
        insert(posts).values(
            object_id=object_id,
            type=type,
            url=url,
            parent_id=parent.id if parent else None,
            parent_uri=None if parent else parent_uri,
            root_id=parent.root_id if parent else object_id,
            topic_id=topic_id,
            **vars(words),
        )
    )


def is_below(audience: str, parent_audience: str) -> bool:
    """May a reply with this audience stand in the thread of such a parent: never wider (rule 4)?"""
    return parent_audience in (PUBLIC, audience) or (audience == PEOPLE and is_closed(parent_audience))


def adopt_replies(db: Connection, parent: Row[Any]) -> None:
    """Replies that came before what they answer take their place; those that may not stay on their own."""
    waiting = db.execute(_with_object().where(posts.c.parent_uri == parent.uri)).all()
    for reply in waiting:
        sender = Outside(reply.origin, node_key=is_closed(reply.audience))
        may = reply.origin == SELF or may_hold(db, sender, parent)
        if may and is_below(reply.audience, parent.audience):
            mine = update(posts).where(posts.c.object_id == reply.id)
            db.execute(mine.values(parent_id=parent.id, parent_uri=None))
            db.execute(update(posts).where(posts.c.root_id == reply.id).values(root_id=parent.root_id))


def keep_names(db: Connection, object_id: int, *, mentioned: Iterable[int], tags: Iterable[str]) -> None:
    """The mentions and hashtags of a post, in place of those it had."""
    for table in (mentions, hashtags):
        db.execute(delete(table).where(table.c.object_id == object_id))
    insert_new(db, mentions, [{"object_id": object_id, "actor_id": actor} for actor in set(mentioned)])
    insert_new(db, hashtags, [{"object_id": object_id, "tag": tag} for tag in set(tags)])


def keep_addressees(db: Connection, object_id: int, actor_ids: Iterable[int]) -> None:
    """Who a `people` post is for; nobody is added later (rule 3)."""
    insert_new(db, addressees, [{"object_id": object_id, "actor_id": actor} for actor in set(actor_ids)])


def addressees_of(db: Connection, object_id: int) -> set[int]:
    return set(db.scalars(select(addressees.c.actor_id).where(addressees.c.object_id == object_id)))


def mentioned_in(db: Connection, object_id: int) -> set[int]:
    return set(db.scalars(select(mentions.c.actor_id).where(mentions.c.object_id == object_id)))


def change_words(db: Connection, post: Row[Any], words: Words, edited_at: datetime) -> None:
    """The new text; what stood there is kept as a version."""
    db.execute(
        insert(post_versions).values(
            id=new_id(),
            object_id=post.id,
            title=post.title,
            source=post.source,
            html=post.html,
            warning=post.warning,
            until_at=now(),
        )
    )
    mine = update(posts).where(posts.c.object_id == post.id)
    db.execute(mine.values(edited_at=edited_at, **vars(words)))
    note_change(db, EDITED, post.id)


def empty_post(db: Connection, object_id: int) -> None:
    """The post is gone: nothing of its words stays, its place in the thread does."""
    blank = update(posts).where(posts.c.object_id == object_id)
    db.execute(blank.values(title="", source="", html="", warning="", url=None))
    for table in (post_versions, hashtags, mentions):
        db.execute(delete(table).where(table.c.object_id == object_id))
    for reaction in db.scalars(select(reactions.c.object_id).where(reactions.c.target_id == object_id)).all():
        remove_reaction(db, reaction)
    forget_words(db, object_id)
    mark_deleted(db, object_id)
    note_change(db, GONE, object_id)


def find_reaction(db: Connection, target_id: int, actor_id: int, kind: str) -> Row[Any] | None:
    """Somebody's like or boost of something, with the columns of its object."""
    query: Any = (
        select(*objects.c, reactions.c.target_id, reactions.c.actor_id, reactions.c.type)
        .join(reactions, reactions.c.object_id == objects.c.id)
        .where(reactions.c.target_id == target_id, reactions.c.actor_id == actor_id, reactions.c.type == kind)
    )
    found: Row[Any] | None = db.execute(query).one_or_none()
    return found


def find_reaction_of(db: Connection, object_id: int) -> Row[Any] | None:
    """A like or boost by its own object, with the columns of that."""
    joined = reactions.join(objects, objects.c.id == reactions.c.object_id)
    query: Any = select(*objects.c, reactions.c.target_id, reactions.c.actor_id, reactions.c.type)
    found: Row[Any] | None = db.execute(
        query.select_from(joined).where(reactions.c.object_id == object_id)
    ).one_or_none()
    return found


def insert_reaction(db: Connection, object_id: int, *, target_id: int, actor_id: int, kind: str) -> None:
    db.execute(
        insert(reactions).values(object_id=object_id, target_id=target_id, actor_id=actor_id, type=kind)
    )


def remove_reaction(db: Connection, object_id: int) -> None:
    db.execute(delete(reactions).where(reactions.c.object_id == object_id))
    mark_deleted(db, object_id)


def lock_object(db: Connection, object_id: int) -> None:
    """Ours until the transaction ends: two who change its state come one after the other.

    Not against those who only refer to it, or an answer that comes in would wait for us and we for it.
    """
    db.execute(select(objects.c.id).where(objects.c.id == object_id).with_for_update(key_share=True))


def rewrite(db: Connection, object_id: int, words: Words) -> None:
    """Other words for what nobody else has seen: no version is kept."""
    db.execute(update(posts).where(posts.c.object_id == object_id).values(**vars(words)))


def drop_post(db: Connection, object_id: int) -> None:
    """Thrown away before it went anywhere: nobody is ever told that it was there."""
    empty_post(db, object_id)
    db.execute(update(objects).where(objects.c.id == object_id).values(state=DROPPED))
