"""One row per audienced thing: what it is, who may see it, where it comes from. Nothing about its content."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Row,
    Table,
    Text,
    insert,
    literal_column,
    select,
    update,
)

from federation.addressing import Addressing
from node.db import Id, UtcDateTime, metadata
from node.identity import SELF
from node.ids import new_id, now
from schemas.activitystreams import parse_ring_urn, parse_room_urn, ring_urn, room_urn

COMPANY = "company"
PEOPLE = "people"
PUBLIC = "public"

# What LIKE compares with stands in the text: as a parameter it makes SQLite plan the query anew each time.
ANY_RING: ColumnElement[str] = literal_column("'ring:%'")
ANY_ROOM: ColumnElement[str] = literal_column("'room:%'")

LIVE, HELD, DELETED = "live", "held", "deleted"
DRAFT = "draft"  # its author's alone
OWN_STATES = (LIVE, HELD, DRAFT)  # what its author sees
DROPPED = "dropped"  # thrown away before anybody got it: no 410 says that it was there

objects = Table(
    "objects",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("origin", Id, nullable=False),
    Column("author_id", Id, ForeignKey("actors.id"), nullable=True),
    Column("state", Text, nullable=False),
    Column("published", UtcDateTime, nullable=False),
    Column("updated", UtcDateTime),
    Column("received", UtcDateTime),
    Column("deleted", UtcDateTime),
    Index(None, "audience", "id"),
    Index(None, "author_id", "id"),
    Index(None, "kind", "id"),
)

holders = Table(
    "holders",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True),
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True),
    Column("inbox", Text),  # where it went: its Delete goes there too, also after an unfollow
    Column("state", Text, nullable=False),  # waiting, handed, stored, gone
    Column("changed_at", UtcDateTime, nullable=False),
)

WAITING, HANDED, STORED, GONE = "waiting", "handed", "stored", "gone"


def ring_audience(ring_hash: str) -> str:
    """The audience of a ring, by the SHA-256 (hex) of its first agreement."""
    return f"ring:{ring_hash}"


def room_audience(room_hash: str) -> str:
    """The audience of a room, by the SHA-256 (hex) of the document that founded it."""
    return f"room:{room_hash}"


def is_ring(audience: str) -> bool:
    return audience.startswith("ring:")


def is_room(audience: str) -> bool:
    return audience.startswith("room:")


def is_closed(audience: str) -> bool:
    """A ring or a room: numbered, signed by nodes, and for those inside only."""
    return is_ring(audience) or is_room(audience)


def closed_audiences(named: Addressing) -> set[str]:
    """The rings and rooms that something is addressed to."""
    return {*map(ring_audience, named.rings), *map(room_audience, named.rooms)}


def urn_of(audience: str) -> str:
    """How a ring or room is named on the wire."""
    kind, _, name = audience.partition(":")
    return ring_urn(name) if kind == "ring" else room_urn(name)


def audience_of_urn(urn: str) -> str | None:
    """The ring or room that an urn names; None for anything else."""
    ring, room = parse_ring_urn(urn), parse_room_urn(urn)
    return ring_audience(ring) if ring else room_audience(room) if room else None


def add_object(
    db: Connection,
    *,
    kind: str,
    audience: str,
    author_id: int | None,
    origin: int = SELF,
    uri: str | None = None,
    published: datetime | None = None,
    object_id: int | None = None,
    state: str = LIVE,
) -> int:
    """Insert the row and return its id; ours get `/o/<id>` unless `uri` is given.

    `published` of a received object counts as the earlier of its own claim and now (rule 18).
    """
    object_id = object_id or new_id()
    moment = now()
    db.execute(
        insert(objects).values(
            id=object_id,
            uri=uri or f"/o/{object_id}",
            kind=kind,
            audience=audience,
            origin=origin,
            author_id=author_id,
            state=state,
            published=min(published, moment) if published else moment,
            received=None if origin == SELF else moment,
        )
    )
    return object_id


def find_object(db: Connection, uri: str) -> Row[Any] | None:
    """The row of a stored uri, whoever asks: only for code that then asks the boundary."""
    return db.execute(select(objects).where(objects.c.uri == uri)).one_or_none()


def mark_updated(db: Connection, object_id: int) -> None:
    db.execute(update(objects).where(objects.c.id == object_id).values(updated=now()))


def mark_deleted(db: Connection, object_id: int) -> None:
    db.execute(update(objects).where(objects.c.id == object_id).values(state=DELETED, deleted=now()))


def get_object(db: Connection, object_id: int) -> Row[Any]:
    return db.execute(select(objects).where(objects.c.id == object_id)).one()
