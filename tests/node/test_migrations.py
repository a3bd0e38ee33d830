"""Migrations: from nothing to exactly the tables of the code, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from node.db import metadata, open_engine
from node.migrations.running import config_for, head_revision
from node.migrations.tables import MODULES
from node.migrations.upgrade import HEAD, current_revision, upgrade


@pytest.mark.each_database
def test_an_empty_database_gets_the_tables_of_the_code(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    upgrade(engine)
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
    assert current_revision(engine) == head_revision(config_for(engine)) == HEAD
    engine.dispose()


@pytest.mark.each_database
def test_an_upgrade_of_what_is_up_to_date_changes_nothing(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    upgrade(engine)
    before = current_revision(engine)
    upgrade(engine)
    assert current_revision(engine) == before
    engine.dispose()


def test_every_module_with_tables_is_known_to_the_migrations() -> None:
    assert len(MODULES) >= 14
    assert {"objects", "posts", "rings", "deliveries", "members"} <= set(metadata.tables)
