"""SIGKILL at random moments while both nodes of a pair post and deliver, and what must be true afterwards."""

import random
import time
from functools import partial

from tests.processes.conftest import Pair
from tests.processes.nodes import wait_until
from tests.processes.posting import (
    Poster,
    check_departures,
    check_notices,
    check_numbers,
    check_posts,
    wait_until_settled,
)


def kill_and_check(two: Pair, chance: random.Random, kills: int) -> None:
    """Nothing that was acknowledged is lost, nothing happens twice, and numbers have no gaps."""
    for node in two.nodes:
        node.start_and_wait()
    posters = [
        Poster(two.bakker, "fatima", two.audience, f"sanne@{two.smit.domain}"),
        Poster(two.smit, "sanne", two.audience, f"fatima@{two.bakker.domain}"),
    ]
    for poster in posters:
        poster.start()
    try:
        _kill_at_random(two, posters, chance, kills)
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


def _kill_at_random(two: Pair, posters: list[Poster], chance: random.Random, kills: int) -> None:
    """While both post and deliver: after a few more posts of either, and a moment."""
    for _ in range(kills):
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
