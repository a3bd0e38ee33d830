"""The databases that tests get are real, empty and apart from each other."""

import pytest
from sqlalchemy import create_engine, inspect, text

from node.db import open_engine, writing
from node.peers import find_peer, keep_peer


@pytest.mark.each_database
@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_gets_an_empty_database_of_the_kind_it_asks(
    empty_database_url: str, database_kind: str, turn: int
) -> None:
    engine = create_engine(empty_database_url)
    assert engine.dialect.name == database_kind
    with engine.begin() as db:
        assert inspect(db).get_table_names() == []
        db.execute(text("CREATE TABLE kept (id INTEGER)"))
    engine.dispose()


def test_the_database_is_sqlite_unless_asked(empty_database_url: str) -> None:
    assert empty_database_url.startswith("sqlite:///")


@pytest.mark.each_database
@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_has_all_tables_and_nothing_of_another_test(database_url: str, turn: int) -> None:
    engine = open_engine(database_url)
    with writing(engine) as db:
        assert {"objects", "memberships", "peers"} <= set(inspect(db).get_table_names())
        assert find_peer(db, "smit.example") is None
        keep_peer(db, "smit.example")
    engine.dispose()
