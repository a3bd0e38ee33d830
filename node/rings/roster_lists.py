"""Who is in a ring now, since when, until when, by which key: what two firms compare over the phone."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from node.boundary import is_in_ring, ring_nodes
from node.identity import SELF, Identity
from node.memberships import period_now
from node.rings.agreement_lines import firms_of, heads_of, says_late_at
from node.rings.agreement_rows import document_of
from node.rings.queries import RingRow


@dataclass(frozen=True)
class FirmInside:
    """One firm that is in now; `key` is its pinned key's fingerprint, `hours` what its director promised."""

    domain: str
    name: str
    key: str
    since: datetime
    until: datetime | None
    hours: int | None


@dataclass(frozen=True)
class VersionShown:
    """One version that holds here; more than one is a fork."""

    hash: str
    name: str
    state: str
    firms: tuple[str, ...]
    ends_at: datetime
    late_at: tuple[str, ...]


def fingerprint(key: str) -> str:
    """Short enough to read out over the phone."""
    text = hashlib.sha256(key.encode()).hexdigest()[:16]
    return " ".join(text[place : place + 4] for place in range(0, 16, 4))


def list_inside(db: Connection, node: Identity, ring: RingRow) -> list[FirmInside]:
    """Us and every node that something in this ring goes to now, by domain."""
    hours = promised_hours(db, ring)
    firms = [(SELF, node.domain, node.name, node.multikey)] if is_in_ring(db, ring.audience) else []
    firms += [
        (peer.id, peer.domain, peer.name or peer.domain, peer.node_key or "")
        for peer in ring_nodes(db, ring.audience)
    ]
    found = []
    for peer_id, domain, name, key in sorted(firms, key=lambda firm: firm[1]):
        since, until = period_now(db, ring.audience, peer_id)
        found.append(FirmInside(domain, name, fingerprint(key), since, until, hours.get(domain)))
    return found


def promised_hours(db: Connection, ring: RingRow) -> dict[str, int]:
    """Hours a month by domain, as the version that holds promises them."""
    heads = heads_of(db, ring.id)
    return {firm.domain: firm.hours for firm in document_of(heads[-1]).firms} if heads else {}


def list_versions(db: Connection, ring: RingRow) -> list[VersionShown]:
    return [
        VersionShown(
            hash=head.hash,
            name=document_of(head).name,
            state=head.state,
            firms=tuple(sorted(firms_of(head))),
            ends_at=head.ends_at,
            late_at=tuple(says_late_at(db, head)),
        )
        for head in heads_of(db, ring.id)
    ]


def as_data(found: FirmInside | VersionShown) -> dict[str, Any]:
    """For JSON: moments as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in vars(found).items()
    }
