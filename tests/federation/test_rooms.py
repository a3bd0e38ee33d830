"""Rooms over three nodes: who comes in and how, who gets what, what is refused, how it all ends."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, update

from node.access.members import disable_member, make_reset, set_roles, use_reset
from node.actors import find_actor
from node.app import workers
from node.boundary import Member, people_inside
from node.errors import Forbidden, Invalid
from node.ids import now
from node.memberships import rooms
from node.objects import COMPANY, urn_of
from node.peers import find_peer, peers
from node.posts.actions import delete_post
from node.posts.reactions import like
from node.queue import deliveries
from node.rooms import actions
from node.rooms.actions import Plan
from node.rooms.activities import take_people
from node.rooms.founding import found
from node.rooms.queries import Room, find_room, lines_of, open_rooms, rooms_for
from node.workers.housekeeping import tidy
from schemas.activitystreams import OBJECT_CONTEXT
from tests.factories import leave_ring, log_in, make_member, make_ring, member_row, pair, post
from tests.federation.readers import DOCUMENT, Reader, by_node_key
from tests.federation.traffic import deliver_as_node, find_text, get_text
from tests.network import RunningNode, fediverse, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "Wat wil je leren?"


@dataclass(frozen=True)
class Firms:
    """Bakker, Smit and Jansen share a ring; Bakker's Anna makes rooms there."""

    bakker: RunningNode
    smit: RunningNode
    jansen: RunningNode
    ring: str

    @property
    def all(self) -> tuple[RunningNode, RunningNode, RunningNode]:
        return self.bakker, self.smit, self.jansen

    async def settle(self) -> None:
        await settle(*self.all)

    def member(self, node: RunningNode, handle: str) -> Member:
        row = member_row(node, handle)
        return Member(row.actor_id, frozenset(row.roles.split()))

    def room(self, node: RunningNode, audience: str) -> Room:
        found = node.read(lambda db: find_room(db, audience))
        assert found is not None, f"the room is not at {node.domain}"
        return found

    def make(self, *, confined: bool = False, within: str = "", **plan: Any) -> str:
        """A room of Anna's in the ring; returns its audience."""
        node, anna = self.bakker, self.member(self.bakker, "anna")
        wanted = Plan(**{"name": "Lekkages", "question": QUESTION, **plan})
        made = node.write(
            lambda db: actions.make_room(
                db, node.identity, anna, within or self.ring, wanted, confined=confined
            )
        )
        return node.read(lambda db: next(room.audience for room in open_rooms(db) if room.id == made))

    def act(self, node: RunningNode, handle: str, audience: str, act: Callable[..., Any], *more: Any) -> Any:
        """What a member does with a room at their own node."""
        member, room = self.member(node, handle), self.room(node, audience)
        return node.write(lambda db: act(db, node.identity, member, room.id, *more))

    def known_as(self, node: RunningNode, other: RunningNode, handle: str) -> int:
        """The number that a node gave to somebody of another node."""
        uri = f"{other.base}{member_row(other, handle).uri}"
        row = node.read(
            lambda db: find_actor(db, uri if node is not other else member_row(other, handle).uri)
        )
        assert row is not None, f"{handle} is not known at {node.domain}"
        return int(row.id)

    async def bring_in(self, audience: str, node: RunningNode, handle: str) -> None:
        """Anna invites somebody, who accepts."""
        person = self.known_as(self.bakker, node, handle)
        self.act(self.bakker, "anna", audience, actions.invite, [person])
        await self.settle()
        self.act(node, handle, audience, actions.join, "")
        await self.settle()

    def sees(self, node: RunningNode, handle: str) -> list[str]:
        """The names of the rooms that a member may know of."""
        member = self.member(node, handle)
        return [room.name for room in node.read(lambda db: rooms_for(db, member))]

    def knows(self, node: RunningNode, audience: str) -> bool:
        return node.read(lambda db: find_room(db, audience)) is not None

    def inside(self, node: RunningNode, audience: str) -> set[str]:
        return {row.handle for row in node.read(lambda db: people_inside(db, audience))}

    def lines(self, node: RunningNode, handle: str, audience: str) -> list[str]:
        member, room = self.member(node, handle), self.room(node, audience)
        return [row.kind for row in node.read(lambda db: lines_of(db, member, room))]


@asynccontextmanager
async def three_firms(folder: Path, new_url: Callable[[], str]) -> AsyncIterator[Firms]:
    domains = {f"{name}.localhost": new_url() for name in ("bakker", "smit", "jansen")}
    async with fediverse(folder, domains) as nodes:
        bakker, smit, jansen = nodes["bakker"], nodes["smit"], nodes["jansen"]
        for node, handle in (
            (bakker, "anna"),
            (bakker, "bert"),
            (smit, "sara"),
            (smit, "sjef"),
            (jansen, "jan"),
        ):
            make_member(node, handle)
        for one, other in ((bakker, smit), (bakker, jansen), (smit, jansen)):
            await pair(one, other)
        made = Firms(bakker, smit, jansen, await make_ring(bakker, smit, jansen))
        await made.settle()
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def firms(
    databases: Callable[[str], Callable[[], str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Firms]:
    """One for all tests: each makes rooms of its own and leaves the ring as it is."""
    async with three_firms(tmp_path_factory.mktemp("homes") / "all", databases("sqlite")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def own_firms(
    database_kind: str, databases: Callable[[str], Callable[[], str]], tmp_path: Path
) -> AsyncIterator[Firms]:
    """One for a test that ends the ring."""
    async with three_firms(tmp_path / "homes", databases(database_kind)) as made:
        yield made


# --- coming in ---------------------------------------------------------------------------------------


async def test_a_room_reaches_the_nodes_of_who_is_in_and_nobody_else(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    assert [firms.inside(node, audience) for node in firms.all] == [{"anna", "sara"}, {"anna", "sara"}, set()]
    post(firms.bakker, "anna", audience, "Alleen voor ons twee")
    await firms.settle()
    there = get_text(firms.smit, "Alleen voor ons twee")
    assert there.audience == audience
    assert find_text(firms.jansen, "Alleen voor ons twee") is None
    answer = post(firms.smit, "sara", audience, "Dank je", parent_id=there.id)
    firms.smit.write(
        lambda db: like(db, firms.smit.identity, member_row(firms.smit, "sara").actor_id, there.id)
    )
    await firms.settle()
    assert get_text(firms.bakker, "Dank je").parent_id is not None
    assert not any(b"Dank je" in sent.body for sent, _ in firms.bakker.sender.log if "jansen" in sent.url)
    firms.smit.write(
        lambda db: delete_post(db, firms.smit.identity, member_row(firms.smit, "sara").actor_id, answer)
    )
    await firms.settle()
    assert find_text(firms.bakker, "Dank je") is None
    for node, handle, sees in (
        (firms.bakker, "bert", 404),
        (firms.smit, "sjef", 404),
        (firms.smit, "sara", 200),
    ):
        browser = await log_in(node, handle)
        path = f"/o/{get_text(node, 'Alleen voor ons twee').id}"
        assert (await browser.get(path)).status_code == sees


async def test_who_asks_answers_the_question_and_comes_in_when_a_host_says_so(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    with pytest.raises(Invalid):
        firms.act(firms.smit, "sara", audience, actions.join, "")
    assert firms.act(firms.smit, "sara", audience, actions.join, "Solderen") is False
    await firms.settle()
    assert firms.inside(firms.bakker, audience) == {"anna"}
    room, browser = firms.room(firms.bakker, audience), await log_in(firms.bakker, "anna")
    page = (await browser.get(f"/rooms/{room.id}/about")).text
    assert "Solderen" in page
    assert "Smit" in page
    assert "notice warning" in page  # nobody of that firm was ever in it
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    answer = await browser.post(f"/rooms/{room.id}/people/{sara}/approve")
    assert answer.status_code == 303
    await firms.settle()
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}
    assert "Solderen" not in (await browser.get(f"/rooms/{room.id}/about")).text


async def test_a_refused_request_opens_nothing(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    firms.act(firms.smit, "sara", audience, actions.join, "Graag")
    await firms.settle()
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    firms.act(firms.bakker, "anna", audience, actions.refuse, sara)
    post(firms.bakker, "anna", audience, "Zonder haar")
    await firms.settle()
    assert firms.inside(firms.smit, audience) == set()
    assert find_text(firms.smit, "Zonder haar") is None


async def test_a_hidden_room_is_known_to_those_invited_only(firms: Firms) -> None:
    audience = firms.make(listed=False, name="Verborgen")
    await firms.settle()
    assert firms.smit.read(lambda db: find_room(db, audience)) is None
    firms.act(
        firms.bakker, "anna", audience, actions.invite, [firms.known_as(firms.bakker, firms.smit, "sara")]
    )
    await firms.settle()
    seen = {handle: firms.sees(firms.smit, handle) for handle in ("sara", "sjef")}
    assert "Verborgen" in seen["sara"]
    assert "Verborgen" not in seen["sjef"]
    assert firms.jansen.read(lambda db: find_room(db, audience)) is None
    assert firms.inside(firms.smit, audience) == set()


async def test_a_newcomer_sees_nothing_from_before_and_no_count_of_it(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    first = post(firms.bakker, "anna", audience, "Van voor Jan")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sjef")
    await firms.bring_in(audience, firms.jansen, "jan")
    post(firms.smit, "sara", audience, "Antwoord na Jan", parent_id=get_text(firms.smit, "Van voor Jan").id)
    await firms.settle()
    assert find_text(firms.jansen, "Van voor Jan") is None
    browser = await log_in(firms.jansen, "jan")
    page = await browser.get(f"/o/{get_text(firms.jansen, 'Antwoord na Jan').id}")
    assert page.status_code == 200
    assert "begin van dit gesprek" in page.text or "beginning of this conversation" in page.text
    assert str(first) not in page.text
    sjef = await log_in(firms.smit, "sjef")
    assert (await sjef.get(f"/o/{get_text(firms.smit, 'Van voor Jan').id}")).status_code == 404


async def test_what_was_lost_on_the_way_is_fetched(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    firms.bakker.sender.down.add(firms.smit.domain)
    for number in range(5):
        post(firms.bakker, "anna", audience, f"Kamerbericht {number}")
    await settle(firms.bakker)
    firms.bakker.write(lambda db: db.execute(delete(deliveries)))
    firms.bakker.sender.down.clear()
    firms.smit.runners[:] = workers()  # started again
    await firms.settle()
    assert all(find_text(firms.smit, f"Kamerbericht {number}") for number in range(5))
    path = f"/node/rooms/{audience.removeprefix('room:')}/activities?epoch=1&after=0"
    assert await ask(firms.smit, firms.bakker, path) == 200
    assert await ask(firms.jansen, firms.bakker, path) == 404


async def ask(asker: RunningNode, at: RunningNode, path: str) -> int:
    reader = Reader(asker.domain, {at.domain.partition(".")[0]: at.client()}, by_node_key(asker))
    return (await reader.get(at, path, DOCUMENT)).status_code


async def test_who_is_in_reaches_a_node_that_missed_it(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await firms.bring_in(audience, firms.jansen, "jan")
    firms.smit.sender.down.add(firms.smit.domain)
    bert = member_row(firms.bakker, "bert").actor_id
    firms.act(firms.bakker, "anna", audience, actions.invite, [bert])
    firms.act(firms.bakker, "bert", audience, actions.join, "")
    post(firms.bakker, "bert", audience, "Ik ben Bert")
    await settle(firms.bakker, firms.jansen)
    firms.bakker.write(lambda db: db.execute(delete(deliveries)))
    firms.smit.sender.down.clear()
    firms.smit.runners[:] = workers()  # started again
    await firms.settle()
    assert firms.inside(firms.smit, audience) == {"anna", "sara", "jan", "bert"}
    assert find_text(firms.smit, "Ik ben Bert") is not None


async def test_a_post_that_comes_before_its_author_is_known_waits_for_that(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    person = firms.known_as(firms.bakker, firms.jansen, "jan")
    firms.act(firms.bakker, "anna", audience, actions.invite, [person])
    await firms.settle()
    firms.act(firms.jansen, "jan", audience, actions.join, "")
    await settle(firms.jansen)
    firms.bakker.sender.down.add(firms.smit.domain)
    await settle(firms.bakker, firms.jansen)
    firms.bakker.sender.down.clear()
    post(firms.jansen, "jan", audience, "Ik was er al")
    await settle(firms.jansen)  # Smit hears Jan before it hears of him
    await settle(firms.smit)
    assert find_text(firms.smit, "Ik was er al") is None
    firms.bakker.write(lambda db: db.execute(update(peers).values(retry_at=None)))
    await firms.settle()
    assert find_text(firms.smit, "Ik was er al") is not None


# --- going out ---------------------------------------------------------------------------------------


async def test_who_leaves_gets_nothing_more_and_everybody_sees_a_line(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    for node, handle in ((firms.smit, "sara"), (firms.jansen, "jan")):
        await firms.bring_in(audience, node, handle)
    firms.act(firms.smit, "sara", audience, actions.leave_room)
    post(firms.bakker, "anna", audience, "Nog onderweg")
    await firms.settle()
    post(firms.bakker, "anna", audience, "Zonder Sara")
    await firms.settle()
    assert find_text(firms.smit, "Zonder Sara") is None
    assert find_text(firms.jansen, "Zonder Sara") is not None
    assert [firms.inside(node, audience) for node in firms.all] == [{"anna", "jan"}, set(), {"anna", "jan"}]
    assert "left" in firms.lines(firms.bakker, "anna", audience)


async def test_who_is_taken_out_is_out_everywhere(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    for handle in ("sara", "sjef"):
        await firms.bring_in(audience, firms.smit, handle)
    post(firms.bakker, "anna", audience, "Van eerder")
    await firms.settle()
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    firms.act(firms.bakker, "anna", audience, actions.remove, sara)
    await firms.settle()
    assert [firms.inside(node, audience) for node in firms.all] == [{"anna", "sjef"}, {"anna", "sjef"}, set()]
    path = f"/o/{get_text(firms.smit, 'Van eerder').id}"
    assert (await (await log_in(firms.smit, "sara")).get(path)).status_code == 404
    assert (await (await log_in(firms.smit, "sjef")).get(path)).status_code == 200
    assert "removed" in firms.lines(firms.smit, "sjef", audience)


async def test_a_firm_that_leaves_the_ring_leaves_its_rooms_at_once_and_those_it_kept_end(
    own_firms: Firms,
) -> None:
    audience = own_firms.make()
    await own_firms.settle()
    for node, handle in ((own_firms.smit, "sara"), (own_firms.jansen, "jan")):
        await own_firms.bring_in(audience, node, handle)
    post(own_firms.bakker, "anna", audience, "Voor het vertrek")
    await own_firms.settle()
    steers = steering(own_firms, own_firms.bakker)
    await leave_ring(own_firms.smit, "monteurs")
    assert own_firms.inside(own_firms.smit, audience) == set()
    assert own_firms.inside(own_firms.smit, steers) == set()
    path = f"/o/{get_text(own_firms.smit, 'Voor het vertrek').id}"
    assert (await (await log_in(own_firms.smit, "sara")).get(path)).status_code == 404
    await own_firms.settle()
    assert own_firms.inside(own_firms.bakker, audience) == {"anna", "jan"}
    assert "firm_left" in own_firms.lines(own_firms.bakker, "anna", audience)
    post(own_firms.jansen, "jan", audience, "Na het vertrek")
    await own_firms.settle()
    assert find_text(own_firms.bakker, "Na het vertrek") is not None
    assert find_text(own_firms.smit, "Na het vertrek") is None
    assert len(own_firms.bakker.read(lambda db: people_inside(db, steers))) == 2
    await leave_ring(own_firms.bakker, "monteurs")  # the firm that keeps the room
    await own_firms.settle()
    assert [own_firms.inside(node, audience) for node in own_firms.all] == [set(), set(), set()]
    with pytest.raises(Invalid):
        post(own_firms.jansen, "jan", audience, "Is daar nog iemand")


async def test_an_account_that_ends_is_out_of_its_rooms(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    make_member(firms.smit, "siem")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "siem")
    firms.smit.write(lambda db: disable_member(db, member_row(firms.smit, "siem").actor_id))
    await firms.settle()
    assert firms.inside(firms.bakker, audience) == {"anna"}


async def test_a_room_that_is_ended_is_over_everywhere(firms: Firms) -> None:
    audience = firms.make(listed=False)
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Tot hier")
    await firms.settle()
    firms.act(firms.bakker, "anna", audience, actions.end_room)
    await firms.settle()
    assert [firms.inside(node, audience) for node in firms.all] == [set(), set(), set()]
    path = f"/o/{get_text(firms.smit, 'Tot hier').id}"
    assert (await (await log_in(firms.smit, "sara")).get(path)).status_code == 404


async def test_a_password_that_an_admin_reset_is_told_in_the_rooms(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    make_member(firms.smit, "suus")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "suus")
    sara = member_row(firms.smit, "suus").actor_id
    token = firms.smit.write(lambda db: make_reset(db, sara, None))
    firms.smit.write(lambda db: use_reset(db, token, "een ander lang wachtwoord"))
    await firms.settle()
    assert "reset" in firms.lines(firms.bakker, "anna", audience)
    assert "reset" in firms.lines(firms.smit, "suus", audience)


# --- confined ----------------------------------------------------------------------------------------


async def test_confined_goes_along_and_is_kept_by_partners(firms: Firms) -> None:
    audience = firms.make(confined=True)
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Blijft hier")
    await firms.settle()
    sent = next(request.body for request, _ in firms.bakker.sender.log if b"Blijft hier" in request.body)
    assert b'"confined":true' in sent
    assert b'"canAnnounce":{"automaticApproval":[]' in sent
    assert firms.room(firms.smit, audience).confined
    browser = await log_in(firms.smit, "sara")
    page = await browser.get(f"/rooms/{firms.room(firms.smit, audience).id}")
    assert "notice warning" in page.text


async def test_what_was_said_in_a_confined_room_is_deleted_after_its_end(firms: Firms) -> None:
    audience = firms.make(confined=True, until_at=now() + timedelta(days=1))
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Vergaat vanzelf")
    await firms.settle()
    over = update(rooms).where(rooms.c.audience == audience).values(until_at=now() - timedelta(days=31))
    for node in (firms.bakker, firms.smit):
        node.write(lambda db: db.execute(over))
        tidy(node.engine, node.settings)
        assert find_text(node, "Vergaat vanzelf") is None


# --- steering ----------------------------------------------------------------------------------------


def steering(firms: Firms, node: RunningNode) -> str:
    return node.read(lambda db: next(room.audience for room in open_rooms(db) if room.kind == "steering"))


async def test_the_steering_room_is_named_in_the_language_of_who_reads(firms: Firms) -> None:
    for node in firms.all:
        client = await log_in(node, "directeur")
        for language, words in (("nl", "Stuurgroep van"), ("en", "Steering room of")):
            page = (await client.get("/rooms", headers={"accept-language": language})).text
            assert words in page


async def test_directors_and_editors_are_in_the_steering_room_and_nobody_else(firms: Firms) -> None:
    audience = steering(firms, firms.bakker)
    assert {steering(firms, node) for node in firms.all} == {audience}
    assert firms.inside(firms.smit, audience) == {"directeur"}
    assert len(firms.smit.read(lambda db: people_inside(db, audience))) == 3
    sara = member_row(firms.smit, "sara").actor_id
    firms.smit.write(lambda db: set_roles(db, sara, ["editor"]))
    await firms.settle()
    assert all(firms.inside(node, audience) == {"directeur", "sara"} for node in firms.all)
    post(firms.smit, "sara", audience, "Over de overeenkomst")
    await firms.settle()
    there = get_text(firms.jansen, "Over de overeenkomst")
    assert (await (await log_in(firms.jansen, "jan")).get(f"/o/{there.id}")).status_code == 404
    assert (await (await log_in(firms.jansen, "directeur")).get(f"/o/{there.id}")).status_code == 200
    firms.smit.write(lambda db: set_roles(db, sara, []))
    await firms.settle()
    assert all(firms.inside(node, audience) == {"directeur"} for node in firms.all)


# --- hostile -----------------------------------------------------------------------------------------


def seat_activity(
    sender: RunningNode, audience: str, kind: str, person: dict[str, Any], **more: Any
) -> dict[str, Any]:
    urn = urn_of(audience)
    return {
        "@context": OBJECT_CONTEXT,
        "id": f"{sender.base}/a/{abs(hash((kind, str(person), str(more)))) % 10**17}",
        "type": kind,
        "actor": sender.identity.actor_uri,
        "to": [urn],
        "audience": urn,
        "object": {"type": "Seat", "room": urn, "person": person, **more},
    }


def entry_of(node: RunningNode, handle: str) -> dict[str, Any]:
    row = member_row(node, handle)
    return {"id": f"{node.base}{row.uri}", "type": "Person", "preferredUsername": handle, "name": row.name}


async def say(sender: RunningNode, to: RunningNode, activity: dict[str, Any]) -> None:
    assert (await deliver_as_node(sender, to, activity)).status == 202
    await settle(to)


async def test_a_node_that_does_not_keep_the_room_adds_and_removes_nobody(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    for node, handle in ((firms.smit, "sara"), (firms.jansen, "jan")):
        await firms.bring_in(audience, node, handle)
    await say(
        firms.smit, firms.jansen, seat_activity(firms.smit, audience, "Add", entry_of(firms.smit, "sjef"))
    )
    await say(
        firms.smit, firms.bakker, seat_activity(firms.smit, audience, "Add", entry_of(firms.smit, "sjef"))
    )
    await say(
        firms.smit,
        firms.jansen,
        seat_activity(firms.smit, audience, "Remove", entry_of(firms.bakker, "anna")),
    )
    await say(
        firms.smit, firms.jansen, seat_activity(firms.smit, audience, "Leave", entry_of(firms.bakker, "anna"))
    )
    assert all(firms.inside(node, audience) == {"anna", "sara", "jan"} for node in firms.all)


async def test_nobody_is_put_into_a_room_without_their_own_word(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await say(
        firms.bakker, firms.smit, seat_activity(firms.bakker, audience, "Add", entry_of(firms.smit, "sjef"))
    )
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}


async def test_somebody_whom_their_own_node_never_named_is_not_in(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    made_up = {
        "id": f"{firms.jansen.base}/p/7",
        "type": "Person",
        "preferredUsername": "spook",
        "name": "Spook",
    }
    elsewhere = {**made_up, "id": "http://elders.localhost/p/7"}
    for person in (made_up, elsewhere):
        await say(firms.bakker, firms.smit, seat_activity(firms.bakker, audience, "Add", person))
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}


async def test_a_room_of_a_ring_that_we_are_not_in_is_not_taken(firms: Firms) -> None:
    node = firms.smit
    for within in ("ring:" + "ab" * 32, COMPANY):
        founding = found(node.identity, within, "Vals", confined=False)
        document = invented(node, founding, urn_of("ring:" + "ab" * 32))
        await say(node, firms.bakker, created(node, firms.ring, document))
        assert not firms.knows(firms.bakker, founding.audience)


async def test_a_room_names_its_own_home(firms: Firms) -> None:
    founding = found(firms.jansen.identity, firms.ring, "Van een ander", confined=False)
    document = invented(firms.smit, founding, urn_of(firms.ring))
    await say(firms.smit, firms.bakker, created(firms.smit, firms.ring, document))
    assert firms.bakker.read(lambda db: find_room(db, founding.audience)) is None
    own = found(firms.smit.identity, firms.ring, "Eigen", confined=True)
    changed = invented(firms.smit, own, urn_of(firms.ring)) | {"founding": own.text.replace("true", "false")}
    await say(firms.smit, firms.bakker, created(firms.smit, firms.ring, changed))
    assert firms.bakker.read(lambda db: find_room(db, own.audience)) is None


def invented(node: RunningNode, founding: Any, within: str) -> dict[str, Any]:
    return {
        "id": urn_of(founding.audience),
        "type": ["Room", "Group"],
        "name": "Verzonnen",
        "within": within,
        "founding": founding.text,
        "listed": True,
    }


def created(node: RunningNode, ring: str, document: dict[str, Any]) -> dict[str, Any]:
    urn = urn_of(ring)
    return {
        "@context": OBJECT_CONTEXT,
        "id": f"{node.base}/a/{abs(hash(str(document))) % 10**17}",
        "type": "Create",
        "actor": node.identity.actor_uri,
        "to": [urn],
        "audience": urn,
        "object": document,
    }


async def test_a_room_of_ten_thousand_people_is_refused(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    people = [
        {
            "id": f"{firms.bakker.base}/p/{number}",
            "type": "Person",
            "preferredUsername": f"p{number}",
            "name": "P",
        }
        for number in range(10_000)
    ]
    seats = [{"type": "Seat", "room": urn_of(audience), "person": person} for person in people]
    peer = firms.smit.read(lambda db: find_peer(db, firms.bakker.domain))
    assert peer is not None
    whole = {"orderedItems": seats}
    firms.smit.write(lambda db: take_people(db, firms.smit.identity, peer, audience, whole))
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}
    for number in range(300):
        await deliver_as_node(
            firms.bakker, firms.smit, seat_activity(firms.bakker, audience, "Add", people[number])
        )
    await settle(firms.smit)
    assert len(firms.inside(firms.smit, audience)) == 300


async def test_a_post_of_somebody_who_is_not_in_is_not_shown(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    urn = urn_of(audience)
    for number, (node, handle) in enumerate(((firms.smit, "sjef"), (firms.jansen, "jan"))):
        author = f"{node.base}{member_row(node, handle).uri}"
        note = {
            "id": f"{node.base}/o/{number + 77}",
            "type": "Note",
            "attributedTo": author,
            "content": f"<p>Van buiten {number}</p>",
            "to": [urn],
            "audience": urn,
        }
        activity = {
            "@context": OBJECT_CONTEXT,
            "id": f"{node.base}/a/{number + 77}",
            "type": "Create",
            "actor": author,
            "to": [urn],
            "audience": urn,
            "object": note,
        }
        await say(node, firms.bakker, activity)
        assert find_text(firms.bakker, f"Van buiten {number}") is None


# --- within one company --------------------------------------------------------------------------------


async def test_a_room_in_the_company_goes_nowhere_and_is_for_who_is_in(firms: Firms) -> None:
    audience = firms.make(within=COMPANY, name="Directie")
    bert = member_row(firms.bakker, "bert").actor_id
    make_member(firms.bakker, "ada", roles=("admin",))
    firms.act(firms.bakker, "anna", audience, actions.invite, [bert])
    assert firms.act(firms.bakker, "bert", audience, actions.join, "") is True
    made = post(firms.bakker, "bert", audience, "Onder ons")
    await settle(firms.bakker)
    assert not any(b"Onder ons" in sent.body for sent, _ in firms.bakker.sender.log)
    for handle, status in (("anna", 200), ("ada", 404)):
        assert (await (await log_in(firms.bakker, handle)).get(f"/o/{made}")).status_code == status
    other = firms.make(within=COMPANY, name="Alleen Anna", listed=False)
    assert firms.knows(firms.bakker, other)
    assert "Alleen Anna" not in firms.sees(
        firms.bakker, "bert"
    )  # who has a place in one knows no other by it
    assert "Directie" in firms.sees(firms.bakker, "bert")
    with pytest.raises(Invalid):
        post(firms.bakker, "ada", audience, "Ik ben de baas")
    with pytest.raises(Forbidden):
        firms.act(firms.bakker, "bert", audience, actions.invite, [bert])
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    with pytest.raises(Invalid):
        firms.act(firms.bakker, "anna", audience, actions.invite, [sara])
