"""What a member writes in an app: from visibility and first word to one audience (rules 4, 5, 6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from node.access.oauth.actions import may_post_open
from node.boundary import Member, get_readable, is_guest
from node.errors import Invalid
from node.i18n import msg
from node.identity import SELF, Identity
from node.notices import notify
from node.objects import COMPANY, PEOPLE, PUBLIC, objects
from node.peers import find_peer
from node.people.queries import is_active
from node.posts.actions import Draft, publish_post
from node.posts.mentions import find_mentioned, pick_readers
from node.posts.rendering import DOMAIN
from node.posts.storing import addressees_of
from node.rings.queries import open_rings
from node.settings import Settings
from node.topics.queries import list_topics

APPS_PAGE = "/settings/apps"
OPEN = ("public", "unlisted")
VISIBILITIES = (*OPEN, "private", "direct")
_FIRST = re.compile(rf"\s*@(?P<handle>[A-Za-z0-9_]{{1,30}})(?:@(?P<domain>{DOMAIN}))?(?=[\s:,]|$)[:,]?\s*")


@dataclass(frozen=True)
class AppPost:
    """A post as an app sends it."""

    text: str
    visibility: str = ""
    parent_id: int | None = None
    warning: str = ""
    language: str = "nl"
    uploads: Sequence[int] = ()


@dataclass(frozen=True)
class Destination:
    """Where a post goes by its first word; `rest` is the text behind that."""

    audience: str
    topic_id: int | None
    rest: str


def publish_from_app(
    db: Connection, node: Identity, settings: Settings, member: Member, wish: AppPost
) -> int:
    """Publish, or keep at the gate, what an app sent; returns the object's id."""
    visibility = wish.visibility or "private"
    if visibility not in VISIBILITIES:
        raise Invalid(visibility=msg("Visibility is not included in the list"))
    parent = _find_parent(db, member, wish.parent_id)
    if parent is not None:
        draft = _answer(db, node, member, wish, visibility, parent)
    else:
        draft = _new(db, node, member, wish, visibility)
    _check_open(db, node, member, draft.audience)
    object_id = publish_post(db, node, settings, member.actor_id, draft)
    if parent is not None and parent.audience == PUBLIC and draft.audience == COMPANY:
        notify(db, member.actor_id, "answer_inside", object_id=object_id, link=f"/o/{object_id}/share")
    return object_id


def _find_parent(db: Connection, member: Member, parent_id: int | None) -> Row[Any] | None:
    if parent_id is None:
        return None
    uri = db.scalar(select(objects.c.uri).where(objects.c.id == parent_id, objects.c.kind == "post"))
    return get_readable(db, member, uri or "")


def _answer(
    db: Connection, node: Identity, member: Member, wish: AppPost, visibility: str, parent: Row[Any]
) -> Draft:
    """Never wider than what is answered, never wider than asked (rule 4)."""
    if visibility == "direct":
        return _draft(wish, PEOPLE, wish.text, to=_addressed(db, node, member, wish.text, parent))
    if parent.audience != PUBLIC:
        return _draft(wish, parent.audience, wish.text)
    return _draft(wish, PUBLIC if visibility in OPEN else COMPANY, wish.text)


def _new(db: Connection, node: Identity, member: Member, wish: AppPost, visibility: str) -> Draft:
    found = find_destination(db, node, member, wish.text)
    if found is None:
        if visibility == "direct":
            return _draft(wish, PEOPLE, wish.text, to=_addressed(db, node, member, wish.text, None))
        return _draft(wish, PUBLIC if visibility in OPEN else COMPANY, wish.text)
    if find_destination(db, node, member, found.rest) is not None:
        raise Invalid(text=msg("A post goes to one place. Name one topic or ring at the beginning."))
    fitting = OPEN if found.audience == PUBLIC else ("private",)
    if visibility not in fitting:
        raise Invalid(
            visibility=msg(
                "What goes there has the visibility %(which)s. Choose that, or begin with another word.",
                which=fitting[0],
            )
        )
    return _draft(wish, found.audience, found.rest, topic_id=found.topic_id)


def _draft(
    wish: AppPost, audience: str, text: str, *, to: frozenset[int] = frozenset(), topic_id: int | None = None
) -> Draft:
    return Draft(
        audience=audience,
        source=text,
        warning=wish.warning,
        language=wish.language,
        topic_id=topic_id,
        parent_id=wish.parent_id,
        to=to,
        uploads=wish.uploads,
    )


def find_destination(db: Connection, node: Identity, member: Member, text: str) -> Destination | None:
    """The topic or ring that the first word names, if this member knows it."""
    first = _FIRST.match(text)
    if first is None:
        return None
    handle, domain = first["handle"].lower(), (first["domain"] or node.domain).lower()
    origin = SELF
    if domain != node.domain:
        peer = find_peer(db, domain)
        if peer is None:
            return None
        origin = peer.id
    rest = text[first.end() :]
    for topic in list_topics(db, member):
        if topic.handle == handle and topic.origin == origin and not topic.archived:
            return Destination(topic.audience, topic.object_id, rest)
    for ring in open_rings(db) if origin == SELF else ():
        if ring.handle == handle:
            return Destination(ring.audience, None, rest)
    return None


def _addressed(
    db: Connection, node: Identity, member: Member, text: str, parent: Row[Any] | None
) -> frozenset[int]:
    """The people named, of an answer only those who may read what it answers; nobody left is an error."""
    named = [one for one in find_mentioned(db, node, text).values() if one is not None]
    if parent is not None:
        circle = addressees_of(db, parent.id) | {parent.author_id}
        named = pick_readers(db, named, parent.audience, circle)
    may_come = [one for one in named if one.peer_id != SELF or _takes_messages(db, one.id)]
    ids = {one.id for one in may_come} - {member.actor_id}
    if not ids:
        raise Invalid(text=msg("Name somebody who can get this message, for example @jan."))
    return frozenset(ids)


def _takes_messages(db: Connection, actor_id: int) -> bool:
    """A guest sees the room that they were invited to, and nothing else (rule 14)."""
    return is_active(db, actor_id) and not is_guest(db, actor_id)


def _check_open(db: Connection, node: Identity, member: Member, audience: str) -> None:
    """Open posts come from apps only once their writer said so on our pages (rule 6)."""
    if audience == PUBLIC and not may_post_open(db, member.actor_id):
        link = f"{node.base}{APPS_PAGE}"
        raise Invalid(visibility=msg("First allow open posts from apps, on this page: %(link)s", link=link))
