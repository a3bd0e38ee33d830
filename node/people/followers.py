"""Rows of follows: added, accepted, removed, told about. Who may follow is decided by those who call this."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from node.actors import PERSON
from node.ids import new_id, now
from node.memberships import ACCEPTED, follows
from node.notices import notify


def find_follow(db: Connection, follower_id: int, followed_id: int) -> Row[Any] | None:
    return db.execute(select(follows).where(*_between(follower_id, followed_id))).one_or_none()


def find_follow_by_uri(db: Connection, uri: str) -> Row[Any] | None:
    return db.execute(select(follows).where(follows.c.uri == uri)).first()


def keep_follow(db: Connection, follower_id: int, followed_id: int, *, uri: str, state: str) -> bool:
    """Add a follow, or renew its uri when it is there already, in the state it had; was it new?"""
    between = _between(follower_id, followed_id)
    if db.execute(update(follows).where(*between).values(uri=uri)).rowcount:
        return False
    row = {"id": new_id(), "follower_id": follower_id, "followed_id": followed_id}
    db.execute(insert(follows).values(**row, uri=uri, state=state, created_at=now()))
    return True


def mark_accepted(db: Connection, follow_id: int) -> None:
    db.execute(update(follows).where(follows.c.id == follow_id).values(state=ACCEPTED))


def remove_follow(db: Connection, follower_id: int, followed_id: int) -> None:
    db.execute(delete(follows).where(*_between(follower_id, followed_id)))


def remove_follows_of(db: Connection, actor_id: int) -> None:
    """An actor is gone: nobody follows them, they follow nobody."""
    theirs = (follows.c.follower_id == actor_id) | (follows.c.followed_id == actor_id)
    db.execute(delete(follows).where(theirs))


def count_accepted(db: Connection, followed_id: int) -> int:
    query = select(func.count()).where(follows.c.followed_id == followed_id, follows.c.state == ACCEPTED)
    return int(db.scalar(query.select_from(follows)) or 0)


def tell_followed(db: Connection, follower_id: int, followed: Row[Any], state: str) -> None:
    """A person hears of a new follower, or of somebody who asks; a topic has nobody to tell."""
    if followed.type != PERSON:
        return
    kind, link = ("follow", None) if state == ACCEPTED else ("follow_request", "/followers")
    notify(db, followed.id, kind, from_id=follower_id, link=link)


def followed_ids(db: Connection, follower_id: int) -> dict[int, str]:
    """Whom somebody follows or asked to follow: actor id → state."""
    query = select(follows.c.followed_id, follows.c.state).where(follows.c.follower_id == follower_id)
    return {row.followed_id: row.state for row in db.execute(query)}


def _between(follower_id: int, followed_id: int) -> tuple[Any, Any]:
    return follows.c.follower_id == follower_id, follows.c.followed_id == followed_id
