"""SIGKILL at any moment: nothing that was acknowledged is lost, and nothing happens twice."""

import random

from node.queue import count_queue
from tests.processes.conftest import Pair
from tests.processes.killing import kill_and_check
from tests.processes.listeners import Listener
from tests.processes.nodes import Node
from tests.processes.posting import (
    check_departures,
    check_notices,
    check_numbers,
    check_posts,
    publish,
    wait_until_settled,
)

KILLS = 10


def test_ten_kills_at_random_lose_nothing_acknowledged_and_double_nothing(two: Pair) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    kill_and_check(two, random.Random(seed), KILLS)


def test_an_author_killed_between_sending_and_recording_sends_again_and_it_stands_once(two: Pair) -> None:
    for node in two.nodes:
        node.start_and_wait()
    with two.bakker.log_in("fatima") as browser:
        first = publish(browser, two.audience, "Goedemorgen.")
        wait_until_settled(two, [(two.bakker, first)])  # Smit proved its key
        two.smit.kill()
    with two.bakker.log_in("fatima") as browser, Listener(two.smit.port) as instead_of_smit:
        post = publish(browser, two.audience, f"Wie weet dit, @sanne@{two.smit.domain}?")
        sent = instead_of_smit.take("/inbox")
        two.bakker.kill()
    assert two.bakker.read(count_queue)["deliveries"] == 1
    two.smit.start_and_wait()
    assert sent.replay(two.smit) == 202
    two.bakker.start_and_wait()
    wait_until_settled(two, [(two.bakker, post)])
    check_all(two, two.bakker, two.smit, {post: f"Wie weet dit, @sanne@{two.smit.domain}?"})


def check_all(two: Pair, author: Node, partner: Node, acknowledged: dict[int, str]) -> None:
    check_posts(author, partner, acknowledged)
    check_notices(partner, [f"{author.url}/o/{post}" for post in acknowledged])
    check_numbers(two)
    check_departures(two)
