"""A sector ring: terms, applications, the numbered roster, who is in by each node's own copy."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from node.boundary import is_in_ring, ring_nodes
from node.objects import objects
from tests.factories import make_member, post
from tests.network import RunningNode, fediverse, settle
from tests.sector import join_sector, make_terms

NAMES = ("branche", "bakker", "smit", "jansen")


@dataclass(frozen=True)
class Sector:
    """The hub Branche is steward of a ring in which Bakker, Smit and Jansen are; they never paired."""

    branche: RunningNode
    bakker: RunningNode
    smit: RunningNode
    jansen: RunningNode
    ring: str

    @property
    def audience(self) -> str:
        return f"ring:{self.ring}"

    @property
    def firms(self) -> tuple[RunningNode, ...]:
        return self.bakker, self.smit, self.jansen

    async def settle(self) -> None:
        await settle(self.branche, *self.firms)


@pytest.fixture
async def sector(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Sector]:
    urls = {}
    for name in NAMES:
        shutil.copy(sqlite_template, tmp_path / f"{name}.sqlite3")
        urls[f"{name}.localhost"] = f"sqlite:///{tmp_path / name}.sqlite3"
    async with fediverse(tmp_path / "homes", urls, kinds={"branche.localhost": "hub"}) as nodes:
        branche, bakker, smit, jansen = (nodes[name] for name in NAMES)
        made = Sector(branche, bakker, smit, jansen, make_terms(branche))
        for firm in made.firms:
            make_member(firm, "anna")
        await join_sector(made.branche, made.ring, *made.firms)
        yield made


def inside(node: RunningNode, audience: str) -> list[str]:
    """The other nodes that it would send to; [] as well when it is not in itself."""
    if not node.read(lambda db: is_in_ring(db, audience)):
        return []
    return node.read(lambda db: [peer.domain for peer in ring_nodes(db, audience)])


def texts(node: RunningNode, audience: str) -> int:
    query = select(objects.c.id).where(objects.c.audience == audience, objects.c.kind == "post")
    return len(node.read(lambda db: db.execute(query).all()))


async def test_firms_that_signed_the_terms_share_content_straight(sector: Sector) -> None:
    assert inside(sector.bakker, sector.audience) == ["jansen.localhost", "smit.localhost"]
    post(sector.bakker, "anna", sector.audience, "Wie heeft dit ook?")
    before = len(sector.bakker.sender.log)
    await sector.settle()
    assert texts(sector.smit, sector.audience) == texts(sector.jansen, sector.audience) == 1
    assert texts(sector.branche, sector.audience) == 0
    sent = [request for request, _ in sector.bakker.sender.log[before:] if b"Wie heeft" in request.body]
    assert all("branche" not in request.url for request in sent)
