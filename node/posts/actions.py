"""What members do with posts: write, edit, delete; a post and its deliveries are one transaction."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from node.actors import actors, get_actor
from node.boundary import (
    Member,
    Receiver,
    get_readable,
    holders_of,
    is_in_ring,
    receivers,
    receivers_of_update,
)
from node.errors import Forbidden, Invalid, NotFound
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.media.actions import attach_pictures, delete_files
from node.media.images import Picture
from node.notices import notify
from node.objects import COMPANY, LIVE, PEOPLE, PUBLIC, add_object, is_ring, objects
from node.outbox import publish
from node.people.actions import need_face
from node.people.queries import is_ring_node
from node.posts.documents import activity_around, delete_activity, named_actors, note_document
from node.posts.gates import check_gate
from node.posts.mentions import find_mentioned, page_links, pick_readers
from node.posts.rendering import read_names, render_markdown
from node.posts.storing import (
    Words,
    addressees_of,
    change_words,
    empty_post,
    get_post,
    insert_post,
    is_below,
    keep_addressees,
    keep_names,
    mentioned_in,
)
from node.queue import activities
from node.rings.queries import ring_of_audience
from node.settings import Settings
from node.topics.activities import announce
from node.topics.queries import find_topic

LONGEST_SOURCE, LONGEST_TITLE, LONGEST_WARNING = 20_000, 200, 200
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Draft:
    """A post as somebody wants to publish it; an answer without an audience takes its parent's."""

    audience: str
    source: str
    title: str = ""
    warning: str = ""
    language: str = "nl"
    topic_id: int | None = None
    parent_id: int | None = None
    pictures: Sequence[Picture] = ()
    alts: Sequence[str] = ()


# --- write -----------------------------------------------------------------------------------------


def publish_post(db: Connection, node: Identity, settings: Settings, author_id: int, draft: Draft) -> int:
    """Write a post and its deliveries; returns the object's id."""
    check_words(draft.source, draft.title, draft.warning, draft.language)
    parent = _find_parent(db, author_id, draft.parent_id)
    audience = _check_audience(db, draft, parent)
    topic = _find_topic(db, author_id, draft, parent, audience)
    addressed = _circle(db, author_id, parent) if audience == PEOPLE and parent else set()
    _check_face(db, author_id, audience, addressed)
    state = check_gate(db, ring_of_audience(db, audience))
    object_id = add_object(db, kind="post", audience=audience, author_id=author_id, state=state)
    keep_addressees(db, object_id, addressed)
    found = find_mentioned(db, node, draft.source)
    readers = pick_readers(db, found.values(), audience, addressed)
    insert_post(
        db,
        object_id,
        _words(draft, page_links(found, readers)),
        parent=parent,
        topic_id=topic.object_id if topic else None,
    )
    keep_names(db, object_id, mentioned=_ids(readers), tags=read_names(draft.source).hashtags)
    if draft.pictures:
        attach_pictures(db, settings, author_id, object_id, draft.pictures, draft.alts)
    _tell(db, author_id, object_id, readers, parent)
    _send(db, node, object_id, "Create", topic)
    return object_id


def check_words(source: str, title: str, warning: str, language: str) -> None:
    """Raises Invalid with a sentence for each field that cannot be used."""
    wrong: dict[str, str] = {}
    if not source.strip():
        wrong["source"] = msg("Write something first.")
    if len(source) > LONGEST_SOURCE or "\0" in source:
        wrong["source"] = msg("Use at most %(longest)s characters.", longest=LONGEST_SOURCE)
    if len(title) > LONGEST_TITLE:
        wrong["title"] = msg("Use at most %(longest)s characters.", longest=LONGEST_TITLE)
    if len(warning) > LONGEST_WARNING:
        wrong["warning"] = msg("Use at most %(longest)s characters.", longest=LONGEST_WARNING)
    if not _LANGUAGE.fullmatch(language):
        wrong["language"] = msg("Choose one of these.")
    if wrong:
        raise Invalid(**wrong)


def _find_parent(db: Connection, author_id: int, parent_id: int | None) -> Row[Any] | None:
    """What is answered; NotFound unless the writer may read it."""
    if parent_id is None:
        return None
    uri = db.scalar(select(objects.c.uri).where(objects.c.id == parent_id, objects.c.kind == "post"))
    row = get_readable(db, Member(author_id), uri or "")
    if row.state != LIVE:
        raise Forbidden(msg("This post still waits. You can answer it once it is there."))
    return get_post(db, row.id)


def _check_audience(db: Connection, draft: Draft, parent: Row[Any] | None) -> str:
    """Never wider than the parent (rule 4); a ring only while we are in it."""
    audience = draft.audience or (parent.audience if parent else COMPANY)
    if parent is not None and not is_below(audience, parent.audience):
        raise Invalid(audience=msg("An answer goes to those who can read the post that it answers."))
    is_known = audience in (COMPANY, PUBLIC) or is_ring(audience)
    if not is_known and (parent is None or parent.audience != audience):
        raise Invalid(audience=msg("Choose one of these."))
    if is_ring(audience) and not is_in_ring(db, audience):
        raise Invalid(audience=msg("We are not in this ring now. Choose another audience."))
    return audience


def _find_topic(
    db: Connection, author_id: int, draft: Draft, parent: Row[Any] | None, audience: str
) -> Row[Any] | None:
    """A topic has one audience, and what stands in it has the same; a thread stays in its topic."""
    topic_id = parent.topic_id if parent is not None else draft.topic_id
    if topic_id is None:
        return None
    try:
        topic = find_topic(db, topic_id)
    except NotFound:
        topic = None
    if parent is not None:
        return topic if topic is not None and topic.audience == audience else None
    if topic is None or topic.archived or topic.audience != audience:
        raise Invalid(topic=msg("This topic is for another audience. Choose a topic that fits."))
    get_readable(db, Member(author_id), topic.uri)
    return topic


def _circle(db: Connection, author_id: int, parent: Row[Any]) -> set[int]:
    """A personal answer goes to its parent's author and those named there, not to all who could read it."""
    named = mentioned_in(db, parent.id) & addressees_of(db, parent.id)
    return ({parent.author_id} | named) - {author_id}


def _check_face(db: Connection, author_id: int, audience: str, addressed: Collection[int]) -> None:
    """The first act towards the outside is confirmed before it (rule 12)."""
    if audience == PUBLIC:
        need_face(db, author_id)
    elsewhere = db.scalars(
        select(actors.c.peer_id).where(actors.c.id.in_(addressed), actors.c.peer_id != SELF)
    )
    if not all(is_ring_node(db, peer_id) for peer_id in set(elsewhere)):
        need_face(db, author_id)


def _words(draft: Draft, links: dict[str, str]) -> Words:
    html = render_markdown(draft.source, links)
    return Words(draft.title.strip(), draft.source, html, draft.warning.strip(), draft.language)


def _ids(rows: Sequence[Row[Any]]) -> set[int]:
    return {row.id for row in rows}


def _tell(
    db: Connection, author_id: int, object_id: int, readers: Sequence[Row[Any]], parent: Row[Any] | None
) -> None:
    """Local people who are answered or named, and may read it, hear of it once."""
    link = f"/o/{object_id}"
    answered = get_actor(db, parent.author_id) if parent is not None and parent.author_id else None
    told = {author_id}
    if answered is not None and answered.peer_id == SELF and answered.id not in told:
        notify(db, answered.id, "reply", from_id=author_id, object_id=object_id, link=link)
        told.add(answered.id)
    for reader in readers:
        if reader.peer_id == SELF and reader.id not in told:
            notify(db, reader.id, "mention", from_id=author_id, object_id=object_id, link=link)


# --- edit and delete -----------------------------------------------------------------------------


def edit_post(
    db: Connection,
    node: Identity,
    author_id: int,
    object_id: int,
    *,
    source: str,
    title: str,
    warning: str,
    language: str,
) -> None:
    """New words for the same readers (rule 3); the old words are kept as a version."""
    post = own_post(db, author_id, object_id)
    check_words(source, title, warning, language)
    found = find_mentioned(db, node, source)
    readers = pick_readers(db, found.values(), post.audience, addressees_of(db, object_id))
    draft = Draft(post.audience, source, title, warning, language)
    known = mentioned_in(db, object_id)
    change_words(db, post, _words(draft, page_links(found, readers)), now())
    keep_names(db, object_id, mentioned=_ids(readers), tags=read_names(source).hashtags)
    _tell(db, author_id, object_id, [reader for reader in readers if reader.id not in known], None)
    _send(db, node, object_id, "Update", _topic_of(db, post))


def delete_post(db: Connection, node: Identity, author_id: int, object_id: int) -> None:
    """Empty the post here and ask everyone who ever got it to do the same."""
    post = own_post(db, author_id, object_id)
    activity, there = _deletion(db, node, post)
    delete_files(db, object_id)
    empty_post(db, object_id)
    if activity is not None:
        _publish(db, node, post, activity, there, _topic_of(db, post))


def own_post(db: Connection, author_id: int, object_id: int) -> Row[Any]:
    """A post of this writer; NotFound for anything else."""
    mine = select(objects.c.id).where(
        objects.c.id == object_id,
        objects.c.author_id == author_id,
        objects.c.kind == "post",
        objects.c.origin == SELF,
        objects.c.state != "deleted",
    )
    if db.execute(mine).first() is None:
        raise NotFound
    return get_post(db, object_id)


def unreached(db: Connection, node: Identity, object_id: int) -> list[str]:
    """Names in a post of ours that it does not reach: its writer is told (rule 5)."""
    post = get_post(db, object_id)
    reached = mentioned_in(db, object_id)
    found = find_mentioned(db, node, post.source)
    return [name for name, actor in found.items() if actor is None or actor.id not in reached]


# --- on its way ----------------------------------------------------------------------------------


def _send(db: Connection, node: Identity, object_id: int, kind: str, topic: Row[Any] | None) -> None:
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
    _publish(db, node, post, activity, there, topic)


def _addressed(db: Connection, post: Row[Any]) -> set[int]:
    if post.audience == PEOPLE:
        return addressees_of(db, post.id)
    return {actor.id for actor in named_actors(db, post.id, post) if actor.peer_id != SELF}


def _deletion(db: Connection, node: Identity, post: Row[Any]) -> tuple[dict[str, Any] | None, list[Receiver]]:
    """The Delete, and everyone who ever got the post (rule 9); none for what never left."""
    if post.audience == COMPANY:
        return None, []
    there = holders_of(db, post.id)
    if post.audience == PUBLIC:
        there = [*there, *receivers_of_update(db, post, _addressed(db, post))]
    return delete_activity(node, post, note_document(db, node, post)), list(dict.fromkeys(there))


def _publish(
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


def _topic_of(db: Connection, post: Row[Any]) -> Row[Any] | None:
    try:
        return find_topic(db, post.topic_id) if post.topic_id else None
    except NotFound:
        return None
