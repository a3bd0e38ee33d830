"""ActivityPub's wire constants: content types, contexts, Public, and the urns of rings and rooms."""

import re

CONTENT_TYPE = "application/activity+json"
LD_CONTENT_TYPE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
ACCEPT = f"{CONTENT_TYPE}, {LD_CONTENT_TYPE}"

AS_CONTEXT = "https://www.w3.org/ns/activitystreams"
SECURITY_CONTEXT = "https://w3id.org/security/v1"
CID_CONTEXT = "https://www.w3.org/ns/cid/v1"
DATA_INTEGRITY_CONTEXT = "https://w3id.org/security/data-integrity/v2"

NAMESPACE = "urn:leerkring:ns:"
LEERKRING_TERMS = {
    "leerkring": NAMESPACE,
    "topic": {"@id": "leerkring:topic", "@type": "@id"},
    "epoch": "leerkring:epoch",
    "n": "leerkring:n",
    "ring": {"@id": "leerkring:ring", "@type": "@id"},
    "Room": "leerkring:Room",
    "Seat": "leerkring:Seat",
    "Line": "leerkring:Line",
    "room": {"@id": "leerkring:room", "@type": "@id"},
    "person": {"@id": "leerkring:person", "@type": "@id"},
    "within": {"@id": "leerkring:within", "@type": "@id"},
    "founding": "leerkring:founding",
    "question": "leerkring:question",
    "answer": "leerkring:answer",
    "confined": "leerkring:confined",
    "listed": "leerkring:listed",
    "capacity": "leerkring:capacity",
    "host": "leerkring:host",
}

OBJECT_CONTEXT: list[str | dict[str, object]] = [AS_CONTEXT, {**LEERKRING_TERMS}]
ACTOR_CONTEXT: list[str | dict[str, object]] = [AS_CONTEXT, SECURITY_CONTEXT, CID_CONTEXT]
PROOF_CONTEXT: list[str | dict[str, object]] = [AS_CONTEXT, DATA_INTEGRITY_CONTEXT, {**LEERKRING_TERMS}]

PUBLIC = f"{AS_CONTEXT}#Public"
PUBLIC_SPELLINGS = frozenset({PUBLIC, "as:Public", "Public"})

URN_PREFIX = "urn:leerkring:"
_RING = re.compile(r"urn:leerkring:ring:([0-9a-f]{64})")
_ROOM = re.compile(r"urn:leerkring:room:([0-9a-f]{64})")


def ring_urn(ring_hash: str) -> str:
    return _urn("ring", ring_hash)


def room_urn(room_hash: str) -> str:
    return _urn("room", room_hash)


def _urn(kind: str, name: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", name):
        raise ValueError(f"a {kind} is named by 64 hexadecimal digits")
    return f"{URN_PREFIX}{kind}:{name}"


def parse_ring_urn(uri: str) -> str | None:
    """The 64 digits that name the ring."""
    match = _RING.fullmatch(uri)
    return match[1] if match else None


def parse_room_urn(uri: str) -> str | None:
    match = _ROOM.fullmatch(uri)
    return match[1] if match else None


def is_activity_type(content_type: str) -> bool:
    """`application/activity+json`, or `application/ld+json` whose profile lists ActivityStreams."""
    media, _, parameters = content_type.strip().partition(";")
    if media.strip().lower() == CONTENT_TYPE:
        return True
    if media.strip().lower() != "application/ld+json":
        return False
    return any(AS_CONTEXT in _profiles(parameter) for parameter in parameters.split(";"))


def _profiles(parameter: str) -> list[str]:
    name, _, value = parameter.partition("=")
    return value.strip().strip('"').split() if name.strip().lower() == "profile" else []
