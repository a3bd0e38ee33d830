"""Reads for the ActivityPub documents and collections."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.actors import actors
from node.boundary import Member, Reader, readable
from node.identity import SELF
from node.memberships import ACCEPTED, follows
from node.objects import objects
from node.peers import PAIRED, peers
from node.posts.reactions import LIKE
from node.posts.tables import reactions

PAGE = 20
FOLLOWER, FOLLOWED = "follower", "followed"


def find_pinned_key(db: Connection, actor_uri: str) -> str | None:
    """The pinned Multikey of the paired node with that node actor."""
    query = select(peers.c.node_key).where(peers.c.actor_uri == actor_uri, peers.c.state == PAIRED)
    return db.scalar(query)


def find_actor_key(db: Connection, key_id: str) -> Row[Any, Any] | None:
    """A remote actor by the id of its RSA key."""
    query = select(actors.c.uri, actors.c.public_key).where(
        actors.c.key_id == key_id, actors.c.public_key.is_not(None), actors.c.peer_id != SELF
    )
    return db.execute(query).first()


def list_by_author(
    db: Connection, reader: Reader, author_id: int, *, kinds: tuple[str, ...], before: int | None
) -> list[Row[Any]]:
    """A page of somebody's objects that this reader may read, newest first."""
    query = select(objects).where(_by_author(reader, author_id, kinds))
    if before is not None:
        query = query.where(objects.c.id < before)
    return list(db.execute(query.order_by(objects.c.id.desc()).limit(PAGE)))


def count_by_author(db: Connection, reader: Reader, author_id: int, *, kinds: tuple[str, ...]) -> int:
    return int(db.execute(select(func.count()).where(_by_author(reader, author_id, kinds))).scalar_one())


def _by_author(reader: Reader, author_id: int, kinds: tuple[str, ...]) -> Any:
    return (objects.c.author_id == author_id) & objects.c.kind.in_(kinds) & readable(reader)


def count_followers(db: Connection, actor_id: int) -> int:
    query = select(func.count()).where(follows.c.followed_id == actor_id, follows.c.state == ACCEPTED)
    return int(db.execute(query).scalar_one())


def list_likes(db: Connection, reader: Member, before: int | None) -> list[Row[Any]]:
    """What a member likes, the last first: rows with the like's id and the liked one's uri."""
    query = select(reactions.c.object_id.label("id"), objects.c.uri).select_from(_liked()).where(_by(reader))
    if before is not None:
        query = query.where(reactions.c.object_id < before)
    return list(db.execute(query.order_by(reactions.c.object_id.desc()).limit(PAGE)))


def count_own_likes(db: Connection, reader: Member) -> int:
    return int(db.scalar(select(func.count()).select_from(_liked()).where(_by(reader))) or 0)


def _liked() -> Any:
    return reactions.join(objects, objects.c.id == reactions.c.target_id)


def _by(reader: Member) -> Any:
    return (reactions.c.actor_id == reader.actor_id) & (reactions.c.type == LIKE) & readable(reader)


def list_follows(
    db: Connection, *, side: str, actor_id: int, state: str, before: int | None
) -> list[Row[Any]]:
    """A page of follows in one state, the last first; `side` is where the actor stands in them."""
    query = _follows_of(select(follows, actors.c.uri.label("other")), side, actor_id, state)
    if before is not None:
        query = query.where(follows.c.id < before)
    return list(db.execute(query.order_by(follows.c.id.desc()).limit(PAGE)))


def count_follows(db: Connection, *, side: str, actor_id: int, state: str) -> int:
    return int(db.scalar(_follows_of(select(func.count()), side, actor_id, state)) or 0)


def _follows_of(query: Any, side: str, actor_id: int, state: str) -> Any:
    mine, others = follows.c.followed_id, follows.c.follower_id
    if side == FOLLOWER:
        mine, others = others, mine
    joined = follows.join(actors, actors.c.id == others)
    return query.select_from(joined).where(mine == actor_id, follows.c.state == state)
