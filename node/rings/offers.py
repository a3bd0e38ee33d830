"""Agreements as other firms send them: what is kept, what is asked for, what is refused. Signs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document
from node.boundary import Receiver
from node.identity import SELF, Identity
from node.ids import now
from node.peers import BY_ROSTER, find_peer, keep_peer
from node.rings import leaving
from node.rings.agreement_lines import (
    base_of,
    drops_too_many,
    firms_of,
    heads_of,
    knows_line,
    listed_in_line,
    says_late_at,
)
from node.rings.agreement_rows import (
    SIGNING,
    WITHDRAWN,
    agreements_from,
    document_of,
    find_agreement,
    find_ring_row,
    get_agreement,
    has_all_proofs,
    has_signed,
    is_proved_by,
    keep_agreement,
    keep_proof,
    lock_agreement,
    note_late,
    signatures_of,
    signing_agreements,
)
from node.rings.completing import complete_if_all, note_fork, send_agreement
from node.rings.keys import is_key_of, keys_of
from node.rings.rosters import tell_directors, tell_directors_daily
from node.rings.signed_documents import hash_of
from node.rings.version_asks import want_versions
from schemas.agreement import Agreement, Firm, moment

MOST_OPEN_FROM_ONE = 20
MOST_NEW_A_DAY, MOST_TOLD_A_DAY = 40, 5
DAY = timedelta(days=1)
JUST_NOW = timedelta(minutes=10)  # nodes hand the same on within seconds; that reminds nobody


@dataclass(frozen=True)
class Offer:
    """An agreement with proofs as one paired node hands it over; `late` when it says it came too late there.

    `after_restore`: this node forgot what it knew, so that proofs count by the time they say they were made.
    """

    peer: Row[Any]
    document: Agreement
    proofs: Sequence[Document]
    received_at: datetime
    late: bool = False
    after_restore: bool = False


def take_offer(db: Connection, node: Identity, offer: Offer) -> bool:
    """Keep a version and proofs that a paired firm sent; False when it cannot be taken."""
    known = find_agreement(db, hash_of(offer.document))
    if known is None and not _may_begin(db, node, offer):
        return False
    agreement_hash = keep_agreement(db, offer.document, int(offer.peer.id))
    if known is None:
        _tell_new(db, node, offer, agreement_hash)
    _take_proofs(db, node, offer, lock_agreement(db, agreement_hash))
    _note_late(db, offer, agreement_hash)
    return True


# --- what is new to us -----------------------------------------------------------------------------


def _may_begin(db: Connection, node: Identity, offer: Offer) -> bool:
    """Whether a version new to us concerns us: from a firm that may say so, under keys that we know."""
    us = offer.document.firm_of(node.domain)
    if offer.peer.pinned_by == BY_ROSTER:  # a sector's steward vouched for its key: first pair with it
        return False
    if us is None:
        return _is_change_without_us(db, node, offer)
    if us.node != node.actor_uri or not _speaks_for_a_signer(db, offer):
        return False
    if _proves_all(offer):
        return True  # our own director signed this: what we knew of it was lost
    return _is_open_proposal(db, offer)


def _speaks_for_a_signer(db: Connection, offer: Offer) -> bool:
    sender = offer.document.firm_of(offer.peer.domain)
    if sender is None or not is_key_of(db, offer.peer.id, sender.key):
        return False
    return any(is_proved_by(offer.document, sender, proof) for proof in offer.proofs)


def _proves_all(offer: Offer) -> bool:
    firms = offer.document.firms
    return all(any(is_proved_by(offer.document, firm, proof) for proof in offer.proofs) for firm in firms)


def _is_open_proposal(db: Connection, offer: Offer) -> bool:
    """A proposal that can still be signed, in a ring that is new to us or that its sender is in."""
    sender = offer.document.firm_of(offer.peer.domain)
    if offer.received_at >= moment(offer.document.deadline) or not _is_within_bounds(db, offer.peer):
        return False
    if sender is None or sender.key != offer.peer.node_key:
        return False
    ring = find_ring_row(db, offer.document.ring) if offer.document.ring is not None else None
    if ring is None:
        return True  # nobody shows us what was before us there: our director reads and signs this, or not
    # Whoever only heard of a ring cannot propose its next version.
    return listed_in_line(db, ring.id, offer.peer.domain)


def _is_within_bounds(db: Connection, peer: Row[Any]) -> bool:
    open_ones = [row for row in signing_agreements(db) if row.proposed_by == peer.id]
    return (
        len(open_ones) < MOST_OPEN_FROM_ONE
        and len(agreements_from(db, peer.id, now() - DAY)) < MOST_NEW_A_DAY
    )


def _is_change_without_us(db: Connection, node: Identity, offer: Offer) -> bool:
    """A version that holds without us in a ring that we are in: all that remain signed, as we know them."""
    ring = find_ring_row(db, offer.document.ring) if offer.document.ring is not None else None
    if ring is None or ring.handle is None or not _speaks_for_a_line(db, ring.id, offer.peer.domain):
        return False
    if base_of(db, ring.id, offer.document.predecessor) is None:
        want_versions(db, offer.peer.id)
        return False
    return (
        _proves_all(offer)
        and _keys_are_known(db, offer.document)
        and not drops_too_many(db, ring.id, offer.document)
        and any(node.domain in firms_of(head) for head in heads_of(db, ring.id))
    )


def _speaks_for_a_line(db: Connection, ring_id: int, domain: str) -> bool:
    return any(domain in firms_of(head) for head in heads_of(db, ring_id))


def _keys_are_known(db: Connection, document: Agreement) -> bool:
    """No firm stands there with another key than we pinned for it."""
    peers = {firm: find_peer(db, firm.domain) for firm in document.firms}
    return all(
        peer is None or peer.node_key is None or is_key_of(db, peer.id, firm.key)
        for firm, peer in peers.items()
    )


def _tell_new(db: Connection, node: Identity, offer: Offer, agreement_hash: str) -> None:
    """A new proposal is told, but one firm cannot fill the directors' notices: the page lists them all."""
    row = get_agreement(db, agreement_hash)
    if not knows_line(db, row.ring_id, offer.document):
        want_versions(db, offer.peer.id)
    if row.deadline <= offer.received_at or offer.document.firm_of(node.domain) is None:
        return
    if len(agreements_from(db, offer.peer.id, now() - DAY)) <= MOST_TOLD_A_DAY:
        tell_directors(db, "agreement_proposed", offer.document.name, f"/agreements/{agreement_hash}")


# --- proofs ----------------------------------------------------------------------------------------


def _take_proofs(db: Connection, node: Identity, offer: Offer, row: Row[Any]) -> None:
    fresh = _keep_proofs(db, node, offer, row.hash)
    if row.state == WITHDRAWN:
        leaving.say_again(db, node, row, [Receiver(offer.peer.id, offer.peer.inbox)])
    complete_if_all(db, node, row.hash)
    row = get_agreement(db, row.hash)
    if fresh:
        _tell_signed(db, row, fresh)
    _pass_on(db, node, offer, row, bool(fresh))
    is_reminder = not fresh and row.received_at < offer.received_at - JUST_NOW
    if is_reminder and row.state == SIGNING and not has_signed(db, row.hash, SELF):
        tell_directors_daily(db, "agreement_reminder", offer.document.name, f"/agreements/{row.hash}")


def _pass_on(db: Connection, node: Identity, offer: Offer, row: Row[Any], fresh: bool) -> None:
    """The firm that proposed hands on what comes in; every firm answers one that lacks its own proof.

    What got lost all the same is asked for later: fifty firms must not send everything to each other.
    """
    others = firms_of(row) - {node.domain, offer.peer.domain}
    if not has_signed(db, row.hash, SELF):
        return
    if fresh and row.proposed_by == SELF:
        send_agreement(db, node, row, only=others)
    if _lacks_ours(node, row, offer):
        send_agreement(db, node, row, only=[offer.peer.domain])


def _lacks_ours(node: Identity, row: Row[Any], offer: Offer) -> bool:
    us = document_of(row).firm_of(node.domain)
    if us is None or offer.document.firm_of(offer.peer.domain) is None:
        return False
    return not any(is_proved_by(offer.document, us, proof) for proof in offer.proofs)


def _keep_proofs(db: Connection, node: Identity, offer: Offer, agreement_hash: str) -> list[Firm]:
    """Store valid proofs and return whose were new; one of our own is new only where it was forgotten."""
    known = {one.domain: one.received_at for one in signatures_of(db, agreement_hash)}
    fresh = []
    for firm in offer.document.firms:
        for proof in offer.proofs:
            received_at = _time_of(offer, proof)
            if firm.domain in known and known[firm.domain] <= received_at:
                break  # it came before this
            if not is_proved_by(offer.document, firm, proof):
                continue
            peer_id = SELF if firm.domain == node.domain else keep_peer(db, firm.domain)
            if _is_replaced(db, offer, agreement_hash, peer_id, firm.key):
                continue
            if keep_proof(db, agreement_hash, firm, peer_id, proof, received_at):
                fresh.append(firm)
    return fresh


def _is_replaced(db: Connection, offer: Offer, agreement_hash: str, peer_id: int, key: str) -> bool:
    """A key that its firm replaced signs nothing more that is still open here."""
    is_open = get_agreement(db, agreement_hash).state == SIGNING and not offer.after_restore
    return is_open and key in keys_of(db, peer_id)[1:]


def _time_of(offer: Offer, proof: Document) -> datetime:
    """When it counts as received; after a restore nobody remembers, so its maker's word must do."""
    if not offer.after_restore:
        return offer.received_at
    try:
        return min(offer.received_at, moment(str(proof.get("created"))))
    except ValueError:
        return offer.received_at


def _tell_signed(db: Connection, row: Row[Any], firms: Sequence[Firm]) -> None:
    if row.proposed_by != SELF:
        return
    for firm in firms:
        words = f"{firm.name} · {document_of(row).name}"
        tell_directors(db, "agreement_signed", words, f"/agreements/{row.hash}")


def _note_late(db: Connection, offer: Offer, agreement_hash: str) -> None:
    """A firm says that a version which holds here came too late there: a fork."""
    row = get_agreement(db, agreement_hash)
    signer = offer.document.firm_of(offer.peer.domain)
    if not offer.late or signer is None or not has_all_proofs(db, agreement_hash, offer.document):
        return
    if signer.domain not in says_late_at(db, row):
        note_late(db, agreement_hash, offer.peer.id)
        note_fork(db, row.ring_id)
