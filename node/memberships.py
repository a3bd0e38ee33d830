"""Who is in what: nodes in rings, people in rooms, guests, addressees, follows. The boundary reads it."""

from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    false,
    insert,
    or_,
    select,
    update,
)

from node.db import Id, UtcDateTime, metadata
from node.ids import new_id, now

memberships = Table(
    "memberships",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("audience", Text, nullable=False),
    Column("peer_id", Id),  # a node in a ring, or the node of a person in a room; SELF is us
    Column("actor_id", Id, ForeignKey("actors.id")),  # a person in a room
    Column("from_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime),
    Index(None, "audience", "peer_id"),
    Index(None, "peer_id", "audience"),
)

# What the boundary must know of a room; its name, question and history are the subject's.
rooms = Table(
    "rooms",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("within", Text, nullable=False),  # the ring whose people can be in it, or company
    Column("confined", Boolean, nullable=False, server_default=false()),
    Column("until_at", UtcDateTime),
)

# Accounts that see the rooms they were invited to, what is addressed to them and what is open: nothing else.
guests = Table(
    "guests",
    metadata,
    Column("actor_id", Id, ForeignKey("actors.id"), primary_key=True, autoincrement=False),
    Column("host_id", Id, ForeignKey("actors.id")),  # who invited them
    Column("room", Text),  # the audience of the one room they were invited to
)

addressees = Table(
    "addressees",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True),
    Column("actor_id", Id, ForeignKey("actors.id"), primary_key=True),
    Index(None, "actor_id", "object_id"),
)

follows = Table(
    "follows",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("follower_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("followed_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("uri", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending, accepted
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("follower_id", "followed_id"),
    Index(None, "followed_id", "state"),
)

PENDING, ACCEPTED = "pending", "accepted"


def open_period(db: Connection, audience: str, peer_id: int, until: datetime | None) -> None:
    """A node comes into a ring now, until `until` at the latest; an open period is kept, its end moved."""
    still = _open(audience, peer_id)
    if db.execute(select(memberships.c.id).where(still)).first():
        db.execute(update(memberships).where(still).values(until_at=until))
        return
    db.execute(
        insert(memberships).values(
            id=new_id(), audience=audience, peer_id=peer_id, from_at=now(), until_at=until
        )
    )


def close_period(db: Connection, audience: str, peer_id: int) -> None:
    """A node is out of a ring from now on."""
    db.execute(update(memberships).where(_open(audience, peer_id)).values(until_at=now()))


def _open(audience: str, peer_id: int) -> ColumnElement[bool]:
    return (
        (memberships.c.audience == audience)
        & (memberships.c.peer_id == peer_id)
        & or_(memberships.c.until_at.is_(None), memberships.c.until_at > now())
    )


def is_confined(db: Connection, audience: str) -> bool:
    """Whether an audience is a room whose words stay in it: no boost, quote, export or "deel verder"."""
    return bool(db.scalar(select(rooms.c.confined).where(rooms.c.audience == audience)))
