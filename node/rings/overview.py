"""What the pages of rings show: partners and how well they are reached, versions and who has signed them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.boundary import ring_nodes
from node.ids import now
from node.peers import BY_ROSTER, PAIRED, peers
from node.queue import deliveries
from node.rings.agreement_lines import heads_of
from node.rings.agreement_rows import (
    SIGNING,
    agreements_of,
    document_of,
    signatures_of,
    signing_agreements,
)
from node.rings.catching_up import gaps
from node.rings.queries import NodeReach, RingRow, describe_reach
from node.rings.receipts import receipts_by_partner
from schemas.agreement import Agreement

SKEW_SHOWN = timedelta(minutes=5)


@dataclass(frozen=True)
class PartnerView:
    """One partner of a ring and how things stand with it."""

    peer: Row[Any]
    reach: NodeReach
    receipts: dict[str, int]
    gaps: int
    waiting: int
    clock_minutes: int


@dataclass(frozen=True)
class SignatureView:
    firm: str
    domain: str
    signed_at: datetime | None


@dataclass(frozen=True)
class AgreementView:
    """A version of an agreement with its signatures; `can_sign` while it is open."""

    row: Row[Any]
    document: Agreement
    signatures: tuple[SignatureView, ...]
    is_open: bool
    is_ours_missing: bool


def paired_firms(db: Connection) -> list[Row[Any]]:
    """Peers that our own directors vouch for, by name; not those that only a sector's roster does."""
    ours = peers.c.state == PAIRED, peers.c.pinned_by.is_distinct_from(BY_ROSTER)
    return list(db.execute(select(peers).where(*ours).order_by(peers.c.name, peers.c.domain)))


def partners_of(db: Connection, ring: RingRow) -> list[PartnerView]:
    reach = {one.domain: one for one in describe_reach(db, ring.audience).nodes}
    receipts, waiting = receipts_by_partner(db, ring.audience), _waiting_by_peer(db)
    return [
        PartnerView(
            peer=peer,
            reach=reach[peer.domain],
            receipts=receipts.get(peer.id, {}),
            gaps=gaps(db, ring.audience, peer.id),
            waiting=waiting.get(peer.id, 0),
            clock_minutes=_clock_minutes(peer),
        )
        for peer in ring_nodes(db, ring.audience)
    ]


def _waiting_by_peer(db: Connection) -> dict[int, int]:
    waits = select(deliveries.c.peer_id, func.count()).where(deliveries.c.state == "waiting")
    return {row[0]: row[1] for row in db.execute(waits.group_by(deliveries.c.peer_id))}


def _clock_minutes(peer: Row[Any]) -> int:
    """How many minutes its clock is off, once that matters (rule 18)."""
    off = abs(peer.clock_skew or 0.0)
    return round(off / 60) if off >= SKEW_SHOWN.total_seconds() else 0


def view_agreement(db: Connection, row: Row[Any], own_domain: str) -> AgreementView:
    document = document_of(row)
    signed = {one.domain: one.received_at for one in signatures_of(db, row.hash)}
    views = tuple(SignatureView(f.name, f.domain, signed.get(f.domain)) for f in document.firms)
    is_open = row.state == SIGNING and row.deadline > now()
    return AgreementView(row, document, views, is_open, own_domain not in signed)


def open_proposals(db: Connection, own_domain: str) -> list[AgreementView]:
    return [view_agreement(db, row, own_domain) for row in signing_agreements(db)]


def current_agreement(db: Connection, ring_id: int, own_domain: str) -> AgreementView | None:
    """The version that holds, or else the last one."""
    rows: Sequence[Row[Any]] = heads_of(db, ring_id) or agreements_of(db, ring_id)
    return view_agreement(db, rows[-1], own_domain) if rows else None


def open_successor(db: Connection, ring_id: int, own_domain: str) -> AgreementView | None:
    """A next version that waits for signatures while another one holds."""
    views = [view_agreement(db, row, own_domain) for row in agreements_of(db, ring_id)]
    return next((view for view in reversed(views) if view.is_open), None)
