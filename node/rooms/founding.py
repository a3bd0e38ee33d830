"""What names a room: the SHA-256 of its founding document, which says for good where it is kept."""

from dataclasses import dataclass
from hashlib import sha256

import rfc8785

from federation.documents import Document, parse_json
from federation.errors import Rejected
from node.identity import Identity
from node.ids import new_token, now
from node.objects import COMPANY, audience_of_urn, room_audience, urn_of
from schemas.agreement import moment_text

LONGEST_FOUNDING = 4_000


@dataclass(frozen=True)
class Founding:
    """A room's founding document, as text and as what it says."""

    text: str
    audience: str
    home: str
    within: str
    confined: bool


def found(node: Identity, within: str, name: str, *, confined: bool) -> Founding:
    """A new room of this node; the salt makes it one of a kind."""
    document: Document = {
        "type": "Room",
        "home": node.actor_uri,
        "within": COMPANY if within == COMPANY else urn_of(within),
        "name": name,
        "confined": confined,
        "salt": new_token(),
        "published": moment_text(now()),
    }
    return _read(rfc8785.dumps(document).decode(), document)


def found_steering(ring: str) -> Founding:
    """The room for the directors and editors of a ring: every node makes the same, so it has no home."""
    document: Document = {"type": "SteeringRoom", "within": urn_of(ring), "home": "", "confined": True}
    return _read(rfc8785.dumps(document).decode(), document)


def read_founding(text: str) -> Founding:
    """The founding document that came from elsewhere; raises Rejected unless it is in its one form."""
    if len(text) > LONGEST_FOUNDING:
        raise Rejected("not a founding document", 400)
    document = parse_json(text.encode())
    try:
        is_canonical = rfc8785.dumps(document).decode() == text
    except rfc8785.CanonicalizationError as error:
        raise Rejected("not a founding document", 400) from error
    if not is_canonical or document.get("type") != "Room":
        raise Rejected("not a founding document", 400)
    return _read(text, document)


def _read(text: str, document: Document) -> Founding:
    within, home, confined = document.get("within"), document.get("home"), document.get("confined")
    if not isinstance(within, str) or not isinstance(home, str) or not isinstance(confined, bool):
        raise Rejected("not a founding document", 400)
    place = within if within == COMPANY else audience_of_urn(within)
    if place is None:
        raise Rejected("not a founding document", 400)
    return Founding(text, room_audience(sha256(text.encode()).hexdigest()), home, place, confined)
