"""Who signed a request: the keys we know, the ones we fetch, and the reader that a signature makes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from federation.actors import fetch_key
from federation.documents import origin
from federation.errors import FederationError
from federation.inbox import KnownKey, Lookups, identify
from federation.keys import load_multikey, load_public_pem
from federation.messages import Request as Message
from federation.signatures import authority, has_signature
from node.activitypub.queries import find_actor_key, find_pinned_key
from node.actors import find_actor
from node.boundary import Anonymous, Outside
from node.db import reading, writing
from node.identity import Identity
from node.ids import now
from node.network import Network
from node.peers import find_peer, is_blocked
from node.people.remote import keep_actor
from node.web.injected import injected_reader

NODE_KEY = "#ed25519-key"


def message_of(request: Request, node: Identity, body: bytes) -> Message:
    """The request as it was signed: scheme and host are ours by setting, whatever a proxy made of them."""
    query = f"?{request.url.query}" if request.url.query else ""
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Message(request.method, f"{node.base}{path}{query}", headers, body)


def lookups_for(network: Network, node: Identity) -> Lookups:
    """What federation.inbox borrows from this node."""

    async def read(work: Callable[[Connection, str], Any], what: str) -> Any:
        return await run_in_threadpool(_reading, network, work, what)

    async def find_key(key_id: str) -> KnownKey | None:
        found: KnownKey | None = await read(_stored_key, key_id)
        return found

    async def ask_key(key_id: str) -> KnownKey:
        actor, key = await fetch_key(network.get_for_stranger, key_id)
        await run_in_threadpool(_keep, network, actor)
        return KnownKey(key_id, actor.uri, key)

    async def is_refused(host: str) -> bool:
        return bool(await read(is_blocked, host))

    async def is_known(uri: str) -> bool:
        return bool(await read(_is_known, uri))

    return Lookups(urlsplit(node.base).netloc, find_key, ask_key, is_refused, is_known)


def _reading(network: Network, work: Callable[[Connection, str], Any], what: str) -> Any:
    with reading(network.engine) as db:
        return work(db, what)


def _keep(network: Network, actor: Any) -> None:
    with writing(network.engine) as db:
        keep_actor(db, actor)


def _stored_key(db: Connection, key_id: str) -> KnownKey | None:
    """A ring node's pinned key before all others; else the key an actor's document showed."""
    uri, _, _ = key_id.partition("#")
    pinned = find_pinned_key(db, uri) if key_id.endswith(NODE_KEY) else None
    if pinned is not None:
        return KnownKey(key_id, uri, load_multikey(pinned), node_origin=origin(uri))
    actor = find_actor_key(db, key_id)
    return None if actor is None else KnownKey(key_id, actor.uri, load_public_pem(actor.public_key))


def _is_known(db: Connection, uri: str) -> bool:
    return find_actor(db, uri) is not None


async def signed_reader(request: Request, network: Network, node: Identity) -> Anonymous | Outside:
    """The reader of a GET: nobody without a valid signature, and nobody is told why."""
    injected = injected_reader(request)
    if injected is not None:
        return injected
    message = message_of(request, node, b"")
    if not has_signature(message):
        return Anonymous()
    try:
        key = await identify(message, lookups_for(network, node), now())
    except FederationError:
        return Anonymous()
    return await run_in_threadpool(_reader_of, network, key)


def _reader_of(network: Network, key: KnownKey) -> Anonymous | Outside:
    with reading(network.engine) as db:
        peer = find_peer(db, authority(key.owner))
    return Anonymous() if peer is None else Outside(peer.id, node_key=bool(key.node_origin))
