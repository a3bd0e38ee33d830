"""Reads for the ActivityPub documents and collections."""

from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.actors import actors
from node.boundary import Reader, readable
from node.identity import SELF
from node.memberships import ACCEPTED, follows
from node.objects import PUBLIC, objects
from node.peers import PAIRED, peers

PAGE = 20


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


def count_public_posts(db: Connection) -> int:
    """This node's open posts: the only figure NodeInfo gives to everybody."""
    query = select(func.count()).where(
        objects.c.kind == "post",
        objects.c.audience == PUBLIC,
        objects.c.origin == SELF,
        objects.c.state == "live",
    )
    return int(db.execute(query).scalar_one())
