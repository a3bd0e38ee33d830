"""What members do about following: follow, stop, approve, refuse."""

from typing import Any

from sqlalchemy import Connection, Row, select, update

from node.actors import get_actor
from node.boundary import exchanges, is_guest
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.i18n import msg
from node.identity import SELF, Identity, tie_domain
from node.ids import new_id
from node.memberships import ACCEPTED, PENDING, follows
from node.notices import notify
from node.people.actions import need_face, refuse_guest
from node.people.activities import send_accept, send_follow, send_reject, send_undo
from node.people.followers import (
    count_accepted,
    find_follow,
    keep_follow,
    mark_accepted,
    remove_follow,
    tell_followed,
)
from node.people.queries import is_ring_node
from node.silences import has_blocked


def follow(db: Connection, node: Identity, follower_id: int, actor: Row[Any]) -> str:
    """A member follows somebody here or elsewhere; returns the state it has now, also if they did already.

    The first follow of somebody on no ring node needs a face (raises FaceNeeded).
    """
    refuse_guest(db, follower_id)
    if is_guest(db, actor.id):
        raise NotFound
    if actor.id == follower_id:
        raise Invalid(handle=msg("This is you. You do not have to follow yourself."))
    if actor.gone_at is not None:
        raise Conflict(msg("This person or topic is no longer there."))
    known = find_follow(db, follower_id, actor.id)
    if known is not None:
        return str(known.state)
    if has_blocked(db, follower_id, actor.id):
        raise Conflict(msg("You blocked this person or their server. Take that away first."))
    return (
        _follow_here(db, follower_id, actor) if actor.peer_id == SELF else _ask(db, node, follower_id, actor)
    )


def _follow_here(db: Connection, follower_id: int, actor: Row[Any]) -> str:
    if has_blocked(db, actor.id, follower_id):
        raise Forbidden(msg("This person does not want you as a follower."))
    state = PENDING if actor.approves_follows else ACCEPTED
    keep_follow(db, follower_id, actor.id, uri=f"/a/{new_id()}", state=state)
    tell_followed(db, follower_id, actor, state)
    return state


def _ask(db: Connection, node: Identity, follower_id: int, actor: Row[Any]) -> str:
    if not exchanges(db, actor.peer_id):
        raise Conflict(
            msg("Your node exchanges no open posts with that server, so there is nothing to follow.")
        )
    if not is_ring_node(db, actor.peer_id):
        need_face(db, follower_id)
    tie_domain(db)
    activity_id = send_follow(db, node, get_actor(db, follower_id), actor)
    keep_follow(db, follower_id, actor.id, uri=f"/a/{activity_id}", state=PENDING)
    return PENDING


def change_follow(
    db: Connection,
    follower_id: int,
    followed_id: int,
    *,
    boosts: bool | None = None,
    notify: bool | None = None,
) -> None:
    """Whether a member sees what somebody passes on, and hears of each post; None leaves it as it is."""
    values = {name: value for name, value in (("boosts", boosts), ("notify", notify)) if value is not None}
    mine = follows.c.follower_id == follower_id, follows.c.followed_id == followed_id
    if values:
        db.execute(update(follows).where(*mine).values(**values))


def unfollow(db: Connection, node: Identity, follower_id: int, actor: Row[Any]) -> None:
    """A member no longer follows; nothing happens if they did not."""
    known = find_follow(db, follower_id, actor.id)
    if known is None:
        return
    remove_follow(db, follower_id, actor.id)
    if actor.peer_id != SELF:
        send_undo(db, node, get_actor(db, follower_id), actor, known.uri)


def count_followers(db: Connection, actor_id: int) -> int:
    """For the followed and for what is open (topics); a person's number is never shown outside."""
    return count_accepted(db, actor_id)


def approve_follow(db: Connection, node: Identity, member_id: int, follow_id: int) -> None:
    """The followed member says yes to a request."""
    row = _get_own(db, member_id, follow_id)
    if row.state == ACCEPTED:
        return
    mark_accepted(db, follow_id)
    follower = get_actor(db, row.follower_id)
    if follower.peer_id == SELF:
        notify(db, follower.id, "follow_accepted", from_id=member_id)
    else:
        send_accept(db, node, get_actor(db, member_id), follower, row.uri)


def refuse_follow(db: Connection, node: Identity, member_id: int, follow_id: int) -> None:
    """The followed member says no to a request, or ends a follow that was accepted."""
    row = _get_own(db, member_id, follow_id)
    remove_follow(db, row.follower_id, member_id)
    follower = get_actor(db, row.follower_id)
    if follower.peer_id != SELF:
        send_reject(db, node, get_actor(db, member_id), follower, row.uri)


def _get_own(db: Connection, member_id: int, follow_id: int) -> Row[Any]:
    """A follow of this member, by its id in a form."""
    query = select(follows).where(follows.c.id == follow_id, follows.c.followed_id == member_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row
