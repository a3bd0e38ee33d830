"""Databases for several nodes at once, and the world of the leak suite, made once for each module."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from tests.federation.circle import Circle, made_circle
from tests.federation.firms import Firms, three_firms
from tests.federation.world import World, leak_world
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


def copies(files: Mapping[str, Path], folder: Path) -> dict[str, str]:
    """Databases by domain that begin as nodes of these domains left theirs."""
    return {domain: _copy(file, folder / f"{domain}.sqlite3") for domain, file in files.items()}


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


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def circle(
    request: pytest.FixtureRequest,
    databases: Callable[[str], NewUrl],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Circle]:
    """One for all tests of a module: each uses words of its own and leaves the ring as it is."""
    async with made_circle(tmp_path_factory.mktemp("homes") / "all", databases(request.param)) as made:
        yield made


@pytest_asyncio.fixture(params=["sqlite", "postgresql"])
async def own_circle(
    request: pytest.FixtureRequest, databases: Callable[[str], NewUrl], tmp_path: Path
) -> AsyncIterator[Circle]:
    """One for a test that ends the ring."""
    async with made_circle(tmp_path / "homes", databases(request.param)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firms(
    databases: Callable[[str], Callable[[], str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Firms]:
    """One for all tests: each makes rooms of its own and leaves the ring as it is."""
    async with three_firms(tmp_path_factory.mktemp("homes") / "all", databases("sqlite")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def own_firms(
    database_kind: str, databases: Callable[[str], Callable[[], str]], tmp_path: Path
) -> AsyncIterator[Firms]:
    """One for a test that ends the ring."""
    async with three_firms(tmp_path / "homes", databases(database_kind)) as made:
        yield made
