"""Rows of rings: pairings, agreements and their signatures, the ring, its people, its numbers."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, false

from node.db import Id, UtcDateTime, metadata

pairings = Table(
    "pairings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("side", Text, nullable=False),  # inviter, invited
    Column("domain", Text, nullable=False),
    Column("name", Text, nullable=False),  # what we call them
    Column(
        "state", Text, nullable=False
    ),  # invited, asked, words, confirmed, paired, failed, expired, withdrawn
    Column("code", Text),  # while it can still be used
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    Column("wrong_words", Integer, nullable=False, server_default="0"),
    Column("made_by", Id, ForeignKey("members.actor_id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("our_nonce", Text, nullable=False),
    Column("our_key", Text, nullable=False),
    Column("their_commitment", Text),
    Column("their_nonce", Text),
    Column("their_key", Text),
    Column("their_actor", Text),
    Column("their_inbox", Text),
    Column("asked_places", Text),  # the two places of words that the screen picked, e.g. "2 5"
    Column("we_confirmed_at", UtcDateTime),
    Column("they_confirmed_at", UtcDateTime),
    Column("told_at", UtcDateTime),  # when they took our word that we confirmed, or that it is over
    Column("tried_at", UtcDateTime),  # when we last asked their node something
    Column("error", Text),  # why that did not work: an English msgid
    Column("ended_at", UtcDateTime),
    Index(None, "domain", "state"),
)

rings = Table(
    "rings",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False, unique=True),  # SHA-256 of the first agreement
    Column("handle", Text, unique=True),  # this node's name for it, from the moment our director signs
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # partners, sector
    Column("state", Text, nullable=False),  # proposed, open, closed
    Column("closed_why", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("forked_at", UtcDateTime),  # since its directors know of two versions; null when there is one
)

agreements = Table(
    "agreements",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("ring_id", Id, ForeignKey("rings.id"), nullable=False),
    Column("predecessor", Text),
    Column("document", Text, nullable=False),  # canonical JSON, exactly what is signed
    Column("state", Text, nullable=False),  # open, complete, late, lapsed, withdrawn
    Column("proposed_by", Id, nullable=False),  # peer id, SELF for us
    Column("deadline", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
    Column("ending_told", Integer),  # of how many days before its end the directors were told
    Index(None, "ring_id"),
)

signatures = Table(
    "signatures",
    metadata,
    Column("agreement", Text, ForeignKey("agreements.hash"), primary_key=True),
    Column("peer_id", Id, primary_key=True, autoincrement=False),
    Column("domain", Text, nullable=False),  # the firm of the agreement
    Column("proof", Text, nullable=False),
    Column("signed_by", Id, ForeignKey("members.actor_id")),  # our director
    Column("received_at", UtcDateTime, nullable=False),  # when the message came in that brought it
    Column("says_late", Boolean, nullable=False, server_default=false()),  # not in time at that firm's node
)

reminders = Table(
    "reminders",
    metadata,
    Column("agreement", Text, ForeignKey("agreements.hash"), primary_key=True),
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True, autoincrement=False),
    Column("sent_at", UtcDateTime, nullable=False),
)

# When we last asked a partner which versions and leavings it has; `wanted` when we know that we lack one.
version_asks = Table(
    "version_asks",
    metadata,
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True, autoincrement=False),
    Column("tried_at", UtcDateTime),
    Column("asked_at", UtcDateTime),
    Column("wanted", Boolean, nullable=False, server_default=false()),
)

leavings = Table(
    "leavings",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True),
    Column("peer_id", Id, primary_key=True, autoincrement=False),
    Column("agreement", Text, primary_key=True),
    Column("statement", Text, nullable=False),  # signed JSON
    Column("received_at", UtcDateTime, nullable=False),
)

ring_people = Table(
    "ring_people",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True),
    Column("actor_id", Id, ForeignKey("actors.id"), primary_key=True),
    Column("peer_id", Id, nullable=False),  # SELF: those we told the ring about
    Column("told", Text),  # of ours: the name that the ring knows
)

# The nodes that were ever in a ring with us.
ring_partners = Table(
    "ring_partners",
    metadata,
    Column("ring_id", Id, ForeignKey("rings.id"), primary_key=True),
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True),
)

# The nodes whose numbered activities of a ring or room we follow, and how far we have asked them.
sources = Table(
    "sources",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("peer_id", Id, ForeignKey("peers.id"), primary_key=True),
    Column("asked_at", UtcDateTime),  # when catching up last succeeded
    Column("tried_at", UtcDateTime),
    Column("people_at", UtcDateTime),  # when their people were last read whole
    Column("behind", Boolean, nullable=False, server_default=false()),
)

heads = Table(
    "heads",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("peer_id", Id, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("contiguous", Integer, nullable=False, server_default="0"),  # every number up to here is answered
    Column("highest", Integer, nullable=False, server_default="0"),
)

# Numbers answered beyond a head.
heard = Table(
    "heard",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("peer_id", Id, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
)
