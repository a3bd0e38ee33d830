"""The activities of rings as they go out: proposals, leavings, receipts and changes of people."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document
from federation.proofs import add_proof
from node.boundary import Receiver, receivers
from node.identity import Identity
from node.ids import now
from node.objects import ring_audience
from node.outbox import publish
from node.peers import get_peer
from node.rings.agreement_rows import get_ring_row
from schemas.activitystreams import URN_PREFIX, ring_urn
from schemas.agreement import Agreement, moment_text

AGREEMENT_URN = f"{URN_PREFIX}agreement:"
AGREEMENT, LEAVING, RECEIPT = "Agreement", "Leaving", "Receipt"


def publish_offer(
    db: Connection,
    node: Identity,
    row: Row[Any],
    document: Agreement,
    proofs: Sequence[Document],
    to: Sequence[Receiver],
    *,
    late: bool = False,
) -> None:
    """A proposal with all proofs known; the document travels as the very text that is signed.

    `late`: all proofs are here, but not all came before the deadline.
    """
    activity = {
        "type": "Offer",
        "actor": node.actor_uri,
        "to": [firm.node for firm in document.firms if firm.domain != node.domain],
        "object": {
            "id": AGREEMENT_URN + row.hash,
            "type": AGREEMENT,
            "content": row.document,
            "proof": list(proofs),
            **({"late": True} if late else {}),
        },
    }
    audience = ring_audience(get_ring_row(db, row.ring_id).hash)
    publish(db, node, activity, audience=audience, receivers=to, numbered=False)


def leaving_statement(node: Identity, ring_hash: str, agreement_hash: str) -> Document:
    """One firm's signed word that it is out of an agreement."""
    statement = {
        "type": LEAVING,
        "ring": ring_urn(ring_hash),
        "agreement": AGREEMENT_URN + agreement_hash,
        "actor": node.actor_uri,
        "published": moment_text(now()),
    }
    return add_proof(statement, node.ed25519_private, node.node_key_id, now())


def publish_leave(
    db: Connection, node: Identity, ring_hash: str, statement: Document, to: Sequence[Receiver]
) -> None:
    activity = {
        "type": "Leave",
        "actor": node.actor_uri,
        "to": [get_peer(db, receiver.peer_id).actor_uri for receiver in to],
        "object": statement,
    }
    publish(db, node, activity, audience=ring_audience(ring_hash), receivers=to, numbered=False)


def publish_receipt(
    db: Connection, node: Identity, audience: str, activity_uri: str, result: str, to: Receiver
) -> None:
    """Names ids only; the proof makes it evidence, for the author too."""
    receipt = {
        "type": RECEIPT,
        "actor": node.actor_uri,
        "object": activity_uri,
        "result": result,
        "published": moment_text(now()),
    }
    activity = {
        "type": "Accept",
        "actor": node.actor_uri,
        "to": [get_peer(db, to.peer_id).actor_uri],
        "object": activity_uri,
        "result": add_proof(receipt, node.ed25519_private, node.node_key_id, now()),
    }
    publish(db, node, activity, audience=audience, receivers=[to], numbered=False)


def person_document(node: Identity, uri: str, handle: str, name: str) -> Document:
    """What a ring knows of our people: nothing but this (rule 12)."""
    return {"id": f"{node.base}{uri}", "type": "Person", "preferredUsername": handle, "name": name}


def people_path(ring_hash: str) -> str:
    return f"/node/rings/{ring_hash}/people"


def activities_path(ring_hash: str) -> str:
    return f"/node/rings/{ring_hash}/activities"


def people_document(node: Identity, ring_hash: str, people: Iterable[Document]) -> Document:
    items = list(people)
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": node.base + people_path(ring_hash),
        "type": "OrderedCollection",
        "totalItems": len(items),
        "orderedItems": items,
    }


def publish_people_change(
    db: Connection, node: Identity, ring_hash: str, change: str, person: Document
) -> None:
    """`change` is Add (also for a new name) or Remove; numbered, so that nobody misses one."""
    activity = {
        "type": change,
        "actor": node.actor_uri,
        "to": [ring_urn(ring_hash)],
        "audience": ring_urn(ring_hash),
        "object": person,
        "target": node.base + people_path(ring_hash),
    }
    audience = ring_audience(ring_hash)
    publish(db, node, activity, audience=audience, receivers=receivers(db, audience=audience, author_id=0))
