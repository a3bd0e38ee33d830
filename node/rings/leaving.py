"""Leaving a ring, or an agreement that is not complete yet: one signed statement, effective at once."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from federation.documents import Document
from node.access.logins import confirm_password
from node.boundary import Receiver, ring_nodes
from node.db import insert_new
from node.errors import Conflict
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.objects import ring_audience
from node.rings import outgoing
from node.rings.agreement_rows import (
    LAPSED,
    SIGNING,
    WITHDRAWN,
    change_agreement,
    document_of,
    get_ring_row,
    heads_of,
    lock_agreement,
)
from node.rings.keys import is_key_of, is_proved_by_firm
from node.rings.pairing import need_director
from node.rings.queries import CLOSED, OPEN
from node.rings.rosters import set_closing_reason, settle_roster, tell_directors
from node.rings.sector_leaving import say_leaving
from node.rings.sector_rows import SECTOR, lock_sector
from node.rings.tables import leavings
from schemas.agreement import Firm


def leave(db: Connection, node: Identity, director_id: int, password: str, ring_id: int) -> None:
    """Our firm leaves a ring: it closes here in this transaction, and the others are told."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    ring = get_ring_row(db, ring_id)
    if ring.state != OPEN:
        raise Conflict(msg("This ring is closed already."))
    receivers = [Receiver(peer.id, peer.inbox) for peer in ring_nodes(db, ring_audience(ring.hash))]
    if ring.kind == SECTOR:
        say_leaving(db, node, lock_sector(db, ring_id))
    for head in heads_of(db, ring_id):
        say(db, node, head, receivers)
    settle_roster(db, node.domain, ring_id)
    set_closing_reason(db, ring_id, "left")
    tell_directors(db, "ring_closed", ring.name, f"/rings/{ring.handle}/about")


def say(db: Connection, node: Identity, row: Row[Any], receivers: Sequence[Receiver]) -> None:
    """Make and send our statement for one agreement; a director's act calls this."""
    ring_hash = get_ring_row(db, row.ring_id).hash
    statement = outgoing.leaving_statement(node, ring_hash, row.hash)
    _keep(db, row, SELF, statement)
    if receivers:
        outgoing.publish_leave(db, node, ring_hash, statement, receivers)


def say_again(db: Connection, node: Identity, row: Row[Any], receivers: Sequence[Receiver]) -> None:
    """Send a statement made earlier to somebody who seems to have missed it."""
    ours = leavings.c.agreement == row.hash, leavings.c.peer_id == SELF
    statement = db.scalar(select(leavings.c.statement).where(*ours))
    if statement is not None:
        ring_hash = get_ring_row(db, row.ring_id).hash
        outgoing.publish_leave(db, node, ring_hash, json.loads(statement), receivers)


def take_leaving(
    db: Connection, node: Identity, peer: Row[Any], agreement_hash: str, statement: Document
) -> bool:
    """Another firm says that it is out; False when the statement is not its own or names nothing we know."""
    row = lock_agreement(db, agreement_hash)
    firm = document_of(row).firm_of(peer.domain)
    if firm is None or statement.get("actor") != firm.node or not _is_theirs(db, peer, firm, statement):
        return False
    if _keep(db, row, int(peer.id), statement):
        _apply(db, node, row, peer)
    return True


def _is_theirs(db: Connection, peer: Row[Any], firm: Firm, statement: Document) -> bool:
    """Said under a key of that firm, whose key that the agreement names may have been replaced since."""
    return is_key_of(db, peer.id, firm.key) and is_proved_by_firm(db, peer.id, statement)


def _keep(db: Connection, row: Row[Any], peer_id: int, statement: Document) -> bool:
    values = {
        "ring_id": row.ring_id,
        "peer_id": peer_id,
        "agreement": row.hash,
        "statement": json.dumps(statement),
        "received_at": now(),
    }
    return insert_new(db, leavings, [values]) > 0


def _apply(db: Connection, node: Identity, row: Row[Any], peer: Row[Any]) -> None:
    ring, name = get_ring_row(db, row.ring_id), peer.name or peer.domain
    if row.state in (SIGNING, LAPSED):
        change_agreement(db, row.hash, state=WITHDRAWN)
        tell_directors(db, "agreement_withdrawn", f"{name} · {ring.name}", f"/agreements/{row.hash}")
        return
    settle_roster(db, node.domain, row.ring_id)
    set_closing_reason(db, row.ring_id, "partner_left")
    closed = get_ring_row(db, row.ring_id).state == CLOSED
    kind = "ring_closed" if closed else "ring_left"
    tell_directors(db, kind, f"{name} · {ring.name}", f"/rings/{ring.handle}/about")
