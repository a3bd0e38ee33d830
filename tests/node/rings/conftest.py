"""Two firms, Bakker and Smit, as whole nodes in one process."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.network import RunningNode, fediverse

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
