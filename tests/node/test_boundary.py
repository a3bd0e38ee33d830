"""The boundary: `may_read` and `readable` agree on every generated world, and both keep the rules."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from node.actors import actors
from node.boundary import Anonymous, Member, Outside, Reader, may_read, readable
from node.db import open_engine, reading
from node.identity import SELF
from node.ids import now
from node.memberships import addressees, memberships
from node.objects import objects
from node.peers import peers

PEERS = (11, 12, 13)
MEMBERS = (101, 102)
STRANGERS = (111, 112, 113)  # one on each peer
RING = "ring:" + "a" * 64
OTHER_RING = "ring:" + "b" * 64
AUDIENCES = ("company", "public", "people", RING, OTHER_RING, "room:" + "c" * 64, "", "ring:%", "nonsense")
HOURS = st.integers(-6, 6)

periods = st.tuples(
    st.sampled_from((RING, OTHER_RING)), st.sampled_from((SELF, *PEERS)), HOURS, HOURS | st.none()
)
things = st.fixed_dictionaries(
    {
        "audience": st.sampled_from(AUDIENCES),
        "origin": st.sampled_from((SELF, SELF, *PEERS)),
        "author_id": st.sampled_from((*MEMBERS, *STRANGERS)),
        "state": st.sampled_from(("live", "live", "live", "held", "deleted")),
        "published": st.integers(-6, 0),
        "addressed": st.sets(st.sampled_from((*MEMBERS, *STRANGERS))),
    }
)
worlds = st.fixed_dictionaries(
    {
        "states": st.tuples(*[st.sampled_from(("known", "paired", "blocked"))] * len(PEERS)),
        "periods": st.lists(periods, max_size=6),
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
    for peer_id, state in zip(PEERS, world["states"], strict=True):
        db.execute(
            insert(peers).values(id=peer_id, domain=f"p{peer_id}.example", state=state, created_at=moment)
        )
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


@pytest.mark.each_database
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds)
def test_what_is_not_open_is_read_by_its_audience_only(database_url: str, world: dict[str, Any]) -> None:
    """Written without the boundary: who could possibly be entitled, by the words of the rules."""
    states = dict(zip(PEERS, world["states"], strict=True))
    in_ring = {
        (audience, peer) for audience, peer, start, end in world["periods"] if start <= 0 and (end or 0) >= 0
    }
    expected = {number + 1: dict(thing) for number, thing in enumerate(world["things"])}
    engine = open_engine(database_url)
    with reading(engine) as db:
        build(db, world)
        for reader in READERS:
            for object_id in db.scalars(select(objects.c.id).where(readable(reader))):
                assert is_entitled(reader, expected[object_id], states, in_ring), (
                    reader,
                    expected[object_id],
                )
    engine.dispose()


def is_entitled(
    reader: Reader, thing: dict[str, Any], states: dict[int, str], in_ring: set[tuple[str, int]]
) -> bool:
    if thing["state"] == "deleted":
        return False
    match reader:
        case Anonymous():
            return bool(thing["audience"] == "public" and thing["state"] == "live")
        case Member():
            mine = thing["author_id"] == reader.actor_id
            named = thing["audience"] == "people" and reader.actor_id in thing["addressed"]
            held = thing["state"] == "held" and "editor" in reader.roles
            ours = thing["audience"] == "company" and thing["origin"] == SELF
            ring = (thing["audience"], SELF) in in_ring
            return mine or named or held or ours or ring or thing["audience"] == "public"
        case Outside():
            if thing["origin"] != SELF or thing["state"] != "live" or states[reader.peer_id] == "blocked":
                return False
            person = STRANGERS[PEERS.index(reader.peer_id)]
            named = thing["audience"] == "people" and person in thing["addressed"]
            ring = reader.node_key and (thing["audience"], reader.peer_id) in in_ring
            return named or ring or thing["audience"] == "public"
