"""What the pages of sector rings show: the firms of a roster, applications, numbers, and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from node.identity import SELF, Identity
from node.objects import ring_audience
from node.peers import get_peer
from node.rings.queries import NodeReach, describe_reach
from node.rings.sector.inside import firms_inside
from node.rings.sector.rows import (
    WAITING,
    all_sectors,
    application_of,
    applications_in,
    applications_of,
    contrary_rosters,
    ended_applications,
    last_roster,
    listed_firms,
    roster_of,
    rosters_after,
    standing,
    terms_of,
)
from schemas.sector import Application, Roster, Terms

MOST_SHOWN = 30  # numbers of the history


@dataclass(frozen=True)
class FirmView:
    """One firm of the roster; `is_in` by our own copy and clock, `reach` of another firm that is in."""

    is_us: bool
    name: str
    domain: str
    since: int
    standing: str
    is_in: bool
    application: Application | None
    reach: NodeReach | None


@dataclass(frozen=True)
class NumberView:
    """One roster of the history: what it changed."""

    number: int
    at: datetime
    firms: int
    came: tuple[str, ...]
    went: tuple[str, ...]


@dataclass(frozen=True)
class WaitingView:
    """An application that somebody of us decides."""

    hash: str
    name: str
    received_at: datetime
    application: Application


@dataclass(frozen=True)
class SectorView:
    """A sector ring with its terms; `steward_name` is what we call it."""

    row: Row[Any]
    terms: Terms
    is_steward: bool
    steward_name: str
    standing: str
    number: int
    has_split: bool


def view_sector(db: Connection, node: Identity, sector: Row[Any]) -> SectorView:
    terms, last = terms_of(sector), last_roster(db, sector.ring_id)
    is_steward = sector.steward == SELF
    peer = None if is_steward else get_peer(db, sector.steward)
    return SectorView(
        row=sector,
        terms=terms,
        is_steward=is_steward,
        steward_name=node.name if peer is None else peer.name or peer.domain,
        standing=standing(db, sector),
        number=last.number if last is not None else 0,
        has_split=bool(contrary_rosters(db, sector.ring_id)),
    )


def view_sectors(db: Connection, node: Identity) -> list[SectorView]:
    return [view_sector(db, node, sector) for sector in all_sectors(db)]


def view_firms(db: Connection, node: Identity, sector: Row[Any]) -> list[FirmView]:
    """Everybody on the roster that holds here, by name; ourselves among them."""
    firms, inside = listed_firms(db, sector.ring_id), firms_inside(db, sector.ring_id)
    signed = applications_in(db, [firm.application for firm in firms])
    reach = {one.domain: one for one in describe_reach(db, ring_audience(sector.hash)).nodes}
    found = [
        FirmView(
            is_us=firm.peer_id == SELF,
            name=node.name if firm.peer_id == SELF else firm.name or firm.domain,
            domain=node.domain if firm.peer_id == SELF else firm.domain,
            since=firm.since,
            standing=firm.standing,
            is_in=firm.peer_id in inside,
            application=application_of(signed[firm.application]) if firm.application in signed else None,
            reach=reach.get(firm.domain),
        )
        for firm in firms
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.domain))


def view_waiting(db: Connection, node: Identity, sector: Row[Any]) -> list[WaitingView]:
    """Applications to decide, oldest first; not those that their firm took back."""
    ended = ended_applications(db, sector.ring_id)
    rows = [
        row for row in applications_of(db, sector.ring_id, WAITING) if (row.peer_id, row.hash) not in ended
    ]
    return [_waiting(db, node, row) for row in rows]


def _waiting(db: Connection, node: Identity, row: Row[Any]) -> WaitingView:
    peer = None if row.peer_id == SELF else get_peer(db, row.peer_id)
    name = node.name if peer is None else peer.name or peer.domain
    return WaitingView(row.hash, name, row.received_at, application_of(row))


def view_history(db: Connection, sector: Row[Any]) -> list[NumberView]:
    """The last numbers that we held to, newest first."""
    last = last_roster(db, sector.ring_id)
    first = max(0, (last.number if last is not None else 0) - MOST_SHOWN - 1)
    rows = rosters_after(db, sector.ring_id, first, MOST_SHOWN + 1)
    rosters = [roster_of(row) for row in rows]
    before: Sequence[Roster | None] = [None, *rosters]
    views = [_number(row, old, new) for row, old, new in zip(rows, before, rosters, strict=False)]
    return views[::-1][:MOST_SHOWN]


def _number(row: Row[Any], old: Roster | None, new: Roster) -> NumberView:
    now_in = {entry.domain for entry in new.firms}
    was_in = {entry.domain for entry in old.firms} if old is not None else set[str]()
    came = {entry.domain for entry in new.firms if entry.since == new.number}
    return NumberView(
        new.number, row.received_at, len(new.firms), tuple(sorted(came)), tuple(sorted(was_in - now_in))
    )
