"""Rows of trust between nodes: keys that were replaced, heads of departures, and who a copy waits for."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text

from node.db import Id, UtcDateTime, metadata

former_keys = Table(
    "former_keys",
    metadata,
    Column("peer_id", Id, primary_key=True, autoincrement=False),  # SELF: a key of ours
    Column("key", Text, primary_key=True),
    Column("from_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("statement", Text),  # the signed JSON that replaced it; null: by pairing again
)

# What other nodes told us of the chain of their departures, so that one rewritten whole is found (rule 11).
witnessed_heads = Table(
    "witnessed_heads",
    metadata,
    Column("peer_id", Id, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("hash", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

# How our chain last compared with the heads that a partner holds.
comparisons = Table(
    "comparisons",
    metadata,
    Column("peer_id", Id, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("heads", Integer, nullable=False),
    Column("differs_at", Integer),  # the first line that is not as they were told
    Column("is_restored", Boolean, nullable=False),  # lines are gone that a restored backup explains
)

# The last number of each ring and room when the process started: before anything new took one.
start_numbers = Table(
    "start_numbers",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)

# Nodes that this one, put back from a copy, is closed towards (rule 17).
restores = Table(
    "restores",
    metadata,
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True, autoincrement=False),
    Column("why", Text, nullable=False),  # backup, copy
    Column("since_at", UtcDateTime, nullable=False),
    Column("tried_at", UtcDateTime),
    Column("told_at", UtcDateTime),  # when the directors were told that it is silent
    Column("passed_at", UtcDateTime),  # when a director went on without it; it stays closed
    Column("answered_at", UtcDateTime),
    Column("error", Text),  # why it could not tell us: an English msgid
    Column("lost", Integer, nullable=False, server_default="0"),  # things of ours that only they have still
)
