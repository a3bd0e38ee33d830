"""Agreements as stored: their documents, states and proofs. Decides nothing."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from federation.documents import Document
from node.db import insert_new
from node.errors import NotFound
from node.ids import new_id, now
from node.rings.signed_documents import canonical, hash_of, is_proved, stored_document
from node.rings.tables import agreements, leavings, rings, signatures
from schemas.agreement import Agreement, Firm, moment

SIGNING, COMPLETE, LAPSED, WITHDRAWN = "open", "complete", "lapsed", "withdrawn"
LATE = "late"  # every firm signed, but not all proofs reached us before the deadline


def document_of(row: Row[Any]) -> Agreement:
    return stored_document(Agreement, row.document)


def get_agreement(db: Connection, agreement_hash: str) -> Row[Any]:
    row = find_agreement(db, agreement_hash)
    if row is None:
        raise NotFound
    return row


def find_agreement(db: Connection, agreement_hash: str) -> Row[Any] | None:
    return db.execute(select(agreements).where(agreements.c.hash == agreement_hash)).one_or_none()


def lock_agreement(db: Connection, agreement_hash: str) -> Row[Any]:
    """The row, ours until the transaction ends: two signatures never both miss that they complete it."""
    query = select(agreements).where(agreements.c.hash == agreement_hash).with_for_update()
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row


def agreements_of(db: Connection, ring_id: int) -> list[Row[Any]]:
    """Oldest first."""
    query = select(agreements).where(agreements.c.ring_id == ring_id)
    return list(db.execute(query.order_by(agreements.c.received_at, agreements.c.hash)))


def signing_agreements(db: Connection) -> list[Row[Any]]:
    """Proposals that can still be signed, newest first."""
    query = select(agreements).where(agreements.c.state == SIGNING, agreements.c.deadline > now())
    return list(db.execute(query.order_by(agreements.c.received_at.desc())))


def all_agreements(db: Connection) -> list[Row[Any]]:
    """Every version of every ring, oldest first."""
    return list(db.execute(select(agreements).order_by(agreements.c.received_at, agreements.c.hash)))


def agreements_from(db: Connection, peer_id: int, since: datetime) -> list[Row[Any]]:
    """What a firm brought since a moment."""
    query = select(agreements).where(agreements.c.proposed_by == peer_id, agreements.c.received_at >= since)
    return list(db.execute(query))


def change_agreement(db: Connection, agreement_hash: str, **values: object) -> None:
    db.execute(update(agreements).where(agreements.c.hash == agreement_hash).values(**values))


def find_ring_row(db: Connection, ring_hash: str) -> Row[Any] | None:
    return db.execute(select(rings).where(rings.c.hash == ring_hash)).one_or_none()


def get_ring_row(db: Connection, ring_id: int) -> Row[Any]:
    return db.execute(select(rings).where(rings.c.id == ring_id)).one()


def change_ring(db: Connection, ring_id: int, **values: object) -> None:
    db.execute(update(rings).where(rings.c.id == ring_id).values(**values))


def keep_agreement(db: Connection, document: Agreement, proposed_by: int) -> str:
    """Store a document once, with its ring as long as that is new; returns the hash."""
    found = hash_of(document)
    row = {
        "hash": found,
        "ring_id": _keep_ring(db, document, document.ring or found),
        "predecessor": document.predecessor,
        "document": canonical(document),
        "state": SIGNING,
        "proposed_by": proposed_by,
        "deadline": moment(document.deadline),
        "ends_at": moment(document.ends_at),
        "received_at": now(),
    }
    insert_new(db, agreements, [row])
    return found


def _keep_ring(db: Connection, document: Agreement, ring_hash: str) -> int:
    known = find_ring_row(db, ring_hash)
    if known is not None:
        return int(known.id)
    ring_id = new_id()
    values = {"id": ring_id, "hash": ring_hash, "name": document.name, "kind": document.kind}
    db.execute(insert(rings).values(**values, state="proposed", created_at=now()))
    return ring_id


def is_proved_by(document: Agreement, firm: Firm, proof: Any) -> bool:
    """Whether this proof was made over the document with the key that the document gives the firm."""
    return is_proved(document, firm.node, firm.key, proof)


def keep_proof(
    db: Connection,
    agreement_hash: str,
    firm: Firm,
    peer_id: int,
    proof: Document,
    received_at: datetime,
    *,
    signed_by: int | None = None,
) -> bool:
    """Store a firm's proof; False when we had it. Of two messages that brought it the earlier one counts."""
    row = {
        "agreement": agreement_hash,
        "peer_id": peer_id,
        "domain": firm.domain,
        "proof": json.dumps(proof),
        "signed_by": signed_by,
        "received_at": received_at,
    }
    if insert_new(db, signatures, [row]) > 0:
        return True
    this = signatures.c.agreement == agreement_hash, signatures.c.peer_id == peer_id
    later = update(signatures).where(*this, signatures.c.received_at > received_at)
    db.execute(later.values(received_at=received_at))
    return False


def note_late(db: Connection, agreement_hash: str, peer_id: int) -> None:
    """A signer said that this version came too late at its node."""
    this = signatures.c.agreement == agreement_hash, signatures.c.peer_id == peer_id
    db.execute(update(signatures).where(*this).values(says_late=True))


def signatures_of(db: Connection, agreement_hash: str) -> list[Row[Any]]:
    query = select(signatures).where(signatures.c.agreement == agreement_hash)
    return list(db.execute(query.order_by(signatures.c.received_at, signatures.c.domain)))


def proofs_of(db: Connection, agreement_hash: str) -> list[Document]:
    return [json.loads(row.proof) for row in signatures_of(db, agreement_hash)]


def has_signed(db: Connection, agreement_hash: str, peer_id: int) -> bool:
    return any(signature.peer_id == peer_id for signature in signatures_of(db, agreement_hash))


def has_all_proofs(db: Connection, agreement_hash: str, document: Agreement) -> bool:
    signed = {signature.domain for signature in signatures_of(db, agreement_hash)}
    return signed == {firm.domain for firm in document.firms}


def leavings_of(db: Connection, agreement_hash: str) -> list[Document]:
    """The signed statements of firms that left this version, or said no to it."""
    query = select(leavings.c.statement).where(leavings.c.agreement == agreement_hash)
    return [json.loads(text) for text in db.scalars(query.order_by(leavings.c.received_at))]


def domains_that_left(db: Connection, row: Row[Any]) -> set[str]:
    actors = {statement.get("actor") for statement in leavings_of(db, row.hash)}
    return {firm.domain for firm in document_of(row).firms if firm.node in actors}


def has_late_agreements(db: Connection) -> bool:
    late = agreements.c.state == SIGNING, agreements.c.deadline <= now()
    return db.execute(select(agreements.c.hash).where(*late).limit(1)).first() is not None


def lapse_agreements(db: Connection, moment_now: datetime) -> list[Row[Any]]:
    """Write down which proposals the clock ended; returns their rows."""
    late = agreements.c.state == SIGNING, agreements.c.deadline <= moment_now
    rows = list(db.execute(select(agreements).where(*late)))
    db.execute(update(agreements).where(*late).values(state=LAPSED))
    return rows
