"""What a column holds when nobody says."""

from typing import Any

import pytest
from sqlalchemy import Boolean, Column, MetaData, Table, insert, select
from sqlalchemy.sql.elements import True_

from node.db import metadata, open_engine
from tests.schema import create_schema


@pytest.mark.each_database
def test_a_boolean_reads_as_its_default_says(empty_database_url: str) -> None:
    """SQLite takes the word 'false' in quotes for true."""
    create_schema(empty_database_url)
    defaults = boolean_defaults()
    columns = [Column(name, Boolean, server_default=default) for name, default in defaults.items()]
    table = Table("defaults", MetaData(), *columns)
    engine = open_engine(empty_database_url)
    with engine.begin() as db:
        table.create(db)
        db.execute(insert(table).values())
        found = db.execute(select(table)).one()
    engine.dispose()
    assert defaults
    assert dict(found._mapping) == {name: isinstance(said, True_) for name, said in defaults.items()}


def boolean_defaults() -> dict[str, Any]:
    every = [column for table in metadata.tables.values() for column in table.columns]
    defaults = [(column, column.server_default) for column in every if isinstance(column.type, Boolean)]
    return {f"{column.table}_{column.name}": _said(default) for column, default in defaults if default}


def _said(default: Any) -> Any:
    return default.arg
