"""proxyUrl: a document of another server for a member's client, fetched by us, and only what is open.

What we keep of other nodes is answered from here, by the reader's right; a key of this node that opens a
ring, or a message to one of us, is never lent to somebody else.
"""

from collections.abc import Mapping
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from federation.actors import ACTOR_TYPES
from federation.documents import Document, as_id, as_ids, is_web_url, types_of
from federation.errors import FederationError, Gone
from federation.fetches import fetch_document
from federation.signatures import authority
from node import identity
from node.activitypub.clients.bearers import need_caller, need_scope
from node.activitypub.clients.problems import VARY, Problem, unusable, with_problems
from node.activitypub.documents import Builder, actor_document, own_document
from node.boundary import Member, exchanges, get_readable
from node.db import reading, relative
from node.errors import NotFound, TooMany
from node.identity import ALLOW_LIST, SELF, Identity
from node.objects import find_object
from node.peers import find_peer
from node.posts.copies import copy_document
from node.posts.storing import get_post
from node.web.bodies import read_params
from node.web.visits import Services, services_of
from schemas.activitystreams import CONTENT_TYPE, OBJECT_CONTEXT, PUBLIC_SPELLINGS

READ = ("read:statuses", "read:accounts")
COLLECTIONS = ("Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage")
ITEMS = ("items", "orderedItems", "first", "last", "next", "prev")
_ADDRESSED = ("to", "cc", "audience", "bto", "bcc")
_PER_MEMBER = RateLimitItemPerMinute(60)
_SECONDS = 60


class ProxyLimit:
    """How often a member's clients may make us ask; counted in each process."""

    def __init__(self) -> None:
        self._window = FixedWindowRateLimiter(MemoryStorage())

    def count(self, member_id: int) -> None:
        if not self._window.hit(_PER_MEMBER, str(member_id)):
            raise TooMany(_SECONDS)


def proxy_routes(builders: Mapping[str, Builder]) -> list[BaseRoute]:
    async def take_proxy(request: Request) -> Response:
        caller, member = await need_caller(request)
        need_scope(caller, *READ)
        limit: ProxyLimit = request.app.state.proxy_limit
        limit.count(member.actor_id)
        uri = (await read_params(request)).line("id")
        if not is_web_url(uri):
            raise unusable("Give the id of an object, which begins with https.")
        services = services_of(request)
        document = await run_in_threadpool(_kept, services, member, uri, builders)
        if document is None:
            document = await _fetch(services, member, uri, builders)
        headers = {"vary": VARY, "cache-control": "private, no-store"}
        return JSONResponse(document, headers=headers, media_type=CONTENT_TYPE)

    return [Route("/client/proxy", with_problems(take_proxy), methods=["POST"])]


def _kept(services: Services, member: Member, uri: str, builders: Mapping[str, Builder]) -> Document | None:
    """From here, by the reader's right; None for what is not here and may be asked for."""
    with reading(services.engine) as db:
        node = identity.load(db, services.settings.scheme)
        path = relative(node.base, uri)
        if path != uri or authority(uri) == node.domain:
            return _own(db, node, member, path, builders)
        if find_object(db, uri) is not None:
            return _copy(db, node, member, uri)
        _check_exchange(db, node, authority(uri))
        return None


def _own(
    db: Connection, node: Identity, member: Member, path: str, builders: Mapping[str, Builder]
) -> Document:
    if path.startswith("/p/"):
        return actor_document(db, node, member, path)
    return own_document(db, node, member, path, builders)[0]


def _copy(db: Connection, node: Identity, member: Member, uri: str) -> Document:
    row = get_readable(db, member, uri)
    if row.origin == SELF or row.kind != "post":
        raise NotFound
    return {"@context": OBJECT_CONTEXT, **copy_document(db, node, member, get_post(db, row.id))}


def _check_exchange(db: Connection, node: Identity, domain: str) -> None:
    """Only where open posts go to and come from (A5)."""
    peer = find_peer(db, domain)
    may = exchanges(db, peer.id) if peer is not None else node.federation != ALLOW_LIST
    if not may:
        raise Problem(403, "Your node exchanges no open posts with that server.")


async def _fetch(services: Services, member: Member, uri: str, builders: Mapping[str, Builder]) -> Document:
    try:
        document = await fetch_document(services.network.get_for_member, uri)
    except Gone as error:
        raise Problem(410, "It is no longer there.") from error
    except FederationError as error:
        raise Problem(502, "That server did not give an ActivityPub document for this id.") from error
    found = as_id(document)
    if found != uri:
        kept = await run_in_threadpool(_kept, services, member, found, builders)
        if kept is not None:
            return kept
    return open_part(document)


def open_part(document: Document) -> Document:
    """What everybody may have of it: raises NotFound, and of a collection leaves out what is not open."""
    kinds = types_of(document)
    if any(kind in ACTOR_TYPES for kind in kinds):
        return {name: _masked(value) for name, value in document.items()}
    if any(kind in COLLECTIONS for kind in kinds):
        return {name: _items(name, value) for name, value in document.items()}
    if not _is_open(document):
        raise NotFound
    return {name: _masked(value) for name, value in document.items()}


def _items(name: str, value: Any) -> Any:
    """Ids say nothing; an embedded item is shown where it says itself that it is open."""
    if name not in ITEMS:
        return _masked(value)
    if isinstance(value, list):
        return [_item(one) for one in value]
    return _item(value)


def _item(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    try:
        return open_part(value)
    except NotFound:
        return as_id(value)


def _masked(value: Any) -> Any:
    """Whatever is embedded and addressed, but not to everybody, becomes its id."""
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if any(types in COLLECTIONS for types in types_of(value)):
        return _item(value)
    if any(name in value for name in _ADDRESSED) and not _is_open(value):
        return as_id(value)
    return {name: _masked(one) for name, one in value.items()}


def _is_open(document: Document) -> bool:
    named = [uri for name in ("to", "cc") for uri in as_ids(document.get(name))]
    return not PUBLIC_SPELLINGS.isdisjoint(named)
