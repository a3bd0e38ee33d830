"""The append-only log of everything that left this node: a hash chain of ids and times (rule 11)."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, Table, Text, insert, select

from node.db import UtcDateTime, metadata
from node.identity import nodes, tie_domain
from node.ids import now

departures = Table(
    "departures",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", Text, nullable=False),  # activity, object, file, collection, mail …
    Column("ids", Text, nullable=False),  # JSON list of uris
    Column("receivers", Text, nullable=False),  # JSON list of domains
    Column("salt", Text),  # erasure destroys it
    Column("content", Text, nullable=False),  # SHA-256 of salt and bytes that left
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

START = "0" * 64


def record_departure(
    db: Connection, kind: str, *, ids: Sequence[str], receivers: Sequence[str], content: bytes
) -> None:
    """Append a line in the caller's transaction. The salt keeps the hash from confirming a guessed text."""
    tie_domain(db)
    last = _last(db)
    salt = secrets.token_hex(16)
    line: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "at": now(),
        "kind": kind,
        "ids": json.dumps(sorted(ids)),
        "receivers": json.dumps(sorted(receivers)),
        "content": hashlib.sha256(salt.encode() + content).hexdigest(),
        "previous": last.hash if last else START,
    }
    db.execute(insert(departures).values(**line, salt=salt, hash=line_hash(line)))


def _last(db: Connection) -> Row[Any] | None:
    queue_up(db)
    return db.execute(select(departures).order_by(departures.c.seq.desc()).limit(1)).one_or_none()


def queue_up(db: Connection) -> None:
    """Writers on PostgreSQL go one by one from here to their commit; SQLite has one writer anyway."""
    db.execute(select(nodes.c.id).with_for_update())


def line_hash(line: dict[str, Any]) -> str:
    """SHA-256 (hex) over every field of a line but the salt, the previous hash among them."""
    at: datetime = line["at"]
    parts = [
        line["seq"],
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        line["kind"],
        line["ids"],
        line["receivers"],
        line["content"],
        line["previous"],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found; `broken_at` is the first line that does not fit."""

    lines: int
    head: str
    broken_at: int | None


def verify_departures(db: Connection) -> Verdict:
    """Walk the chain from its start: a line changed, cut out or put in between breaks it."""
    previous, count = START, 0
    for row in list_departures(db):
        count += 1
        if row.seq != count or row.previous != previous or row.hash != line_hash(dict(row._mapping)):
            return Verdict(count, previous, row.seq)
        previous = row.hash
    return Verdict(count, previous, None)


def list_departures(db: Connection) -> Iterator[Row[Any]]:
    yield from db.execute(select(departures).order_by(departures.c.seq))
