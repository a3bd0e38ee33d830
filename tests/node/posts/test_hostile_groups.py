"""What a group passes on is its server's word about its own people, never about anybody else."""

import pytest
from sqlalchemy import update

from node.actors import GROUP, actors
from node.incoming import Dropped
from node.objects import find_object
from node.posts.actions import Draft, publish_post
from node.posts.relays import receive_announce
from schemas.activitystreams import PUBLIC
from tests.node.posts.conftest import BASE, World

SOMEBODY_ELSES = "https://derde.example/o/1"


def test_a_relayed_like_cannot_take_the_id_of_another_servers_post(world: World) -> None:
    group = world.person(world.stranger, "elders.example", "groep")
    world.db.execute(update(actors).where(actors.c.uri == group).values(type=GROUP))
    liker = world.person(world.stranger, "elders.example", "boef")
    world.follow(world.anna, group)
    world.show_face(world.anna)
    post = publish_post(world.db, world.node, world.settings, world.anna, Draft("public", "Vraag"))
    like = {
        "id": SOMEBODY_ELSES,
        "type": "Like",
        "actor": liker,
        "object": f"{BASE}/o/{post}",
        "to": [PUBLIC],
    }
    announce = {"id": f"{group}#1", "type": "Announce", "actor": group, "to": [PUBLIC], "object": like}
    with pytest.raises(Dropped):
        receive_announce(world.db, world.incoming(announce))
    assert find_object(world.db, SOMEBODY_ELSES) is None
