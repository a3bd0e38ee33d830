"""What the pages of rings show: partners and how well they are reached, versions and who has signed them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.boundary import ring_nodes
from node.i18n import Message
from node.ids import now
from node.peers import BLOCKED, BY_ROSTER, PAIRED, peers
from node.queue import deliveries
from node.rings.agreement_differences import differences
from node.rings.agreement_lines import base_of, firms_to_sign, heads_of, is_forked, says_late_at
from node.rings.agreement_rows import (
    SIGNING,
    agreements_of,
    document_of,
    domains_that_left,
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
    """One firm of a version; `late` when it says that not all proofs came in time there."""

    firm: str
    domain: str
    hours: int
    signed_at: datetime | None
    left: bool
    late: bool


@dataclass(frozen=True)
class AgreementView:
    """A version of an agreement with its signatures; `is_open` while it can be signed.

    `changes` are the differences with the version that it would come after.
    """

    row: Row[Any]
    document: Agreement
    signatures: tuple[SignatureView, ...]
    is_open: bool
    is_ours_missing: bool
    changes: tuple[Message, ...] | None = None

    @property
    def hours(self) -> int:
        return sum(one.hours for one in self.signatures)

    @property
    def signed(self) -> int:
        return sum(one.signed_at is not None for one in self.signatures)


@dataclass(frozen=True)
class ForkView:
    """Two or more versions that hold in different hands, what differs, and who must sign one that ends it.

    Where one of them is complete here and came too late elsewhere, we go on with it: `is_narrowed` is false.
    """

    versions: tuple[AgreementView, ...]
    changes: tuple[Message, ...]
    late_at: tuple[str, ...]
    firms: tuple[str, ...]
    inside: tuple[str, ...]
    is_narrowed: bool


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


def blocked_firms(db: Connection, view: AgreementView) -> list[str]:
    """Firms of the agreement that this node blocks: they stand in it, and get nothing from us."""
    domains = [one.domain for one in view.signatures if not one.left]
    ours = peers.c.state == BLOCKED, peers.c.domain.in_(domains)
    return [row.name or row.domain for row in db.execute(select(peers).where(*ours).order_by(peers.c.domain))]


def _waiting_by_peer(db: Connection) -> dict[int, int]:
    waits = select(deliveries.c.peer_id, func.count()).where(deliveries.c.state == "waiting")
    return {row[0]: row[1] for row in db.execute(waits.group_by(deliveries.c.peer_id))}


def _clock_minutes(peer: Row[Any]) -> int:
    """How many minutes its clock is off, once that matters (rule 18)."""
    off = abs(peer.clock_skew or 0.0)
    return round(off / 60) if off >= SKEW_SHOWN.total_seconds() else 0


def view_agreement(db: Connection, row: Row[Any], own_domain: str) -> AgreementView:
    document, left = document_of(row), domains_that_left(db, row)
    signed = {one.domain: one for one in signatures_of(db, row.hash)}
    late = says_late_at(db, row)
    views = tuple(
        SignatureView(
            firm=f.name,
            domain=f.domain,
            hours=f.hours,
            signed_at=signed[f.domain].received_at if f.domain in signed else None,
            left=f.domain in left,
            late=f.domain in late,
        )
        for f in document.firms
    )
    is_open = row.state == SIGNING and row.deadline > now()
    base = base_of(db, row.ring_id, row.predecessor)
    changes = None if base is None else tuple(differences(document_of(base), document))
    return AgreementView(row, document, views, is_open, own_domain not in signed, changes)


def view_fork(db: Connection, ring: RingRow, own_domain: str) -> ForkView | None:
    """What a director must see of a ring with two versions; None while there is one."""
    if not is_forked(db, ring.id):
        return None
    views = [view_agreement(db, head, own_domain) for head in heads_of(db, ring.id)]
    if len(views) == 1 and (base := base_of(db, ring.id, views[0].row.predecessor)) is not None:
        views.insert(0, view_agreement(db, base, own_domain))
    changes = differences(views[0].document, views[-1].document) if len(views) > 1 else []
    late = [one.firm for view in views for one in view.signatures if one.late]
    nodes = ring_nodes(db, ring.audience)
    inside = [peer.name or peer.domain for peer in nodes]
    in_all = set.intersection(*({one.domain for one in view.signatures} for view in views))
    names = {one.domain: one.firm for view in views for one in view.signatures}
    needed = [names.get(domain, domain) for domain in firms_to_sign(db, ring.id)]
    is_narrowed = all(peer.domain in in_all for peer in nodes)
    return ForkView(tuple(views), tuple(changes), tuple(late), tuple(needed), tuple(inside), is_narrowed)


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
