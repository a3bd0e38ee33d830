"""The chain of departures: a line changed, cut out, put in or added is found; else its head stands still."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, update

from node import identity
from node.db import open_engine, writing
from node.departures import departures, line_hash, record_departure, verify_departures

pytestmark = pytest.mark.each_database
LINES = 5


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A node from which five activities left."""
    engine = open_engine(database_url)
    with writing(engine) as db:
        identity.create(db, name="Bakker", domain="bakker.localhost", kind="firm")
        for number in range(1, LINES + 1):
            send(db, number)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    with writing(engine) as db:
        yield db


def send(db: Connection, number: int) -> None:
    about = {"ids": [f"http://bakker.localhost/a/{number}"], "receivers": ["smit.localhost"]}
    record_departure(db, "activity", content=f"inhoud {number}".encode(), **about)


def line(db: Connection, seq: int) -> dict[str, Any]:
    return dict(db.execute(select(departures).where(departures.c.seq == seq)).one()._mapping)


def change(db: Connection, at_seq: int, **values: object) -> None:
    db.execute(update(departures).where(departures.c.seq == at_seq).values(**values))


def test_an_untouched_chain_holds_and_its_head_stays(db: Connection) -> None:
    first, second = verify_departures(db), verify_departures(db)
    assert first == second
    assert (first.lines, first.broken_at, first.head) == (LINES, None, line(db, LINES)["hash"])


def test_every_new_line_moves_the_head(db: Connection) -> None:
    before = verify_departures(db).head
    send(db, LINES + 1)
    after = verify_departures(db)
    assert after.head != before
    assert after.broken_at is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "mail"),
        ("ids", json.dumps(["http://bakker.localhost/a/9"])),
        ("receivers", json.dumps(["jansen.localhost"])),
        ("content", "0" * 64),
        ("previous", "0" * 64),
    ],
)
def test_a_changed_field_is_found_at_its_line(db: Connection, field: str, value: str) -> None:
    change(db, 3, **{field: value})
    assert verify_departures(db).broken_at == 3


def test_a_changed_time_is_found(db: Connection) -> None:
    change(db, 3, at=line(db, 2)["at"])
    assert verify_departures(db).broken_at == 3


def test_a_line_rewritten_with_its_own_hash_is_found_at_the_next(db: Connection) -> None:
    rewritten = line(db, 3) | {"receivers": json.dumps(["jansen.localhost"])}
    change(db, 3, receivers=rewritten["receivers"], hash=line_hash(rewritten))
    assert verify_departures(db).broken_at == 4


def test_a_line_cut_out_is_found(db: Connection) -> None:
    db.execute(delete(departures).where(departures.c.seq == 2))
    assert verify_departures(db).broken_at == 3


def test_a_cut_closed_by_renumbering_is_found(db: Connection) -> None:
    db.execute(delete(departures).where(departures.c.seq == 2))
    for seq in range(3, LINES + 1):
        change(db, seq, seq=seq - 1)
    assert verify_departures(db).broken_at == 2


def test_a_cut_at_the_end_shows_in_the_head(db: Connection) -> None:
    """Without lines after it only a head that was kept elsewhere can tell."""
    kept = verify_departures(db).head
    db.execute(delete(departures).where(departures.c.seq == LINES))
    assert verify_departures(db).head != kept


def test_a_line_added_by_hand_is_found(db: Connection) -> None:
    forged = line(db, LINES) | {"seq": LINES + 1, "hash": "f" * 64}
    db.execute(insert(departures).values(**forged))
    assert verify_departures(db).broken_at == LINES + 1


def test_erasing_a_salt_leaves_the_chain_whole(db: Connection) -> None:
    change(db, 3, salt=None)
    assert verify_departures(db).broken_at is None


def test_equal_contents_do_not_show(db: Connection) -> None:
    """Nobody can confirm a guessed text, or see that the same went out twice."""
    send(db, 1)
    assert line(db, 1)["content"] != line(db, LINES + 1)["content"]
