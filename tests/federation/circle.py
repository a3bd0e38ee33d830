"""Two firms that share a ring, and a hub that does not: where the rules of rings are tried."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.factories import make_member, make_ring, pair, post
from tests.federation.readers import DOCUMENT, Reader, by_node_key
from tests.network import RunningNode, fediverse, settle


@dataclass(frozen=True)
class Circle:
    """Bakker and Smit share a ring; the hub Branche is paired with Bakker and in no ring."""

    bakker: RunningNode
    smit: RunningNode
    branche: RunningNode
    ring: str
    anna: int
    sara: int

    async def settle(self) -> None:
        await settle(self.bakker, self.smit, self.branche)

    def post(self, words: str, **draft: Any) -> int:
        return post(self.bakker, "anna", draft.pop("audience", self.ring), words, **draft)

    async def ask(self, asker: RunningNode, path: str) -> int:
        """The status of a GET at Bakker under another node's own key."""
        reader = Reader(asker.domain, {"bakker": self.bakker.client()}, by_node_key(asker))
        return (await reader.get(self.bakker, path, DOCUMENT)).status_code


@asynccontextmanager
async def made_circle(folder: Path, new_url: Callable[[], str]) -> AsyncIterator[Circle]:
    urls = {f"{name}.localhost": new_url() for name in ("bakker", "smit", "branche")}
    async with fediverse(folder, urls, kinds={"branche.localhost": "hub"}) as nodes:
        yield await _join(nodes)


async def _join(nodes: Mapping[str, RunningNode]) -> Circle:
    bakker, smit, branche = nodes["bakker"], nodes["smit"], nodes["branche"]
    anna, sara = make_member(bakker, "anna"), make_member(smit, "sara")
    make_member(branche, "hilde", has_face=True)
    await pair(bakker, smit)
    await pair(bakker, branche)
    made = Circle(bakker, smit, branche, await make_ring(bakker, smit), anna, sara)
    await made.settle()
    return made
