"""A client that goes the ways of activitypub-cli: endpoints, pages by `next`, bodies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.factories import member_row, open_app
from tests.network import RunningNode

ACCEPT = "application/ld+json,application/activity+json,application/json"
AS2 = "application/activity+json"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
Json = dict[str, Any]


@dataclass
class Client:
    """With a token of one member; `actor` is the id it starts from."""

    http: httpx.AsyncClient
    actor: str

    async def get(self, uri: str) -> Json:
        """Its own server by GET, every other host and port by the proxy."""
        if urlsplit(uri).netloc == urlsplit(self.actor).netloc:
            answer = await self.http.get(uri, headers={"accept": ACCEPT})
        else:
            endpoint = (await self.whoami())["endpoints"]["proxyUrl"]
            answer = await self.http.post(endpoint, data={"id": uri}, headers={"accept": ACCEPT})
        assert answer.status_code == 200, (uri, answer.status_code, answer.text)
        found: Json = answer.json()
        return found

    async def whoami(self) -> Json:
        answer = await self.http.get(self.actor, headers={"accept": ACCEPT})
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def items(self, uri: str) -> list[Any]:
        """Everything in a collection; it must carry a list or lead to one."""
        at = await self.get(uri)
        if "first" in at:
            at = await self.get(at["first"])
        found = list(at["orderedItems"])
        while "next" in at:
            at = await self.get(at["next"])
            found += at["orderedItems"]
        return found

    async def send(self, wish: Mapping[str, Any]) -> httpx.Response:
        return await self.http.post(f"{self.actor}/outbox", json=wish, headers={"content-type": AS2})

    async def do(self, wish: Mapping[str, Any]) -> Json:
        """What the server made of it."""
        answer = await self.send(wish)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        assert answer.headers["location"] == made["id"]
        assert answer.headers["content-type"].startswith(AS2)
        return made

    async def note(self, content: str, **more: Any) -> Json:
        made: Json = (await self.do({"type": "Note", "content": content, **more}))["object"]
        return made


def client_of(node: RunningNode, handle: str, *scopes: str) -> Client:
    actor = f"{node.base}/p/{member_row(node, handle).actor_id}"
    return Client(open_app(node, handle, *(scopes or ("read", "write"))), actor)
