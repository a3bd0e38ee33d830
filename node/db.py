"""Engine, transactions and column types; the tables live with their subjects."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")  # SQLite gives rowid semantics to INTEGER only


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in Python; naive UTC in SQLite, timestamptz in PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class OnlyReads(Exception):
    """Something was about to be written where nothing may be (check-rings)."""


def open_engine(url: str, *, only_reads: bool = False) -> Engine:
    """An engine for SQLite (WAL, real BEGIN, durable commits) or PostgreSQL.

    With `only_reads` the database itself refuses every change, and OnlyReads says where one was meant.
    """
    if only_reads:
        return _open_for_reading(url)
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=30, hide_parameters=True)
    engine = create_engine(
        url, connect_args={"timeout": 20}, pool_size=10, max_overflow=40, hide_parameters=True
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_for_reading(url: str) -> Engine:
    if url.startswith("sqlite"):
        path = make_url(url).database
        engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true", hide_parameters=True)
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin_reading)
    else:
        options = {"options": "-c default_transaction_read_only=on"}
        engine = create_engine(url, connect_args=options, hide_parameters=True)
    event.listen(engine, "before_cursor_execute", _refuse_changes)
    return engine.execution_options(only_reads=True)


def is_only_reads(engine: Engine) -> bool:
    return bool(engine.get_execution_options().get("only_reads"))


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    connection.isolation_level = None


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _refuse_changes(_db: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    words = statement.lstrip().upper()
    if words.startswith(("INSERT", "UPDATE", "DELETE")) or " FOR UPDATE" in words:
        raise OnlyReads


def _configure_sqlite(connection: Any, _record: object) -> None:
    # pysqlite's own transaction handling would commit at RELEASE SAVEPOINT; we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot; what is written in it is rolled back."""
    with engine.connect() as db:
        yield db


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that takes SQLite's write lock at once; commits at the end or not at all."""
    with engine.connect().execution_options(writes=True) as db, db.begin():
        yield db


def absolute(base: str, uri: str) -> str:
    """The full URL of a stored uri: ours are paths without a domain."""
    return base + uri if uri.startswith("/") else uri


def relative(base: str, uri: str) -> str:
    """The stored form of a URL: ours lose the domain."""
    return uri.removeprefix(base) if uri.startswith(base + "/") else uri


def insert_new(db: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert rows, passing over those whose key is there already; returns how many are new."""
    if not rows:
        return 0
    maker = sqlite.insert if db.dialect.name == "sqlite" else postgresql.insert
    # psycopg counts nothing when it inserts many, so the rows themselves are counted.
    statement = maker(table).on_conflict_do_nothing().returning(*table.primary_key)
    return len(db.execute(statement, rows).all())
