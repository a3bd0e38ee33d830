"""What every test gets: databases, no sockets but loopback, and the report of skips."""

import itertools
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from federation import keys
from node.access import passwords
from tests.postgres import PostgresServer
from tests.schema import create_schema

NO_SKIP = "LEERKRING_NO_SKIP"

# On a busy machine one slow example is no failure.
settings.register_profile("leerkring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("leerkring")

# Hundreds of members are made and logged in; nodes in processes of their own keep the real cost.
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KEYS = 64  # RSA pairs are slow to make; no test has this many people, topics and nodes


def cycle_of_new(make: Callable[[], str], *, count: int) -> Callable[[], str]:
    """Makes that many and hands them out again and again."""
    made, turn = list[str](), itertools.count()

    def hand_out() -> str:
        if len(made) < count:
            made.append(make())
        return made[next(turn) % count]

    return hand_out


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "each_database: runs on SQLite and on PostgreSQL")
    for name in [name for name in os.environ if name.startswith("LEERKRING_") and name != NO_SKIP]:
        del os.environ[name]
    passwords.hasher = QUICK_HASHER
    keys.new_rsa = cycle_of_new(keys.new_rsa, count=KEYS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("each_database"):
        metafunc.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database of this test: SQLite, unless it is marked `each_database`."""
    kind: str = getattr(request, "param", "sqlite")
    return kind


@pytest.fixture
def empty_database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a new database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a new database with all tables, nothing in them: a copy of one made once."""
    if database_kind == "sqlite":
        yield _copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path / "leerkring.sqlite3")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(template=request.getfixturevalue("postgres_template")) as url:
        yield url


def _copy_sqlite(template: Path, target: Path) -> str:
    shutil.copy(template, target)
    return f"sqlite:///{target}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables."""
    path = tmp_path_factory.mktemp("template") / "leerkring.sqlite3"
    create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables."""
    with postgres_server.database() as url:
        create_schema(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own, reachable through its Unix socket only."""
    with PostgresServer.started() as server:
        yield server


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One plain line per reason why tests were skipped."""
    reasons = _skip_reasons(terminalreporter)
    if not reasons:
        return
    failed = ", which fails the run here" if os.environ.get(NO_SKIP) else ""
    terminalreporter.section(f"skipped{failed}")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} skipped: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get(NO_SKIP) and exitstatus == pytest.ExitCode.OK and _skip_reasons(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skip_reasons(reporter: Any) -> Counter[str]:
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
