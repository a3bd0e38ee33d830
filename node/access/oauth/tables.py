"""Rows of OAuth: apps, codes and tokens. Whatever is secret is kept as its SHA-256 only."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from node.db import Id, UtcDateTime, metadata

apps = Table(
    "apps",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("client_id", Text, nullable=False, unique=True),
    Column("secret_hash", Text),  # none: a public client, which proves itself by PKCE
    Column("name", Text, nullable=False),
    Column("website", Text),
    Column("redirect_uris", Text, nullable=False),  # one in a line
    Column("scopes", Text, nullable=False),  # separated by blanks
    Column("created_at", UtcDateTime, nullable=False),
)

app_codes = Table(
    "app_codes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("code_hash", Text, nullable=False, unique=True),
    Column("app_id", Id, ForeignKey("apps.id"), nullable=False),
    Column("member_id", Id, ForeignKey("members.actor_id"), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("challenge", Text),  # PKCE, S256
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index(None, "member_id"),
)

app_tokens = Table(
    "app_tokens",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("refresh_hash", Text, unique=True),
    Column("spent_refresh_hash", Text, unique=True),  # used twice: somebody else has it, and all ends
    Column("code_id", Id, ForeignKey("app_codes.id")),  # used twice: the same
    Column("app_id", Id, ForeignKey("apps.id"), nullable=False),
    Column("member_id", Id, ForeignKey("members.actor_id")),  # none: the app for itself
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Index(None, "member_id"),
    Index(None, "code_id"),
)
