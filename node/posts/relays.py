"""Boosts, and what open topics elsewhere pass on (FEP-1b12): believed as far as its own server vouches."""

import dataclasses
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, update

from federation.addressing import read_addressing
from federation.documents import Document, as_id, as_object, same_origin, types_of
from node.actors import GROUP
from node.db import relative
from node.identity import SELF
from node.incoming import Dropped, Handler, Incoming, Missing
from node.objects import DELETED, PUBLIC, find_object
from node.people.remote import require_actor
from node.posts.activities import (
    delete_post_if_any,
    keep_note,
    react,
    read_own,
    receive_like,
    receive_update,
    undo_reaction,
)
from node.posts.audiences import local_followers
from node.posts.reactions import ANNOUNCE
from node.posts.storing import find_post
from node.posts.tables import posts
from node.topics.remote import keep_remote_topic


def receive_announce(db: Connection, incoming: Incoming) -> None:
    """A boost by a person, or an open topic elsewhere telling what happened in it (FEP-1b12)."""
    actor = require_actor(db, incoming.actor_uri)
    inner = incoming.object
    if inner and "actor" in inner:
        _receive_relayed(db, incoming, actor, inner)
        return
    _announced(db, incoming, actor, incoming.object_uri)


def _announced(db: Connection, incoming: Incoming, actor: Row[Any], uri: str) -> Row[Any]:
    """The open post that is announced, fetched from its own server when we lack it."""
    post = find_post(db, uri)
    if post is None:
        if not local_followers(db, actor.id) or find_object(db, uri) is not None or uri.startswith("/"):
            raise Dropped("announced to nobody here")
        raise Missing("object", uri)
    if post.audience != PUBLIC or post.state == DELETED:
        raise Dropped("only what is open is announced")
    if actor.type != GROUP:
        react(db, incoming, post, ANNOUNCE)
    elif post.topic_id is None:
        topic_id = keep_remote_topic(db, actor.id)
        db.execute(update(posts).where(posts.c.object_id == post.id).values(topic_id=topic_id))
    return post


def _receive_relayed(db: Connection, incoming: Incoming, actor: Row[Any], inner: Document) -> None:
    """What a group passes on is believed for its own server's people; of others it is fetched."""
    if actor.type != GROUP or not local_followers(db, actor.id):
        raise Dropped("a group that nobody here follows")
    kind = next(iter(types_of(inner)), "")
    uri = relative(incoming.node.base, as_id(inner.get("object")))
    if uri.startswith("/") and kind in ("Create", "Update", "Delete"):
        return  # ours, come back
    if same_origin(as_id(inner.get("actor")), incoming.actor_uri):
        _relay(db, incoming, inner, kind)
    elif kind == "Delete":
        _ask_about(find_post(db, uri), incoming)
    if kind in ("Create", "Update"):
        post = _announced(db, incoming, actor, uri)
        if kind == "Update":
            _ask_about(post, incoming)


def _relay(db: Connection, incoming: Incoming, inner: Document, kind: str) -> None:
    """The group's own server vouches for its own people, so what they did counts as they sent it."""
    if not _is_open_activity(db, incoming, inner):
        raise Dropped("only what is open is announced")
    theirs = dataclasses.replace(incoming, activity=inner, actor_uri=as_id(inner.get("actor")), by_node=False)
    if kind == "Create":
        if find_object(db, theirs.object_uri) is None:
            keep_note(db, theirs, read_own(theirs), is_asked=True)
    elif kind in RELAYED:
        RELAYED[kind](db, theirs)


def _is_open_activity(db: Connection, incoming: Incoming, inner: Document) -> bool:
    named = read_addressing(inner, as_object(inner.get("object")))
    target = find_object(db, relative(incoming.node.base, as_id(inner.get("object"))))
    is_open = named.public if target is None else target.audience == PUBLIC
    return is_open and not named.closed


def _ask_about(post: Row[Any] | None, incoming: Incoming) -> None:
    """Changed or gone, says the group: the post's own server is asked once how it is."""
    if post is None or post.origin in (SELF, incoming.peer_id) or post.state == DELETED:
        return
    if post.audience == PUBLIC and (post.updated is None or post.updated < incoming.received_at):
        raise Missing("object", post.uri)


RELAYED: dict[str, Callable[[Connection, Incoming], object]] = {
    "Update": receive_update,
    "Delete": delete_post_if_any,
    "Like": receive_like,
    "Undo": undo_reaction,
}

HANDLERS: dict[tuple[str, str], Handler] = {("Announce", "*"): receive_announce}
