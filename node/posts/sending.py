"""A post on its way: who here hears of it, and what goes to whoever the boundary says."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from node.actors import get_actor
from node.boundary import Receiver, holders_of, receivers, receivers_of_update
from node.errors import NotFound
from node.identity import SELF, Identity
from node.objects import COMPANY, PEOPLE, PUBLIC
from node.outbox import publish
from node.posts.documents import activity_around, delete_activity, named_actors, note_document
from node.posts.hearing import tell_of
from node.posts.storing import addressees_of, get_post
from node.queue import activities
from node.topics.activities import announce
from node.topics.queries import find_topic


def tell_here(
    db: Connection, author_id: int, object_id: int, readers: Sequence[Row[Any]], parent: Row[Any] | None
) -> None:
    """Local people who are answered or named, and may read it, hear of it once."""
    answered = get_actor(db, parent.author_id) if parent is not None and parent.author_id else None
    told = {author_id}
    if answered is not None and answered.peer_id == SELF and answered.id not in told:
        tell_of(db, answered.id, "reply", from_id=author_id, object_id=object_id)
        told.add(answered.id)
    for reader in readers:
        if reader.peer_id == SELF and reader.id not in told:
            tell_of(db, reader.id, "mention", from_id=author_id, object_id=object_id)


def send_post(db: Connection, node: Identity, object_id: int, kind: str, topic: Row[Any] | None) -> None:
    """A Create or Update to whoever the boundary says; what is of the company goes nowhere."""
    post = get_post(db, object_id)
    if post.audience == COMPANY:
        return
    activity = activity_around(kind, note_document(db, node, post))
    addressed = _addressed(db, post)
    if kind == "Update":
        there = receivers_of_update(db, post, addressed)
    else:
        there = receivers(db, audience=post.audience, author_id=post.author_id, addressed=addressed)
    publish_about(db, node, post, activity, there, topic)


def _addressed(db: Connection, post: Row[Any]) -> set[int]:
    if post.audience == PEOPLE:
        return addressees_of(db, post.id)
    return {actor.id for actor in named_actors(db, post.id, post) if actor.peer_id != SELF}


def deletion(db: Connection, node: Identity, post: Row[Any]) -> tuple[dict[str, Any] | None, list[Receiver]]:
    """The Delete, and everyone who ever got the post (rule 9); none for what never left."""
    if post.audience == COMPANY:
        return None, []
    there = holders_of(db, post.id)
    if post.audience == PUBLIC:
        there = [*there, *receivers_of_update(db, post, _addressed(db, post))]
    return delete_activity(node, post, note_document(db, node, post)), list(dict.fromkeys(there))


def publish_about(
    db: Connection,
    node: Identity,
    post: Row[Any],
    activity: dict[str, Any],
    there: Sequence[Receiver],
    topic: Row[Any] | None,
) -> None:
    activity_id = publish(
        db,
        node,
        activity,
        audience=post.audience,
        receivers=there,
        actor_id=post.author_id,
        object_id=post.id,
        holds=activity["type"] != "Delete",
    )
    if topic is not None and topic.origin == SELF and post.audience == PUBLIC:
        sent = db.scalar(select(activities.c.body).where(activities.c.id == activity_id))
        announce(db, node, topic, json.loads(str(sent)), post.uri, is_reply=post.parent_id is not None)


def topic_of(db: Connection, post: Row[Any]) -> Row[Any] | None:
    try:
        return find_topic(db, post.topic_id) if post.topic_id else None
    except NotFound:
        return None
