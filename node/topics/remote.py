"""Topics of other nodes: open ones known by their Group actor, ring ones by what their node sent."""

import html
from datetime import datetime
from typing import Any

import nh3
from sqlalchemy import Connection, Row, insert, update

from node.actors import GROUP, find_actor, get_actor
from node.objects import PUBLIC, add_object, find_object, mark_deleted, mark_updated
from node.queue import forget_words
from node.text import clean_name
from node.topics.queries import KIND
from node.topics.tables import topics


def keep_remote_topic(db: Connection, actor_id: int) -> int | None:
    """The topic of a Group actor elsewhere, made or renewed; None when the actor is no such group."""
    actor = get_actor(db, actor_id)
    if actor.type != GROUP:
        return None
    name = clean_name(actor.name) or actor.handle
    words = {"handle": actor.handle, "name": name, "summary": _plain(actor.summary)}
    known = find_object(db, actor.uri)
    if known is not None:
        _change(db, known.id, words)
        return int(known.id)
    add_object(
        db,
        kind=KIND,
        audience=PUBLIC,
        author_id=actor.id,
        origin=actor.peer_id,
        uri=actor.uri,
        object_id=actor.id,
    )
    db.execute(insert(topics).values(object_id=actor.id, actor_id=actor.id, archived=False, **words))
    return int(actor.id)


def keep_ring_topic(
    db: Connection,
    *,
    uri: str,
    audience: str,
    origin: int,
    author_id: int,
    published: datetime | None,
    words: dict[str, str],
) -> None:
    """A topic that a ring node made; what came or was deleted before stays as it is."""
    if find_object(db, uri) is not None:
        return
    object_id = add_object(
        db, kind=KIND, audience=audience, author_id=author_id, origin=origin, uri=uri, published=published
    )
    db.execute(insert(topics).values(object_id=object_id, archived=False, **words))


def change_ring_topic(db: Connection, topic_id: int, *, archived: bool, words: dict[str, str]) -> None:
    _change(db, topic_id, {**words, "archived": archived})
    mark_updated(db, topic_id)


def forget_topic(db: Connection, row: Row[Any]) -> None:
    """It is deleted, here or at its own node; posts in it stay, without it and its words."""
    _change(db, row.id, {"name": "", "summary": ""})
    forget_words(db, row.id)
    mark_deleted(db, row.id)


def find_remote_group(db: Connection, uri: str) -> Row[Any] | None:
    """A group of another server, by its full uri."""
    row = find_actor(db, uri)
    return row if row is not None and row.type == GROUP else None


def _plain(text: str) -> str:
    """Our summaries are plain words; other servers send HTML."""
    return html.unescape(nh3.clean(text, tags=set())).strip()


def _change(db: Connection, topic_id: int, values: dict[str, Any]) -> None:
    db.execute(update(topics).where(topics.c.object_id == topic_id).values(**values))
