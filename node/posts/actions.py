"""What members do with posts: write, edit, delete; a post and its deliveries are one transaction."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from node.actors import actors
from node.boundary import (
    Member,
    get_readable,
    is_in_ring,
)
from node.errors import Forbidden, Invalid, NotFound
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.media.actions import attach_pictures, delete_files
from node.media.images import Picture
from node.objects import COMPANY, LIVE, PEOPLE, PUBLIC, add_object, is_ring, objects
from node.people.actions import need_face
from node.people.queries import is_ring_node
from node.posts.gates import check_gate
from node.posts.mentions import find_mentioned, page_links, pick_readers
from node.posts.rendering import read_names, render_markdown
from node.posts.sending import deletion, publish_about, send_post, tell_here, topic_of
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
    own_post,
)
from node.rings.queries import ring_of_audience
from node.settings import Settings
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
    tell_here(db, author_id, object_id, readers, parent)
    send_post(db, node, object_id, "Create", topic)
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
    tell_here(db, author_id, object_id, [reader for reader in readers if reader.id not in known], None)
    send_post(db, node, object_id, "Update", topic_of(db, post))


def delete_post(db: Connection, node: Identity, author_id: int, object_id: int) -> None:
    """Empty the post here and ask everyone who ever got it to do the same."""
    post = own_post(db, author_id, object_id)
    activity, there = deletion(db, node, post)
    delete_files(db, object_id)
    empty_post(db, object_id)
    if activity is not None:
        publish_about(db, node, post, activity, there, topic_of(db, post))


def unreached(db: Connection, node: Identity, object_id: int) -> list[str]:
    """Names in a post of ours that it does not reach: its writer is told (rule 5)."""
    post = get_post(db, object_id)
    reached = mentioned_in(db, object_id)
    found = find_mentioned(db, node, post.source)
    return [name for name, actor in found.items() if actor is None or actor.id not in reached]
