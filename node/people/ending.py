"""Follows between our people and a server that end because of what this node does with that server."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from node.actors import actors, get_actor
from node.identity import SELF, Identity
from node.memberships import follows
from node.people.activities import send_reject, send_undo
from node.people.followers import remove_follow


def end_follows(db: Connection, node: Identity, peer_id: int) -> int:
    """End every follow from and to a server, asked ones too, and tell it; returns how many."""
    rows = db.execute(select(follows).where(_with(peer_id))).all()
    for row in rows:
        _end(db, node, row)
    return len(rows)


def _end(db: Connection, node: Identity, row: Row[Any]) -> None:
    follower, followed = get_actor(db, row.follower_id), get_actor(db, row.followed_id)
    remove_follow(db, follower.id, followed.id)
    if follower.peer_id == SELF:
        send_undo(db, node, follower, followed, row.uri)
    else:
        send_reject(db, node, followed, follower, row.uri)


def count_follows(db: Connection, peer_ids: ColumnElement[bool]) -> int:
    """How many follows there are from and to the servers that a condition on actors names."""
    those = select(actors.c.id).where(actors.c.peer_id != SELF, peer_ids)
    query = select(func.count()).select_from(follows).where(_about(those))
    return int(db.execute(query).scalar_one())


def _with(peer_id: int) -> ColumnElement[bool]:
    return _about(select(actors.c.id).where(actors.c.peer_id == peer_id))


def _about(those: Any) -> ColumnElement[bool]:
    return or_(follows.c.follower_id.in_(those), follows.c.followed_id.in_(those))
