"""SIGKILL at any moment: nothing that was acknowledged is lost, and nothing happens twice."""

import random
import time
from functools import partial

from node.queue import count_queue
from tests.processes.conftest import Pair
from tests.processes.listeners import Listener
from tests.processes.nodes import Node, wait_until
from tests.processes.posting import (
    Poster,
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
    for node in two.nodes:
        node.start_and_wait()
    posters = [
        Poster(two.bakker, "fatima", two.audience, f"sanne@{two.smit.domain}"),
        Poster(two.smit, "sanne", two.audience, f"fatima@{two.bakker.domain}"),
    ]
    for poster in posters:
        poster.start()
    try:
        kill_at_random(two, posters, random.Random(seed))
    finally:
        for poster in posters:
            poster.finish()
    for node in two.nodes:
        node.wait()
    wait_until_settled(two, [(poster.node, post) for poster in posters for post in poster.acknowledged])
    for poster, partner in zip(posters, two.nodes[::-1], strict=True):
        assert poster.refused == []
        assert poster.acknowledged
        check_posts(poster.node, partner, poster.acknowledged)
        check_notices(partner, [f"{poster.node.url}/o/{post}" for post in poster.acknowledged])
    check_numbers(two)
    check_departures(two)


def kill_at_random(two: Pair, posters: list[Poster], chance: random.Random) -> None:
    """While both post and deliver: after a few more posts of either, and a moment."""
    for _ in range(KILLS):
        victim = chance.choice(two.nodes)
        victim.wait()
        enough = _acknowledged(posters) + chance.randint(1, 8)
        wait_until(partial(_have_acknowledged, posters, enough), "more posts")
        time.sleep(chance.random() / 10)
        victim.kill()
        victim.start()


def _have_acknowledged(posters: list[Poster], enough: int) -> bool:
    return _acknowledged(posters) >= enough


def _acknowledged(posters: list[Poster]) -> int:
    return sum(len(poster.acknowledged) for poster in posters)


def test_an_author_killed_between_sending_and_recording_sends_again_and_it_stands_once(two: Pair) -> None:
    two.bakker.start_and_wait()
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
