"""Asking other servers: every outgoing document request is signed here, by the key that fits who is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import Connection, Engine

from federation import http
from federation.errors import FederationError, Rejected, Unreachable
from federation.fetches import fetch_document
from federation.messages import Request, Response, Sender, Signer
from federation.signatures import authority, sign_cavage, sign_rfc9421
from node import identity
from node.db import reading
from node.identity import Identity
from node.ids import now
from node.peers import PAIRED, find_peer, is_blocked

_PER_HOST = RateLimitItemPerMinute(60)
_AFTER_FAILURE = RateLimitItemPerMinute(1)
AT_ONCE = 8


class Doorman:
    """Keeps what strangers make us ask within bounds: few at once, few per host, no host that just failed."""

    def __init__(self) -> None:
        self._window = FixedWindowRateLimiter(MemoryStorage())
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def ask(self, host: str, question: Callable[[], Awaitable[Response]]) -> Response:
        """Raises Unreachable, which the stranger may try again after, when it is too much."""
        if not self._window.test(_AFTER_FAILURE, host) or not self._window.hit(_PER_HOST, host):
            raise Unreachable("asked too often, or in vain a moment ago", retry_after=60)
        async with self._at_once:
            try:
                return await question()
            except FederationError:
                self._window.hit(_AFTER_FAILURE, host)
                raise


@dataclass(frozen=True)
class Network:
    """The way out: `sender` is the guarded one, or in tests one that reaches other nodes in process."""

    engine: Engine
    scheme: str
    sender: Sender
    doorman: Doorman = field(default_factory=Doorman)
    members_doorman: Doorman = field(default_factory=Doorman)  # what they ask in vain stops no stranger

    async def get(self, url: str, *, accept: str) -> Response:
        """One answer, whatever its status; what federation's fetching functions are given."""
        return await http.get(self.sender, url, accept=accept, sign=await run_sync(self._signer, url))

    async def get_for_stranger(self, url: str, *, accept: str) -> Response:
        """The same, where a request that proves nothing yet makes us ask: the key it names."""
        return await self.doorman.ask(authority(url), partial(self.get, url, accept=accept))

    async def get_for_member(self, url: str, *, accept: str) -> Response:
        """The same for a member's client, by the node's RSA key everywhere: it opens no ring."""
        sign = await run_sync(self._open_signer, url)
        return await self.members_doorman.ask(
            authority(url), partial(http.get, self.sender, url, accept=accept, sign=sign)
        )

    async def get_document(self, uri: str) -> dict[str, Any]:
        """The document with that id, believed only from its own origin; raises FederationError."""
        return await fetch_document(self.get, uri)

    async def get_bytes(self, url: str, *, max_bytes: int, is_open: bool) -> Response:
        """A file; raises FederationError.

        What an open post shows is asked as anybody would: under our key an address that a stranger wrote
        there could be a partner's ring picture, and we would show it to the world.
        """
        signer = await run_sync(self._signer, url)
        sign = None if is_open else signer
        return await http.get(self.sender, url, accept="*/*", sign=sign, max_bytes=max_bytes)

    def _signer(self, url: str) -> Signer:
        """Raises Rejected: a blocked server is not asked anything."""
        with reading(self.engine) as db:
            if is_blocked(db, authority(url)):
                raise Rejected("blocked", 403)
            return signer_for(db, identity.load(db, self.scheme), authority(url))

    def _open_signer(self, url: str) -> Signer:
        with reading(self.engine) as db:
            if is_blocked(db, authority(url)):
                raise Rejected("blocked", 403)
            node = identity.load(db, self.scheme)
            return actor_signer(node.rsa_key_id, node.rsa_private)


def signer_for(db: Connection, node: Identity, domain: str) -> Signer:
    """Paired nodes are asked with the node's own Ed25519 key, everybody else with its RSA key."""
    peer = find_peer(db, domain)
    if peer is not None and peer.state == PAIRED:
        return node_signer(node)
    return actor_signer(node.rsa_key_id, node.rsa_private)


def node_signer(node: Identity) -> Signer:
    def sign(request: Request) -> dict[str, str]:
        return sign_rfc9421(request, node.node_key_id, node.ed25519_private, now())

    return sign


def actor_signer(key_id: str, private_pem: str) -> Signer:
    def sign(request: Request) -> dict[str, str]:
        return sign_cavage(request, key_id, private_pem, now())

    return sign
