"""Two firms, Bakker and Smit, as whole nodes in one process."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.factories import make_member
from tests.network import RunningNode, fediverse, settle
from tests.sector import join_sector, make_terms

BAKKER, SMIT, STRANGER = "bakker.localhost:8001", "smit.localhost:8002", "vreemd.localhost:8003"


@dataclass(frozen=True)
class Firms:
    """The nodes of a test; `stranger` is paired with nobody."""

    bakker: RunningNode
    smit: RunningNode
    stranger: RunningNode


@pytest.fixture
async def firms(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Firms]:
    domains = {}
    for number, domain in enumerate((BAKKER, SMIT, STRANGER)):
        path = tmp_path / f"{number}.sqlite3"
        shutil.copy(sqlite_template, path)
        domains[domain] = f"sqlite:///{path}"
    async with fediverse(tmp_path / "homes", domains) as nodes:
        yield Firms(nodes["bakker"], nodes["smit"], nodes["vreemd"])


SECTOR = ("branche", "bakker", "smit", "jansen")


@dataclass(frozen=True)
class Sector:
    """The hub Branche is steward of a ring: Bakker and Smit by roster 1, Jansen by roster 2."""

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sector_homes(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[Path, str]:
    """The databases of a sector ring that runs, made once; tests go on with copies."""
    folder = tmp_path_factory.mktemp("sector")
    for name in SECTOR:
        shutil.copy(sqlite_template, folder / f"{name}.sqlite3")
    async with fediverse(folder / "homes", _urls(folder), kinds={"branche.localhost": "hub"}) as nodes:
        branche = nodes["branche"]
        ring = make_terms(branche)
        for name in SECTOR:
            make_member(nodes[name], "anna")
        await join_sector(branche, ring, nodes["bakker"], nodes["smit"])
        await join_sector(branche, ring, nodes["jansen"])
        await settle(*nodes.values())
    return folder, ring


def _urls(folder: Path) -> dict[str, str]:
    return {f"{name}.localhost": f"sqlite:///{folder / name}.sqlite3" for name in SECTOR}


@pytest.fixture
async def sector(sector_homes: tuple[Path, str], tmp_path: Path) -> AsyncIterator[Sector]:
    folder, ring = sector_homes
    for name in SECTOR:
        shutil.copy(folder / f"{name}.sqlite3", tmp_path)
    async with fediverse(tmp_path / "homes", _urls(tmp_path), kinds={"branche.localhost": "hub"}) as nodes:
        branche, bakker, smit, jansen = (nodes[name] for name in SECTOR)
        yield Sector(branche, bakker, smit, jansen, ring)
