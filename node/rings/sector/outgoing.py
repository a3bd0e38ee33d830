"""The activities of sector rings as they go out, and how their documents travel between nodes."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document
from federation.proofs import add_proof
from node.boundary import Receiver
from node.identity import Identity
from node.ids import now
from node.objects import ring_audience
from node.outbox import publish
from node.peers import PAIRED, get_peer
from node.rings.outgoing import LEAVING, publish_leave
from schemas.activitystreams import URN_PREFIX, ring_urn
from schemas.agreement import moment_text

APPLICATION, ROSTER, LEAVING_TYPE = "Application", "Roster", LEAVING
APPLICATION_URN = f"{URN_PREFIX}application:"
TERMS_PATH = "/node/sectors"


def rosters_path(ring_hash: str) -> str:
    return f"/node/rings/{ring_hash}/rosters"


def signed_item(row: Row[Any]) -> Document:
    """An application or roster with its proof: its content is the very text that is signed."""
    return {"content": row.document, "proof": json.loads(row.proof)}


def reachable(peer: Row[Any]) -> Receiver | None:
    return Receiver(int(peer.id), peer.inbox) if peer.state == PAIRED and peer.inbox else None


def publish_application(
    db: Connection, node: Identity, sector: Row[Any], row: Row[Any], steward: Receiver
) -> None:
    """To the steward alone: who applied is nobody else's business until a roster says so."""
    activity = {
        "type": "Offer",
        "actor": node.actor_uri,
        "to": [get_peer(db, steward.peer_id).actor_uri],
        "object": {"id": APPLICATION_URN + row.hash, "type": APPLICATION, **signed_item(row)},
    }
    _publish(db, node, sector, activity, [steward])


def publish_refusal(
    db: Connection, node: Identity, sector: Row[Any], application_hash: str, why: str, to: Receiver
) -> None:
    activity = {
        "type": "Reject",
        "actor": node.actor_uri,
        "to": [get_peer(db, to.peer_id).actor_uri],
        "object": {"id": APPLICATION_URN + application_hash, "type": APPLICATION},
        "summary": why,
    }
    _publish(db, node, sector, activity, [to])


def publish_roster(
    db: Connection,
    node: Identity,
    sector: Row[Any],
    row: Row[Any],
    applications: Iterable[Row[Any]],
    to: Sequence[Receiver],
) -> None:
    """A new number with the signatures of the firms that are new in it."""
    activity = {
        "type": "Update",
        "actor": node.actor_uri,
        "to": [ring_urn(sector.hash)],
        "object": {
            "id": f"{URN_PREFIX}roster:{row.hash}",
            "type": ROSTER,
            "ring": ring_urn(sector.hash),
            **signed_item(row),
            "applications": [signed_item(one) for one in applications],
        },
    }
    _publish(db, node, sector, activity, to)


def leaving_statement(node: Identity, ring_hash: str, application_hash: str) -> Document:
    """Our firm's signed word that its application holds no more."""
    statement = {
        "type": LEAVING,
        "ring": ring_urn(ring_hash),
        "application": APPLICATION_URN + application_hash,
        "actor": node.actor_uri,
        "published": moment_text(now()),
    }
    return add_proof(statement, node.ed25519_private, node.node_key_id, now())


def publish_leaving(
    db: Connection, node: Identity, sector: Row[Any], statement: Document, to: Sequence[Receiver]
) -> None:
    publish_leave(db, node, sector.hash, statement, to)


def _publish(
    db: Connection, node: Identity, sector: Row[Any], activity: Document, to: Sequence[Receiver]
) -> None:
    if to:
        publish(db, node, activity, audience=ring_audience(sector.hash), receivers=to, numbered=False)


def statement_text(statement: Document) -> str:
    return json.dumps(statement)
