"""SIGKILL while a gate lets out what waited: each post goes out once, or waits still."""

import random
import time
from functools import partial

from sqlalchemy import Connection, func, select, update

from node import identity
from node.access.logins import find_member
from node.gates.rules import Rules, set_rules
from node.gates.tables import gate_acts, waits
from node.ids import now
from node.objects import objects
from node.posts.actions import Draft, publish_post
from node.queue import activities
from node.settings import load
from tests.processes.conftest import Pair
from tests.processes.nodes import Node, wait_until
from tests.processes.posting import (
    check_departures,
    check_posts,
    wait_until_settled,
)

POSTS, KILLS = 24, 3


def test_kills_while_posts_leave_the_gate_lose_none_and_double_none(two: Pair) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    chance = random.Random(seed)
    made = two.bakker.write(partial(_hold, two))
    two.smit.start_and_wait()
    for kill in range(1, KILLS + 1):
        two.bakker.start_and_wait()
        wait_until(partial(_has_let_go, two.bakker, kill), "some to go out")
        time.sleep(chance.random() / 20)
        two.bakker.kill()
    two.bakker.start_and_wait()
    wait_until_settled(two, [(two.bakker, post) for post in made])
    check_posts(two.bakker, two.smit, made)
    given = select(activities.c.n, activities.c.type).where(activities.c.audience == two.audience)
    rows = [row for row in two.bakker.rows(given) if row.n is not None]
    assert sorted(row.n for row in rows) == list(range(1, len(rows) + 1))
    assert sum(row.type == "Create" for row in rows) == POSTS
    check_departures(two)
    assert two.bakker.rows(select(func.count()).select_from(waits))[0][0] == 0
    went = select(gate_acts.c.object_id).where(gate_acts.c.act == "gone_out")
    assert sorted(row.object_id for row in two.bakker.rows(went)) == sorted(made)


def _hold(two: Pair, db: Connection) -> dict[int, str]:
    """Posts before a gate whose time has come; nobody has let them go yet."""
    node, settings = identity.load(db, "http"), load(two.bakker.home)
    author = find_member(db, "fatima")
    assert author is not None
    set_rules(db, two.audience, Rules(minutes=1), None)
    made = {}
    for number in range(POSTS):
        text = f"wachtend bericht {number}"
        made[publish_post(db, node, settings, author.actor_id, Draft(two.audience, text))] = text
    db.execute(update(waits).values(until_at=now()))
    return made


def _has_let_go(node: Node, least: int) -> bool:
    live = select(func.count()).where(objects.c.kind == "post", objects.c.state == "live")
    return bool(node.rows(live)[0][0] >= least)
