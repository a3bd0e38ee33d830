"""People, topics and nodes of other servers, as their actor documents describe them."""

from typing import Any

import nh3
from sqlalchemy import Connection, Row, insert, update

from federation.actors import Actor
from federation.signatures import authority
from node.actors import actors, find_actor
from node.boundary import shares_ring
from node.identity import SELF
from node.ids import new_id, now
from node.incoming import Missing
from node.peers import keep_peer


def keep_actor(db: Connection, actor: Actor) -> int:
    """Store or refresh a fetched actor; returns its id."""
    known = find_actor(db, actor.uri)
    values: dict[str, Any] = {
        "type": actor.type,
        "handle": actor.handle,
        "name": actor.name or actor.handle,
        "summary": nh3.clean(actor.summary),
        "url": actor.url or None,
        "inbox": actor.inbox or None,
        "shared_inbox": actor.shared_inbox or None,
        "followers": actor.followers or None,
        "key_id": actor.public_key_id or None,
        "public_key": actor.public_key_pem or None,
        "multikey": next((key for _, key in actor.assertion_keys), None),
        "approves_follows": actor.manually_approves,
        "gone_at": None,
        "fetched_at": now(),
    }
    if known is not None:
        if shares_ring(
            db, known.peer_id
        ):  # its node's own word names a ring's people, not what a domain shows
            del values["handle"], values["name"]
        db.execute(update(actors).where(actors.c.id == known.id, actors.c.peer_id != SELF).values(**values))
        return int(known.id)
    actor_id = new_id()
    peer_id = keep_peer(db, authority(actor.uri))
    db.execute(insert(actors).values(id=actor_id, uri=actor.uri, peer_id=peer_id, created_at=now(), **values))
    return actor_id


def require_actor(db: Connection, uri: str) -> Row[Any]:
    """The row of an actor, ours (stored path) or theirs; raises Missing so that the worker fetches it."""
    row = find_actor(db, uri)
    if row is None:
        raise Missing("actor", uri)
    return row


def forget_actor(db: Connection, actor_id: int) -> None:
    """Their server says this actor is gone: nothing is sent there any more."""
    db.execute(update(actors).where(actors.c.id == actor_id).values(gone_at=now()))
