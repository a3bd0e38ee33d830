"""From `to`, `cc` and `audience` of a client to the one audience that they mean, or a refusal in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from federation.addressing import Addressing, read_addressing
from federation.documents import Document, as_ids, is_web_url
from node.access.oauth.actions import may_post_open
from node.activitypub.clients.problems import Problem, unusable
from node.activitypub.clients.wishes import ADDRESSES, Wish
from node.actors import GROUP, PERSON, find_actor
from node.boundary import is_guest, receivers
from node.db import relative
from node.identity import SELF
from node.objects import COMPANY, PEOPLE, PUBLIC, closed_audiences
from node.people.queries import is_active
from node.posts.from_apps import APPS_PAGE
from node.posts.mentions import find_mentioned
from node.posts.storing import addressees_of
from node.topics.queries import list_topics
from schemas.activitystreams import PUBLIC_SPELLINGS, URN_PREFIX


@dataclass(frozen=True)
class Destination:
    """`to` are the people of a `people` post; `topic_id` an open topic that was named."""

    audience: str
    to: frozenset[int] = frozenset()
    topic_id: int | None = None


def read_named(wish: Wish, *documents: Document) -> Addressing:
    """Of the activity and the object together: a name on one of them counts for both."""
    names = [uri for one in documents for field in ADDRESSES for uri in as_ids(one.get(field))]
    if not all(uri in PUBLIC_SPELLINGS or uri.startswith(URN_PREFIX) or is_web_url(uri) for uri in names):
        raise unusable("One of the addresses is neither Public, a ring or room, nor somebody.")
    return read_addressing(*documents, followers=f"{wish.actor}/followers")


def decide(wish: Wish, named: Addressing, source: str, parent: Row[Any] | None) -> Destination:
    """Nothing named is the company; what would not reach whom it names is refused, not narrowed."""
    if not (named.public or named.closed or named.followers or named.actors):
        return Destination(COMPANY)
    if named.closed:
        return Destination(_one_closed(named))
    if named.public:
        return _open(wish, named, source, parent)
    if named.followers:
        raise unusable("There is no audience of followers alone: name people, a ring, a room or Public.")
    return Destination(PEOPLE, to=frozenset(_people(wish, named.actors)))


def _one_closed(named: Addressing) -> str:
    found = closed_audiences(named)
    if len(found) != 1 or named.public or named.followers or named.actors:
        raise unusable("A post to a ring or room goes there alone: name that one urn and nothing else.")
    return found.pop()


def _open(wish: Wish, named: Addressing, source: str, parent: Row[Any] | None) -> Destination:
    """Besides Public: its author's followers, who is answered or named in the text, one open topic."""
    if not may_post_open(wish.db, wish.member.actor_id):
        raise Problem(422, "First allow open posts from apps, on this page:", link=APPS_PAGE)
    topics = {row.actor_id: row for row in list_topics(wish.db, wish.member) if row.actor_id is not None}
    reached = _reached(wish, source, parent)
    found: list[int] = []
    for actor in _known(wish, named.actors):
        if actor.id in topics:
            found.append(topics[actor.id].object_id)
        elif actor.id not in reached:
            raise unusable("An open post reaches the people whom its text names. Name them there as well.")
    if len(set(found)) > 1:
        raise unusable("A post goes to one topic.")
    return Destination(PUBLIC, topic_id=found[0] if found else None)


def _reached(wish: Wish, source: str, parent: Row[Any] | None) -> set[int]:
    named = {one.id for one in find_mentioned(wish.db, wish.node, source).values() if one is not None}
    answered = {parent.author_id} if parent is not None else set()
    return named | answered | {wish.member.actor_id}


def _people(wish: Wish, uris: Sequence[str]) -> set[int]:
    """Those addressed, each of whom can really get it."""
    found = [one for one in _known(wish, uris) if one.id != wish.member.actor_id]
    if not found:
        raise unusable("Name somebody else than yourself.")
    if not all(_gets_it(wish, one) for one in found):
        raise unusable("One of these people cannot get a message from here.")
    return {one.id for one in found}


def _gets_it(wish: Wish, actor: Row[Any]) -> bool:
    if actor.type == GROUP or actor.gone_at is not None:
        return False
    if actor.peer_id == SELF:
        return actor.type == PERSON and is_active(wish.db, actor.id) and not is_guest(wish.db, actor.id)
    there = receivers(wish.db, audience=PEOPLE, author_id=wish.member.actor_id, addressed=[actor.id])
    return bool(there)


def _known(wish: Wish, uris: Sequence[str]) -> list[Row[Any]]:
    rows = [find_actor(wish.db, relative(wish.node.base, uri)) for uri in uris]
    if not all(rows):
        raise unusable("One of the addresses is nobody that is known here. Follow them first.")
    return [row for row in rows if row is not None]


def same_as(wish: Wish, named: Addressing, row: Row[Any]) -> bool:
    """Whether what an Update names is what the post has already (rule 3)."""
    if named.closed:
        return closed_audiences(named) == {row.audience} and not (named.public or named.actors)
    if named.public:
        return bool(row.audience == PUBLIC)
    if named.actors:
        ids = {one.id for one in _known(wish, named.actors)} - {wish.member.actor_id}
        return row.audience == PEOPLE and ids == addressees_of(wish.db, row.id) - {wish.member.actor_id}
    return row.audience == COMPANY and not named.followers
