"""Rows of sector rings: terms, applications, signed rosters and what this node makes of them."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from node.db import Id, UtcDateTime, metadata

sector_terms = Table(
    "sector_terms",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),  # canonical JSON; its hash is the ring
    Column("steward", Id, nullable=False),  # peer id, SELF when we keep the roster
    Column("ends_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("application", Text),  # hash of what our director signed last
    Column("refused_at", UtcDateTime),
    Column("refused_why", Text, nullable=False, server_default=""),
    Column("is_behind", Boolean, nullable=False, server_default=false()),  # there is a number we lack
    Column("restored_at", UtcDateTime),  # since a backup was put back nobody may have told us newer numbers
)

sector_applications = Table(
    "sector_applications",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("ring_id", Id, ForeignKey("rings.id"), nullable=False),
    Column("peer_id", Id, nullable=False, autoincrement=False),  # SELF: ours
    Column("domain", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting, admitted, refused, ended
    Column("received_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by", Id, ForeignKey("members.actor_id")),
    Index(None, "ring_id", "state"),
)

# Every roster that its steward signed and that we saw; contrary ones are the evidence against it.
sector_rosters = Table(
    "sector_rosters",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("is_contrary", Boolean, nullable=False),
    Column("shown_by", Id, nullable=False),  # peer id, SELF when we signed it
    Column("received_at", UtcDateTime, nullable=False),
)

# The firms of the last roster that holds here, and those that were on one before.
sector_firms = Table(
    "sector_firms",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True, autoincrement=False),
    Column("peer_id", Id, primary_key=True, autoincrement=False),  # SELF: us
    Column("application", Text, nullable=False),
    Column("key", Text, nullable=False, server_default=""),  # by its application
    Column("since", Integer, nullable=False),
    Column("is_listed", Boolean, nullable=False),
    Column("out_by", Integer),  # the number that put it out: the last one that it may see
    Column("standing", Text, nullable=False),  # sound, unproved, unsigned, other_key
)

# What each firm said that it holds, when we compared last.
sector_checks = Table(
    "sector_checks",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True, autoincrement=False),
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True, autoincrement=False),
    Column("checked_at", UtcDateTime),
    Column("tried_at", UtcDateTime),
    Column("is_due", Boolean, nullable=False, server_default=false()),
    Column("number", Integer),
    Column("hash", Text),
)
