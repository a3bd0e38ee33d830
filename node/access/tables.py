"""Rows of who may come in: members, log-ins, one-time links."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from node.db import Id, UtcDateTime, metadata

ROLES = ("admin", "director", "editor", "moderator", "ambassador")

members = Table(
    "members",
    metadata,
    Column("actor_id", Id, ForeignKey("actors.id"), primary_key=True, autoincrement=False),
    Column("mail", Text),
    Column("password_hash", Text, nullable=False),
    Column("roles", Text, nullable=False, server_default=""),  # words of ROLES, separated by blanks
    Column("language", Text),
    Column("ends_at", UtcDateTime),
    Column("end_told", Text, nullable=False, server_default=""),  # of this end: soon, ended
    Column("disabled_at", UtcDateTime),
    Column("open_from_apps", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
)

logins = Table(
    "logins",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("member_id", Id, ForeignKey("members.actor_id"), nullable=False),
    Column("device", Text, nullable=False, server_default=""),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "member_id"),
)

# Feeds of members, each of one ring for one device. Whoever has the token reads it, so its hash is kept.
feeds = Table(
    "feeds",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("member_id", Id, ForeignKey("members.actor_id"), nullable=False),
    Column("audience", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Column("hour_at", UtcDateTime),  # since when reads are counted
    Column("hour_reads", Integer, nullable=False, server_default="0"),
    Index(None, "member_id"),
)

links = Table(
    "links",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # invite, reset, guest, entry
    Column("token_hash", Text, nullable=False, unique=True),
    Column("member_id", Id, ForeignKey("members.actor_id")),  # reset, entry: whose
    Column("roles", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),  # for whom, in the maker's words
    Column("mail", Text),  # guest: where links may be sent
    Column("room", Text),  # guest: the audience of the one room that it leads to
    Column("ends_at", UtcDateTime),  # invite, guest: when the time of whoever uses it ends
    Column("made_by", Id, ForeignKey("members.actor_id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("used_by", Id, ForeignKey("members.actor_id")),
)
