"""One namespace of handles: a name is one thing's for good, also when two ask at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Engine

from node.actors import take_handle
from node.db import open_engine, writing
from node.errors import Invalid


def take(engine: Engine, start: Barrier, kind: str) -> str:
    start.wait(timeout=30)
    try:
        with writing(engine) as db:
            take_handle(db, "ketels", kind)
    except Invalid:
        return "taken"
    return "ours"


@pytest.mark.each_database
def test_of_two_who_take_a_name_at_once_one_gets_it_and_one_is_told(database_url: str) -> None:
    engine, start = open_engine(database_url), Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(partial(take, engine, start), ("topic", "ring")))
    engine.dispose()
    assert sorted(answers) == ["ours", "taken"]
