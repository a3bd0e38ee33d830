"""Every trick of the hostile node gets what its line in the table says, and no more."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.hostile.everything import TRICKS
from tests.hostile.stage import Stage, made_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(new_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One for all tricks that leave it as it was."""
    async with made_stage(tmp_path_factory.mktemp("stage") / "homes", new_url) as made:
        yield made


@pytest.mark.parametrize("name", [name for name, trick in TRICKS.items() if not trick.ends])
async def test_a_trick_gets_no_more_than_its_rule_allows(stage: Stage, name: str) -> None:
    assert await TRICKS[name].play(stage)


@pytest.mark.parametrize("name", [name for name, trick in TRICKS.items() if trick.ends])
async def test_a_trick_that_ends_its_stage(new_url: Callable[[], str], tmp_path: Path, name: str) -> None:
    async with made_stage(tmp_path / "homes", new_url) as stage:
        assert await TRICKS[name].play(stage)
