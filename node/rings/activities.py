"""Activities of rings as they come in; everything counts only under the sending node's pinned key."""

from sqlalchemy import Connection, Row

from federation.documents import as_id, as_ids, as_list, as_object, as_text
from federation.errors import Rejected
from node.boundary import is_in_ring
from node.db import relative
from node.incoming import Dropped, Handler, Incoming
from node.objects import audience_of_urn, ring_audience
from node.peers import PAIRED, get_peer
from node.rings import people
from node.rings.agreement_rows import find_agreement
from node.rings.catching_up import note_number
from node.rings.leaving import is_of_known_ring, take_leaving
from node.rings.offers import Offer, take_offer
from node.rings.outgoing import AGREEMENT, AGREEMENT_URN, LEAVING, RECEIPT
from node.rings.queries import RingRow, ring_of_audience
from node.rings.receipts import take_receipt
from node.rings.sector import activities as sector_activities
from node.rings.sector.activities import take_firm_leaving
from node.rings.signed_documents import read_document
from node.rings.version_asks import want_versions
from schemas.activitystreams import parse_ring_urn
from schemas.agreement import Agreement

MOST_PROOFS = 50
MOST_NUMBERS = 2**31


def _sender(db: Connection, incoming: Incoming) -> Row[tuple[object, ...]]:
    """The paired node that signed this with its own key, speaking for itself."""
    peer = get_peer(db, incoming.peer_id)
    if not incoming.by_node or peer.state != PAIRED or incoming.actor_uri != peer.actor_uri:
        raise Dropped("not said by a paired node itself")
    return peer


def take_offered_agreement(db: Connection, incoming: Incoming) -> None:
    peer, offered = _sender(db, incoming), incoming.object
    try:
        document = read_document(Agreement, as_text(offered.get("content")))
    except Rejected as error:
        raise Dropped("not an agreement") from error
    proofs = [proof for proof in as_list(offered.get("proof"))[:MOST_PROOFS] if isinstance(proof, dict)]
    late = offered.get("late") is True
    if not take_offer(db, incoming.node, Offer(peer, document, proofs, incoming.received_at, late)):
        raise Dropped("an agreement that does not fit")


def take_leave(db: Connection, incoming: Incoming) -> None:
    peer, statement = _sender(db, incoming), incoming.object
    if "application" in statement:
        if not take_firm_leaving(db, incoming.node, peer, statement):
            raise Dropped("a leaving that does not prove itself")
        return
    agreement_hash = as_text(statement.get("agreement"), 200).removeprefix(AGREEMENT_URN)
    if find_agreement(db, agreement_hash) is None:
        if not is_of_known_ring(db, statement):
            raise Dropped("leaves an agreement that is not known")
        want_versions(db, int(peer.id))  # it came before the version that it is about
    elif not take_leaving(db, incoming.node, agreement_hash, statement, by=peer.domain):
        raise Dropped("a leaving that does not prove itself")


def take_person_change(db: Connection, incoming: Incoming) -> None:
    """Somebody of a partner came, changed names, or went."""
    peer, ring = _sender(db, incoming), _ring(db, incoming)
    scheme = incoming.node.base.partition("://")[0]
    if as_text(incoming.activity.get("type")) == "Remove":
        people.remove_person(db, ring.id, peer, as_id(incoming.object))
    elif people.keep_person(db, scheme, ring.id, peer, incoming.object) is None:
        raise Dropped("a person that the node cannot speak for")


def _ring(db: Connection, incoming: Incoming) -> RingRow:
    """The ring it is for, when the sender and we are both in it."""
    ring_hash = parse_ring_urn(as_text(incoming.activity.get("audience")))
    ring = ring_of_audience(db, ring_audience(ring_hash)) if ring_hash else None
    if (
        ring is None
        or not is_in_ring(db, ring.audience)
        or not is_in_ring(db, ring.audience, incoming.peer_id)
    ):
        raise Dropped("no ring that both are in")
    return ring


def accept_receipt(db: Connection, incoming: Incoming) -> bool:
    """Take an Accept that is a receipt; False when it is another kind of Accept."""
    receipt = as_object(incoming.activity.get("result"))
    if receipt.get("type") != RECEIPT:
        return False
    peer = _sender(db, incoming)
    activity_path = relative(incoming.node.base, as_id(incoming.activity.get("object")))
    if not take_receipt(db, incoming.node, peer, activity_path, receipt):
        raise Dropped("a receipt that does not fit")
    return True


HANDLERS: dict[tuple[str, str], Handler] = {
    **sector_activities.HANDLERS,
    ("Offer", AGREEMENT): take_offered_agreement,
    ("Leave", LEAVING): take_leave,
    ("Add", "Person"): take_person_change,
    ("Remove", "Person"): take_person_change,
}


def note_incoming_number(db: Connection, incoming: Incoming) -> None:
    """The received worker calls this for everything; only what a partner numbered counts."""
    epoch, n = incoming.activity.get("epoch"), incoming.activity.get("n")
    if not incoming.by_node or not _is_number(epoch) or not _is_number(n):
        return
    named = as_ids(incoming.activity.get("audience")) + as_ids(incoming.activity.get("to"))
    audiences = [found for found in map(audience_of_urn, named) if found]
    for audience in audiences[:1]:
        note_number(db, incoming.peer_id, audience, int(epoch or 0), int(n or 0))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST_NUMBERS
