"""How it goes with the rosters of sector rings, in plain words."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row

from node.i18n import msg, nmsg
from node.ids import now
from node.rings.sector.checks import agreeing
from node.rings.sector.inside import has_good_key
from node.rings.sector.rosters import short_list
from node.rings.sector.rows import (
    OTHER_KEY,
    UNSIGNED,
    all_sectors,
    contrary_rosters,
    last_roster,
    listed_firms,
)


def describe_sectors(db: Connection) -> Iterator[tuple[bool, str, str]]:
    """(ok, how it goes, what to do) for every sector ring that runs and has a roster here."""
    for sector in all_sectors(db):
        last = last_roster(db, sector.ring_id) if sector.ends_at > now() else None
        if last is None:
            continue
        yield from _describe_faults(db, sector)
        told = agreeing(db, sector.ring_id)
        text = msg(
            "%(name)s: we hold roster %(number)s; of the other firms %(same)s said that they hold it too.",
            name=sector.name,
            number=last.number,
            same=told.same,
        )
        advice = msg("Ask those firms to show their roster, and the steward why.") if told.others else ""
        yield not told.others, text, advice


def _describe_faults(db: Connection, sector: Row[Any]) -> Iterator[tuple[bool, str, str]]:
    contrary = contrary_rosters(db, sector.ring_id)
    if contrary:
        text = msg(
            "The steward of %(name)s signed two different rosters numbered %(number)s.",
            name=sector.name,
            number=contrary[0].number,
        )
        advice = msg("Only firms in both receive now. Call the other firms, then make a new ring together.")
        yield False, text, advice
    firms = listed_firms(db, sector.ring_id)
    unsigned = [firm.domain or "" for firm in firms if firm.standing == UNSIGNED]
    if unsigned:
        text = nmsg(
            "%(count)s firm is on the roster of %(name)s without a signature: %(firms)s.",
            "%(count)s firms are on the roster of %(name)s without a signature: %(firms)s.",
            len(unsigned),
            name=sector.name,
            firms=short_list(unsigned),
        )
        yield False, text, msg("They get nothing from us. Ask the steward about it.")
    others = [firm.domain or "" for firm in firms if firm.standing == OTHER_KEY and not has_good_key(firm)]
    if others:
        text = nmsg(
            "We know %(count)s firm of %(name)s by another key: %(firms)s.",
            "We know %(count)s firms of %(name)s by another key: %(firms)s.",
            len(others),
            name=sector.name,
            firms=short_list(others),
        )
        yield False, text, msg("They get nothing from us. Pair with them again.")
