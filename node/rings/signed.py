"""What nodes say to each other outside the inbox: requests and answers under the node's own key (rule 8)."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse, Response

from federation import http
from federation.actors import Actor, fetch_actor
from federation.documents import Document, is_web_url, origin, parse_json
from federation.errors import FederationError, Rejected
from federation.fetches import check_status
from federation.keys import decode_multibase, encode_multibase, load_multikey, load_private
from federation.messages import Request
from federation.messages import Response as Answer
from federation.signatures import parse_signature, verify
from node import identity
from node.boundary import Anonymous, Outside
from node.db import reading
from node.errors import NotFound
from node.identity import ACTOR_PATH, Identity
from node.ids import now
from node.network import Network, node_signer
from node.peers import PAIRED, find_peer, get_peer
from node.rings.keys import keys_of
from node.web.injected import injected_reader
from node.web.visits import Services

PURPOSE = "leerkring-answer"
ANSWER_HEADER = "leerkring-answer"
NONCE = "nonce"
JSON_TYPE = "application/json"
MOST_BYTES = 16_384
LARGEST_ANSWER = 8_000_000


@dataclass(frozen=True)
class Caller:
    """The node that signed a request; `peer_id` only when its key is pinned, `inbox` only when fetched."""

    domain: str
    key: str
    actor_uri: str
    peer_id: int | None = None
    inbox: str = ""


# --- being asked -----------------------------------------------------------------------------------


async def authenticate_node(request: WebRequest, services: Services) -> tuple[Caller, Document]:
    """The paired node whose pinned key signed this, and its body; NotFound for everybody else (rule 7)."""
    injected = injected_reader(request)
    if injected is not None:
        return await run_in_threadpool(_caller_of, services, injected), {}
    signed, node = await _read(request, services)
    domain = _key_domain(signed, services)
    peer = await run_in_threadpool(_paired_peer, services, domain)
    if peer is None:
        raise NotFound
    _check(signed, peer.node_key, node)
    caller = Caller(domain, peer.node_key, peer.actor_uri or "", int(peer.id))
    return caller, _body(signed)


def _caller_of(services: Services, reader: Anonymous | Outside) -> Caller:
    if isinstance(reader, Anonymous) or not reader.node_key:
        raise NotFound
    with reading(services.engine) as db:
        peer = get_peer(db, reader.peer_id)
    return Caller(peer.domain, peer.node_key, peer.actor_uri or "", int(peer.id))


async def authenticate_former(request: WebRequest, services: Services) -> tuple[Caller, bool]:
    """The same for a node that may have been put back from a copy: also by a key that it replaced since.

    Also whether it was the key that holds now; the other one opens nothing.
    """
    injected = injected_reader(request)
    if injected is not None:
        return await run_in_threadpool(_caller_of, services, injected), True
    signed, node = await _read(request, services)
    domain = _key_domain(signed, services)
    peer, known = await run_in_threadpool(_peer_and_keys, services, domain)
    if peer is None:
        raise NotFound
    for key in known:
        if _fits(signed, key, node):
            caller = Caller(domain, key, peer.actor_uri or "", int(peer.id))
            return caller, key == peer.node_key
    raise NotFound


def _peer_and_keys(services: Services, domain: str) -> tuple[Row[Any] | None, list[str]]:
    peer = _paired_peer(services, domain)
    with reading(services.engine) as db:
        return peer, keys_of(db, int(peer.id)) if peer is not None else []


def _fits(signed: Request, key: str, node: Identity) -> bool:
    try:
        _check(signed, key, node)
    except NotFound:
        return False
    return True


async def authenticate_stranger(request: WebRequest, services: Services) -> tuple[Caller, Document]:
    """For pairing only: the key is the one that the sender's domain shows now in its node actor."""
    signed, node = await _read(request, services)
    domain = _key_domain(signed, services)
    try:
        caller = await fetch_node(services.network, domain)
    except FederationError as error:
        raise NotFound from error
    _check(signed, caller.key, node)
    return caller, _body(signed)


async def read_message(request: WebRequest) -> Document:
    """A message that proves itself, whoever sends it; NotFound when it is none."""
    body = await _read_body(request)
    try:
        return parse_json(body)
    except Rejected as error:
        raise NotFound from error


async def _read_body(request: WebRequest) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise NotFound
    return body


async def _read(request: WebRequest, services: Services) -> tuple[Request, Identity]:
    body = await _read_body(request)
    node = await run_in_threadpool(_load, services)
    query = f"?{request.url.query}" if request.url.query else ""
    headers = dict(request.headers.items())
    return Request(request.method, f"{node.base}{request.url.path}{query}", headers, body), node


def _load(services: Services) -> Identity:
    with reading(services.engine) as db:
        return identity.load(db, services.settings.scheme)


def _paired_peer(services: Services, domain: str) -> Row[Any] | None:
    with reading(services.engine) as db:
        peer = find_peer(db, domain)
    return peer if peer is not None and peer.state == PAIRED and peer.node_key else None


def _key_domain(signed: Request, services: Services) -> str:
    try:
        parsed = parse_signature(signed)
    except Rejected as error:
        raise NotFound from error
    if parsed.kind != "rfc9421" or not is_web_url(parsed.key_id):
        raise NotFound
    parts = urlsplit(parsed.key_id)
    if parts.scheme != services.settings.scheme:
        raise NotFound
    return parts.netloc.lower()


def _check(signed: Request, multikey: str, node: Identity) -> None:
    try:
        key = load_multikey(multikey)
        if not isinstance(key, Ed25519PublicKey):
            raise Rejected("a node's key is an Ed25519 key")
        verify(signed, parse_signature(signed), key, now(), node.domain)
    except Rejected as error:
        raise NotFound from error


def _body(signed: Request) -> Document:
    if not signed.body:
        return {}
    try:
        return parse_json(signed.body)
    except Rejected as error:
        raise NotFound from error


def signed_answer(node: Identity, caller: Caller, nonce: str, document: Document) -> Response:
    """An answer that its asker can check against our pinned key: a lapsed domain can feed nothing in.

    The signature covers the asker's nonce and is not kept, so what was answered stays deniable.
    """
    response = JSONResponse(document, headers={"cache-control": "no-store"})
    words = _answer_words(node.domain, caller.domain, nonce, bytes(response.body))
    response.headers[ANSWER_HEADER] = sign_words(node, words)
    return response


def sign_words(node: Identity, words: bytes) -> str:
    """Our node key's signature over words that say what they are for and between whom."""
    private = load_private(node.ed25519_private)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("a node's key is an Ed25519 key")
    return encode_multibase(private.sign(words))


def _answer_words(sender: str, asker: str, nonce: str, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return rfc8785.dumps({"purpose": PURPOSE, "from": sender, "to": asker, "nonce": nonce, "body": digest})


# --- asking ----------------------------------------------------------------------------------------


async def fetch_node(network: Network, domain: str) -> Caller:
    """What a domain's node actor says of itself, read without a signature; raises FederationError."""
    uri = f"{network.scheme}://{domain}{ACTOR_PATH}"
    actor = await fetch_actor(partial(http.get, network.sender), uri)
    if actor.uri != uri or actor.type != "Application":
        raise Rejected("not a node")
    return Caller(domain, _node_key(actor), uri, None, actor.shared_inbox or actor.inbox)


def _node_key(actor: Actor) -> str:
    for _, multikey in actor.assertion_keys:
        if isinstance(load_multikey(multikey), Ed25519PublicKey):
            return multikey
    raise Rejected("a node without an Ed25519 key")


async def ask_node(network: Network, peer: Row[Any], path: str) -> Document:
    """A paired node's signed answer to a signed GET of `path`; raises FederationError."""
    node = await run_in_threadpool(_load_for, network)
    nonce = secrets.token_hex(16)
    base = f"{network.scheme}://{peer.domain}"
    url = f"{base}{path}{'&' if '?' in path else '?'}{NONCE}={nonce}"
    response = await http.get(
        network.sender, url, accept=JSON_TYPE, sign=node_signer(node), max_bytes=LARGEST_ANSWER
    )
    if origin(response.url or url) != origin(base):
        raise Rejected("answered from elsewhere")
    return _read_answer(response, peer, node, nonce)


async def ask_node_by_post(
    network: Network, peer: Row[Any], path: str, message: Document, nonce: str
) -> Document:
    """A paired node's signed answer to a message under our node key; raises FederationError."""
    node = await run_in_threadpool(_load_for, network)
    url, body = f"{network.scheme}://{peer.domain}{path}", json.dumps(message).encode()
    response = await http.post(network.sender, url, body, sign=node_signer(node), content_type=JSON_TYPE)
    return _read_answer(response, peer, node, nonce)


def _read_answer(response: Answer, peer: Row[Any], node: Identity, nonce: str) -> Document:
    check_status(response)
    proof = decode_multibase(response.headers.get(ANSWER_HEADER, ""))
    check_pinned(peer, _answer_words(peer.domain, node.domain, nonce, response.body), proof)
    return parse_json(response.body)


def check_pinned(peer: Row[Any], words: bytes, proof: bytes) -> None:
    """Raises Rejected unless the pinned key of that node signed these words."""
    key = load_multikey(peer.node_key or "")
    if not isinstance(key, Ed25519PublicKey):
        raise Rejected("no pinned key")
    try:
        key.verify(proof, words)
    except InvalidSignature as error:
        raise Rejected("an answer under another key than the pinned one") from error


async def tell_node(network: Network, domain: str, path: str, message: Document) -> tuple[int, Document]:
    """POST a message under our node key; the status and the JSON of the answer ({} if there is none)."""
    node = await run_in_threadpool(_load_for, network)
    url = f"{network.scheme}://{domain}{path}"
    body = json.dumps(message).encode()
    response = await http.post(network.sender, url, body, sign=node_signer(node), content_type=JSON_TYPE)
    try:
        return response.status, parse_json(response.body)
    except Rejected:
        return response.status, {}


def _load_for(network: Network) -> Identity:
    with reading(network.engine) as db:
        return identity.load(db, network.scheme)
