"""Who is in what: nodes in rings, people in rooms, guests, addressees, follows. The boundary reads it."""

from collections.abc import Iterable
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
    true,
    update,
)

from node.db import Id, UtcDateTime, metadata
from node.identity import SELF
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
    Column("home_id", Id),  # the node that keeps who is in; none: each node for its own people
    Column("rests_at", UtcDateTime),  # since its home, or we, are out of the ring: nobody is in
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
    Column("boosts", Boolean, nullable=False, server_default=true()),  # what they pass on is seen too
    Column("notify", Boolean, nullable=False, server_default=false()),  # each new post of theirs is told
    UniqueConstraint("follower_id", "followed_id"),
    Index(None, "followed_id", "state"),
)

PENDING, ACCEPTED = "pending", "accepted"


def open_periods(db: Connection, audience: str, peer_ids: Iterable[int], until: datetime | None) -> None:
    """Nodes come into a ring now, until `until` at the latest; an open period is kept, its end moved."""
    wanted, open_ones = set(peer_ids), _open_in(audience)
    there = set(db.scalars(select(memberships.c.peer_id).where(open_ones)))
    ours = update(memberships).where(open_ones, memberships.c.peer_id.in_(wanted & there))
    db.execute(ours.values(until_at=until))
    values = {"audience": audience, "from_at": now(), "until_at": until}
    rows = [{"id": new_id(), "peer_id": peer_id, **values} for peer_id in sorted(wanted - there)]
    if rows:
        db.execute(insert(memberships), rows)


def period_now(db: Connection, audience: str, peer_id: int) -> tuple[datetime, datetime | None]:
    """Since when a node is in a ring without a break, and until when; for one that is in."""
    query = select(memberships.c.from_at, memberships.c.until_at).where(_open(audience, peer_id))
    since, until = db.execute(query.order_by(memberships.c.from_at)).first() or (now(), now())
    return since, until


def close_period(db: Connection, audience: str, peer_id: int) -> None:
    """A node is out of a ring from now on."""
    db.execute(update(memberships).where(_open(audience, peer_id)).values(until_at=now()))


def close_rooms(db: Connection, within: str, peer_id: int) -> list[str]:
    """A node is out of a ring: its people are out of the rooms there, and rooms that it kept rest (rule 14).

    When that node is us, nobody is in any of them any more. Returns the rooms' audiences.
    """
    found = list(db.scalars(select(rooms.c.audience).where(rooms.c.within == within)))
    whose = memberships.c.peer_id == peer_id if peer_id != SELF else true()
    still = or_(memberships.c.until_at.is_(None), memberships.c.until_at > now())
    theirs = memberships.c.audience.in_(found), whose, still
    db.execute(update(memberships).where(*theirs).values(until_at=now()))
    kept = rooms.c.home_id == peer_id if peer_id != SELF else rooms.c.home_id.is_not(None)
    awake = rooms.c.within == within, kept, rooms.c.rests_at.is_(None)
    db.execute(update(rooms).where(*awake).values(rests_at=now()))
    return found


def rest_until_told(db: Connection, moment: datetime) -> None:
    """This is a copy put back: rooms that other nodes keep rest until those told who is in (rule 17)."""
    elsewhere = rooms.c.home_id.is_not(None), rooms.c.home_id != SELF, rooms.c.rests_at.is_(None)
    db.execute(update(rooms).where(*elsewhere).values(rests_at=moment))


def wake_room(db: Connection, audience: str) -> None:
    """Its home says who is in again; whoever it does not name is out in the same transaction."""
    db.execute(update(rooms).where(rooms.c.audience == audience).values(rests_at=None))


def open_place(db: Connection, audience: str, peer_id: int, actor_id: int, from_at: datetime) -> None:
    """Somebody is in a room from `from_at` on."""
    values = {"audience": audience, "peer_id": peer_id, "actor_id": actor_id, "from_at": from_at}
    db.execute(insert(memberships).values(id=new_id(), **values))


def has_place(db: Connection, audience: str, actor_id: int) -> bool:
    """Whether somebody has a period in a room now, whether or not the room can be seen."""
    theirs = _open_in(audience) & (memberships.c.actor_id == actor_id)
    return db.execute(select(memberships.c.id).where(theirs)).first() is not None


def close_place(db: Connection, audience: str, actor_id: int) -> None:
    """Somebody is out of a room from now on."""
    theirs = memberships.c.audience == audience, memberships.c.actor_id == actor_id
    still = or_(memberships.c.until_at.is_(None), memberships.c.until_at > now())
    db.execute(update(memberships).where(*theirs, still).values(until_at=now()))


def _open(audience: str, peer_id: int) -> ColumnElement[bool]:
    return _open_in(audience) & (memberships.c.peer_id == peer_id)


def _open_in(audience: str) -> ColumnElement[bool]:
    still = or_(memberships.c.until_at.is_(None), memberships.c.until_at > now())
    return (memberships.c.audience == audience) & still


def is_confined(db: Connection, audience: str) -> bool:
    """Whether an audience is a room whose words stay in it: no boost, quote, export or "deel verder"."""
    return bool(db.scalar(select(rooms.c.confined).where(rooms.c.audience == audience)))
