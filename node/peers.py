"""Other nodes and fediverse servers, by domain: pinned keys, state, and how delivery to them goes."""

from typing import Any

from sqlalchemy import Column, Connection, Float, Integer, Row, Table, Text, select, update

from node.db import Id, UtcDateTime, insert_new, metadata
from node.ids import new_id, now

KNOWN, PAIRED, BLOCKED = "known", "paired", "blocked"

# Who vouched for the pinned key: the words on the phone, an agreement that we signed, a sector's roster.
BY_PAIRING, BY_AGREEMENT, BY_ROSTER = "pairing", "agreement", "roster"

# What of open posts goes to and comes from a peer; a block is a state, and outranks these.
NORMAL, ALLOWED, LIMITED, RINGS_ONLY = "", "allowed", "limited", "rings_only"

peers = Table(
    "peers",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("domain", Text, nullable=False, unique=True),
    Column("name", Text),  # what we called it at pairing
    Column("state", Text, nullable=False),
    Column("policy", Text, nullable=False, server_default=NORMAL),
    Column("actor_uri", Text),
    Column("inbox", Text),  # the node's shared inbox
    Column("node_key", Text),  # pinned Ed25519 Multikey
    Column("pinned_at", UtcDateTime),
    Column("pinned_by", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("retry_at", UtcDateTime),
    Column("claimed_until", UtcDateTime),
    Column("succeeded_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("last_error", Text),
    Column("heard_at", UtcDateTime),
    Column("clock_skew", Float),  # seconds its Date was ahead of ours, last time
    Column("proved_at", UtcDateTime),  # when it last signed our nonce with its pinned key (rule 8)
    Column("told_key", Text),  # the key of ours that it last said it knows us by
    Column("told_head_at", UtcDateTime),  # when it last took the head of our departures (rule 11)
)


def keep_peer(db: Connection, domain: str) -> int:
    """The id of a domain's peer; it is made if we never met it."""
    found = db.execute(select(peers.c.id).where(peers.c.domain == domain)).scalar_one_or_none()
    if found is not None:
        return int(found)
    row = {"id": new_id(), "domain": domain, "state": KNOWN, "created_at": now()}
    insert_new(db, peers, [row])  # somebody else may have met it at this very moment
    return int(db.execute(select(peers.c.id).where(peers.c.domain == domain)).scalar_one())


def find_peer(db: Connection, domain: str) -> Row[Any] | None:
    return db.execute(select(peers).where(peers.c.domain == domain)).one_or_none()


def get_peer(db: Connection, peer_id: int) -> Row[Any]:
    return db.execute(select(peers).where(peers.c.id == peer_id)).one()


def list_peers(db: Connection) -> list[Row[Any]]:
    """Every server that this node ever met, by domain."""
    return list(db.execute(select(peers).order_by(peers.c.domain)))


def change_peer(db: Connection, peer_id: int, **values: object) -> None:
    db.execute(update(peers).where(peers.c.id == peer_id).values(**values))
