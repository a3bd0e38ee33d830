"""Who really sent an inbound activity: the checks of an inbox, cheapest first, before anything is stored."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.addressing import read_addressing
from federation.documents import (
    Document,
    as_id,
    as_list,
    is_web_url,
    parse_json,
    same_origin,
    types_of,
    without_fragment,
)
from federation.errors import Gone, Rejected
from federation.keys import PublicKey
from federation.messages import MAX_BODY, Request
from federation.signatures import (
    ParsedSignature,
    authority,
    check_key,
    check_terms,
    has_signature,
    parse_signature,
)
from schemas.activitystreams import AS_CONTEXT, is_activity_type


@dataclass(frozen=True)
class KnownKey:
    """A key as the node stores it. `node_origin` is set only for a ring node's pinned Ed25519 key."""

    key_id: str
    owner: str
    public_key: PublicKey
    node_origin: str = ""


@dataclass(frozen=True)
class Verified:
    """`kind` says whose key signed: the actor's own, or the pinned one of its node."""

    activity: Document
    signer: str
    key_id: str
    kind: Literal["actor", "node"]


@dataclass(frozen=True)
class Dropped:
    """Answered like a good one (202) and forgotten, so that the sender learns nothing."""

    reason: str


FindKey = Callable[[str], Awaitable[KnownKey | None]]
FetchKey = Callable[[str], Awaitable[KnownKey]]
Ask = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True)
class Lookups:
    """What the node lends for checking. `find_key` reads stored keys, `fetch_key` asks the key's own server.

    `is_blocked` is asked with the host of the key id, `is_known` with an actor's uri.
    """

    own_authority: str
    find_key: FindKey
    fetch_key: FetchKey
    is_blocked: Ask
    is_known: Ask


async def authenticate(request: Request, lookups: Lookups, now: datetime) -> Verified | Dropped:
    """Raises `Rejected` with the status to answer, or `Unreachable` (503) when the key's server is silent."""
    check_envelope(request)
    parsed = await _read_signature(request, lookups)
    activity = parse_activity(request.body)
    known = await lookups.find_key(parsed.key_id)
    if known is None and _is_about_itself(activity) and not await lookups.is_known(as_id(activity["actor"])):
        return Dropped("an unknown actor changes or deletes itself")
    check_terms(request, parsed, now, lookups.own_authority)
    try:
        key = await _find_signer(request, parsed, lookups, known)
    except Gone:
        return _believe_gone(activity, parsed)
    return _judge(activity, parsed, key)


async def identify(request: Request, lookups: Lookups, now: datetime) -> KnownKey:
    """Whose key signed a GET; may raise `Rejected`, `Unreachable` or `Gone`."""
    parsed = await _read_signature(request, lookups)
    check_terms(request, parsed, now, lookups.own_authority)
    key = await _find_signer(request, parsed, lookups, await lookups.find_key(parsed.key_id))
    if key.node_origin and not _is_node_signature(parsed, key):
        raise Rejected("a node's key signs by RFC 9421 with Ed25519")
    return key


async def _read_signature(request: Request, lookups: Lookups) -> ParsedSignature:
    parsed = parse_signature(request)
    if not is_web_url(parsed.key_id):
        raise Rejected("the key id is not a web address")
    if await lookups.is_blocked(authority(parsed.key_id)):
        raise Rejected("blocked", 403)
    return parsed


def check_envelope(request: Request) -> None:
    """What can be said before the body is read as JSON."""
    if request.method != "POST":
        raise Rejected("an inbox takes POST", 405)
    if not is_activity_type(request.headers.get("content-type", "")):
        raise Rejected("not an ActivityPub content type", 415)
    if len(request.body) > MAX_BODY:
        raise Rejected("the body is too large", 413)
    if not has_signature(request):
        raise Rejected("no signature")


def parse_activity(body: bytes) -> Document:
    activity = parse_json(body)
    if not isinstance(activity.get("id"), str) or not is_web_url(as_id(activity.get("actor"))):
        raise Rejected("an activity needs an id and an actor", 400)
    if not is_web_url(activity["id"]) or not types_of(activity):
        raise Rejected("an activity needs an id and a type", 400)
    if AS_CONTEXT not in _contexts(activity):
        raise Rejected("not ActivityStreams", 400)
    return activity


def _contexts(activity: Document) -> Collection[Any]:
    return [entry for entry in as_list(activity.get("@context")) if isinstance(entry, str)]


def _is_about_itself(activity: Document) -> bool:
    about = as_id(activity.get("object")) == as_id(activity["actor"])
    return about and not {"Delete", "Update"}.isdisjoint(types_of(activity))


async def _find_signer(
    request: Request, parsed: ParsedSignature, lookups: Lookups, known: KnownKey | None
) -> KnownKey:
    """The key that made the signature; a stored one that does not fit is fetched anew, once."""
    if known is not None:
        try:
            check_key(request, parsed, known.public_key)
            return known
        except Rejected:
            if known.node_origin:
                raise
    try:
        fetched = await lookups.fetch_key(parsed.key_id)
    except Rejected as error:
        # Whatever is wrong over there, to the sender it is a signature that cannot be checked.
        raise Rejected(error.reason) from error
    check_key(request, parsed, fetched.public_key)
    return fetched


def _believe_gone(activity: Document, parsed: ParsedSignature) -> Verified | Dropped:
    """An actor's own server saying 410 at the actor's address is as good as its signature under a Delete."""
    actor = as_id(activity["actor"])
    is_own_delete = "Delete" in types_of(activity) and _is_about_itself(activity)
    if is_own_delete and without_fragment(parsed.key_id) == actor and same_origin(activity["id"], actor):
        return Verified(activity, actor, parsed.key_id, "actor")
    return Dropped("the key is gone")


def _judge(activity: Document, parsed: ParsedSignature, key: KnownKey) -> Verified | Dropped:
    actor = as_id(activity["actor"])
    if not same_origin(activity["id"], actor):
        return Dropped("the id is of another origin than the actor")
    addressing = read_addressing(*_with_embedded(activity))
    if key.node_origin:
        return _judge_node(activity, parsed, key, is_public=addressing.public)
    if key.owner != actor:
        return Dropped("signed by somebody else than the actor")
    if addressing.closed:
        return Dropped("ring content needs the node's own key")
    return Verified(activity, actor, parsed.key_id, "actor")


def _with_embedded(document: Document) -> list[Document]:
    """Down to the last object: an Announce of a Create must not carry ring content past the check."""
    inner = document.get("object")
    items = inner if isinstance(inner, list) else [inner]
    nested = [_with_embedded(item) for item in items if isinstance(item, dict)]
    return [document, *(found for group in nested for found in group)]


def _judge_node(
    activity: Document, parsed: ParsedSignature, key: KnownKey, *, is_public: bool
) -> Verified | Dropped:
    if not same_origin(as_id(activity["actor"]), key.node_origin):
        return Dropped("a node vouches for its own people only")
    if not _is_node_signature(parsed, key):
        return Dropped("a node's key signs by RFC 9421 with Ed25519")
    if is_public:
        return Dropped("what is open is signed by its author")
    return Verified(activity, key.owner, parsed.key_id, "node")


def _is_node_signature(parsed: ParsedSignature, key: KnownKey) -> bool:
    return parsed.kind == "rfc9421" and isinstance(key.public_key, Ed25519PublicKey)
