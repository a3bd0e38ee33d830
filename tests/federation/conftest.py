"""Databases for several nodes at once, and the world of the leak suite, made once for each module."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from tests.federation.world import World, leak_world
from tests.network import RunningNode, fediverse
from tests.postgres import PostgresServer

NewUrl = Callable[[], str]


@pytest.fixture(scope="module")
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], NewUrl]]:
    """Given a kind of database: a function that makes new ones with all tables, gone after the module."""
    with ExitStack() as stack:

        def maker(kind: str) -> NewUrl:
            if kind == "sqlite":
                template: Path = request.getfixturevalue("sqlite_template")
                folder, numbers = tmp_path_factory.mktemp("databases"), count(1)
                return lambda: _copy(template, folder / f"{next(numbers)}.sqlite3")
            server: PostgresServer = request.getfixturevalue("postgres_server")
            name: str = request.getfixturevalue("postgres_template")
            return lambda: stack.enter_context(server.database(template=name))

        yield maker


def _copy(template: Path, target: Path) -> str:
    shutil.copy(template, target)
    return f"sqlite:///{target}"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def world(
    request: pytest.FixtureRequest,
    databases: Callable[[str], NewUrl],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    async with leak_world(tmp_path_factory.mktemp("homes"), databases(request.param)) as made:
        yield made


@pytest_asyncio.fixture
async def nodes(
    database_kind: str, databases: Callable[[str], NewUrl], tmp_path: Path
) -> AsyncIterator[dict[str, RunningNode]]:
    """Three empty nodes, bakker, smit and the hub branche, for one test."""
    new_url = databases(database_kind)
    domains = {f"{name}.localhost": new_url() for name in ("bakker", "smit", "branche")}
    async with fediverse(tmp_path / "homes", domains, kinds={"branche.localhost": "hub"}) as made:
        yield made
