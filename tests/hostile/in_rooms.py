"""Rooms filled with thousands, with people who were never asked, and written into from outside."""

from typing import Any

from federation.documents import Document
from node.actors import find_actor
from node.boundary import Member, people_inside
from node.ids import new_id
from node.objects import urn_of
from node.peers import find_peer
from node.rooms import actions
from node.rooms.actions import Plan
from node.rooms.places import MOST_PEOPLE
from node.rooms.queries import find_room, open_rooms
from node.rooms.told import take_people
from tests.factories import member_row
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick
from tests.network import RunningNode


async def _room_of(stage: Stage, host: RunningNode, handle: str, *guests: tuple[RunningNode, str]) -> str:
    """A room in the ring that these people accepted to be in; its audience."""
    member = Member(member_row(host, handle).actor_id)
    plan = Plan(name=f"Kamer {new_id()}", question="Waarom?")
    made = host.write(
        lambda db: actions.make_room(db, host.identity, member, stage.ring, plan, confined=False)
    )
    audience = host.read(lambda db: next(room.audience for room in open_rooms(db) if room.id == made))
    await stage.settle()
    for node, name in guests:
        _invite(host, member, made, f"{node.base}{member_row(node, name).uri}")
        await stage.settle()
        _act(node, name, audience, actions.join, "")
        await stage.settle()
    return audience


def _invite(host: RunningNode, member: Member, room_id: int, uri: str) -> None:
    person = host.read(lambda db: find_actor(db, uri))
    assert person is not None
    host.write(lambda db: actions.invite(db, host.identity, member, room_id, [person.id]))


def _act(node: RunningNode, handle: str, audience: str, act: Any, *more: Any) -> None:
    member = Member(member_row(node, handle).actor_id)
    room = node.read(lambda db: find_room(db, audience))
    assert room is not None
    node.write(lambda db: act(db, node.identity, member, room.id, *more))


def _inside(node: RunningNode, audience: str) -> set[str]:
    return {row.handle for row in node.read(lambda db: people_inside(db, audience))}


def _seat(stage: Stage, audience: str, kind: str, person: Document) -> Document:
    urn = urn_of(audience)
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{stage.kwaad.base}/a/{new_id()}",
        "type": kind,
        "to": [urn],
        "audience": urn,
        "object": {"type": "Seat", "room": urn, "person": person},
    }


def _person(base: str, number: int, handle: str = "") -> Document:
    name = handle or f"p{number}"
    return {"id": f"{base}/p/{number}", "type": "Person", "preferredUsername": name, "name": name.title()}


@trick("14", "make a room and say that ten thousand people are in it, at once and one by one")
async def fill_a_room(stage: Stage) -> str:
    audience = await _room_of(stage, stage.kwaad, "koos", (stage.bakker, "anna"))
    people = [_person(stage.kwaad.base, 10_000 + number) for number in range(10_000)]
    seats = [{"type": "Seat", "room": urn_of(audience), "person": person} for person in people]
    peer = stage.bakker.read(lambda db: find_peer(db, stage.kwaad.domain))
    assert peer is not None
    whole = {"orderedItems": seats}
    stage.bakker.write(lambda db: take_people(db, stage.bakker.identity, peer, audience, whole))
    for person in people[:20]:
        await stage.say_as_node(_seat(stage, audience, "Add", person))
    inside = _inside(stage.bakker, audience)
    assert "anna" in inside
    assert len(inside) <= MOST_PEOPLE
    return f"a list that long is refused whole; one by one it ends at {MOST_PEOPLE}"


@trick("14", "put Smit's Sara into its room without asking her, and take Anna's name for its own")
async def seat_without_asking(stage: Stage) -> str:
    audience = await _room_of(stage, stage.kwaad, "koos", (stage.bakker, "anna"))
    sara = _person(stage.smit.base, stage.sara, "sara")
    nobody = _person(stage.eva.base, 7, "eva")
    for node in stage.honest:
        for person in (sara, nobody):
            await stage.say_as_node(_seat(stage, audience, "Add", person), node)
    assert "sara" not in _inside(stage.smit, audience)
    assert _inside(stage.bakker, audience) <= {"anna", "koos", "sara"}
    assert "eva" not in _inside(stage.bakker, audience)
    return "she is not in for her own node, and gets nothing; who is on no ring node is in for nobody"


@trick("14, 8", "write into Bakker's room in which nobody of Kwaad is, and add its own people to it")
async def come_into_a_room_of_others(stage: Stage) -> str:
    audience = await _room_of(stage, stage.bakker, "anna", (stage.smit, "sara"))
    urn = urn_of(audience)
    koos = _person(stage.kwaad.base, stage.koos, "koos")
    for node in stage.honest:
        await stage.say_as_node(_seat(stage, audience, "Add", koos), node)
        await stage.say("Create", stage.note("Door het raam", to=[urn], audience=urn), node)
        assert stage.kept("Door het raam", node) is None
        assert _inside(node, audience) == {"anna", "sara"}
    path = f"/node/rooms/{urn.rpartition(':')[2]}"
    people, words = await stage.ask(f"{path}/people"), await stage.ask(f"{path}/activities?epoch=1&after=0")
    assert (people.json()["orderedItems"], people.json()["totalItems"]) == ([], 2)  # the room is listed
    assert words.status_code == 404
    return (
        "dropped: only the node that keeps a room says who is in; it hears how many are in, no name, no word"
    )
