"""What happens when the last proof of an agreement is here; how agreements go to the firms they concern."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row

from node.actors import take_handle
from node.boundary import Receiver
from node.identity import SELF, Identity
from node.ids import now
from node.peers import PAIRED, find_peer
from node.rings import outgoing
from node.rings.agreement_lines import firms_of, heads_of, is_forked
from node.rings.agreement_rows import (
    COMPLETE,
    LATE,
    WITHDRAWN,
    change_agreement,
    change_ring,
    document_of,
    domains_that_left,
    get_agreement,
    get_ring_row,
    has_all_proofs,
    has_signed,
    proofs_of,
    signatures_of,
)
from node.rings.queries import OPEN
from node.rings.rosters import set_closing_reason, settle_roster, tell_directors
from schemas.agreement import LEAST_FIRMS


def complete_if_all(db: Connection, node: Identity, agreement_hash: str) -> bool:
    """The last proof makes a version hold here, if all came in time; else it stands beside the one before.

    Whoever withdrew meanwhile has left it, no more: the others do not depend on what came first. Returns
    whether anything changed.
    """
    row = get_agreement(db, agreement_hash)
    if row.state == COMPLETE or not has_all_proofs(db, agreement_hash, document_of(row)):
        return False
    in_time = all(one.received_at < row.deadline for one in signatures_of(db, agreement_hash))
    if (not in_time and row.state == LATE) or _is_void(db, row):
        return False
    before = heads_of(db, row.ring_id)
    change_agreement(db, agreement_hash, state=COMPLETE if in_time else LATE, completed_at=now())
    _settle(db, node, row.ring_id)
    if in_time and has_signed(db, agreement_hash, SELF):
        tell_directors(db, "agreement_complete", document_of(row).name, f"/agreements/{row.hash}")
    note_fork(db, row.ring_id)
    if is_forked(db, row.ring_id):
        _show_heads(db, node, row.ring_id)
    _tell_dropped(db, node, get_agreement(db, agreement_hash), before)
    return True


def _is_void(db: Connection, row: Row[Any]) -> bool:
    """A ring that never was, and that all but one firm said no to, does not come into being."""
    stay = firms_of(row) - domains_that_left(db, row)
    return row.state == WITHDRAWN and len(stay) < LEAST_FIRMS and not heads_of(db, row.ring_id)


def _settle(db: Connection, node: Identity, ring_id: int) -> None:
    ring, heads = get_ring_row(db, ring_id), heads_of(db, ring_id)
    if ring.handle is None and any(has_signed(db, head.hash, SELF) for head in heads):
        _name_again(db, ring)
    change_ring(db, ring_id, name=document_of(heads[-1]).name)
    settle_roster(db, node.domain, ring_id)
    removed = not any(node.domain in firms_of(head) for head in heads)
    forked = is_forked(db, ring_id)
    set_closing_reason(db, ring_id, "removed" if removed else "fork" if forked else "partner_left")
    if removed and ring.state == OPEN:
        tell_directors(db, "ring_without_us", ring.name, f"/rings/{ring.handle}/about")


def _name_again(db: Connection, ring: Row[Any]) -> None:
    """A copy that was put back forgot what its director called this ring when signing."""
    handle = f"ring_{ring.hash[:8]}"
    take_handle(db, handle, "ring")
    change_ring(db, ring.id, handle=handle)


def note_fork(db: Connection, ring_id: int) -> None:
    """Write down whether a ring has two versions, and tell our directors once when it has."""
    ring, forked = get_ring_row(db, ring_id), is_forked(db, ring_id)
    if forked and ring.forked_at is None:
        link = f"/rings/{ring.handle}/about"
        if ring.handle is None:
            link = f"/agreements/{heads_of(db, ring_id)[-1].hash}"
        tell_directors(db, "ring_fork", ring.name, link)
    if forked != (ring.forked_at is not None):
        change_ring(db, ring_id, forked_at=now() if forked else None)


def _show_heads(db: Connection, node: Identity, ring_id: int) -> None:
    """Every firm of either version gets both; one that came too late here is told to all as such."""
    heads = heads_of(db, ring_id)
    everyone = set[str]().union(*(firms_of(head) for head in heads))
    for head in heads:
        send_agreement(db, node, head, only=everyone if head.state == LATE else everyone - firms_of(head))


def _tell_dropped(db: Connection, node: Identity, row: Row[Any], before: list[Row[Any]]) -> None:
    """Firms that a version does not list any more get it whole, so that they know."""
    was_in = set[str]().union(*(firms_of(head) for head in before if head.hash != row.hash))
    dropped = was_in - firms_of(row)
    if dropped and row.state == COMPLETE and node.domain in firms_of(row):
        send_agreement(db, node, row, only=dropped)


def send_agreement(db: Connection, node: Identity, row: Row[Any], *, only: Iterable[str]) -> None:
    """An agreement with all proofs we have, to firms by their domain; those we are not paired with wait."""
    receivers = receivers_at(db, set(only) - {node.domain})
    if receivers:
        late = row.state == LATE
        outgoing.publish_offer(db, node, row, document_of(row), proofs_of(db, row.hash), receivers, late=late)


def receivers_at(db: Connection, domains: Iterable[str]) -> list[Receiver]:
    rows = [find_peer(db, domain) for domain in sorted(domains)]
    return [Receiver(row.id, row.inbox) for row in rows if row is not None and row.state == PAIRED]
