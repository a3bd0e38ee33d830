"""Where the tricks are played: two honest firms, one in no ring with the bad one, and the bad one itself."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Row, select

from federation.messages import Request, Response
from federation.signatures import sign_rfc9421
from node.ids import new_id
from node.media.tables import files
from node.objects import COMPANY
from node.peers import find_peer
from schemas.activitystreams import CONTENT_TYPE, ring_urn
from tests.factories import make_member, make_ring, pair, picture, post
from tests.federation.readers import by_node_key
from tests.federation.strangers import Stranger, sign_as
from tests.federation.traffic import activity_of, deliver_as_node, find_text, ring_note
from tests.network import RunningNode, fediverse, settle

NAMES = ("bakker", "smit", "jansen", "kwaad")
DOCUMENT = {"accept": CONTENT_TYPE}
PAGE = {"accept": "text/html"}


@dataclass
class Stage:
    """Bakker, Smit and Kwaad share `ring`; Bakker and Smit share `closer`, of which Kwaad knows nothing.

    Jansen is paired with Bakker only. Eva has a server of her own.
    """

    bakker: RunningNode
    smit: RunningNode
    jansen: RunningNode
    kwaad: RunningNode
    ring: str
    closer: str
    anna: int
    sara: int
    koos: int
    eva: Stranger

    @property
    def honest(self) -> tuple[RunningNode, RunningNode]:
        return self.bakker, self.smit

    async def settle(self) -> None:
        await settle(self.bakker, self.smit, self.jansen, self.kwaad)

    # --- what Kwaad says ---

    def note(self, words: str, **fields: Any) -> dict[str, Any]:
        """A post by Koos to the ring, unless the fields say otherwise."""
        made = ring_note(self.kwaad, self.koos, self.ring, words, id=f"{self.kwaad.base}/o/{new_id()}")
        return made | fields

    def activity(self, kind: str, about: Any, **fields: Any) -> dict[str, Any]:
        return activity_of(self.kwaad, self.koos, kind, about, **fields)

    async def say(self, kind: str, about: Any, node: RunningNode | None = None, **fields: Any) -> Response:
        """An activity of Koos under Kwaad's own node key, handled when this returns."""
        answer = await deliver_as_node(self.kwaad, node or self.bakker, self.activity(kind, about, **fields))
        await self.settle()
        return answer

    async def say_as_node(self, activity: dict[str, Any], to: RunningNode | None = None) -> Response:
        """An activity of Kwaad's node actor itself."""
        made = activity | {"actor": self.kwaad.identity.actor_uri}
        answer = await deliver_as_node(self.kwaad, to or self.bakker, made)
        await self.settle()
        return answer

    async def ask(self, path: str, node: RunningNode | None = None) -> httpx.Response:
        """A GET under Kwaad's own node key."""
        asked = node or self.bakker
        signed = by_node_key(self.kwaad)("GET", asked.base + path)
        return await asked.client().get(path, headers=DOCUMENT | signed)

    # --- what the others write ---

    def post(self, words: str, audience: str | None = None, **draft: Any) -> int:
        """A post of Anna at Bakker."""
        return post(self.bakker, "anna", audience or self.ring, words, **draft)

    def company_post(self, words: str) -> int:
        return self.post(words, COMPANY)

    def post_picture(self, words: str, audience: str | None = None) -> tuple[int, int]:
        """A post with a picture: the ids of both."""
        made = self.post(words, audience, pictures=[picture()], alts=["een ketel"])
        query = select(files.c.id).where(files.c.object_id == made)
        return made, int(self.bakker.read(lambda db: db.execute(query).scalar_one()))

    # --- what came of it ---

    def kept(self, words: str, node: RunningNode | None = None) -> Row[Any] | None:
        return find_text(node or self.bakker, words)

    async def is_shown_to_the_world(self, words: str) -> bool:
        """On any page or document that somebody without a log-in can think of, at both honest firms."""
        for node in self.honest:
            row = find_text(node, words)
            paths = ["/", "/@anna"] + ([f"/o/{row.id}"] if row is not None else [])
            for path in paths:
                for accept in (DOCUMENT, PAGE):
                    answer = await node.client().get(path, headers=accept)
                    if words in answer.text:
                        return True
        return False

    def peer_id(self, node: RunningNode, other: RunningNode) -> int:
        row = node.read(lambda db: find_peer(db, other.domain))
        assert row is not None
        return int(row.id)

    @property
    def urn(self) -> str:
        return ring_urn(self.ring.removeprefix("ring:"))


def signed_by(node: RunningNode, method: str, url: str, body: bytes = b"") -> Request:
    """A request under a node's own key."""
    made = Request(method, url, {"content-type": CONTENT_TYPE} if body else {}, body)
    return sign_as(made, node.identity.node_key_id, node.identity.ed25519_private, sign_rfc9421)


def as_body(activity: dict[str, Any]) -> bytes:
    return json.dumps(activity).encode()


@asynccontextmanager
async def made_stage(folder: Path, new_url: Callable[[], str]) -> AsyncIterator[Stage]:
    urls = {f"{name}.localhost": new_url() for name in NAMES}
    async with fediverse(folder, urls) as nodes:
        bakker, smit, jansen, kwaad = (nodes[name] for name in NAMES)
        anna = make_member(bakker, "anna", name="Anna de Boer", has_face=True)
        sara, koos = make_member(smit, "sara"), make_member(kwaad, "koos")
        for one, other in ((bakker, smit), (bakker, kwaad), (smit, kwaad), (bakker, jansen)):
            await pair(one, other)
        ring = await make_ring(bakker, smit, kwaad)
        closer = await make_ring(bakker, smit, name="Samen", handle="samen")
        eva = Stranger(bakker.sender, "elders.localhost", "eva")
        stage = Stage(bakker, smit, jansen, kwaad, ring, closer, anna, sara, koos, eva)
        await stage.settle()
        yield stage
