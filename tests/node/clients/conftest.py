"""Two whole nodes for clients that meet each other."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.network import RunningNode, fediverse


@pytest.fixture
async def two_nodes(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[tuple[RunningNode, RunningNode]]:
    """Bakker and Smit, who do not know each other yet."""
    domains = {}
    for domain in ("bakker.localhost:8001", "smit.localhost:8002"):
        copy = tmp_path / f"{domain.partition('.')[0]}.sqlite3"
        shutil.copy(sqlite_template, copy)
        domains[domain] = f"sqlite:///{copy}"
    async with fediverse(tmp_path / "homes", domains) as nodes:
        yield nodes["bakker"], nodes["smit"]
