"""Who this node is: its name, domain, kind and keys. One row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Connection, Integer, Row, Table, Text, insert, select, update

from federation import keys
from node.db import UtcDateTime, metadata
from node.errors import Conflict
from node.ids import now

SELF = 0  # the peer id of this node itself

# With whom open posts are exchanged; rings have their own rosters (A5).
OPEN_FEDERATION, ALLOW_LIST = "open", "allow_list"
ACTOR_PATH = "/actor"

nodes = Table(
    "node",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rsa_private", Text, nullable=False),
    Column("ed25519_private", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("setup_token_hash", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ready_at", UtcDateTime),
    Column("tied_at", UtcDateTime),
    Column("federation", Text, nullable=False, server_default=OPEN_FEDERATION),
)


@dataclass(frozen=True)
class Identity:
    """This node as the rest of the code sees it; `base` is the URL that every path of ours is appended to."""

    name: str
    domain: str
    base: str
    kind: str
    rsa_private: str
    ed25519_private: str
    epoch: int
    ready_at: datetime | None
    tied_at: datetime | None
    federation: str

    @property
    def actor_uri(self) -> str:
        return self.base + ACTOR_PATH

    @property
    def rsa_key_id(self) -> str:
        return self.actor_uri + "#main-key"

    @property
    def node_key_id(self) -> str:
        return self.actor_uri + "#ed25519-key"

    @property
    def rsa_public_pem(self) -> str:
        return keys.rsa_public_pem(self.rsa_private)

    @property
    def multikey(self) -> str:
        return keys.ed25519_multikey(self.ed25519_private)


def create(db: Connection, *, name: str, domain: str, kind: str) -> None:
    """Write the node's one row with fresh keys; it is not ready until the first admin is there."""
    db.execute(
        insert(nodes).values(
            id=1,
            name=name,
            domain=domain,
            kind=kind,
            rsa_private=keys.new_rsa(),
            ed25519_private=keys.new_ed25519(),
            epoch=1,
            created_at=now(),
        )
    )


def find_row(db: Connection) -> Row[Any] | None:
    return db.execute(select(nodes)).one_or_none()


def load(db: Connection, scheme: str) -> Identity:
    """This node's identity; `scheme` comes from the settings. Raises Conflict on an empty home."""
    row = db.execute(select(nodes)).one_or_none()
    if row is None:
        raise Conflict("This home is empty. Run `leerkring init` first.")
    return Identity(
        name=row.name,
        domain=row.domain,
        base=f"{scheme}://{row.domain}",
        kind=row.kind,
        rsa_private=row.rsa_private,
        ed25519_private=row.ed25519_private,
        epoch=row.epoch,
        ready_at=row.ready_at,
        tied_at=row.tied_at,
        federation=row.federation,
    )


def change(db: Connection, **values: object) -> None:
    """Set columns of the node's row; the domain only while nothing outside knows it."""
    row = db.execute(select(nodes)).one()
    if "domain" in values and values["domain"] != row.domain and row.tied_at is not None:
        raise Conflict("The domain is fixed: other servers know this node by it since the first contact.")
    db.execute(update(nodes).values(**values))


def tie_domain(db: Connection) -> None:
    """From the first pairing, follow, app registration or departure on, the domain cannot change."""
    db.execute(update(nodes).where(nodes.c.tied_at.is_(None)).values(tied_at=now()))
