"""The boundary: `may_read` and `readable` agree on every generated world, and both keep the rules."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from node.actors import actors
from node.boundary import Anonymous, Member, Outside, Reader, may_read, readable
from node.db import open_engine, reading
from node.identity import SELF, nodes
from node.ids import now
from node.memberships import addressees, follows, guests, memberships, rooms
from node.objects import objects
from node.peers import peers

PEERS = (11, 12, 13)
MEMBERS = (101, 102)
STRANGERS = (111, 112, 113)  # one on each peer
RING = "ring:" + "a" * 64
OTHER_RING = "ring:" + "b" * 64
RING_ROOM, COMPANY_ROOM = "room:" + "c" * 64, "room:" + "d" * 64
ROOMS = {RING_ROOM: RING, COMPANY_ROOM: "company"}
AUDIENCES = (
    "company",
    "public",
    "people",
    RING,
    OTHER_RING,
    RING_ROOM,
    COMPANY_ROOM,
    "room:" + "e" * 64,
    "",
    "ring:%",
    "nonsense",
)
HOME = dict(zip((*MEMBERS, *STRANGERS), (SELF, SELF, *PEERS), strict=True))
HOURS = st.integers(-6, 6)

periods = st.tuples(
    st.sampled_from((RING, OTHER_RING)), st.sampled_from((SELF, *PEERS)), HOURS, HOURS | st.none()
)
room_periods = st.tuples(
    st.sampled_from(tuple(ROOMS)), st.sampled_from((*MEMBERS, *STRANGERS)), HOURS, HOURS | st.none()
)
things = st.fixed_dictionaries(
    {
        "audience": st.sampled_from(AUDIENCES),
        "origin": st.sampled_from((SELF, SELF, *PEERS)),
        "author_id": st.sampled_from((*MEMBERS, *STRANGERS)),
        "state": st.sampled_from(("live", "live", "live", "held", "draft", "deleted", "dropped")),
        "published": st.integers(-6, 0),
        "addressed": st.sets(st.sampled_from((*MEMBERS, *STRANGERS))),
    }
)
worlds = st.fixed_dictionaries(
    {
        "states": st.tuples(*[st.sampled_from(("known", "paired", "blocked"))] * len(PEERS)),
        "policies": st.tuples(*[st.sampled_from(("", "", "allowed", "limited", "rings_only"))] * len(PEERS)),
        "federation": st.sampled_from(("open", "open", "allow_list")),
        "periods": st.lists(periods, max_size=6),
        "room_periods": st.lists(room_periods, max_size=8),
        "room_ends": st.tuples(HOURS | st.none(), HOURS | st.none()),
        "guests": st.sets(st.sampled_from(MEMBERS), max_size=1),
        "follows": st.dictionaries(
            st.tuples(st.sampled_from(MEMBERS), st.sampled_from(STRANGERS)),
            st.sampled_from(("accepted", "accepted", "pending")),
            max_size=3,
        ),
        "things": st.lists(things, min_size=1, max_size=6),
    }
)
READERS: tuple[Reader, ...] = (
    Anonymous(),
    *(Member(member) for member in MEMBERS),
    Member(MEMBERS[0], frozenset({"editor"})),
    Member(MEMBERS[1], frozenset({"admin", "director", "moderator"})),
    *(Outside(peer) for peer in PEERS),
    *(Outside(peer, node_key=True) for peer in PEERS),
)


def build(db: Connection, world: dict[str, Any]) -> None:
    moment = now()
    keys = {"rsa_private": "x", "ed25519_private": "x", "epoch": 1}
    about = {"name": "x", "domain": "own.example", "kind": "firm", "created_at": moment}
    db.execute(insert(nodes).values(id=1, federation=world["federation"], **keys, **about))
    for peer_id, state, policy in zip(PEERS, world["states"], world["policies"], strict=True):
        values = {"domain": f"p{peer_id}.example", "state": state, "policy": policy, "created_at": moment}
        db.execute(insert(peers).values(id=peer_id, **values))
    for actor_id in (*MEMBERS, *STRANGERS):
        home = SELF if actor_id in MEMBERS else PEERS[STRANGERS.index(actor_id)]
        person = {"type": "Person", "handle": f"h{actor_id}", "name": "x", "created_at": moment}
        db.execute(insert(actors).values(id=actor_id, uri=f"/p/{actor_id}", peer_id=home, **person))
    for number, (audience, peer_id, start, end) in enumerate(world["periods"]):
        until = None if end is None else moment + timedelta(hours=end)
        begin = moment + timedelta(hours=start)
        db.execute(
            insert(memberships).values(
                id=number + 1, audience=audience, peer_id=peer_id, from_at=begin, until_at=until
            )
        )
    for (room, within), end in zip(ROOMS.items(), world["room_ends"], strict=True):
        until = None if end is None else moment + timedelta(hours=end)
        db.execute(insert(rooms).values(audience=room, within=within, until_at=until))
    for number, (audience, actor_id, start, end) in enumerate(world["room_periods"]):
        until = None if end is None else moment + timedelta(hours=end)
        begin = moment + timedelta(hours=start)
        whose = {"peer_id": HOME[actor_id], "actor_id": actor_id}
        row = {"id": number + 50, "audience": audience, "from_at": begin, "until_at": until}
        db.execute(insert(memberships).values(**row, **whose))
    for actor_id in world["guests"]:
        db.execute(insert(guests).values(actor_id=actor_id))
    for number, ((follower, followed), state) in enumerate(world["follows"].items()):
        row = {"id": number + 1, "uri": f"/a/{number}", "state": state, "created_at": moment}
        db.execute(insert(follows).values(follower_id=follower, followed_id=followed, **row))
    for number, thing in enumerate(world["things"]):
        addressed = thing.pop("addressed")
        values = thing | {"published": moment + timedelta(hours=thing["published"])}
        object_id = number + 1
        db.execute(insert(objects).values(id=object_id, uri=f"/o/{object_id}", kind="post", **values))
        for actor_id in addressed:
            db.execute(insert(addressees).values(object_id=object_id, actor_id=actor_id))


@pytest.mark.each_database
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds)
def test_may_read_and_readable_agree_on_every_world(database_url: str, world: dict[str, Any]) -> None:
    engine = open_engine(database_url)
    with reading(engine) as db:
        build(db, world)
        rows = db.execute(select(objects)).all()
        for reader in READERS:
            by_sql = set(db.scalars(select(objects.c.id).where(readable(reader))))
            assert by_sql == {row.id for row in rows if may_read(db, reader, row)}, reader
    engine.dispose()


@dataclass(frozen=True)
class Truth:
    """A world by the words of the rules: who is in what now, and was when."""

    world: dict[str, Any]

    def was_in(self, audience: str, peer_id: int, hour: float = 0) -> bool:
        return any(
            (ring, peer) == (audience, peer_id) and covers(start, end, hour)
            for ring, peer, start, end in self.world["periods"]
        )

    def was_in_room(self, room: str, actors_of: set[int], hour: float = 0) -> bool:
        return any(
            audience == room and actor in actors_of and covers(start, end, hour)
            for audience, actor, start, end in self.world["room_periods"]
        )

    def room_lives(self, room: str, peer_id: int) -> bool:
        if room not in ROOMS or not covers(-99, self.world["room_ends"][list(ROOMS).index(room)], 0):
            return False
        if ROOMS[room] == "company":
            return peer_id == SELF
        return self.was_in(RING, SELF) and self.was_in(RING, peer_id)

    def open_with(self, peer_id: int) -> bool:
        state = self.world["states"][PEERS.index(peer_id)]
        policy = self.world["policies"][PEERS.index(peer_id)]
        listed = policy == "allowed" or self.world["federation"] == "open"
        return bool(state != "blocked" and policy != "rings_only" and listed)

    def is_shown(self, thing: dict[str, Any], member_id: int | None) -> bool:
        """Open posts of a limited server are for those who follow their author."""
        origin = thing["origin"]
        if origin == SELF or self.world["policies"][PEERS.index(origin)] != "limited":
            return True
        return bool(self.world["follows"].get((member_id, thing["author_id"])) == "accepted")


def covers(start: int, end: int | None, hour: float) -> bool:
    """The instant is a little after the hour: a period that ends at this very hour is over."""
    return start <= hour and (end is None or end > hour)


@pytest.mark.each_database
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds)
def test_everything_is_read_by_its_audience_and_by_nobody_else(
    database_url: str, world: dict[str, Any]
) -> None:
    """Written without the boundary: who is entitled, by the words of the rules."""
    truth = Truth(deepcopy(world))
    engine = open_engine(database_url)
    with reading(engine) as db:
        build(db, world)
        for reader in READERS:
            found = set(db.scalars(select(objects.c.id).where(readable(reader))))
            for number, thing in enumerate(truth.world["things"]):
                assert (number + 1 in found) == is_entitled(reader, thing, truth), (reader, thing)
    engine.dispose()


def is_entitled(reader: Reader, thing: dict[str, Any], truth: Truth) -> bool:
    blocked = thing["origin"] in PEERS and truth.world["states"][PEERS.index(thing["origin"])] == "blocked"
    if isinstance(reader, Member) and is_own_or_held(reader, thing, truth):
        return True
    if thing["state"] != "live" or blocked:
        return False
    match reader:
        case Anonymous():
            return bool(thing["audience"] == "public") and truth.is_shown(thing, None)
        case Member():
            return is_for_member(reader, thing, truth)
        case Outside():
            return thing["origin"] == SELF and is_for_outside(reader, thing, truth)


def is_own_or_held(reader: Member, thing: dict[str, Any], truth: Truth) -> bool:
    if thing["author_id"] == reader.actor_id:
        return bool(thing["state"] in ("live", "held", "draft"))
    gate = "editor" in reader.roles and reader.actor_id not in truth.world["guests"]
    if thing["state"] != "held" or thing["origin"] != SELF or not gate:
        return False
    if thing["audience"].startswith("room:"):
        return is_in_room(thing, {reader.actor_id}, SELF, truth)
    return bool(thing["audience"] == "public" or thing["audience"].startswith("ring:"))


def is_in_room(thing: dict[str, Any], people: set[int], peer_id: int, truth: Truth) -> bool:
    room = thing["audience"]
    inside = truth.was_in_room(room, people) and truth.was_in_room(room, people, thing["published"])
    return inside and truth.room_lives(room, peer_id)


def is_for_member(reader: Member, thing: dict[str, Any], truth: Truth) -> bool:
    audience, is_guest = thing["audience"], reader.actor_id in truth.world["guests"]
    if audience == "company":
        return thing["origin"] == SELF and not is_guest
    if audience in (RING, OTHER_RING):
        both = truth.was_in(audience, SELF) and truth.was_in(audience, SELF, thing["published"])
        return both and not is_guest
    named = audience == "people" and reader.actor_id in thing["addressed"]
    is_open = audience == "public" and truth.is_shown(thing, reader.actor_id)
    return named or is_open or is_in_room(thing, {reader.actor_id}, SELF, truth)


def is_for_outside(reader: Outside, thing: dict[str, Any], truth: Truth) -> bool:
    audience, peer_id = thing["audience"], reader.peer_id
    state = truth.world["states"][PEERS.index(peer_id)]
    person = STRANGERS[PEERS.index(peer_id)]
    if audience == "public":
        return truth.open_with(peer_id)
    if state == "blocked":
        return False
    if audience == "people":
        by_person = state != "paired" and truth.open_with(peer_id)
        return person in thing["addressed"] and (reader.node_key or by_person)
    if audience in (RING, OTHER_RING):
        both = truth.was_in(audience, peer_id) and truth.was_in(audience, peer_id, thing["published"])
        return both and reader.node_key
    return reader.node_key and is_in_room(thing, {person}, peer_id, truth)
