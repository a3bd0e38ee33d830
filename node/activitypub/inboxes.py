"""Every inbox of this node: check who sent it, keep it, answer 202. The worker finds out what it means."""

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from federation.documents import as_id, types_of
from federation.errors import Rejected, Unreachable
from federation.inbox import Verified, authenticate
from federation.messages import MAX_BODY
from federation.messages import Request as Message
from federation.signatures import authority, has_signature
from node import identity
from node.activitypub.keeping import Keeper
from node.activitypub.readers import lookups_for, message_of
from node.db import reading
from node.identity import Identity
from node.ids import now
from node.incoming import is_closed_to
from node.peers import find_peer
from node.queue import Arrival
from node.rings.rosters import must_wait
from node.web.visits import Services, services_of

log = structlog.get_logger()


async def take_activity(request: Request) -> Response:
    """POST to any inbox; which one it was does not matter, the addressing inside does."""
    try:
        arrival = await _check(request)
    except Rejected as error:
        log.info("inbox_refused", status=error.status, reason=error.reason)
        return JSONResponse({"error": error.reason}, error.status)
    except Unreachable:
        return JSONResponse({"error": "could not fetch your key, try again"}, 503)
    if arrival is not None:
        keeper: Keeper = request.app.state.keeper
        await keeper.keep(arrival)
        services_of(request).wake()
    return Response(status_code=202)


async def _check(request: Request) -> Arrival | None:
    """The verified activity, or None for one that is answered like a good one and forgotten."""
    services = services_of(request)
    if not has_signature(_bare(request)):
        raise Rejected("no signature")  # before a byte of the body is read
    body = await _read_capped(request)
    node = await run_in_threadpool(_identity, services)
    message = message_of(request, node, body)
    found = await authenticate(message, lookups_for(services.network, node), now())
    if not isinstance(found, Verified):
        log.info("inbox_dropped", reason=found.reason)
        return None
    if found.kind == "node" and await run_in_threadpool(_is_closed, services, authority(found.signer)):
        raise Unreachable("we were put back from a copy and must ask first")
    if await run_in_threadpool(_is_closed_to, services, found):
        log.info("inbox_dropped", reason="open posts are not exchanged with this server")
        return None  # nothing of it is kept, not even for a moment
    return Arrival(
        uri=str(found.activity["id"]),
        domain=authority(found.signer),
        actor=as_id(found.activity["actor"]),
        by_node=found.kind == "node",
        body=body.decode(),
    )


def _is_closed(services: Services, domain: str) -> bool:
    with reading(services.engine) as db:
        peer = find_peer(db, domain)
        own_domain = identity.load(db, services.settings.scheme).domain
        return peer is not None and must_wait(db, own_domain, int(peer.id))


def _is_closed_to(services: Services, found: Verified) -> bool:
    with reading(services.engine) as db:
        peer = find_peer(db, authority(found.signer))
        kinds, by_node = types_of(found.activity), found.kind == "node"
        return peer is not None and is_closed_to(db, peer.id, kinds, by_node=by_node)


def _bare(request: Request) -> Message:
    return Message(request.method, str(request.url), dict(request.headers))


def _identity(services: Services) -> Identity:
    with reading(services.engine) as db:
        return identity.load(db, services.settings.scheme)


async def _read_capped(request: Request) -> bytes:
    if int(request.headers.get("content-length", "0") or 0) > MAX_BODY:
        raise Rejected("the body is too large", 413)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise Rejected("the body is too large", 413)
    except ClientDisconnect as error:
        raise Rejected("the body ended early", 400) from error
    return bytes(body)


ROUTES = [
    Route("/inbox", take_activity, methods=["POST"]),
    Route("/p/{id:id}/inbox", take_activity, methods=["POST"]),
    Route("/actor/inbox", take_activity, methods=["POST"]),
]
