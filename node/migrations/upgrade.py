"""Brings a home's database to this version's tables; on an up-to-date one that is a single look."""

from importlib import import_module

from sqlalchemy import Engine, String, column, inspect, select, table

HEAD = "0003"  # the newest revision in versions/; a test compares
VERSIONS = table("alembic_version", column("version_num", String))


class UpgradeFailed(Exception):
    """The tables could not be brought up to date; nothing was changed."""


def upgrade(engine: Engine) -> None:
    """Apply what is missing; raises UpgradeFailed, also for a database that a newer version has written."""
    if current_revision(engine) != HEAD:
        # Alembic is a third of a start's time: loaded only when there is something to migrate.
        import_module("node.migrations.running").run_upgrade(engine)


def current_revision(engine: Engine) -> str | None:
    with engine.connect() as db:
        if not inspect(db).has_table("alembic_version"):
            return None
        return db.execute(select(VERSIONS.c.version_num)).scalar_one_or_none()
