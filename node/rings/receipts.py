"""Receipts: our signed word to an author's node that we stored or removed something, and theirs to us."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from federation.addressing import read_addressing
from federation.documents import Document, as_text
from node.boundary import Receiver
from node.identity import Identity
from node.ids import now
from node.incoming import Incoming
from node.objects import (
    ANY_RING,
    ANY_ROOM,
    GONE,
    STORED,
    closed_audiences,
    find_object,
    holders,
    is_closed,
    objects,
)
from node.outbox import find_activity
from node.peers import get_peer, peers
from node.rings import outgoing
from node.rings.keys import is_proved_by_firm

CLOSED = or_(objects.c.audience.like(ANY_RING), objects.c.audience.like(ANY_ROOM))
# What a receipt may say about an activity of this type.
RESULTS = {"Create": STORED, "Update": STORED, "Delete": GONE}


def send_receipt(db: Connection, node: Identity, incoming: Incoming, result: str) -> None:
    """Tell the author's node, after this transaction's commit, that we stored it or that it is gone here."""
    audience, uri = _audience_of(db, incoming), incoming.activity.get("id")
    peer = get_peer(db, incoming.peer_id)
    if not incoming.by_node or not isinstance(uri, str) or not is_closed(audience) or not peer.inbox:
        return
    outgoing.publish_receipt(db, node, audience, uri, result, Receiver(peer.id, peer.inbox))


def _audience_of(db: Connection, incoming: Incoming) -> str:
    """The ring or room it was sent to; a Delete may name only the object, which we know."""
    named = closed_audiences(read_addressing(incoming.activity, incoming.object))
    stored = find_object(db, incoming.object_uri)
    return min(named) if named else (stored.audience if stored is not None else "")


def take_receipt(
    db: Connection, node: Identity, peer: Row[Any], activity_path: str, receipt: Document
) -> bool:
    """A partner's receipt counts only with its own proof, for what we really sent to it."""
    activity = find_activity(db, activity_path)
    result = as_text(receipt.get("result"), 10)
    if activity is None or activity.object_id is None or RESULTS.get(activity.type) != result:
        return False
    if receipt.get("object") != f"{node.base}{activity_path}" or receipt.get("actor") != peer.actor_uri:
        return False
    if not is_proved_by_firm(db, peer.id, receipt):
        return False
    sent_to = holders.c.object_id == activity.object_id, holders.c.peer_id == peer.id
    still = holders.c.state != GONE
    changed = update(holders).where(*sent_to, still).values(state=result, changed_at=now())
    db.execute(changed)
    return db.execute(select(holders.c.object_id).where(*sent_to)).first() is not None


def receipt_summary(db: Connection, object_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """By object: each partner's name and where it is there: waiting, handed, stored or gone."""
    wanted = list(object_ids)
    query = (
        select(holders.c.object_id, peers.c.name, peers.c.domain, holders.c.state)
        .join(peers, peers.c.id == holders.c.peer_id)
        .join(objects, objects.c.id == holders.c.object_id)
        .where(holders.c.object_id.in_(wanted), CLOSED)
        .order_by(peers.c.domain)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for object_id, name, domain, state in db.execute(query):
        found.setdefault(object_id, []).append((name or domain, state))
    return found


def receipts_by_partner(db: Connection, audience: str) -> dict[int, dict[str, int]]:
    """How many of our posts and topics in a ring are in which state, by peer id; likes get no receipt."""
    query = (
        select(holders.c.peer_id, holders.c.state)
        .join(objects, objects.c.id == holders.c.object_id)
        .where(objects.c.audience == audience, objects.c.kind.in_(("post", "topic")))
    )
    found: dict[int, dict[str, int]] = {}
    for peer_id, state in db.execute(query):
        counts = found.setdefault(peer_id, {})
        counts[state] = counts.get(state, 0) + 1
    return found
