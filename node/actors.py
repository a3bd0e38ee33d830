"""Everyone and everything with an ActivityPub actor: people here and elsewhere, open topics, other nodes."""

from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Row, Table, Text, false, insert, select, update

from node.db import Id, UtcDateTime, insert_new, metadata
from node.errors import Invalid
from node.identity import SELF
from node.ids import new_id, now

PERSON, GROUP = "Person", "Group"

actors = Table(
    "actors",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("peer_id", Id, nullable=False),  # SELF for ours
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("summary", Text, nullable=False, server_default=""),
    Column("url", Text),
    Column("inbox", Text),
    Column("shared_inbox", Text),
    Column("followers", Text),
    Column("key_id", Text),
    Column("public_key", Text),
    Column("multikey", Text),
    Column("rsa_private", Text),  # ours only
    Column("ed25519_private", Text),  # ours only
    Column("approves_follows", Boolean, nullable=False, server_default=false()),
    Column("face_at", UtcDateTime),  # ours: since when the outside may see this person (rule 12)
    Column("gone_at", UtcDateTime),
    Column("guest_until", UtcDateTime),  # of somebody elsewhere who is a guest there, by that node's word
    Column("created_at", UtcDateTime, nullable=False),
    Column("fetched_at", UtcDateTime),
    Index(None, "peer_id", "handle"),
)

handles = Table(
    "handles",
    metadata,
    Column("handle", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # person, topic, ring
    Column("taken_at", UtcDateTime, nullable=False),
)


def take_handle(db: Connection, handle: str, kind: str) -> None:
    """Claim a handle of this node for good: one namespace for people, topics and rings, never reused."""
    row = {"handle": handle, "kind": kind, "taken_at": now()}
    if not insert_new(db, handles, [row]):  # asked and taken at once: two may want it at this very moment
        raise Invalid(handle="This name is taken or was used before. Choose another one.")


def add_local_actor(
    db: Connection, *, type: str, handle: str, name: str, rsa: str, ed25519: str, actor_id: int | None = None
) -> int:
    """Insert an actor of ours (`/p/<id>`) with its private keys; the handle must have been taken."""
    actor_id = actor_id or new_id()
    db.execute(
        insert(actors).values(
            id=actor_id,
            uri=f"/p/{actor_id}",
            type=type,
            peer_id=SELF,
            handle=handle,
            name=name,
            rsa_private=rsa,
            ed25519_private=ed25519,
            created_at=now(),
        )
    )
    return actor_id


def find_actor(db: Connection, uri: str) -> Row[Any] | None:
    return db.execute(select(actors).where(actors.c.uri == uri)).one_or_none()


def find_local(db: Connection, handle: str) -> Row[Any] | None:
    return db.execute(select(actors).where(actors.c.peer_id == SELF, actors.c.handle == handle)).one_or_none()


def get_actor(db: Connection, actor_id: int) -> Row[Any]:
    return db.execute(select(actors).where(actors.c.id == actor_id)).one()


def change_actor(db: Connection, actor_id: int, **values: object) -> None:
    db.execute(update(actors).where(actors.c.id == actor_id).values(**values))
