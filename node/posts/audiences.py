"""Which audience a received post gets (rules 2 and 4): decided once, from how it is addressed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, true

from federation.addressing import Addressing
from node.actors import GROUP, actors, find_actor
from node.boundary import is_inside, is_limited, may_hold, person_is_inside
from node.db import relative
from node.identity import SELF
from node.incoming import Dropped, Early, Incoming
from node.memberships import ACCEPTED, follows
from node.objects import PEOPLE, PUBLIC, closed_audiences, is_closed, is_room
from node.posts.storing import addressees_of, find_post, is_below
from node.rings.expected import need_both_within


@dataclass(frozen=True)
class Decision:
    """`addressees` are the actors that a `people` post is for; `parent` is None when it counts as unknown."""

    audience: str
    parent: Row[Any] | None = None
    addressees: frozenset[int] = frozenset()


def find_parent(db: Connection, incoming: Incoming, uri: str) -> Row[Any] | None:
    """What is answered, if the sender may read it; otherwise it counts as unknown (rule 4)."""
    parent = find_post(db, uri) if uri else None
    return parent if parent is not None and may_hold(db, incoming.reader, parent) else None


def decide_audience(
    db: Connection, incoming: Incoming, named: Addressing, author: Row[Any], parent: Row[Any] | None
) -> Decision:
    """Raises Dropped when it is addressed to nobody here, or to what its sender may not address."""
    wanted = _wanted(db, incoming, named, author)
    if parent is None:
        return wanted
    if parent.audience == PEOPLE:
        return _among(db, wanted, parent)
    if wanted.audience == PUBLIC:
        return Decision(parent.audience, parent)
    kept = parent if is_below(wanted.audience, parent.audience) else None
    return Decision(wanted.audience, kept, wanted.addressees)


def _wanted(db: Connection, incoming: Incoming, named: Addressing, author: Row[Any]) -> Decision:
    """What the writer asked for."""
    if named.closed:
        return Decision(_only_closed(db, incoming, named, author))
    if named.public:
        return Decision(PUBLIC)
    people = set(find_named(db, incoming, named))
    if named.followers:
        people |= local_followers(db, author.id)
    return _for_people(db, people)


def _only_closed(db: Connection, incoming: Incoming, named: Addressing, author: Row[Any]) -> str:
    """The one ring or room it names, if its author may speak there."""
    audience = need_closed(db, incoming, named)
    if is_room(audience) and not (is_inside(db, audience) and person_is_inside(db, audience, author.id)):
        raise Early("its author is not in the room, as far as we heard")
    return audience


def need_closed(db: Connection, incoming: Incoming, named: Addressing) -> str:
    """The one ring or room it names, if both nodes are in it now and the node's own key signed (rule 8)."""
    found = closed_audiences(named)
    if len(found) != 1 or named.public:
        raise Dropped("not addressed to exactly one ring or room")
    if not incoming.by_node:
        raise Dropped("ring content needs the node's own key")
    audience = found.pop()
    need_both_within(db, audience, incoming.peer_id)
    return audience


def wait_for_closed(db: Connection, incoming: Incoming, named: Addressing) -> None:
    """What is about a post that we do not have waits as long as that post would: raises Early then."""
    author = find_actor(db, incoming.actor_uri)
    if named.closed and author is None:
        need_closed(db, incoming, named)
    if named.closed and author is not None:
        _only_closed(db, incoming, named, author)


def _among(db: Connection, wanted: Decision, parent: Row[Any]) -> Decision:
    """An answer to a `people` post stays among those people, and is for no more of them than asked."""
    circle = addressees_of(db, parent.id) | {parent.author_id}
    kept = circle & wanted.addressees if wanted.audience == PEOPLE else circle
    return Decision(PEOPLE, parent, _for_people(db, kept).addressees)


def _for_people(db: Connection, people: set[int]) -> Decision:
    ours = select(actors.c.id).where(actors.c.id.in_(people), actors.c.peer_id == SELF)
    if not people or db.execute(ours).first() is None:
        raise Dropped("for nobody here")
    return Decision(PEOPLE, None, frozenset(people))


def find_named(db: Connection, incoming: Incoming, named: Addressing) -> list[int]:
    """The people we know among those it is addressed to, here and elsewhere."""
    uris = [relative(incoming.node.base, uri) for uri in named.actors]
    query = select(actors.c.id).where(actors.c.uri.in_(uris), actors.c.type != GROUP)
    return list(db.scalars(query.where(_is_known_to(incoming))))


def _is_known_to(incoming: Incoming) -> ColumnElement[bool]:
    """To somebody outside our rings, a member without a face does not exist (rule 12)."""
    if incoming.by_node:
        return true()
    return or_(actors.c.peer_id != SELF, actors.c.type == GROUP, actors.c.face_at.is_not(None))


def local_followers(db: Connection, followed_id: int) -> set[int]:
    query = (
        select(follows.c.follower_id)
        .join(actors, actors.c.id == follows.c.follower_id)
        .where(follows.c.followed_id == followed_id, follows.c.state == ACCEPTED, actors.c.peer_id == SELF)
    )
    return set(db.scalars(query))


def find_local_topics(db: Connection, incoming: Incoming, uris: set[str]) -> list[int]:
    """Open topics of ours among these uris."""
    stored = [relative(incoming.node.base, uri) for uri in uris]
    query = select(actors.c.id).where(
        actors.c.uri.in_(stored), actors.c.type == GROUP, actors.c.peer_id == SELF
    )
    return list(db.scalars(query.order_by(actors.c.id)))


def is_wanted(
    db: Connection,
    incoming: Incoming,
    named: Addressing,
    author: Row[Any],
    decision: Decision,
    tags: set[str],
) -> bool:
    """Open posts are kept only when they concern somebody here; whatever is not open was decided before.

    Of a limited server that is who follows the author: nobody else would be shown it.
    """
    if decision.audience == PUBLIC and is_limited(db, incoming.peer_id):
        return bool(local_followers(db, author.id))
    if decision.audience != PUBLIC or decision.parent is not None:
        return True
    if local_followers(db, author.id):
        return True
    uris = {relative(incoming.node.base, uri) for uri in {*named.actors, *tags}}
    named_here = actors.c.uri.in_(uris), actors.c.peer_id == SELF, _is_known_to(incoming)
    ours = select(actors.c.id).where(*named_here)
    groups = (
        select(follows.c.id)
        .join(actors, actors.c.id == follows.c.followed_id)
        .where(actors.c.uri.in_(uris), actors.c.type == GROUP, follows.c.state == ACCEPTED)
    )
    return db.execute(ours).first() is not None or db.execute(groups).first() is not None


def keeps_audience(incoming: Incoming, named: Addressing, post: Row[Any]) -> bool:
    """Is a change addressed to the audience that the post has? More or fewer people named change nothing."""
    is_personal_answer = post.audience == PEOPLE and post.parent_id is not None
    if named.closed:
        closed = closed_audiences(named)
        return incoming.by_node and (closed == {post.audience} or (is_personal_answer and not named.rooms))
    if is_closed(post.audience):
        return False
    return is_personal_answer or (post.audience == PUBLIC) == named.public
