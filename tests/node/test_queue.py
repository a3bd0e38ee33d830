"""The queue's promises: oldest first, one worker per peer, nothing lost, nothing twice, on both databases."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import Connection, Engine, select

from node import identity
from node.boundary import Receiver
from node.db import open_engine, reading, writing
from node.departures import verify_departures
from node.ids import now
from node.objects import ring_audience
from node.outbox import last_number, publish
from node.peers import change_peer, keep_peer
from node.queue import (
    CLAIM_SECONDS,
    Arrival,
    Claim,
    activities,
    claim_peers,
    deliveries,
    drop_deliveries,
    end_received,
    is_anything_due,
    keep_claim,
    keep_received,
    next_delivery,
    peers_waiting,
    postpone_received,
    record_dead,
    record_delivered,
    record_failure,
    release_all_claims,
    release_claim,
    take_received,
    waiting_received,
    wake_peer,
)

pytestmark = pytest.mark.each_database

Found = TypeVar("Found")
RING = ring_audience("ab" * 32)
SMIT, VISSER = "smit.localhost:8002", "visser.localhost:8003"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    with writing(engine) as db:
        identity.create(db, name="Bakker", domain="bakker.localhost:8001", kind="firm")
    yield engine
    engine.dispose()


def read(engine: Engine, look: Callable[[Connection], Found]) -> Found:
    with reading(engine) as db:
        return look(db)


def write(engine: Engine, change: Callable[[Connection], Found]) -> Found:
    with writing(engine) as db:
        return change(db)


def send(engine: Engine, *domains: str, audience: str = RING, type: str = "Create") -> int:
    """Publish something for these servers; returns the activity's id."""
    with writing(engine) as db:
        receivers = [Receiver(keep_peer(db, domain), f"http://{domain}/inbox") for domain in domains]
        node = identity.load(db, "http")
        return publish(db, node, {"type": type}, audience=audience, receivers=receivers)


def claim(engine: Engine) -> list[Claim]:
    return write(engine, claim_peers)


def next_of(engine: Engine, peer_id: int) -> int | None:
    found = read(engine, lambda db: next_delivery(db, peer_id))
    return found.activity_id if found else None


def states(engine: Engine) -> list[str]:
    return list(
        read(engine, lambda db: db.scalars(select(deliveries.c.state).order_by(deliveries.c.id)).all())
    )


# --- whose turn it is --------------------------------------------------------------------------------


def test_a_claimed_peer_is_nobody_elses_until_it_is_let_go(engine: Engine) -> None:
    send(engine, SMIT)
    (mine,) = claim(engine)
    assert claim(engine) == []
    assert not read(engine, is_anything_due)
    write(engine, lambda db: release_claim(db, mine))
    assert [one.peer_id for one in claim(engine)] == [mine.peer_id]


def test_a_peer_is_claimed_once_however_many_workers_ask_at_the_same_moment(engine: Engine) -> None:
    for number in range(6):
        send(engine, f"node{number}.localhost:8002")
    together = Barrier(4)

    def ask(_: int) -> list[Claim]:
        together.wait()
        return claim(engine)

    with ThreadPoolExecutor(4) as pool:
        claimed = [one.peer_id for found in pool.map(ask, range(4)) for one in found]
    assert len(set(claimed)) == len(claimed)
    assert len([*claimed, *(one.peer_id for one in claim(engine))]) == 6


def test_a_claim_of_a_worker_that_died_runs_out(engine: Engine) -> None:
    send(engine, SMIT)
    (dead,) = claim(engine)
    expired = Claim(dead.peer_id, now() - timedelta(seconds=1))
    write(engine, lambda db: set_claim(db, expired))
    (mine,) = claim(engine)
    assert mine.until > now() + timedelta(seconds=CLAIM_SECONDS - 10)
    assert write(engine, lambda db: keep_claim(db, expired)) is None
    write(engine, lambda db: release_claim(db, expired))
    assert write(engine, lambda db: keep_claim(db, mine)) is not None


def set_claim(db: Connection, claim: Claim) -> None:
    change_peer(db, claim.peer_id, claimed_until=claim.until)


def test_a_node_that_starts_alone_lets_go_of_what_died_with_its_process(engine: Engine) -> None:
    send(engine, SMIT)
    claim(engine)
    write(engine, release_all_claims)
    assert len(claim(engine)) == 1


def test_well_peers_come_before_those_that_failed(engine: Engine) -> None:
    send(engine, SMIT, VISSER)
    smit = write(engine, lambda db: keep_peer(db, SMIT))
    write(engine, lambda db: change_peer(db, smit, failures=3))
    (first,) = write(engine, lambda db: claim_peers(db, limit=1))
    assert first.peer_id != smit


# --- what goes next ----------------------------------------------------------------------------------


def test_deliveries_go_oldest_first_and_a_dead_one_makes_way(engine: Engine) -> None:
    sent = [send(engine, SMIT) for _ in range(3)]
    (mine,) = claim(engine)
    gone = []
    for record in (record_delivered, partial(record_dead, error="refused"), record_delivered):
        with writing(engine) as db:
            delivery = next_delivery(db, mine.peer_id)
            assert delivery is not None
            record(db, delivery)
            gone.append(delivery.activity_id)
    assert gone == sent
    assert states(engine) == ["done", "dead", "done"]
    assert next_of(engine, mine.peer_id) is None


def test_a_failure_is_the_peers_and_holds_only_its_own_deliveries(engine: Engine) -> None:
    first = send(engine, SMIT, VISSER)
    smit, visser = sorted(claim(engine), key=lambda one: one.peer_id)
    delivery = read(engine, lambda db: next_delivery(db, smit.peer_id))
    assert delivery is not None
    later = now() + timedelta(minutes=5)
    write(engine, lambda db: record_failure(db, delivery, "down", later))
    with writing(engine) as db:
        release_claim(db, smit)
        release_claim(db, visser)
    send(engine, SMIT)
    assert [one.peer_id for one in claim(engine)] == [visser.peer_id]
    assert next_of(engine, smit.peer_id) == first
    write(engine, lambda db: wake_peer(db, smit.peer_id))
    assert [one.peer_id for one in claim(engine)] == [smit.peer_id]


def test_what_is_dropped_is_not_taken_any_more_but_its_delete_is(engine: Engine) -> None:
    send(engine, SMIT)
    taken_back = send(engine, SMIT, type="Delete")
    (mine,) = claim(engine)
    assert write(engine, lambda db: drop_deliveries(db, mine.peer_id, audience=RING)) == 1
    assert next_of(engine, mine.peer_id) == taken_back


# --- writers beside each other -----------------------------------------------------------------------


def test_writers_beside_each_other_leave_no_gap_in_numbers_and_one_unbroken_chain(engine: Engine) -> None:
    other = ring_audience("cd" * 32)
    together = Barrier(4)

    def write_some(worker: int) -> None:
        together.wait()
        for turn in range(5):
            send(engine, SMIT, audience=RING if (worker + turn) % 2 else other)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_some, range(4)))
    for audience in (RING, other):
        numbers = select(activities.c.n).where(activities.c.audience == audience).order_by(activities.c.n)
        with reading(engine) as db:
            last = last_number(db, identity.load(db, "http"), audience)
            assert list(db.scalars(numbers)) == list(range(1, last + 1))
    verdict = read(engine, verify_departures)
    assert (verdict.lines, verdict.broken_at) == (20, None)


def test_two_rings_in_one_transaction_never_wait_for_each_other_in_a_circle(engine: Engine) -> None:
    other = ring_audience("cd" * 32)
    together = Barrier(2)

    def write_both(audiences: tuple[str, str]) -> None:
        together.wait()
        for _ in range(10):
            with writing(engine) as db:
                node = identity.load(db, "http")
                for audience in audiences:
                    publish(db, node, {"type": "Create"}, audience=audience, receivers=[])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_both, [(RING, other), (other, RING)]))
    node = read(engine, lambda db: identity.load(db, "http"))
    assert read(engine, lambda db: last_number(db, node, RING)) == 20


def test_a_number_of_a_transaction_that_failed_is_given_again(engine: Engine) -> None:
    def fail(db: Connection) -> None:
        publish(db, identity.load(db, "http"), {"type": "Create"}, audience=RING, receivers=[])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(engine, fail)
    send(engine, SMIT)
    node = read(engine, lambda db: identity.load(db, "http"))
    assert read(engine, lambda db: last_number(db, node, RING)) == 1


def test_a_server_met_twice_at_the_same_moment_is_one_peer(engine: Engine) -> None:
    together = Barrier(4)

    def meet(_: int) -> int:
        together.wait()
        return write(engine, lambda db: keep_peer(db, SMIT))

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(meet, range(4)))) == 1


# --- what came in ------------------------------------------------------------------------------------


def keep(engine: Engine, *numbers: int, domain: str = SMIT) -> int:
    """Activities of a server come in; returns how many were new."""
    with writing(engine) as db:
        peer_id = keep_peer(db, domain)
        base = f"http://{domain}"
        came = [Arrival(f"{base}/a/{number}", domain, f"{base}/p/1", True, "{}") for number in numbers]
        return keep_received(db, [(one, peer_id) for one in came])


def waiting(engine: Engine, domain: str = SMIT) -> list[int]:
    return write(engine, lambda db: waiting_received(db, keep_peer(db, domain)))


def test_what_comes_twice_is_kept_once_also_when_it_was_handled_already(engine: Engine) -> None:
    assert keep(engine, 1, 2, 2) == 2
    write(engine, lambda db: end_received(db, waiting_of(db)[0], "done"))
    assert keep(engine, 1, 2, 3) == 1
    assert len(waiting(engine)) == 2


def waiting_of(db: Connection) -> list[int]:
    return waiting_received(db, keep_peer(db, SMIT))


def test_activities_are_handled_in_the_order_they_came_for_each_server_by_itself(engine: Engine) -> None:
    for number in range(3):
        keep(engine, number)
        keep(engine, number, domain=VISSER)
    assert waiting(engine) == sorted(waiting(engine))
    assert len(waiting(engine)) == len(waiting(engine, VISSER)) == 3
    with writing(engine) as db:
        assert peers_waiting(db) == [keep_peer(db, SMIT), keep_peer(db, VISSER)]


def test_one_that_was_put_off_waits_for_its_time(engine: Engine) -> None:
    keep(engine, 1)
    (one,) = waiting(engine)
    write(engine, lambda db: postpone_received(db, one, "later", now() + timedelta(minutes=1)))
    assert waiting(engine) == []
    assert read(engine, peers_waiting) == []


def test_one_worker_at_a_time_handles_what_a_peer_sent(engine: Engine) -> None:
    keep(engine, 1, 2)
    one, two = waiting(engine)
    with writing(engine) as db:
        assert take_received(db, one) is not None
        if engine.dialect.name == "postgresql":  # SQLite lets nobody else write meanwhile
            assert write(engine, lambda other: take_received(other, one)) is None
            assert write(engine, lambda other: take_received(other, two)) is None
        end_received(db, one, "done")
    assert write(engine, lambda db: take_received(db, one)) is None
    assert write(engine, lambda db: take_received(db, two)) is not None
