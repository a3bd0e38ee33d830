"""A full disk: said in words, nothing half kept, and the node goes on when there is room again."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from node.departures import departures
from node.objects import objects
from node.outbox import numbers
from node.queue import activities, deliveries, received
from tests.processes.conftest import Pair
from tests.processes.nodes import Node
from tests.processes.posting import check_departures, check_numbers, check_posts, publish, wait_until_settled
from tests.processes.sending import ring_post, send

TABLES = (objects, activities, deliveries, received, departures)


@contextmanager
def full_disk(node: Node) -> Iterator[None]:
    """No file of this process can grow or be rewritten: what a full disk does, without filling one."""
    before = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, before)


def counts(node: Node) -> list[int]:
    found = [node.rows(select(func.count()).select_from(table))[0][0] for table in TABLES]
    return [*found, *(row.last for row in node.rows(select(numbers.c.last)))]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit a running process")
def test_a_post_that_cannot_be_kept_is_refused_in_words_and_the_node_lives_on(two: Pair) -> None:
    two.bakker.start_and_wait()
    with two.bakker.log_in("fatima") as browser:
        first = publish(browser, two.audience, "voor de volle schijf")
        kept = counts(two.bakker)
        with full_disk(two.bakker):
            form = {"audience": two.audience, "source": "past er niet meer op", "language": "nl"}
            answer = browser.post("/posts", data=form)
            refused = send(two.smit, two.bakker, ring_post(two, "past er ook niet op"))
            home = browser.get("/")
        assert answer.status_code == 503
        assert "misschien is de schijf vol" in answer.text
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert home.status_code == 200
        assert "past er niet meer op" not in home.text
        assert counts(two.bakker) == kept
        second = publish(browser, two.audience, "na de volle schijf")
    two.smit.start_and_wait()
    wait_until_settled(two, [(two.bakker, first), (two.bakker, second)])
    check_posts(two.bakker, two.smit, {first: "voor de volle schijf", second: "na de volle schijf"})
    check_numbers(two)
    check_departures(two)
