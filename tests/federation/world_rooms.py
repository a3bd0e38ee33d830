"""The rooms of the seeded fediverse: hidden and listed in the ring, one in the company, steering."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from node.actors import find_actor
from node.boundary import Member
from node.guests.actions import hosted_rooms, invite
from node.ids import now
from node.objects import COMPANY
from node.rooms import actions
from node.rooms.actions import Plan
from node.rooms.founding import found_steering
from node.rooms.queries import find_room, open_rooms
from tests.factories import member_row
from tests.federation.canaries import canary
from tests.network import RunningNode

if TYPE_CHECKING:
    from tests.federation.world import World


def _act(node: RunningNode, who: str, audience: str, act: Any, *more: Any) -> None:
    member = Member(member_row(node, who).actor_id)
    room = node.read(lambda db: find_room(db, audience))
    assert room is not None
    node.write(lambda db: act(db, node.identity, member, room.id, *more))


def _make(world: "World", what: str, within: str, *, listed: bool, confined: bool) -> str:
    """A room of Anna's whose words are canaries; returns its audience."""
    node, anna = world.bakker, Member(world.people["anna"])
    plan = Plan(
        name=f"Kamer {canary(f'{what} name')}",
        purpose=canary(f"{what} purpose"),
        question=canary(f"{what} question"),
        listed=listed,
    )
    made = node.write(lambda db: actions.make_room(db, node.identity, anna, within, plan, confined=confined))
    return node.read(lambda db: next(room.audience for room in open_rooms(db) if room.id == made))


async def fill_rooms(world: "World", ring: str) -> None:
    await _fill_hidden(world, ring)
    _fill_company(world)
    listed = _make(world, "listed room", ring, listed=True, confined=False)
    await world.settle()
    _act(world.smit, "dora", listed, actions.join, canary("answer of dora"))
    steering = found_steering(ring).audience
    world.write_post(world.bakker, "steering text", "dirk", steering)
    await world.settle()


async def _fill_hidden(world: "World", ring: str) -> None:
    hidden = _make(world, "hidden room", ring, listed=False, confined=True)
    sara = f"{world.smit.base}/p/{world.people['sara']}"
    known = world.bakker.read(lambda db: find_actor(db, sara))
    assert known is not None
    _act(world.bakker, "anna", hidden, actions.invite, [known.id])
    await world.settle()
    _act(world.smit, "sara", hidden, actions.join, "")
    await world.settle()
    world.write_post(world.bakker, "hidden room text", "anna", hidden)
    await world.settle()
    parent = world.stored_at(world.smit, "hidden room text")
    world.write_post(world.smit, "hidden room reply of smit", "sara", hidden, parent_id=parent)
    await world.settle()


def _fill_company(world: "World") -> None:
    room = _make(world, "company room", COMPANY, listed=False, confined=False)
    _act(world.bakker, "anna", room, actions.invite, [world.people["ed"]])
    _act(world.bakker, "ed", room, actions.join, "")
    world.write_post(world.bakker, "company room text", "ed", room)


async def guest_of_room(world: "World") -> httpx.AsyncClient:
    """The browser of a guest of Anna's company room, where she writes once more."""
    node, anna = world.bakker, Member(world.people["anna"])
    room = next(one for one in node.read(lambda db: hosted_rooms(db, anna)) if one.within == COMPANY)
    until = now() + timedelta(days=30)
    token = node.write(lambda db: invite(db, anna, room.id, name="Gerda", ends_at=until))
    client = node.client()
    form = {"name": "Gerda Gast", "language": "nl", "rules": "on"}
    answer = await client.post(f"/guest/{token}", data=form)
    assert answer.status_code == 303, answer.text
    world.write_post(node, "company room text", "anna", room.audience)
    return client
