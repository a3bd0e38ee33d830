"""The line of versions of a ring: which stands upon which, which hold, and when there are two."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from node.identity import SELF
from node.rings.agreement_rows import (
    COMPLETE,
    LATE,
    SIGNING,
    agreements_of,
    document_of,
    domains_that_left,
    has_signed,
    signatures_of,
)
from schemas.agreement import Agreement

HELD = (COMPLETE, LATE)
Rows = Mapping[str, Row[Any]]


def rows_of(db: Connection, ring_id: int) -> dict[str, Row[Any]]:
    """Every version of a ring that we know, by hash."""
    return {row.hash: row for row in agreements_of(db, ring_id)}


def firms_of(row: Row[Any]) -> set[str]:
    """The domains that a version lists."""
    return {firm.domain for firm in document_of(row).firms}


def versions_below(rows: Rows, predecessor: str | None) -> list[Row[Any]]:
    """The versions that a new one with this predecessor stands upon, as far as we know them; newest first."""
    found: list[Row[Any]] = []
    row = rows.get(predecessor or "")
    while row is not None and row not in found:
        found.append(row)
        row = rows.get(row.predecessor or "")
    return found


def heads_of(db: Connection, ring_id: int) -> list[Row[Any]]:
    """The versions that hold and that none has replaced: one, or more when the ring forked.

    One of which all proofs came, but too late, stands beside the version before it and replaces nothing.
    """
    rows = rows_of(db, ring_id)
    held = [row for row in rows.values() if row.state in HELD]
    complete = [row for row in held if row.state == COMPLETE]
    return [row for row in held if not any(_replaces(db, rows, later, row) for later in complete)]


def _replaces(db: Connection, rows: Rows, later: Row[Any], row: Row[Any]) -> bool:
    if later.hash == row.hash:
        return False
    if row in versions_below(rows, later.predecessor):
        return True
    if later in versions_below(rows, row.predecessor):
        return False
    if _has_gap(rows, later) and has_signed(db, later.hash, SELF) and not has_signed(db, row.hash, SELF):
        return True  # it took us in again; what happened while we were out is not shown to us
    ends = _ends_fork(db, rows, document_of(later), row)
    return ends and not (row.state == COMPLETE and _ends_fork(db, rows, document_of(row), later))


def _has_gap(rows: Rows, row: Row[Any]) -> bool:
    """Whether a version before it is not known here."""
    oldest = [row, *versions_below(rows, row.predecessor)][-1]
    return oldest.predecessor is not None


def _ends_fork(db: Connection, rows: Rows, document: Agreement, row: Row[Any]) -> bool:
    """Whether a version ends the fork with `row`: it stands on one beside it, and all of both sign.

    Who left a version by a signed statement need not sign for it any more.
    """
    below_row = versions_below(rows, row.predecessor)
    beside = [
        one
        for one in versions_below(rows, document.predecessor)
        if one.state in HELD and one not in below_row and row not in versions_below(rows, one.predecessor)
    ]
    if not beside or row.hash in {one.hash for one in beside}:
        return False
    needed = (firms_of(row) - domains_that_left(db, row)) | (
        firms_of(beside[0]) - domains_that_left(db, beside[0])
    )
    return needed <= {firm.domain for firm in document.firms}


def is_grounded(rows: Rows, head: Row[Any]) -> bool:
    """Whether it holds here or stands upon one that does: a first version that came too late is no ring."""
    return head.state == COMPLETE or any(
        row.state == COMPLETE for row in versions_below(rows, head.predecessor)
    )


def heads_not_met(db: Connection, ring_id: int, document: Agreement) -> list[Row[Any]]:
    """The versions we signed that hold here and that this one, once complete, would leave standing."""
    rows = rows_of(db, ring_id)
    below = versions_below(rows, document.predecessor)
    return [
        head
        for head in heads_of(db, ring_id)
        if has_signed(db, head.hash, SELF) and head not in below and not _ends_fork(db, rows, document, head)
    ]


def firms_to_sign(db: Connection, ring_id: int) -> list[str]:
    """The domains that a version must list to end a fork."""
    heads = heads_of(db, ring_id)
    return sorted(set[str]().union(*(firms_of(head) - domains_that_left(db, head) for head in heads)))


def knows_line(db: Connection, ring_id: int, document: Agreement) -> bool:
    """Whether we know the versions before this one, down to one that holds or the first."""
    rows = rows_of(db, ring_id)
    below = versions_below(rows, document.predecessor)
    ours = [head for head in heads_of(db, ring_id) if has_signed(db, head.hash, SELF)]
    if any(row.state in HELD for row in below) or not ours:
        return True
    return document.predecessor is None or bool(below and below[-1].predecessor is None)


def base_of(db: Connection, ring_id: int, predecessor: str | None) -> Row[Any] | None:
    """The version of which all proofs are here that a new one would come after."""
    below = versions_below(rows_of(db, ring_id), predecessor)
    return next((row for row in below if row.state in HELD), None)


def dropped_by(db: Connection, base: Row[Any], document: Agreement) -> set[str]:
    """The firms of a version that a later one does not list, though they did not leave."""
    return firms_of(base) - domains_that_left(db, base) - {firm.domain for firm in document.firms}


def drops_too_many(db: Connection, ring_id: int, document: Agreement) -> bool:
    """Whether it throws out as many firms as stay: a few would take the ring from all others.

    One firm can always be removed; those of several must be fewer than those that remain.
    """
    base = base_of(db, ring_id, document.predecessor)
    if base is None:
        return False
    dropped = dropped_by(db, base, document)
    remain = firms_of(base) & {firm.domain for firm in document.firms}
    return len(dropped) > 1 and len(dropped) >= len(remain)


def says_late_at(db: Connection, row: Row[Any]) -> list[str]:
    """The firms at whose nodes not all proofs of a version came in time, by their own word."""
    return [signature.domain for signature in signatures_of(db, row.hash) if signature.says_late]


def is_forked(db: Connection, ring_id: int) -> bool:
    """Whether two versions hold in different hands: here, or here and at a firm that says so."""
    heads = heads_of(db, ring_id)
    return len(heads) > 1 or any(head.state == LATE or says_late_at(db, head) for head in heads)


def newest_of_line(db: Connection, ring_id: int) -> Row[Any] | None:
    """What the next version names: the newest that stands upon the version that holds, lapsed ones too."""
    rows, heads = rows_of(db, ring_id), heads_of(db, ring_id)
    if not heads:
        return next(reversed(rows.values()), None)
    solid = [head for head in heads if head.state == COMPLETE] or heads
    late = [head for head in heads if head.state == LATE]
    upon = [head for head in late if solid[-1] in versions_below(rows, head.predecessor)]
    top = (upon or solid)[-1]
    above = [row for row in rows.values() if top in versions_below(rows, row.predecessor)]
    return ([top] + [row for row in above if row.state != SIGNING])[-1]


def listed_in_line(db: Connection, ring_id: int, domain: str) -> bool:
    """Whether a firm is in the version that holds, or in any while none does."""
    rows = heads_of(db, ring_id) or list(rows_of(db, ring_id).values())
    return any(domain in firms_of(row) for row in rows)
