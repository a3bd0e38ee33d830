"""Likes of our members: an object with the audience of what is liked, told to those who have that."""

from typing import Any

from sqlalchemy import Connection, Row, select

from node.actors import get_actor
from node.boundary import Member, Outside, Receiver, get_readable, may_hold, receivers, receivers_of_update
from node.errors import NotFound
from node.identity import SELF, Identity
from node.objects import COMPANY, LIVE, PEOPLE, PUBLIC, add_object, is_closed, is_room, objects
from node.outbox import publish
from node.people.actions import need_face, refuse_guest
from node.posts.documents import reaction_document, undo_activity
from node.posts.hearing import tell_of
from node.posts.storing import find_reaction, insert_reaction, remove_reaction

LIKE, ANNOUNCE = "Like", "Announce"


def like(db: Connection, node: Identity, member_id: int, object_id: int) -> None:
    """A member likes a post; liking twice is liking once."""
    target = _target(db, member_id, object_id)
    if not is_room(target.audience):
        refuse_guest(db, member_id)
    if find_reaction(db, object_id, member_id, LIKE) is not None:
        return
    if target.audience == PUBLIC:
        need_face(db, member_id)
    like_id = add_object(db, kind="like", audience=target.audience, author_id=member_id)
    insert_reaction(db, like_id, target_id=object_id, actor_id=member_id, kind=LIKE)
    author = get_actor(db, target.author_id)
    if author.peer_id == SELF and author.id != member_id:
        tell_of(db, author.id, "like", from_id=member_id, object_id=object_id)
    _send(db, node, member_id, like_id, target, undo=False)


def unlike(db: Connection, node: Identity, member_id: int, object_id: int) -> None:
    """A member no longer likes a post."""
    target = _target(db, member_id, object_id)
    known = find_reaction(db, object_id, member_id, LIKE)
    if known is not None:
        _send(db, node, member_id, known.id, target, undo=True)
        remove_reaction(db, known.id)


def _target(db: Connection, member_id: int, object_id: int) -> Row[Any]:
    """A live post that the member may read; NotFound for anything else."""
    uri = db.scalar(select(objects.c.uri).where(objects.c.id == object_id, objects.c.kind == "post"))
    row = get_readable(db, Member(member_id), uri or "")
    if row.state != LIVE:
        raise NotFound
    return row


def _send(
    db: Connection, node: Identity, member_id: int, like_id: int, target: Row[Any], *, undo: bool
) -> None:
    """A like of a company post goes nowhere."""
    if target.audience == COMPANY:
        return
    row = db.execute(select(objects).where(objects.c.id == like_id)).one()
    document = reaction_document(db, node, row)
    publish(
        db,
        node,
        undo_activity(document) if undo else document,
        audience=target.audience,
        receivers=_receivers(db, target, member_id),
        actor_id=member_id,
        object_id=like_id,
    )


def _receivers(db: Connection, target: Row[Any], member_id: int) -> list[Receiver]:
    """Those who have what is liked: of our ring posts the holders, of open ones who follows the author."""
    if is_closed(target.audience):
        if target.origin == SELF:
            return receivers_of_update(db, target)
        everyone = receivers(db, audience=target.audience, author_id=member_id)
        return [one for one in everyone if may_hold(db, Outside(one.peer_id, node_key=True), target)]
    audience = PEOPLE if target.audience == PEOPLE else PUBLIC
    return receivers(db, audience=audience, author_id=target.author_id, addressed=[target.author_id])
