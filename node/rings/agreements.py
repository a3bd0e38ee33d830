"""Agreements: proposed, signed, withdrawn by a director's act; complete when all proofs came in time."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, select

from node.access.logins import confirm_password
from node.access.members import HANDLE
from node.actors import take_handle
from node.boundary import Receiver
from node.errors import Conflict, Invalid, NotFound
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.peers import BLOCKED, BY_AGREEMENT, BY_ROSTER, PAIRED, change_peer, find_peer, get_peer, keep_peer
from node.people.queries import taken_names
from node.rings import leaving, outgoing
from node.rings.agreement_lines import (
    drops_too_many,
    firms_of,
    firms_to_sign,
    heads_not_met,
    heads_of,
    knows_line,
    newest_of_line,
)
from node.rings.agreement_rows import (
    SIGNING,
    WITHDRAWN,
    agreements_of,
    change_agreement,
    change_ring,
    document_of,
    get_agreement,
    get_ring_row,
    has_signed,
    keep_agreement,
    keep_proof,
    lapse_agreements,
    lock_agreement,
    proofs_of,
    signatures_of,
)
from node.rings.completing import complete_if_all, receivers_at, send_agreement
from node.rings.pairing import need_director
from node.rings.rosters import tell_directors
from node.rings.signed_documents import prove
from node.rings.tables import reminders
from node.text import display_name
from schemas.agreement import Agreement, Firm, gate_of, moment_text

REMIND_AGAIN = timedelta(hours=1)
SHORTEST, LONGEST = timedelta(days=1), timedelta(days=5 * 366)
LATEST_DEADLINE = timedelta(days=60)


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
    gate_days: int | None = None  # how long the answers of a checklist count


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
    if wrong := time_faults(terms):
        raise Invalid(**wrong)
    document = _build(db, node, terms, *_line_of(db, ring_id))
    if ring_id is not None:
        _check_line(db, ring_id, document)
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


def remind(db: Connection, node: Identity, director_id: int, agreement_hash: str, domain: str = "") -> None:
    """Send the proposal again to one firm or to all that have not signed, once an hour each at most."""
    need_director(db, director_id)
    row = get_agreement(db, agreement_hash)
    if row.state != SIGNING or row.deadline <= now():
        raise Conflict(msg("This agreement can no longer be signed. Make a new proposal."))
    signed = {one.domain for one in signatures_of(db, agreement_hash)}
    waiting = firms_of(row) - signed - {node.domain}
    if domain and domain not in waiting:
        raise Conflict(msg("This firm has signed already, or is not in this agreement."))
    due = [one for one in receivers_at(db, [domain] if domain else waiting) if _may_remind(db, row, one)]
    if not due:
        raise Conflict(msg("You reminded them less than an hour ago. Give them a call instead."))
    for receiver in due:
        _note_reminder(db, row, receiver)
    outgoing.publish_offer(db, node, row, document_of(row), proofs_of(db, row.hash), due)


def _may_remind(db: Connection, row: Row[Any], receiver: Receiver) -> bool:
    recent = reminders.c.agreement == row.hash, reminders.c.sent_at > now() - REMIND_AGAIN
    query = select(reminders.c.peer_id).where(*recent, reminders.c.peer_id == receiver.peer_id)
    return db.execute(query).first() is None


def _note_reminder(db: Connection, row: Row[Any], receiver: Receiver) -> None:
    this = reminders.c.agreement == row.hash, reminders.c.peer_id == receiver.peer_id
    db.execute(delete(reminders).where(*this))
    values = {"agreement": row.hash, "peer_id": receiver.peer_id, "sent_at": now()}
    db.execute(insert(reminders).values(**values))


def withdraw(db: Connection, node: Identity, director_id: int, password: str, agreement_hash: str) -> None:
    """Say no to an agreement that is not complete, ours or theirs: a signed statement goes to all firms."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    row = lock_agreement(db, agreement_hash)
    if row.state != SIGNING:
        raise Conflict(msg("This agreement is not open any more, so there is nothing to withdraw."))
    leaving.say(db, node, row, receivers_at(db, firms_of(row) - {node.domain}))
    change_agreement(db, agreement_hash, state=WITHDRAWN)


def _line_of(db: Connection, ring_id: int | None) -> tuple[str | None, str | None]:
    """The ring and predecessor that a new version names."""
    if ring_id is None:
        return None, None
    rows = agreements_of(db, ring_id)
    if any(row.state == SIGNING and row.deadline > now() for row in rows):
        raise Conflict(msg("There is a proposal for this ring already. Sign it or withdraw it first."))
    newest = newest_of_line(db, ring_id)
    if newest is None:
        raise NotFound
    return get_ring_row(db, ring_id).hash, newest.hash


def time_faults(terms: Terms) -> dict[str, str]:
    """What is wrong with the days, by field; a page says it beside what else is wrong."""
    wrong: dict[str, str] = {}
    if not now() < terms.deadline <= now() + LATEST_DEADLINE:
        wrong["deadline"] = msg("Choose a last day for signing within the next 60 days.")
    if not terms.deadline + SHORTEST <= terms.ends_at <= now() + LONGEST:
        wrong["ends_at"] = msg("Choose an end date after the last day for signing, within five years.")
    return wrong


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
            gate=gate_of(terms.gate, minutes=terms.gate_minutes, days=terms.gate_days),
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
    _check_line(db, row.ring_id, document)
    _pin(db, node, document)
    _name_ring(db, row.ring_id, handle)
    firm, proof = _own_firm(node, document), prove(node, document)
    keep_proof(db, agreement_hash, firm, SELF, proof, now(), signed_by=director_id)
    complete_if_all(db, node, agreement_hash)
    send_agreement(db, node, get_agreement(db, agreement_hash), only=firms_of(row))


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


def _check_line(db: Connection, ring_id: int, document: Agreement) -> None:
    """A director signs only what comes after the version that holds here: nobody makes a fork by accident."""
    if drops_too_many(db, ring_id, document):
        raise Conflict(
            msg("This removes as many firms as it keeps. A few firms cannot take a ring: make a new one.")
        )
    if not knows_line(db, ring_id, document):
        raise Conflict(
            msg("We do not know the version before this one yet. Our node asks for it: try again later.")
        )
    unmet = heads_not_met(db, ring_id, document)
    if unmet and len(heads_of(db, ring_id)) > 1:
        raise Conflict(
            msg(
                "This ring has two versions. Only one that all firms of both sign ends that: %(firms)s.",
                firms=", ".join(firms_to_sign(db, ring_id)),
            )
        )
    if unmet:
        raise Conflict(
            msg("This was proposed without knowing the version that holds now. Ask for a new proposal.")
        )


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


# --- the clock -------------------------------------------------------------------------------------


def lapse(db: Connection) -> int:
    """What is not complete at its deadline has lapsed; directors are told."""
    rows = lapse_agreements(db, now())
    for row in rows:
        tell_directors(db, "agreement_lapsed", document_of(row).name, f"/agreements/{row.hash}")
    return len(rows)
