"""What a steward does: writes the terms, admits, refuses, removes firms; each change is the next number."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row

from node.access.logins import confirm_password, get_member, is_out
from node.access.members import HANDLE
from node.actors import take_handle
from node.boundary import Receiver
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.peers import find_peer, get_peer
from node.rings.agreement_rows import change_ring
from node.rings.pairing import need_director
from node.rings.sector import outgoing as sector_outgoing
from node.rings.sector.outgoing import reachable
from node.rings.sector.rosters import hold_to
from node.rings.sector.rows import (
    ADMITTED,
    ENDED,
    REFUSED,
    WAITING,
    applications_in,
    change_sector,
    checks_of,
    contrary_rosters,
    decide_application,
    ended_applications,
    find_application,
    keep_terms,
    last_roster,
    listed_firms,
    lock_sector,
    roster_of,
)
from node.rings.signed_documents import prove
from schemas.agreement import gate_of, moment_text
from schemas.sector import MOST_FIRMS, Entry, Roster, Steward, Terms

LONGEST = timedelta(days=5 * 366)
SILENT = timedelta(days=7)
MOST_AT_ONCE = 50  # admitted in one act: their signatures travel in one message
DECIDERS = frozenset({"director", "editor"})


@dataclass(frozen=True)
class Draft:
    """What a director fills in for a new sector ring."""

    name: str
    purpose: str
    confidentiality: str
    no_poaching: bool
    retention_days: int
    titles_in_mail: bool
    gate: str
    gate_minutes: int
    ends_at: datetime
    gate_days: int | None = None


def create(
    db: Connection, node: Identity, director_id: int, password: str, draft: Draft, *, handle: str
) -> int:
    """Write the terms of a new sector ring whose roster we keep; returns the ring's id.

    We are not in it ourselves: for that our own director signs the terms, as every firm's does.
    """
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    if not now() < draft.ends_at <= now() + LONGEST:
        raise Invalid(ends_at=msg("Choose an end date within five years."))
    terms = _build(node, draft)
    if not HANDLE.fullmatch(handle):
        raise Invalid(handle=msg("Use 2 to 20 small letters, digits or underscores."))
    ring_id = keep_terms(db, terms, SELF)
    take_handle(db, handle, "ring")
    change_ring(db, ring_id, handle=handle)
    return ring_id


def _build(node: Identity, draft: Draft) -> Terms:
    try:
        return Terms(
            version=1,
            kind="sector",
            name=draft.name,
            purpose=draft.purpose,
            confidentiality=draft.confidentiality,
            no_poaching=draft.no_poaching,
            retention_days=draft.retention_days,
            titles_in_mail=draft.titles_in_mail,
            gate=gate_of(draft.gate, minutes=draft.gate_minutes, days=draft.gate_days),
            steward=Steward(
                node=node.actor_uri,
                domain=node.domain,
                inbox=f"{node.base}/inbox",
                name=node.name,
                key=node.multikey,
            ),
            ends_at=moment_text(draft.ends_at),
            made_at=moment_text(now()),
            salt=secrets.token_hex(16),
        )
    except ValidationError as error:
        raise refused_fields(error) from error


def refused_fields(error: ValidationError) -> Invalid:
    """The form's field for each field of the document that cannot be."""
    fields = {str(part) for fault in error.errors() for part in fault["loc"][:1]} or {""}
    return Invalid(
        **{field: msg("This cannot be used. Check it and make it shorter if needed.") for field in fields}
    )


# --- deciding --------------------------------------------------------------------------------------


def admit(
    db: Connection, node: Identity, member_id: int, password: str, ring_id: int, hashes: Sequence[str]
) -> int:
    """Let firms in whose applications wait: one next roster for all of them; returns its number."""
    need_decider(db, member_id, password)
    sector = _own_sector(db, ring_id)
    if not 0 < len(set(hashes)) <= MOST_AT_ONCE:
        raise Invalid(firms=msg("Choose 1 to 50 firms."))
    for application_hash in set(hashes):
        _get_waiting(db, sector, application_hash)
        decide_application(db, application_hash, ADMITTED, member_id)
    rows = applications_in(db, hashes)
    return _sign_next(db, node, sector, coming=list(rows.values()))


def refuse(
    db: Connection,
    node: Identity,
    member_id: int,
    password: str,
    ring_id: int,
    application_hash: str,
    why: str,
) -> None:
    """Say no to an application; the firm's directors read why."""
    need_decider(db, member_id, password)
    sector = _own_sector(db, ring_id)
    row = _get_waiting(db, sector, application_hash)
    decide_application(db, application_hash, REFUSED, member_id)
    if row.peer_id == SELF:
        change_sector(db, ring_id, refused_at=now(), refused_why=why)
        return
    to = reachable(get_peer(db, row.peer_id))
    if to is not None:
        sector_outgoing.publish_refusal(db, node, sector, application_hash, why, to)


def remove(db: Connection, node: Identity, member_id: int, password: str, ring_id: int, domain: str) -> int:
    """Put a firm out by the next roster; it is told by the same."""
    need_decider(db, member_id, password)
    sector = _own_sector(db, ring_id)
    last = last_roster(db, ring_id)
    entry = roster_of(last).entry_of(domain) if last is not None else None
    if entry is None:
        raise NotFound(msg("%(domain)s is not on the roster.", domain=domain))
    decide_application(db, entry.application, ENDED, member_id)
    return _sign_next(db, node, sector, going={domain})


def put_out_leaver(db: Connection, node: Identity, sector: Row[Any], domain: str) -> None:
    """A firm said itself that it is out: the next roster says so too, without anybody's act."""
    last = last_roster(db, sector.ring_id)
    if last is not None and roster_of(last).entry_of(domain) is not None and not why_not(db, sector):
        _sign_next(db, node, sector, going={domain})


def need_decider(db: Connection, member_id: int, password: str) -> None:
    """A director or editor who typed their password."""
    member = get_member(db, member_id)
    if DECIDERS.isdisjoint(member.roles.split()) or is_out(member):
        raise Forbidden(msg("Only a director or an editor can do this."))
    confirm_password(db, member_id, password)


def _own_sector(db: Connection, ring_id: int) -> Row[Any]:
    sector = lock_sector(db, ring_id)
    if sector.steward != SELF:
        raise NotFound
    why = why_not(db, sector)
    if why:
        raise Conflict(why)
    return sector


def why_not(db: Connection, sector: Row[Any]) -> str:
    """Why no next roster can be signed now; "" when it can. No number is ever given out twice."""
    if sector.ends_at <= now():
        return msg("This ring has ended. Make a new one.")
    if contrary_rosters(db, sector.ring_id):
        return msg("There are two different rosters of this ring with one number. Make a new ring.")
    if sector.is_behind:
        return msg("A firm holds a newer roster than this node knows. It is being fetched: try again soon.")
    if sector.restored_at is not None and _is_unheard(db, sector):
        return msg("A backup was put back. First every firm must tell which roster it holds, or 7 days pass.")
    return ""


def _is_unheard(db: Connection, sector: Row[Any]) -> bool:
    if sector.restored_at <= now() - SILENT:
        return False
    checks = checks_of(db, sector.ring_id)
    others = [firm.peer_id for firm in listed_firms(db, sector.ring_id) if firm.peer_id != SELF]
    heard = [checks[one].checked_at for one in others if one in checks]
    return len(heard) < len(others) or any(at is None or at < sector.restored_at for at in heard)


def _get_waiting(db: Connection, sector: Row[Any], application_hash: str) -> Row[Any]:
    row = find_application(db, application_hash)
    if row is None or row.ring_id != sector.ring_id:
        raise NotFound
    if row.state != WAITING or (row.peer_id, row.hash) in ended_applications(db, sector.ring_id):
        raise Conflict(msg("This application was decided already, or withdrawn."))
    return row


# --- signing ---------------------------------------------------------------------------------------


def _sign_next(
    db: Connection,
    node: Identity,
    sector: Row[Any],
    *,
    coming: Sequence[Row[Any]] = (),
    going: set[str] | None = None,
) -> int:
    """Sign the next number and send it to every firm on it, and to those it puts out."""
    last = last_roster(db, sector.ring_id)
    number = last.number + 1 if last is not None else 1
    held = {entry.domain: entry for entry in roster_of(last).firms} if last is not None else {}
    kept = {domain: entry for domain, entry in held.items() if domain not in (going or set())}
    fresh = {one.domain: Entry(domain=one.domain, application=one.hash, since=number) for one in coming}
    firms = kept | fresh
    if len(firms) > MOST_FIRMS:
        raise Conflict(msg("A sector ring has at most %(most)s firms.", most=MOST_FIRMS))
    roster = Roster(
        version=1,
        kind="roster",
        ring=sector.hash,
        number=number,
        previous=last.hash if last is not None else None,
        at=moment_text(now()),
        firms=[firms[domain] for domain in sorted(firms)],
    )
    hold_to(db, node, sector, roster, prove(node, roster), SELF)
    _send(db, node, sector, coming, set(held) | set(firms))
    return number


def _send(
    db: Connection, node: Identity, sector: Row[Any], coming: Sequence[Row[Any]], domains: set[str]
) -> None:
    known = [find_peer(db, domain) for domain in sorted(domains - {node.domain})]
    to: list[Receiver] = [one for peer in known if peer is not None and (one := reachable(peer))]
    row = last_roster(db, sector.ring_id)
    if row is not None:
        sector_outgoing.publish_roster(db, node, sector, row, coming, to)
