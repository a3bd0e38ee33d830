"""Two nodes that know nothing of each other yet."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.network import RunningNode, fediverse


class Two(NamedTuple):
    bakker: RunningNode
    smit: RunningNode


@pytest.fixture
async def two(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Two]:
    domains = {}
    for domain in ("bakker.localhost:8001", "smit.localhost:8002"):
        copy = tmp_path / f"{domain.partition('.')[0]}.sqlite3"
        shutil.copy(sqlite_template, copy)
        domains[domain] = f"sqlite:///{copy}"
    async with fediverse(tmp_path / "homes", domains) as nodes:
        yield Two(nodes["bakker"], nodes["smit"])
