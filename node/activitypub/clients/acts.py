"""Like, Follow, Accept, Reject and Undo of a member's client, by the same actions as on the pages."""

from typing import Any

from sqlalchemy import Row

from federation.documents import Document, as_id, types_of
from node.activitypub.clients.wishes import Wish
from node.actors import find_actor, get_actor
from node.boundary import get_readable
from node.db import relative
from node.errors import NotFound
from node.objects import find_object
from node.people.activities import kept_follow_document
from node.people.followers import find_follow, find_follow_by_uri
from node.people.follows import approve_follow, follow, refuse_follow, unfollow
from node.posts.documents import reaction_document, undo_activity
from node.posts.reactions import LIKE, like, unlike
from node.posts.storing import find_reaction, find_reaction_of
from node.topics.remote import keep_remote_topic


def like_one(wish: Wish) -> Document:
    target = _readable(wish, wish.object_uri)
    like(wish.db, wish.node, wish.member.actor_id, target.id)
    made = find_reaction(wish.db, target.id, wish.member.actor_id, LIKE)
    assert made is not None
    return reaction_document(wish.db, wish.node, made)


def _readable(wish: Wish, uri: str) -> Row[Any]:
    """A post that this member may read; NotFound alike for none and for one of others (rule 7)."""
    row = get_readable(wish.db, wish.member, uri)
    if row.kind != "post":
        raise NotFound
    return row


def follow_one(wish: Wish) -> Document:
    """Somebody who is known here by now: the outbox has looked them up."""
    followed = find_actor(wish.db, wish.object_uri)
    if followed is None:
        raise NotFound
    keep_remote_topic(wish.db, followed.id)
    follow(wish.db, wish.node, wish.member.actor_id, followed)
    return _follow_between(wish, wish.member.actor_id, followed.id)


def _follow_between(wish: Wish, follower_id: int, followed_id: int) -> Document:
    row = find_follow(wish.db, follower_id, followed_id)
    if row is None:
        raise NotFound
    return kept_follow_document(wish.db, wish.node, row)


def accept(wish: Wish) -> Document:
    row = _asked(wish)
    approve_follow(wish.db, wish.node, wish.member.actor_id, row.id)
    return _answer(wish, "Accept", _follow_between(wish, row.follower_id, row.followed_id))


def reject(wish: Wish) -> Document:
    row = _asked(wish)
    named = _follow_between(wish, row.follower_id, row.followed_id)
    refuse_follow(wish.db, wish.node, wish.member.actor_id, row.id)
    return _answer(wish, "Reject", named)


def _asked(wish: Wish) -> Row[Any]:
    """A follow of this member: named by its id, or embedded with who follows."""
    row = find_follow_by_uri(wish.db, wish.object_uri)
    if row is None and types_of(wish.object) == ["Follow"]:
        follower = find_actor(wish.db, relative(wish.node.base, as_id(wish.object.get("actor"))))
        row = find_follow(wish.db, follower.id, wish.member.actor_id) if follower is not None else None
    if row is None or row.followed_id != wish.member.actor_id:
        raise NotFound
    return row


def _answer(wish: Wish, kind: str, named: Document) -> Document:
    made = {"type": kind, "actor": wish.actor, "to": [named["actor"]], "object": named}
    return {"id": f"{named['id']}#{kind.lower()}", **made}


def undo(wish: Wish) -> Document:
    """Of an own like or follow, named by its id or embedded."""
    found = _undone_follow(wish) or _undone_like(wish)
    if found is None:
        raise NotFound
    return {"id": f"{found['id']}#undo", **undo_activity(found)}


def _undone_follow(wish: Wish) -> Document | None:
    row = find_follow_by_uri(wish.db, wish.object_uri)
    if row is None and types_of(wish.object) == ["Follow"]:
        followed = find_actor(wish.db, relative(wish.node.base, as_id(wish.object.get("object"))))
        row = find_follow(wish.db, wish.member.actor_id, followed.id) if followed is not None else None
    if row is None or row.follower_id != wish.member.actor_id:
        return None
    named = _follow_between(wish, row.follower_id, row.followed_id)
    unfollow(wish.db, wish.node, wish.member.actor_id, get_actor(wish.db, row.followed_id))
    return named


def _undone_like(wish: Wish) -> Document | None:
    row = find_object(wish.db, wish.object_uri)
    known = find_reaction_of(wish.db, row.id) if row is not None and row.kind == "like" else None
    if known is None and types_of(wish.object) == ["Like"]:
        target = _readable(wish, relative(wish.node.base, as_id(wish.object.get("object"))))
        known = find_reaction(wish.db, target.id, wish.member.actor_id, LIKE)
    if known is None or known.actor_id != wish.member.actor_id:
        return None
    document = reaction_document(wish.db, wish.node, known)
    unlike(wish.db, wish.node, wish.member.actor_id, known.target_id)
    return document
