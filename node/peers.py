"""Other nodes and fediverse servers, by domain: pinned keys, state, and how delivery to them goes."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
    update,
)

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
    Column("ruled_by", Text),  # the wider domain whose rule it follows; its own rule when empty
    Column("ruled_at", UtcDateTime),  # since when its state or policy is what it is
    Column("reason", Text, nullable=False, server_default=""),  # goes along in an export
    Column("comment", Text, nullable=False, server_default=""),  # for our own admins
    Column("forgotten_at", UtcDateTime),
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
    Column("compared_at", UtcDateTime),  # when it first told our numbers since we started (rule 17)
    Column("told_key", Text),  # the key of ours that it last said it knows us by
    Column("told_head_at", UtcDateTime),  # when it last took the head of our departures (rule 11)
)


def keep_peer(db: Connection, domain: str) -> int:
    """The id of a domain's peer; it is made if we never met it, under the rule of a domain above it."""
    return keep_peers(db, [domain])[domain]


def keep_peers(db: Connection, domains: Collection[str]) -> dict[str, int]:
    """The same for many domains in few statements: ids by domain."""
    found = _ids(db, domains)
    missing = [domain for domain in domains if domain not in found]
    if not missing:
        return found
    above, moment = _rules_above(db, missing), now()
    rows = [
        {"id": new_id(), "domain": domain, "created_at": moment, **_inherited(above.get(domain))}
        for domain in missing
    ]
    insert_new(db, peers, rows)  # somebody else may have met one at this very moment
    return found | _ids(db, missing)


def _ids(db: Connection, domains: Collection[str]) -> dict[str, int]:
    query = select(peers.c.domain, peers.c.id).where(peers.c.domain.in_(domains))
    return {row.domain: int(row.id) for row in db.execute(query)}


def _inherited(above: Row[Any] | None) -> dict[str, Any]:
    if above is None:
        return {"state": KNOWN, "policy": NORMAL, "ruled_by": None, "ruled_at": None}
    state = BLOCKED if above.state == BLOCKED else KNOWN
    return {"state": state, "policy": above.policy, "ruled_by": above.domain, "ruled_at": above.ruled_at}


def wider_domains(domain: str) -> list[str]:
    """The domains that a domain is part of, the nearest first; a rule for one holds for all ports of it."""
    host = domain.partition(":")[0]
    labels = host.split(".")
    above = [".".join(labels[start:]) for start in range(1, len(labels))]
    return above if host == domain else [host, *above]


def rule_above(db: Connection, domain: str) -> Row[Any] | None:
    """The nearest wider domain's own rule that covers this one: a block, a limit, rings only."""
    return _rules_above(db, [domain]).get(domain)


def _rules_above(db: Connection, domains: Collection[str]) -> dict[str, Row[Any]]:
    wider = {domain: wider_domains(domain) for domain in domains}
    everything = {above for names in wider.values() for above in names}
    query = select(peers).where(peers.c.domain.in_(everything), has_own_rule(), covers_below())
    rules = {row.domain: row for row in db.execute(query)}
    nearest = {domain: next((one for one in names if one in rules), None) for domain, names in wider.items()}
    return {domain: rules[name] for domain, name in nearest.items() if name is not None}


def has_own_rule() -> ColumnElement[bool]:
    """A block or policy given to this very domain."""
    return peers.c.ruled_by.is_(None) & ((peers.c.state == BLOCKED) | (peers.c.policy != NORMAL))


def covers_below() -> ColumnElement[bool]:
    """A rule for a domain is one for the domains below it; being on the list is not."""
    return (peers.c.state == BLOCKED) | peers.c.policy.in_((LIMITED, RINGS_ONLY))


def is_blocked(db: Connection, domain: str) -> bool:
    """Whether a domain is blocked, by itself or because a domain above it is."""
    query = select(peers.c.state, peers.c.domain).where(
        (peers.c.domain == domain)
        | (peers.c.domain.in_(wider_domains(domain)) & has_own_rule() & covers_below())
    )
    nearest = db.execute(query.order_by(func.length(peers.c.domain).desc()).limit(1)).one_or_none()
    return nearest is not None and nearest.state == BLOCKED


def find_peer(db: Connection, domain: str) -> Row[Any] | None:
    return db.execute(select(peers).where(peers.c.domain == domain)).one_or_none()


def get_peer(db: Connection, peer_id: int) -> Row[Any]:
    return db.execute(select(peers).where(peers.c.id == peer_id)).one()


def list_peers(db: Connection) -> list[Row[Any]]:
    """Every server that this node ever met, by domain; not those it forgot and never heard from again."""
    heard = peers.c.heard_at > peers.c.forgotten_at
    known = peers.c.forgotten_at.is_(None) | heard | (peers.c.state != KNOWN) | (peers.c.policy != NORMAL)
    return list(db.execute(select(peers).where(known).order_by(peers.c.domain)))


def change_peer(db: Connection, peer_id: int, **values: object) -> None:
    """Set columns of a peer; one that becomes a partner no longer follows the rule of a wider domain."""
    db.execute(update(peers).where(peers.c.id == peer_id).values(**values))
    if values.get("state") == PAIRED:
        inherited = peers.c.id == peer_id, peers.c.ruled_by.is_not(None)
        db.execute(update(peers).where(*inherited).values(policy=NORMAL, ruled_by=None, ruled_at=None))


def pin_peers(db: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Many become partners at once, each by its `pinned_id`; the other columns are the same for all rows."""
    if not rows:
        return
    db.execute(update(peers).where(peers.c.id == bindparam("pinned_id")), rows)
    ruled = peers.c.id.in_([row["pinned_id"] for row in rows]), peers.c.ruled_by.is_not(None)
    db.execute(update(peers).where(*ruled).values(policy=NORMAL, ruled_by=None, ruled_at=None))
