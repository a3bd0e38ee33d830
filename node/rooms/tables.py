"""Rows of rooms: what each is called and asks, who has a place in it, and the lines of who came and went."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, false, true

from node.db import Id, UtcDateTime, metadata

room_details = Table(
    "room_details",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("audience", Text, ForeignKey("rooms.audience"), nullable=False, unique=True),
    Column("object_id", Id, ForeignKey("objects.id")),  # its card in the ring or company; none when hidden
    Column("kind", Text, nullable=False),  # room, steering
    Column("founding", Text, nullable=False),  # canonical JSON; its SHA-256 names the room
    Column("name", Text, nullable=False),
    Column("purpose", Text, nullable=False, server_default=""),
    Column("question", Text, nullable=False, server_default=""),  # for who wants to come in
    Column("begins_at", UtcDateTime),
    Column("capacity", Integer),
    Column("listed", Boolean, nullable=False, server_default=true()),
    Column("state", Text, nullable=False),  # open, resting (and its people were told), ended
    Column("told_people", Integer),  # how many are in a listed room that another node keeps, by its word
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "state"),
)

# Who is in, is invited, or asks to come in; who is out has no place any more.
room_places = Table(
    "room_places",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("audience", Text, ForeignKey("rooms.audience"), nullable=False),
    Column("actor_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("peer_id", Id, nullable=False),  # their node; SELF for our own people
    Column("state", Text, nullable=False),  # invited, asked, in
    Column("host", Boolean, nullable=False, server_default=false()),
    Column("answer", Text, nullable=False, server_default=""),
    Column("object_id", Id, ForeignKey("objects.id")),  # what lets one of ours read the room's card
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("audience", "actor_id"),
    Index(None, "actor_id"),
)

room_lines = Table(
    "room_lines",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("actor_id", Id, ForeignKey("actors.id")),
    Column("kind", Text, nullable=False),  # made, in, left, removed, firm_left, host, reset, ended
)

# Passwords that an admin reset, and whose rooms were told.
room_resets = Table(
    "room_resets",
    metadata,
    Column("link_id", Id, ForeignKey("links.id"), primary_key=True, autoincrement=False),
)
