"""Acts in rooms: made in a ring or the company, people invited, asking, let in, gone, removed; words."""

import random
from collections.abc import Sequence
from typing import Any

from node.boundary import Member
from node.rooms import actions
from node.rooms.actions import Plan
from tests.machine.acts import act, publish, rings_of, some_member, some_site, stored
from tests.machine.machine import Machine
from tests.machine.model import COMPANY, Room
from tests.machine.world import Site

Chance = random.Random


@act(5)
async def make_room(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    person = some_member(m, site, chance)
    if person is None or len(m.model.rooms) > 5:
        return False
    within = chance.choice([COMPANY, *rings_of(m, site) * 2])
    plan = Plan("Kamer", listed=chance.random() < 0.5)
    confined = chance.random() < 0.3
    node = site.node
    made = node.write(
        lambda db: actions.make_room(
            db, node.identity, _member(site, person), stored(within), plan, confined=confined
        )
    )
    audience = site.rows("SELECT audience FROM room_details WHERE id = ?", made)[0][0]
    m.model.rooms[audience] = Room(audience, site.name, within, is_confined=confined, host=person)
    m.model.rooms[audience].welcome.add((site.name, person))
    m.see_rooms()
    return True


def _member(site: Site, person: str) -> Member:
    return Member(site.people[person], frozenset())


def some_room(m: Machine, chance: Chance) -> Room | None:
    return chance.choice(list(m.model.rooms.values())) if m.model.rooms else None


def _local(site: Site, room: Room) -> int | None:
    rows = site.rows("SELECT id FROM room_details WHERE audience = ?", room.audience)
    return int(rows[0][0]) if rows else None


def _actor_at(m: Machine, site: Site, other: Site, person: str) -> int | None:
    """Somebody as a node knows them."""
    path = f"/p/{other.people[person]}"
    uri = path if site is other else other.base + path
    rows: Sequence[Any] = site.rows("SELECT id FROM actors WHERE uri = ?", uri)
    return int(rows[0][0]) if rows else None


@act(12)
async def invite_to_room(m: Machine, chance: Chance) -> bool:
    """The host invites somebody of the firm or of the ring; who asked already is in at once."""
    room = some_room(m, chance)
    if room is None:
        return False
    home, other = m.sites[room.home], some_site(m, chance)
    person = chance.choice(list(other.people))
    room_id, actor_id = _local(home, room), _actor_at(m, home, other, person)
    if room_id is None or actor_id is None:
        return False
    node, host = home.node, _member(home, room.host)
    node.write(lambda db: actions.invite(db, node.identity, host, room_id, [actor_id]))
    room.welcome.add((other.name, person))
    m.see_rooms()
    return True


@act(14)
async def join_room(m: Machine, chance: Chance) -> bool:
    """Somebody accepts an invitation, or asks to come in."""
    room = some_room(m, chance)
    if room is None:
        return False
    site = some_site(m, chance)
    person, room_id = some_member(m, site, chance), _local(site, room)
    if person is None or room_id is None:
        return False
    node, member = site.node, _member(site, person)
    node.write(lambda db: actions.join(db, node.identity, member, room_id, ""))
    m.see_rooms()
    return True


@act(8)
async def approve_in_room(m: Machine, chance: Chance) -> bool:
    """The host lets in somebody who asked."""
    room = some_room(m, chance)
    if room is None:
        return False
    home = m.sites[room.home]
    asked = home.rows(
        "SELECT actor_id, uri FROM room_places JOIN actors ON actors.id = actor_id"
        " WHERE audience = ? AND state = 'asked' ORDER BY room_places.id",
        room.audience,
    )
    room_id = _local(home, room)
    if not asked or room_id is None:
        return False
    actor_id, uri = chance.choice(asked)
    node, host = home.node, _member(home, room.host)
    node.write(lambda db: actions.approve(db, node.identity, host, room_id, actor_id))
    room.welcome.add(m.person_at(home, uri))
    m.see_rooms()
    return True


@act(4)
async def leave_room(m: Machine, chance: Chance) -> bool:
    room = some_room(m, chance)
    if room is None:
        return False
    site = some_site(m, chance)
    person, room_id = some_member(m, site, chance), _local(site, room)
    if person is None or room_id is None:
        return False
    node, member = site.node, _member(site, person)
    node.write(lambda db: actions.leave_room(db, node.identity, member, room_id))
    room.welcome.discard((site.name, person))
    room.left[site.name, person] = m.moment
    room.close((site.name, person), m.moment)
    return True


@act(4)
async def remove_from_room(m: Machine, chance: Chance) -> bool:
    """The host puts somebody out."""
    room = some_room(m, chance)
    inside = [who for who in room.inside(m.moment) if who[1] != room.host] if room is not None else []
    if room is None or not inside:
        return False
    home, (name, person) = m.sites[room.home], chance.choice(inside)
    room_id, actor_id = _local(home, room), _actor_at(m, home, m.sites[name], person)
    node, host = home.node, _member(home, room.host)
    node.write(lambda db: actions.remove(db, node.identity, host, room_id or 0, actor_id or 0))
    room.welcome.discard((name, person))
    room.close((name, person), m.moment)
    return True


@act(25)
async def write_in_room(m: Machine, chance: Chance) -> bool:
    room = some_room(m, chance)
    inside = room.inside(m.moment) if room is not None else []
    if room is None or not inside:
        return False
    name, person = chance.choice(inside)
    publish(m, m.sites[name], person, room.audience)
    return True
