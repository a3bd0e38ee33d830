"""Every kind of reader: who asks, with which cookie or key, at which node."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx

from federation.messages import Request
from federation.signatures import sign_cavage, sign_rfc9421
from node.actors import get_actor
from tests.federation.strangers import Stranger, sign_as
from tests.network import RunningNode

PAGE = "text/html"
DOCUMENT = "application/activity+json"
JSON = "application/json"

MakeHeaders = Callable[[str, str], dict[str, str]]


@dataclass(frozen=True)
class Reader:
    """`clients` are by node name: its own browser at home, one without a log-in elsewhere.

    `headers` makes the signature headers of one request, given method and URL.
    """

    kind: str
    clients: dict[str, httpx.AsyncClient]
    headers: MakeHeaders
    token: str = ""  # of an app at home, which is also an ActivityPub client

    async def get(self, node: RunningNode, path: str, accept: str = PAGE) -> httpx.Response:
        return await self.send(node, "GET", path, accept)

    async def send(
        self,
        node: RunningNode,
        method: str,
        path: str,
        accept: str = PAGE,
        form: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request; its signature, if any, is made anew."""
        signed, name = self.headers(method, node.base + path), node.domain.partition(".")[0]
        by_program = path.startswith(("/api/", "/client/")) or accept == DOCUMENT
        if by_program and self.token:
            signed = {**signed, "authorization": f"Bearer {self.token}"}
        return await self.clients[name].request(method, path, headers={"accept": accept, **signed}, data=form)


def unsigned(_method: str, _url: str) -> dict[str, str]:
    return {}


def pretending(_method: str, _url: str) -> dict[str, str]:
    """A signature header that no key ever made."""
    words = 'algorithm="hs2019",headers="date",signature="AAAA"'
    return {"signature": f'keyId="http://smit.localhost/actor#main-key",{words}'}


def by_cavage(stranger: Stranger) -> MakeHeaders:
    return _by_key(stranger.key_id, stranger.rsa, rfc9421=False)


def by_rfc9421(stranger: Stranger) -> MakeHeaders:
    return _by_key(stranger.key_id, stranger.rsa, rfc9421=True)


def by_node_key(node: RunningNode) -> MakeHeaders:
    """Its own Ed25519 key, the one that ring nodes pinned."""
    found = node.identity
    return _by_key(found.node_key_id, found.ed25519_private, rfc9421=True)


def by_node_rsa(node: RunningNode) -> MakeHeaders:
    """The key that it shows to the outside world, which opens nothing of a ring."""
    found = node.identity
    return _by_key(found.rsa_key_id, found.rsa_private, rfc9421=False)


def by_person_of(node: RunningNode, actor_id: int) -> MakeHeaders:
    """The key of one of its people, which opens nothing of a ring either."""
    private_pem = node.read(lambda db: get_actor(db, actor_id)).rsa_private
    return _by_key(f"{node.base}/p/{actor_id}#main-key", private_pem, rfc9421=False)


def _by_key(key_id: str, private_pem: str, *, rfc9421: bool) -> MakeHeaders:
    sign = sign_rfc9421 if rfc9421 else sign_cavage

    def headers(method: str, url: str) -> dict[str, str]:
        return sign_as(Request(method, url, {}), key_id, private_pem, sign).headers

    return headers
