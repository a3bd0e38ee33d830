"""Rows of files: each belongs to one object and is read by whoever may read that."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from node.db import Id, UtcDateTime, metadata

files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("object_id", Id, ForeignKey("objects.id")),  # null: uploaded, not posted yet
    Column("owner_id", Id, ForeignKey("actors.id")),
    Column("position", Integer, nullable=False, server_default="0"),
    Column("media_type", Text, nullable=False),
    Column("name", Text),  # file name below the media folder; null while not here
    Column("width", Integer, nullable=False, server_default="0"),
    Column("height", Integer, nullable=False, server_default="0"),
    Column("size", Integer, nullable=False, server_default="0"),
    Column("alt", Text, nullable=False, server_default=""),
    Column("remote_url", Text),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("retry_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "object_id"),
)
