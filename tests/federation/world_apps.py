"""What members of the leak suite's nodes keep for their apps."""

from datetime import timedelta
from typing import TYPE_CHECKING

from node.boundary import Member
from node.ids import now
from node.people.filters import add_filter, add_keyword, name_post
from node.posts.from_apps import AppPost
from node.posts.planned import plan_post
from tests.factories import member_row
from tests.federation.canaries import canary

if TYPE_CHECKING:
    from tests.federation.world import World


def fill_apps(world: "World") -> None:
    _filter(world)
    _plan(world)


def _filter(world: "World") -> None:
    anna, title = member_row(world.bakker, "anna").actor_id, canary("name of a filter")
    made = world.bakker.write(
        lambda db: add_filter(db, anna, title=title, places=["home"], action="warn", expires_at=None)
    )
    word, named = canary("word of a filter"), world.posts["personal of anna"]
    world.bakker.write(lambda db: add_keyword(db, anna, made, word, whole_word=False))
    world.bakker.write(lambda db: name_post(db, anna, made, named))


def _plan(world: "World") -> None:
    node, anna = world.bakker, Member(member_row(world.bakker, "anna").actor_id)
    wish = AppPost(canary("planned text"), warning=canary("planned warning"))
    settings, at = node.work.settings, now() + timedelta(days=30)
    node.write(lambda db: plan_post(db, node.identity, settings, anna, wish, at))
