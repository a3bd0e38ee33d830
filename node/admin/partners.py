"""How it goes with each partner and other server that we send to, in plain words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from babel.dates import format_date
from sqlalchemy import Connection, Row, func, or_, select

from node.i18n import msg
from node.peers import BLOCKED, BY_ROSTER, PAIRED, peers
from node.queue import deliveries
from node.rings.proving import UNPROVEN
from node.web.formats import AMSTERDAM

MOST_SKEW = 5 * 60
# What federation.delivery and federation.http note when something did not arrive.
REASONS = {
    "no answer in time": msg("their server did not answer in time"),
    "ClientConnectorError": msg("their server could not be reached"),
    "ClientConnectorDNSError": msg("their name was not found"),
    "ClientConnectorCertificateError": msg("their certificate is not valid"),
    "ServerDisconnectedError": msg("their server broke off the connection"),
    "answered 401": msg("their server does not accept our signature"),
    "answered 403": msg("their server refuses us"),
    "answered 404": msg("their server does not know the address"),
    "answered 410": msg("their server says it is gone"),
    UNPROVEN: msg("their server does not prove that it is theirs"),
    "answered 429": msg("their server asks us to slow down"),
}
SERVER_ERROR = msg("their server has a fault of its own")


def describe_partners(db: Connection, language: str) -> Iterator[tuple[bool, str, str]]:
    """(ok, how it goes, what to do) for every paired node and everyone that things wait for."""
    for row in _peers_of_interest(db):
        yield _describe_traffic(row, language)
        if row.clock_skew is not None and abs(row.clock_skew) > MOST_SKEW:
            yield _describe_clock(row)
        if row.state == PAIRED and not row.node_key:
            text = msg("The key of %(name)s is not pinned.", name=_name(row))
            yield False, text, msg("Pair with them again.")


def _peers_of_interest(db: Connection) -> list[Row[Any]]:
    waiting = (
        select(func.count())
        .where(deliveries.c.peer_id == peers.c.id, deliveries.c.state == "waiting")
        .scalar_subquery()
    )
    since = (
        select(func.min(deliveries.c.created_at))
        .where(deliveries.c.peer_id == peers.c.id, deliveries.c.state == "waiting")
        .scalar_subquery()
    )
    # Of the hundreds that only a sector's roster vouches for, those that it does not go well with.
    is_partner = (peers.c.state == PAIRED) & peers.c.pinned_by.is_distinct_from(BY_ROSTER)
    query = select(peers, waiting.label("waiting"), since.label("since")).where(
        peers.c.state != BLOCKED, or_(is_partner, peers.c.failures > 0)
    )
    return list(db.execute(query.order_by(peers.c.domain)))


def _describe_traffic(row: Row[Any], language: str) -> tuple[bool, str, str]:
    name = _name(row)
    if row.failures and row.waiting:
        text = msg(
            "%(name)s has received nothing since %(day)s, because %(reason)s. %(waiting)s waiting.",
            name=name,
            day=_day(row.succeeded_at or row.since, language),
            reason=_reason(row.last_error or ""),
            waiting=row.waiting,
        )
        if row.last_error == UNPROVEN:
            return False, text, msg("Call them: somebody else may have their name now. Nothing goes there.")
        return False, text, msg("Call them. Nothing is lost: it goes by itself once they are back.")
    if row.succeeded_at is None:
        return True, msg("Nothing has gone to %(name)s yet.", name=name), ""
    text = msg(
        "%(name)s last received something on %(day)s.", name=name, day=_day(row.succeeded_at, language)
    )
    return True, text, ""


def _describe_clock(row: Row[Any]) -> tuple[bool, str, str]:
    minutes = round(abs(row.clock_skew) / 60)
    values = {"name": _name(row), "minutes": minutes}
    ahead = msg("The clock of %(name)s is %(minutes)s minutes ahead of ours.", **values)
    behind = msg("The clock of %(name)s is %(minutes)s minutes behind ours.", **values)
    advice = msg("Check this computer's clock, then ask them to check theirs.")
    return False, ahead if row.clock_skew > 0 else behind, advice


def _name(row: Row[Any]) -> str:
    return f"{row.name} ({row.domain})" if row.name else str(row.domain)


def _day(moment: datetime, language: str) -> str:
    return format_date(moment.astimezone(AMSTERDAM).date(), "EEEE d MMMM", locale=language)


def _reason(error: str) -> str:
    if error in REASONS:
        return REASONS[error]
    return SERVER_ERROR if error.startswith("answered 5") else error
