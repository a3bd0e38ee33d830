"""Agreements: proposed, signed, withdrawn by a director's act; complete when all proofs came in time."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row

from federation.documents import Document
from node.access.logins import confirm_password
from node.access.members import HANDLE
from node.actors import take_handle
from node.boundary import Receiver
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.peers import BLOCKED, BY_AGREEMENT, BY_ROSTER, PAIRED, change_peer, find_peer, get_peer, keep_peer
from node.people.queries import taken_names
from node.rings import leaving, outgoing
from node.rings.agreement_rows import (
    COMPLETE,
    LAPSED,
    SIGNING,
    WITHDRAWN,
    agreements_of,
    change_agreement,
    change_ring,
    document_of,
    find_agreement,
    find_ring_row,
    get_agreement,
    get_ring_row,
    is_proved_by,
    keep_agreement,
    keep_proof,
    lapse_agreements,
    lock_agreement,
    proofs_of,
    signatures_of,
    signing_agreements,
)
from node.rings.keys import is_key_of, keys_of
from node.rings.pairing import need_director
from node.rings.rosters import settle_roster, tell_directors
from node.rings.signed_documents import hash_of, prove
from node.text import display_name
from schemas.agreement import Agreement, Firm, Gate, moment, moment_text

REMIND_AGAIN = timedelta(hours=1)
SHORTEST, LONGEST = timedelta(days=1), timedelta(days=5 * 366)
LATEST_DEADLINE = timedelta(days=60)
MOST_OPEN_FROM_ONE = 20


# What the form and the command line start from.
SIGN_DAYS, RING_DAYS, KEEP_DAYS = 14, 365, 90


@dataclass(frozen=True)
class Share:
    """What one firm brings; `hours` per month from its director."""

    goal: str
    hours: int
    contact: str


@dataclass(frozen=True)
class Terms:
    """What a director fills in; `shares` by domain, our own among them."""

    name: str
    purpose: str
    confidentiality: str
    no_poaching: bool
    retention_days: int
    titles_in_mail: bool
    gate: str
    gate_minutes: int
    ends_at: datetime
    deadline: datetime
    shares: Mapping[str, Share]


# --- a director's acts -----------------------------------------------------------------------------


def propose(
    db: Connection,
    node: Identity,
    director_id: int,
    password: str,
    terms: Terms,
    *,
    handle: str = "",
    ring_id: int | None = None,
) -> str:
    """Propose a first agreement (with our `handle` for the ring) or, given `ring_id`, its next version.

    Proposing is signing: our proof goes with it. Returns the agreement's hash.
    """
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    _check_times(terms)
    document = _build(db, node, terms, *_line_of(db, ring_id))
    agreement_hash = keep_agreement(db, document, SELF)
    _sign(db, node, director_id, agreement_hash, handle)
    return agreement_hash


def sign(
    db: Connection, node: Identity, director_id: int, password: str, agreement_hash: str, *, handle: str = ""
) -> None:
    """Sign what another firm proposed; `handle` is our name for a ring that is new to us."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    _sign(db, node, director_id, agreement_hash, handle)


def remind(db: Connection, node: Identity, director_id: int, agreement_hash: str) -> None:
    """Send the proposal again, with all the proofs we have; once an hour at most."""
    need_director(db, director_id)
    row = get_agreement(db, agreement_hash)
    if row.state != SIGNING or row.deadline <= now():
        raise Conflict(msg("This agreement can no longer be signed. Make a new proposal."))
    if row.reminded_at is not None and row.reminded_at > now() - REMIND_AGAIN:
        raise Conflict(msg("You reminded them less than an hour ago. Give them a call instead."))
    change_agreement(db, agreement_hash, reminded_at=now())
    _send(db, node, row, but=())


def withdraw(db: Connection, node: Identity, director_id: int, password: str, agreement_hash: str) -> None:
    """Say no to an agreement that is not complete, ours or theirs: a signed statement goes to all firms."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    row = lock_agreement(db, agreement_hash)
    if row.state != SIGNING:
        raise Conflict(msg("This agreement is not open any more, so there is nothing to withdraw."))
    leaving.say(db, node, row, _receivers(db, node, document_of(row), but=()))
    change_agreement(db, agreement_hash, state=WITHDRAWN)


def _line_of(db: Connection, ring_id: int | None) -> tuple[str | None, str | None]:
    """The ring and predecessor that a new version names."""
    if ring_id is None:
        return None, None
    rows = agreements_of(db, ring_id)
    if any(row.state == SIGNING and row.deadline > now() for row in rows):
        raise Conflict(msg("There is a proposal for this ring already. Sign it or withdraw it first."))
    return get_ring_row(db, ring_id).hash, rows[-1].hash


def _check_times(terms: Terms) -> None:
    if not now() < terms.deadline <= now() + LATEST_DEADLINE:
        raise Invalid(deadline=msg("Choose a last day for signing within the next 60 days."))
    if not terms.deadline + SHORTEST <= terms.ends_at <= now() + LONGEST:
        raise Invalid(ends_at=msg("Choose an end date after the last day for signing, within five years."))


def _build(
    db: Connection, node: Identity, terms: Terms, ring_hash: str | None, predecessor: str | None
) -> Agreement:
    firms = [_firm(db, node, domain, share) for domain, share in sorted(terms.shares.items())]
    if node.domain not in terms.shares or len(firms) < 2:
        raise Invalid(firms=msg("Choose at least one other firm."))
    try:
        return Agreement(
            version=1,
            kind="partners",
            name=terms.name,
            purpose=terms.purpose,
            confidentiality=terms.confidentiality,
            no_poaching=terms.no_poaching,
            retention_days=terms.retention_days,
            titles_in_mail=terms.titles_in_mail,
            gate=Gate.model_validate({"kind": terms.gate, "minutes": terms.gate_minutes}),
            firms=firms,
            ends_at=moment_text(terms.ends_at),
            deadline=moment_text(terms.deadline),
            ring=ring_hash,
            predecessor=predecessor,
            made_at=moment_text(now()),
            salt=secrets.token_hex(16),
        )
    except ValidationError as error:
        raise _invalid(error) from error


def _firm(db: Connection, node: Identity, domain: str, share: Share) -> Firm:
    try:
        return Firm(**_address(db, node, domain), goal=share.goal, hours=share.hours, contact=share.contact)
    except ValidationError as error:
        raise _invalid(error) from error


def _address(db: Connection, node: Identity, domain: str) -> dict[str, str]:
    if domain == node.domain:
        return {
            "node": node.actor_uri,
            "domain": domain,
            "name": node.name,
            "key": node.multikey,
            "inbox": f"{node.base}/inbox",
        }
    peer = find_peer(db, domain)
    if peer is None or peer.state != PAIRED or peer.pinned_by == BY_ROSTER:
        raise Invalid(firms=msg("You are not paired with this firm yet. Pair first."))
    return {
        "node": peer.actor_uri,
        "domain": domain,
        "name": peer.name,
        "key": peer.node_key,
        "inbox": peer.inbox,
    }


def _invalid(error: ValidationError) -> Invalid:
    """The form's field for each field of the document that cannot be."""
    fields = {str(part) for fault in error.errors() for part in fault["loc"][:1]} or {""}
    return Invalid(
        **{field: msg("This cannot be used. Check it and make it shorter if needed.") for field in fields}
    )


def _sign(db: Connection, node: Identity, director_id: int, agreement_hash: str, handle: str) -> None:
    row = lock_agreement(db, agreement_hash)
    document = document_of(row)
    _check_signable(db, node, row, document)
    _pin(db, node, document)
    _name_ring(db, row.ring_id, handle)
    firm = _own_firm(node, document)
    keep_proof(db, agreement_hash, firm, SELF, prove(node, document), signed_by=director_id)
    _complete_if_all(db, node, agreement_hash)
    _send(db, node, row, but=())


def _check_signable(db: Connection, node: Identity, row: Row[Any], document: Agreement) -> None:
    if row.state != SIGNING or row.deadline <= now():
        raise Conflict(msg("This agreement can no longer be signed. Make a new proposal."))
    if _own_firm(node, document).key != node.multikey:
        raise Conflict(msg("This agreement names another key for us. Ask for a new proposal."))
    if has_signed(db, row.hash, SELF):
        raise Conflict(msg("We have signed this agreement already."))
    others = [other for other in agreements_of(db, row.ring_id) if other.hash != row.hash]
    if any(o.state == SIGNING and o.deadline > now() and has_signed(db, o.hash, SELF) for o in others):
        raise Conflict(msg("We signed another proposal for this ring that is still open. Withdraw it first."))


def has_signed(db: Connection, agreement_hash: str, peer_id: int) -> bool:
    return any(signature.peer_id == peer_id for signature in signatures_of(db, agreement_hash))


def _own_firm(node: Identity, document: Agreement) -> Firm:
    firm = document.firm_of(node.domain)
    if firm is None or firm.node != node.actor_uri:
        raise Conflict(msg("This agreement does not name our firm."))
    return firm


def _pin(db: Connection, node: Identity, document: Agreement) -> None:
    """Signing pins the listed keys; a key that is pinned already changes only by pairing again."""
    for firm in document.firms:
        peer = None if firm.domain == node.domain else get_peer(db, keep_peer(db, firm.domain))
        if peer is None:
            continue
        if peer.node_key == firm.key and peer.state == PAIRED:
            if peer.pinned_by == BY_ROSTER:  # our director vouches for it now, not only a steward
                change_peer(db, peer.id, pinned_by=BY_AGREEMENT)
            continue
        if peer.node_key is not None or peer.state == BLOCKED:
            raise Conflict(
                msg("We know %(name)s by another key. Pair with them again first.", name=firm.name)
            )
        pinned = {"node_key": firm.key, "actor_uri": firm.node, "inbox": firm.inbox, "pinned_at": now()}
        name = display_name(firm.name, firm.domain, taken_names(db, node))
        change_peer(db, peer.id, state=PAIRED, name=name, pinned_by=BY_AGREEMENT, **pinned)


def _name_ring(db: Connection, ring_id: int, handle: str) -> None:
    if get_ring_row(db, ring_id).handle is not None:
        return
    if not HANDLE.fullmatch(handle):
        raise Invalid(handle=msg("Use 2 to 20 small letters, digits or underscores."))
    take_handle(db, handle, "ring")
    change_ring(db, ring_id, handle=handle)


# --- what other firms send -------------------------------------------------------------------------


def take_offer(
    db: Connection,
    node: Identity,
    peer: Row[Any],
    document: Agreement,
    proofs: Sequence[Document],
    received_at: datetime,
) -> bool:
    """Keep a proposal and proofs that a paired firm of it sent; False when it cannot be taken."""
    sender, us = document.firm_of(peer.domain), document.firm_of(node.domain)
    if sender is None or not is_key_of(db, peer.id, sender.key) or us is None or us.node != node.actor_uri:
        return False
    known = find_agreement(db, hash_of(document))
    if known is None and not _may_begin(db, peer, document, sender, proofs, received_at):
        return False
    agreement_hash = keep_agreement(db, document, int(peer.id))
    if known is None:
        tell_directors(db, "agreement_proposed", document.name, f"/agreements/{agreement_hash}")
    _take_proofs(db, node, peer, lock_agreement(db, agreement_hash), proofs, received_at)
    return True


def _may_begin(
    db: Connection,
    peer: Row[Any],
    document: Agreement,
    sender: Firm,
    proofs: Sequence[Document],
    received_at: datetime,
) -> bool:
    """A proposal new to us: signed by its sender, still open, and next in a line that we know."""
    if peer.pinned_by == BY_ROSTER:  # a sector's steward vouched for its key: first pair with it
        return False
    if sender.key != peer.node_key or not any(is_proved_by(document, sender, proof) for proof in proofs):
        return False
    deadline, line = moment(document.deadline), document.predecessor
    open_ones = [row for row in signing_agreements(db) if row.proposed_by == peer.id]
    if received_at >= deadline or len(open_ones) >= MOST_OPEN_FROM_ONE:
        return False
    ring = find_ring_row(db, document.ring) if document.ring is not None else None
    before = find_agreement(db, line) if line is not None else None
    if ring is None:
        return True
    # Whoever only heard of a ring cannot propose its next version.
    return before is not None and before.ring_id == ring.id and bool(document_of(before).firm_of(peer.domain))


def _take_proofs(
    db: Connection,
    node: Identity,
    peer: Row[Any],
    row: Row[Any],
    proofs: Sequence[Document],
    received_at: datetime,
) -> None:
    if row.state == WITHDRAWN:
        leaving.say_again(db, node, row, [Receiver(peer.id, peer.inbox)])
        return
    document = document_of(row)
    fresh = _keep_others_proofs(db, node, document, row.hash, proofs)
    if received_at < row.deadline and row.state in (SIGNING, LAPSED):
        if _complete_if_all(db, node, row.hash):
            _send(db, node, row, only=(peer.domain,))  # so that they know that it holds here too
    elif fresh and _has_all(db, row.hash, document):
        tell_directors(db, "ring_fork", document.name, f"/agreements/{row.hash}")
    if fresh:
        _tell_signed(db, row, document, fresh)
        _send(db, node, row, but=(peer.domain,))
    if has_signed(db, row.hash, SELF) and _lacks(db, row.hash, proofs):
        _send(db, node, row, only=(peer.domain,))


def _keep_others_proofs(
    db: Connection, node: Identity, document: Agreement, agreement_hash: str, proofs: Sequence[Document]
) -> list[Firm]:
    """Store valid proofs of other firms; ours is made here and nowhere else. Returns whose were new."""
    return [
        firm
        for firm in document.firms
        if firm.domain != node.domain
        for proof in proofs
        if is_proved_by(document, firm, proof)
        and not _is_replaced(db, agreement_hash, firm)
        and keep_proof(db, agreement_hash, firm, keep_peer(db, firm.domain), proof)
    ]


def _is_replaced(db: Connection, agreement_hash: str, firm: Firm) -> bool:
    """A key that its firm replaced signs nothing more that is still open here."""
    is_open = get_agreement(db, agreement_hash).state == SIGNING
    return is_open and firm.key in keys_of(db, keep_peer(db, firm.domain))[1:]


def _lacks(db: Connection, agreement_hash: str, proofs: Sequence[Document]) -> bool:
    """Whether a sender that sent these proofs misses one that we have."""
    sent = {str(proof.get("verificationMethod")) for proof in proofs}
    return any(str(ours["verificationMethod"]) not in sent for ours in proofs_of(db, agreement_hash))


def _tell_signed(db: Connection, row: Row[Any], document: Agreement, firms: Iterable[Firm]) -> None:
    if row.proposed_by == SELF:
        for firm in firms:
            tell_directors(
                db, "agreement_signed", f"{firm.name} · {document.name}", f"/agreements/{row.hash}"
            )


def _has_all(db: Connection, agreement_hash: str, document: Agreement) -> bool:
    signed = {signature.domain for signature in signatures_of(db, agreement_hash)}
    return signed == {firm.domain for firm in document.firms}


def _complete_if_all(db: Connection, node: Identity, agreement_hash: str) -> bool:
    """The last proof makes the agreement hold: the ring opens, or goes on under its new version."""
    row = get_agreement(db, agreement_hash)
    document = document_of(row)
    if row.state not in (SIGNING, LAPSED) or not _has_all(db, agreement_hash, document):
        return False
    change_agreement(db, agreement_hash, state=COMPLETE, completed_at=now())
    change_ring(db, row.ring_id, name=document.name)
    settle_roster(db, node.domain, row.ring_id)
    return True


def lapse(db: Connection) -> int:
    """What is not complete at its deadline has lapsed; directors are told."""
    rows = lapse_agreements(db, now())
    for row in rows:
        tell_directors(db, "agreement_lapsed", document_of(row).name, f"/agreements/{row.hash}")
    return len(rows)


def _send(
    db: Connection, node: Identity, row: Row[Any], *, but: Iterable[str] = (), only: Iterable[str] = ()
) -> None:
    document = document_of(row)
    receivers = _receivers(db, node, document, but=but, only=only)
    if receivers:
        outgoing.publish_offer(db, node, row, document, proofs_of(db, row.hash), receivers)


def _receivers(
    db: Connection, node: Identity, document: Agreement, *, but: Iterable[str], only: Iterable[str] = ()
) -> list[Receiver]:
    wanted = {firm.domain for firm in document.firms} - {node.domain, *but}
    rows = [find_peer(db, domain) for domain in sorted(wanted & set(only) if only else wanted)]
    return [Receiver(row.id, row.inbox) for row in rows if row is not None and row.state == PAIRED]
