"""What every test gets: databases, no sockets but loopback, and the report of skips."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import PostgresServer

NO_SKIP = "LEERKRING_NO_SKIP"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "each_database: runs on SQLite and on PostgreSQL")
    for name in [name for name in os.environ if name.startswith("LEERKRING_") and name != NO_SKIP]:
        del os.environ[name]


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
        yield f"sqlite:///{tmp_path / 'leerkring.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


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
