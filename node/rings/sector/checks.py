"""Firms of a sector ring tell each other daily which roster they hold; who differs shows what was signed.

The same question fetches numbers that somebody missed, from the steward or from any other firm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, false, or_, select, true

from federation.documents import Document
from node.errors import NotFound
from node.identity import SELF, Identity
from node.ids import now
from node.peers import BY_ROSTER, PAIRED, get_peer, peers
from node.rings.sector.outgoing import rosters_path, signed_item
from node.rings.sector.rosters import note_unsigned, take_roster
from node.rings.sector.rows import (
    applications_in,
    change_check,
    change_sector,
    find_sector,
    find_sector_of,
    is_listed,
    knows_roster,
    last_roster,
    note_behind,
    roster_numbered,
    roster_of,
    rosters_after,
    sectors_of_steward,
)
from node.rings.sector.tables import sector_checks, sector_firms, sector_terms
from node.rings.tables import rings

EVERY = timedelta(days=1)
PAUSE = timedelta(minutes=5)  # before one that did not answer is asked again
SOON = timedelta(seconds=15)  # the same for a number that is missing
MOST_DUE = 24
PAGE = 20
PAGE_BYTES = 3_000_000
NUMBERS = 2**31


@dataclass(frozen=True)
class Check:
    """One firm to compare with about one ring; `question` is the path to ask."""

    ring_id: int
    peer: Row[Any]
    question: str


# --- asking ----------------------------------------------------------------------------------------


def due_checks(db: Connection) -> list[Check]:
    """Firms not compared with for a day, or that hold another number; the steward when we lack one."""
    found = []
    for sector in db.execute(_running()):
        ids = _due_ids(db, sector)
        if ids:
            question = _question(db, sector)
            found += [Check(sector.ring_id, get_peer(db, one), question) for one in ids]
    return found[:MOST_DUE]


def has_due_checks(db: Connection) -> bool:
    return bool(due_checks(db))


def _running() -> Any:
    """Sector rings that have not ended and that our director signed for, or whose roster we keep."""
    return (
        select(sector_terms, rings.c.hash)
        .join(rings, rings.c.id == sector_terms.c.ring_id)
        .where(
            sector_terms.c.ends_at > now(),
            or_(sector_terms.c.application.is_not(None), sector_terms.c.steward == SELF),
        )
    )


def _due_ids(db: Connection, sector: Row[Any]) -> list[int]:
    """Least recently compared first; a steward that is not in its own ring is asked as well."""
    is_ours = sector.steward == SELF or is_listed(db, sector.ring_id, SELF)
    listed = select(sector_firms.c.peer_id).where(
        sector_firms.c.ring_id == sector.ring_id, sector_firms.c.is_listed, true() if is_ours else false()
    )
    partners = (
        select(peers.c.id, sector_checks.c.checked_at, sector_checks.c.tried_at, sector_checks.c.is_due)
        .outerjoin(
            sector_checks,
            (sector_checks.c.peer_id == peers.c.id) & (sector_checks.c.ring_id == sector.ring_id),
        )
        .where(
            peers.c.state == PAIRED,
            or_(peers.c.id.in_(listed), peers.c.id == sector.steward),
            or_(
                sector_checks.c.checked_at.is_(None),
                sector_checks.c.checked_at < now() - EVERY,
                sector_checks.c.is_due,
                (peers.c.id == sector.steward) if sector.is_behind else sector_checks.c.is_due,
            ),
            or_(sector_checks.c.tried_at.is_(None), sector_checks.c.tried_at < now() - SOON),
        )
        .order_by(sector_checks.c.is_due.desc(), sector_checks.c.checked_at, peers.c.id)
    )
    rows = db.execute(partners).all()
    return [
        int(row.id)
        for row in rows
        if row.is_due
        or (sector.is_behind and row.id == sector.steward)
        or row.tried_at is None
        or row.tried_at < now() - PAUSE
    ][:MOST_DUE]


def _question(db: Connection, sector: Row[Any]) -> str:
    last = last_roster(db, sector.ring_id)
    number, held = (last.number, last.hash) if last is not None else (0, "")
    lacks = "&signatures=all" if sector.is_behind else ""
    return f"{rosters_path(sector.hash)}?number={number}&hash={held}{lacks}"


def note_tried(db: Connection, check: Check) -> None:
    change_check(db, check.ring_id, check.peer.id, tried_at=now())


def keep_answer(db: Connection, node: Identity, check: Check, answer: Document) -> Check | None:
    """Take what a firm or the steward shows; the next question when it has more."""
    number, held = answer.get("number"), answer.get("hash")
    if not isinstance(number, int) or not isinstance(held, str) or not 0 <= number < NUMBERS:
        return None
    signatures, shown = _documents(answer.get("signatures")), _documents(answer.get("rosters"))
    before = _last_number(db, check.ring_id)
    for signed in shown[: PAGE + 1]:
        take_roster(db, node, check.ring_id, int(check.peer.id), signed, signatures)
    last = _last_number(db, check.ring_id)
    change_check(
        db, check.ring_id, check.peer.id, checked_at=now(), is_due=False, number=number, hash=held[:64]
    )
    sector = find_sector_of(db, check.ring_id)
    if sector is not None and before < last < number:
        return Check(check.ring_id, check.peer, _question(db, sector))
    _note_asked(db, check, last >= number)
    return None


def _documents(items: object) -> list[Document]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _last_number(db: Connection, ring_id: int) -> int:
    last = last_roster(db, ring_id)
    return int(last.number) if last is not None else 0


def _note_asked(db: Connection, check: Check, has_all: bool) -> None:
    """Nothing more is missing of what the steward has: a signature it could not show does not exist."""
    sector = find_sector_of(db, check.ring_id)
    if sector is None or not sector.is_behind:
        return
    if sector.steward in (check.peer.id, SELF) and has_all:
        change_sector(db, check.ring_id, is_behind=False)
        note_unsigned(db, sector)


# --- answering -------------------------------------------------------------------------------------


def answer_terms(db: Connection, peer: Row[Any]) -> Document:
    """The terms of our own sector rings that still run; not for nodes that another steward vouches for."""
    if peer.pinned_by == BY_ROSTER:
        raise NotFound
    return {"terms": [row.document for row in sectors_of_steward(db, SELF) if row.ends_at > now()]}


def answer_check(
    db: Connection, ring_hash: str, peer_id: int, *, number: int, held: str, all_signed: bool
) -> Document:
    """Which roster we hold, and what the asker lacks or holds otherwise; for firms of it and the steward.

    Whoever is no longer on it gets the number that says so, and none after that.
    """
    sector = find_sector(db, ring_hash)
    ring_id = sector.ring_id if sector is not None else 0
    last, firm = last_roster(db, ring_id), _firm(db, ring_id, peer_id)
    is_steward = sector is not None and sector.steward == peer_id
    if sector is None or last is None or not (is_steward or firm is not None):
        raise NotFound
    if firm is not None and not firm.is_listed and not is_steward:
        return _answer_parted(db, ring_id, firm.out_by, number)
    rows = _to_show(db, ring_id, number, "" if all_signed else held)
    if _differs(db, ring_id, number, held):
        change_check(db, ring_id, peer_id, is_due=True, tried_at=None)
        if sector.steward == SELF and number > _last_number(db, ring_id):
            note_behind(db, sector)
    return {
        "number": last.number,
        "hash": last.hash,
        "rosters": [signed_item(row) for row in rows],
        "signatures": _signatures(db, ring_id, rows, number, "" if all_signed else held),
    }


def _firm(db: Connection, ring_id: int, peer_id: int) -> Row[Any] | None:
    return db.execute(select(sector_firms).filter_by(ring_id=ring_id, peer_id=peer_id)).one_or_none()


def _answer_parted(db: Connection, ring_id: int, out_by: int, number: int) -> Document:
    """To a firm that was put out: what it missed, up to the roster that says so."""
    last = roster_numbered(db, ring_id, out_by)
    rows = [row for row in rosters_after(db, ring_id, number, PAGE) if 0 < number < row.number <= out_by]
    held = "" if last is None else last.hash
    shown = [signed_item(row) for row in rows]
    return {"number": out_by, "hash": held, "rosters": shown, "signatures": []}


def _to_show(db: Connection, ring_id: int, number: int, held: str) -> list[Row[Any]]:
    """Ours of the asker's number if theirs is another, then all later ones; to who has none the last.

    Who lacks signatures (`held` is empty then) is shown its own number again, with them.
    """
    if number == 0:
        last = last_roster(db, ring_id)
        return [last] if last is not None else []
    same = roster_numbered(db, ring_id, number)
    shown = [same] if same is not None and same.hash != held else []
    size = 0
    for row in rosters_after(db, ring_id, number, PAGE):
        size += len(row.document)
        if size > PAGE_BYTES and shown:
            break
        shown.append(row)
    return shown


def _differs(db: Connection, ring_id: int, number: int, held: str) -> bool:
    """Does the asker hold something we have not seen: a later number, or another roster of one we have?"""
    same = roster_numbered(db, ring_id, number)
    is_other = same is not None and not knows_roster(db, ring_id, number, held)
    return is_other or number > _last_number(db, ring_id)


def _signatures(
    db: Connection, ring_id: int, rows: Sequence[Row[Any]], number: int, held: str
) -> list[Document]:
    """The signatures of firms in these rosters, but for those in one that the asker has as well."""
    same = roster_numbered(db, ring_id, number)
    has_same = same is not None and same.hash == held
    known = {entry.application for entry in roster_of(same).firms} if same is not None and has_same else set()
    named = {entry.application for row in rows for entry in roster_of(row).firms} - known
    return [signed_item(row) for _, row in sorted(applications_in(db, named).items())]


# --- how it stands ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreeing:
    """How many of the other firms hold our roster, as they said last; `others` hold another of its number."""

    same: int
    behind: int
    others: int
    silent: int
    oldest: datetime | None


def agreeing(db: Connection, ring_id: int) -> Agreeing:
    last = last_roster(db, ring_id)
    listed = select(sector_firms.c.peer_id).filter_by(ring_id=ring_id, is_listed=True)
    wanted = select(sector_checks).where(
        sector_checks.c.ring_id == ring_id, sector_checks.c.peer_id.in_(listed)
    )
    told = [row for row in db.execute(wanted) if row.peer_id != SELF]
    heard = [row for row in told if row.checked_at is not None]
    if last is None:
        return Agreeing(0, 0, 0, len(told), None)
    return Agreeing(
        same=sum(row.hash == last.hash for row in heard),
        behind=sum(row.number != last.number for row in heard),
        others=sum(row.number == last.number and row.hash != last.hash for row in heard),
        silent=len(told) - len(heard),
        oldest=min((row.checked_at for row in heard), default=None),
    )
