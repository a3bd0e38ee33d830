"""Rows of topics: an object of kind `topic`; an open one is also a Group actor with the same id."""

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text, false

from node.db import Id, metadata

topics = Table(
    "topics",
    metadata,
    Column("object_id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("actor_id", Id, ForeignKey("actors.id")),  # open topics only
    Column("handle", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("summary", Text, nullable=False, server_default=""),
    Column("archived", Boolean, nullable=False, server_default=false()),
)
