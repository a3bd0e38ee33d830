"""Every row of one database written into another: how PostgreSQL gets into a backup and out of one."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, func, insert, inspect, select

from node.db import metadata
from node.errors import Conflict
from node.i18n import msg

ROWS = 500

versions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


@contextmanager
def disposing(engine: Engine) -> Iterator[Engine]:
    """An engine for one errand: its connections are closed whatever happens."""
    try:
        yield engine
    finally:
        engine.dispose()


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy all our tables, parents first; the target has them, empty."""
    for table in metadata.sorted_tables:
        rows = source.execution_options(yield_per=ROWS).execute(select(table)).mappings()
        for part in rows.partitions():
            target.execute(insert(table), [dict(row) for row in part])


def refuse_unknown_tables(db: Connection) -> None:
    """A table that this version does not know would be left out of a copy without a word."""
    unknown = set(inspect(db).get_table_names()) - set(metadata.tables) - {versions.name}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise Conflict(
            msg("The database has tables that this version does not know: %(names)s.", names=names)
        )


def is_empty(db: Connection) -> bool:
    """Whether none of our tables holds a row."""
    known = [table for name, table in metadata.tables.items() if name in inspect(db).get_table_names()]
    return not any(db.scalar(select(func.count()).select_from(table)) for table in known)


def find_revision(db: Connection) -> str | None:
    """The revision of the tables; None in a database that no migration made."""
    if not inspect(db).has_table(versions.name):
        return None
    return db.scalar(select(versions.c.version_num))


def set_revision(db: Connection, revision: str | None) -> None:
    versions.create(db, checkfirst=True)
    if revision is not None:
        db.execute(insert(versions).values(version_num=revision))
