"""One whole node for tests of its own pages and actions."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.network import RunningNode, fediverse


@pytest.fixture
async def node(tmp_path: Path, database_url: str) -> AsyncIterator[RunningNode]:
    """A ready node, bakker.localhost:8001, with nobody in it."""
    async with fediverse(tmp_path / "homes", {"bakker.localhost:8001": database_url}) as nodes:
        yield nodes["bakker"]
