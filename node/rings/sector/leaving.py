"""A firm says that it is out of a sector ring, or no longer asks to come in: one signed statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document, as_text
from node.boundary import Receiver
from node.db import insert_new
from node.errors import Conflict
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.peers import get_peer
from node.rings.sector import outgoing as sector_outgoing
from node.rings.sector.outgoing import APPLICATION_URN, reachable
from node.rings.sector.rows import (
    ADMITTED,
    ENDED,
    REFUSED,
    WAITING,
    decide_application,
    find_application,
    listed_firms,
    standing,
)
from node.rings.tables import leavings


def say_leaving(db: Connection, node: Identity, sector: Row[Any]) -> None:
    """Our signed word that we are out, or that we no longer ask to come in; to every firm and the steward."""
    if standing(db, sector) not in (WAITING, ADMITTED):
        raise Conflict(msg("Our firm is not in this ring."))
    statement = sector_outgoing.leaving_statement(node, sector.hash, sector.application)
    keep_leaving(db, sector, SELF, statement, sector.application)
    to = _everybody(db, sector)
    if to:
        sector_outgoing.publish_leaving(db, node, sector, statement, to)


def _everybody(db: Connection, sector: Row[Any]) -> list[Receiver]:
    ids = {firm.peer_id for firm in listed_firms(db, sector.ring_id)} | {sector.steward}
    found: Sequence[Receiver | None] = [reachable(get_peer(db, one)) for one in sorted(ids - {SELF})]
    return [one for one in found if one is not None]


def keep_leaving(
    db: Connection, sector: Row[Any], peer_id: int, statement: Document, application_hash: str
) -> bool:
    """The application ends here and now; False when we knew."""
    values: dict[str, Any] = {
        "ring_id": sector.ring_id,
        "peer_id": peer_id,
        "agreement": application_hash,
        "statement": sector_outgoing.statement_text(statement),
        "received_at": now(),
    }
    is_new = insert_new(db, leavings, [values]) > 0
    row = find_application(db, application_hash)
    if is_new and row is not None and row.state in (WAITING, ADMITTED, REFUSED):
        decide_application(db, application_hash, ENDED, None)
    return is_new


def application_named(statement: Document) -> str:
    return as_text(statement.get("application"), 200).removeprefix(APPLICATION_URN)
