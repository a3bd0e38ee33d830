"""SIGKILL while planned posts go out: each is published once, or waits still."""

from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, func, select, update

from node import identity
from node.access.logins import find_member
from node.boundary import Member
from node.ids import now
from node.objects import objects
from node.posts.from_apps import AppPost
from node.posts.planned import plan_post
from node.posts.tables import planned_posts, posts
from node.settings import load
from tests.processes.conftest import Pair
from tests.processes.nodes import Node, wait_until

POSTS, KILLS = 40, 2


def test_kills_while_planned_posts_go_out_lose_none_and_double_none(two: Pair) -> None:
    node = two.bakker
    node.write(partial(_plan, node))
    for kill in range(1, KILLS + 1):
        node.start_and_wait()
        wait_until(partial(_has_published, node, kill), "some to go out")
        node.kill()
    node.start_and_wait()
    wait_until(lambda: node.rows(select(func.count()).select_from(planned_posts))[0][0] == 0, "all to go out")
    query = select(posts.c.source).join(objects, objects.c.id == posts.c.object_id)
    found = sorted(row.source for row in node.rows(query.where(posts.c.source.like("gepland %"))))
    assert found == sorted(f"gepland {number}" for number in range(POSTS))


def _plan(node: Node, db: Connection) -> None:
    """Posts whose time has come; no worker has looked yet."""
    here, settings = identity.load(db, "http"), load(node.home)
    author = find_member(db, "fatima")
    assert author is not None
    for number in range(POSTS):
        wish, at = AppPost(f"gepland {number}"), now() + timedelta(hours=1)
        plan_post(db, here, settings, Member(author.actor_id), wish, at)
    db.execute(update(planned_posts).values(at=now()))


def _has_published(node: Node, least: int) -> bool:
    went = select(func.count()).select_from(posts).where(posts.c.source.like("gepland %"))
    return bool(node.rows(went)[0][0] >= least)
