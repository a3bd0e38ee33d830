"""What members do with posts: write, edit, delete; a post and its deliveries are one transaction."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from node.access.logins import get_member
from node.actors import actors
from node.boundary import (
    Member,
    get_readable,
    is_in_ring,
    person_is_inside,
)
from node.errors import Forbidden, Invalid, NotFound
from node.gates.checklists import need_answer
from node.gates.rules import Rules, note_gate_act, rules_of
from node.i18n import msg
from node.identity import SELF, Identity
from node.media.actions import attach_pictures, attach_uploads, delete_files
from node.media.images import Picture
from node.objects import (
    COMPANY,
    DRAFT,
    LIVE,
    PEOPLE,
    PUBLIC,
    add_object,
    is_closed,
    is_ring,
    is_room,
    objects,
)
from node.people.actions import need_face, refuse_guest
from node.people.queries import is_ring_node
from node.posts.going_out import go_out, put_words, render_here
from node.posts.mentions import find_mentioned
from node.posts.sending import deletion, publish_about, topic_of
from node.posts.storing import (
    Words,
    addressees_of,
    drop_post,
    empty_post,
    get_post,
    insert_post,
    is_below,
    keep_addressees,
    lock_object,
    mentioned_in,
    own_post,
    rewrite,
)
from node.posts.waiting import forget_wait, keep_at_home, offer
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
    uploads: Sequence[int] = ()  # files of the author, sent before
    to: frozenset[int] = frozenset()  # whom a new `people` post is for


# --- write -----------------------------------------------------------------------------------------


def publish_post(
    db: Connection, node: Identity, settings: Settings, author_id: int, draft: Draft, *, on_page: bool = False
) -> int:
    """Write a post and its deliveries, or keep it where its gate wants it (rule 6); returns the object's id.

    `on_page` says that its author sees the questions of a checklist next: until then it is their draft.
    """
    check_words(draft.source, draft.title, draft.warning, draft.language, may_be_empty=bool(draft.uploads))
    parent = _find_parent(db, author_id, draft.parent_id)
    audience = _check_audience(db, author_id, draft, parent)
    if not is_room(audience):
        refuse_guest(db, author_id)
    topic = _find_topic(db, author_id, draft, parent, audience)
    addressed = _addressed(db, author_id, draft, parent) if audience == PEOPLE else set()
    _check_face(db, author_id, audience, addressed)
    rules = rules_of(db, audience)
    if not on_page:
        need_answer(db, node, author_id, audience)
    state = LIVE if rules.are_none else DRAFT
    object_id = add_object(db, kind="post", audience=audience, author_id=author_id, state=state)
    keep_addressees(db, object_id, addressed)
    topic_id = topic.object_id if topic else None
    insert_post(db, object_id, _words(draft), parent=parent, topic_id=topic_id)
    if draft.pictures:
        attach_pictures(db, settings, author_id, object_id, draft.pictures, draft.alts)
    if draft.uploads:
        attach_uploads(db, settings, author_id, object_id, draft.uploads)
    if rules.are_none:
        go_out(db, node, get_post(db, object_id))
    else:
        render_here(db, node, get_post(db, object_id))
        keep_at_home(db, object_id)
        _offer_unless_asked(db, node, author_id, object_id, rules, on_page=on_page)
    return object_id


def _offer_unless_asked(
    db: Connection, node: Identity, author_id: int, object_id: int, rules: Rules, *, on_page: bool
) -> None:
    """The page of a checklist comes between; what comes from elsewhere was answered there before."""
    if not (on_page and rules.checklist):
        offer(db, node, author_id, object_id)


def check_words(source: str, title: str, warning: str, language: str, *, may_be_empty: bool = False) -> None:
    """Raises Invalid with a sentence for each field that cannot be used."""
    wrong: dict[str, str] = {}
    if not source.strip() and not may_be_empty:
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
    roles = frozenset(get_member(db, author_id).roles.split())  # an editor sees what waits
    row = get_readable(db, Member(author_id, roles), uri or "")
    if row.state != LIVE:
        raise Forbidden(msg("This post still waits. You can answer it once it is there."))
    return get_post(db, row.id)


def _check_audience(db: Connection, author_id: int, draft: Draft, parent: Row[Any] | None) -> str:
    """Never wider than the parent (rule 4); a ring or room only by those who are in it."""
    audience = draft.audience or (parent.audience if parent else COMPANY)
    if draft.to and audience != PEOPLE:
        raise Invalid(audience=msg("Choose one of these."))
    if parent is not None and not draft.to and not is_below(audience, parent.audience):
        raise Invalid(audience=msg("An answer goes to those who can read the post that it answers."))
    is_known = audience in (COMPANY, PUBLIC) or is_closed(audience) or (audience == PEOPLE and draft.to)
    if not is_known and (parent is None or parent.audience != audience):
        raise Invalid(audience=msg("Choose one of these."))
    if is_ring(audience) and not is_in_ring(db, audience):
        raise Invalid(audience=msg("We are not in this ring now. Choose another audience."))
    if is_room(audience) and not person_is_inside(db, audience, author_id):
        raise Invalid(audience=msg("You are not in this room now. Choose another audience."))
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


def _addressed(db: Connection, author_id: int, draft: Draft, parent: Row[Any] | None) -> set[int]:
    """Whom a `people` post is for: those its writer named, else the circle of what it answers."""
    if draft.to or parent is None:
        return set(draft.to)
    return _circle(db, author_id, parent)


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


def _words(draft: Draft) -> Words:
    """As typed; `write_names` knows which names become links."""
    return Words(draft.title.strip(), draft.source, "", draft.warning.strip(), draft.language)


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
    """New words for the same readers (rule 3): at once, or once the gate lets them go, as the post did."""
    words = {"source": source, "title": title, "warning": warning, "language": language}
    _edit(db, node, author_id, object_id, words, on_page=False)


def edit_on_page(
    db: Connection, node: Identity, author_id: int, object_id: int, words: Mapping[str, str]
) -> None:
    """The same, where the questions of a checklist are on the next page."""
    _edit(db, node, author_id, object_id, words, on_page=True)


def _edit(
    db: Connection,
    node: Identity,
    author_id: int,
    object_id: int,
    typed: Mapping[str, str],
    *,
    on_page: bool,
) -> None:
    lock_object(db, object_id)
    post = own_post(db, author_id, object_id)
    check_words(typed["source"], typed["title"], typed["warning"], typed["language"])
    words = {**typed, "title": typed["title"].strip(), "warning": typed["warning"].strip()}
    rules = rules_of(db, post.audience)
    if post.state == LIVE and rules.are_none:
        put_words(db, node, post, **words)
        return
    if not on_page:
        need_answer(db, node, author_id, post.audience)
    if post.state == LIVE:
        keep_at_home(db, object_id, words)
    else:
        rewrite(db, object_id, Words(**words, html=""))
        render_here(db, node, get_post(db, object_id))
        keep_at_home(db, object_id)
    _offer_unless_asked(db, node, author_id, object_id, rules, on_page=on_page)


def delete_post(db: Connection, node: Identity, author_id: int, object_id: int) -> None:
    """Empty the post here and ask everyone who ever got it to do the same; what nobody got just goes."""
    lock_object(db, object_id)
    post = own_post(db, author_id, object_id)
    delete_files(db, object_id)
    forget_wait(db, object_id)
    if post.state != LIVE:
        drop_post(db, object_id)
        return
    activity, there = deletion(db, node, post)
    empty_post(db, object_id)
    if activity is not None:
        publish_about(db, node, post, activity, there, topic_of(db, post))
        note_gate_act(db, object_id, "deleted", author_id)


def unreached(db: Connection, node: Identity, object_id: int) -> list[str]:
    """Names in a post of ours that it does not reach: its writer is told (rule 5)."""
    post = get_post(db, object_id)
    reached = mentioned_in(db, object_id)
    found = find_mentioned(db, node, post.source)
    return [name for name, actor in found.items() if actor is None or actor.id not in reached]
