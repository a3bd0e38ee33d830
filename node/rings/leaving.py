"""Leaving a ring, or an agreement that is not complete yet: one signed statement, effective at once."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from federation.documents import Document, as_text
from node.access.logins import confirm_password
from node.boundary import Receiver
from node.db import insert_new
from node.errors import Conflict
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.peers import keep_peer
from node.rings import outgoing
from node.rings.agreement_lines import firms_of, heads_of
from node.rings.agreement_rows import (
    LAPSED,
    SIGNING,
    WITHDRAWN,
    change_agreement,
    document_of,
    find_ring_row,
    get_ring_row,
    has_signed,
    lock_agreement,
)
from node.rings.completing import receivers_at
from node.rings.keys import is_key_of, is_proved, is_proved_by_firm, keys_of
from node.rings.pairing import need_director
from node.rings.queries import CLOSED, OPEN
from node.rings.rosters import set_closing_reason, settle_roster, tell_directors
from node.rings.sector.leaving import say_leaving
from node.rings.sector.rows import SECTOR, lock_sector
from node.rings.tables import leavings
from schemas.activitystreams import parse_ring_urn
from schemas.agreement import Firm


def leave(db: Connection, node: Identity, director_id: int, password: str, ring_id: int) -> None:
    """Our firm leaves a ring: it closes here in this transaction, and the others are told."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    ring, heads = get_ring_row(db, ring_id), heads_of(db, ring_id)
    if ring.state != OPEN:
        raise Conflict(msg("This ring is closed already."))
    others = set[str]().union(*(firms_of(head) for head in heads)) - {node.domain}
    if ring.kind == SECTOR:
        say_leaving(db, node, lock_sector(db, ring_id))
    for head in heads:
        say(db, node, head, receivers_at(db, others))
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


def is_of_known_ring(db: Connection, statement: Document) -> bool:
    ring_hash = parse_ring_urn(as_text(statement.get("ring"), 200))
    ring = find_ring_row(db, ring_hash) if ring_hash else None
    return ring is not None and ring.handle is not None


def take_leaving(
    db: Connection, node: Identity, agreement_hash: str, statement: Document, *, by: str | None = None
) -> bool:
    """A firm says that it is out; False when that is not its own word (or not that of `by`, who sent it).

    Whoever brings it, it proves itself; one of our own is news only where a copy forgot it.
    """
    row = lock_agreement(db, agreement_hash)
    firm = next((one for one in document_of(row).firms if one.node == statement.get("actor")), None)
    if firm is None or (by is not None and firm.domain != by):
        return False
    if statement.get("agreement") != outgoing.AGREEMENT_URN + agreement_hash:
        return False
    peer_id = SELF if firm.domain == node.domain else keep_peer(db, firm.domain)
    if not _is_theirs(db, peer_id, firm, statement):
        return False
    if _keep(db, row, peer_id, statement):
        _apply(db, node, row, firm.name, peer_id)
    return True


def _is_theirs(db: Connection, peer_id: int, firm: Firm, statement: Document) -> bool:
    """Said under a key of that firm, whose key that the agreement names may have been replaced since."""
    if not keys_of(db, peer_id):
        return is_proved(statement, firm.key)  # a firm that we never signed with: no key is pinned
    return is_key_of(db, peer_id, firm.key) and is_proved_by_firm(db, peer_id, statement)


def _keep(db: Connection, row: Row[Any], peer_id: int, statement: Document) -> bool:
    values = {
        "ring_id": row.ring_id,
        "peer_id": peer_id,
        "agreement": row.hash,
        "statement": json.dumps(statement),
        "received_at": now(),
    }
    return insert_new(db, leavings, [values]) > 0


def _apply(db: Connection, node: Identity, row: Row[Any], name: str, peer_id: int) -> None:
    """A proposal ends; a version that holds goes on for the others."""
    ring = get_ring_row(db, row.ring_id)
    if row.state in (SIGNING, LAPSED):
        change_agreement(db, row.hash, state=WITHDRAWN)
        if has_signed(db, row.hash, SELF):
            tell_directors(db, "agreement_withdrawn", f"{name} · {ring.name}", f"/agreements/{row.hash}")
        return
    was_open = ring.state == OPEN
    settle_roster(db, node.domain, row.ring_id)
    set_closing_reason(db, row.ring_id, "left" if peer_id == SELF else "partner_left")
    if was_open and get_ring_row(db, row.ring_id).state == CLOSED:
        tell_directors(db, "ring_closed", f"{name} · {ring.name}", f"/rings/{ring.handle}/about")
