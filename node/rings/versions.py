"""Versions of agreements with their proofs and leavings, as partners tell each other when asked.

A node that missed a message, or was put back from a copy, learns them so. What a firm was never in it is
not told: a newcomer sees nothing of the time before it.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document, as_text
from federation.errors import Rejected
from node.departures import record_departure
from node.identity import Identity
from node.ids import now
from node.rings.agreement_lines import base_of, firms_of, heads_of
from node.rings.agreement_rows import (
    LATE,
    SIGNING,
    all_agreements,
    find_agreement,
    leavings_of,
    proofs_of,
)
from node.rings.leaving import take_leaving
from node.rings.offers import Offer, take_offer
from node.rings.signed_documents import hash_of, read_document
from schemas.agreement import Agreement

VERSIONS_PATH = "/node/agreements"
PAGE_BYTES = 2_000_000
MOST_ITEMS, MOST_PROOFS = 500, 50


def answer_versions(db: Connection, node: Identity, peer: Row[Any], after: int = 0) -> Document:
    """All versions and leavings of the rings that we share or shared with a paired node, page by page.

    `next` is what to ask after; null at the end.
    """
    rows = [row for row in all_agreements(db) if _may_have(db, row, peer.domain)]
    items: list[Document] = []
    size, position = 0, after
    for row in rows[after:]:
        item = _item(db, row)
        size += len(json.dumps(item))
        if size > PAGE_BYTES and items:
            break
        items.append(item)
        position += 1
    if items:
        body = json.dumps(items).encode()
        record_departure(
            db, "collection", ids=[node.base + VERSIONS_PATH], receivers=[peer.domain], content=body
        )
    return {"items": items, "next": position if position < len(rows) else None}


def _may_have(db: Connection, row: Row[Any], domain: str) -> bool:
    """What lists a firm; once settled also what came after such a version, and both sides of a fork."""
    if domain in firms_of(row):
        return True
    if row.state == SIGNING:
        return False
    base = base_of(db, row.ring_id, row.predecessor)
    if base is not None and domain in firms_of(base):
        return True
    heads = heads_of(db, row.ring_id)
    return row in heads and any(domain in firms_of(head) for head in heads)


def _item(db: Connection, row: Row[Any]) -> Document:
    return {
        "content": row.document,
        "proof": proofs_of(db, row.hash),
        "late": row.state == LATE,
        "leavings": leavings_of(db, row.hash),
    }


def take_versions(
    db: Connection, node: Identity, peer: Row[Any], answer: Document, *, after_restore: bool = False
) -> int | None:
    """Keep what a paired node answered; returns what to ask after, or None at the end.

    With `after_restore` this node forgot what it knew: see `node.rings.offers.Offer`.
    """
    items = answer.get("items")
    for item in items[:MOST_ITEMS] if isinstance(items, list) else []:
        if isinstance(item, dict):
            _take_item(db, node, peer, item, now(), after_restore)
    following = answer.get("next")
    return following if isinstance(following, int) and not isinstance(following, bool) else None


def _take_item(
    db: Connection,
    node: Identity,
    peer: Row[Any],
    item: Document,
    received_at: datetime,
    after_restore: bool,
) -> None:
    try:
        document = read_document(Agreement, as_text(item.get("content")))
    except Rejected:
        return
    proofs = [proof for proof in _list(item.get("proof")) if isinstance(proof, dict)]
    late = item.get("late") is True
    take_offer(db, node, Offer(peer, document, proofs, received_at, late, after_restore))
    if find_agreement(db, hash_of(document)) is None:
        return
    for statement in _list(item.get("leavings")):
        if isinstance(statement, dict):
            take_leaving(db, node, hash_of(document), statement)


def _list(value: object) -> list[Any]:
    return value[:MOST_PROOFS] if isinstance(value, list) else []
