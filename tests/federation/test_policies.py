"""What a node does with another server: blocked, limited, rings only, off its list (A5)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Row, func, select

from node.actors import actors, find_actor
from node.admin.servers import forget_server, server_named, set_federation, set_standing
from node.boundary import Anonymous, Member, readable
from node.errors import Conflict, Invalid
from node.identity import ALLOW_LIST
from node.memberships import follows
from node.notices import notices
from node.objects import PUBLIC, objects
from node.peers import (
    ALLOWED,
    BLOCKED,
    LIMITED,
    NORMAL,
    RINGS_ONLY,
    change_peer,
    find_peer,
    get_peer,
    keep_peer,
)
from node.people.actions import show_face
from node.people.follows import follow
from node.people.remote import require_actor
from node.queue import deliveries, received
from node.rings import pairing
from tests.factories import log_in, make_member, make_topic, post
from tests.federation.circle import Circle
from tests.federation.readers import DOCUMENT, PAGE, Reader, by_cavage
from tests.federation.strangers import Stranger
from tests.network import RunningNode, fediverse, settle

pytestmark = pytest.mark.asyncio


@dataclass
class Place:
    """Bakker with Anna and Bram, and Mia of a server that nobody is paired with."""

    node: RunningNode
    anna: int
    bram: int
    mia: Stranger

    @property
    def peer(self) -> Row[Any]:
        row = self.node.read(lambda db: find_peer(db, "mia.localhost"))
        assert row is not None
        return row

    @property
    def inbox(self) -> str:
        return f"{self.node.base}/inbox"

    def person(self, actor_id: int) -> str:
        return f"{self.node.base}/p/{actor_id}"

    async def send(self, activity: dict[str, Any]) -> int:
        status = (await self.mia.deliver(self.inbox, activity)).status
        await settle(self.node)
        return status

    async def follow_anna(self) -> dict[str, Any]:
        activity = self.mia.activity("Follow", self.person(self.anna), to=[self.person(self.anna)])
        assert await self.send(activity) == 202
        return activity

    async def be_followed(self) -> None:
        """Anna follows Mia."""
        await self.follow(self.mia)

    async def follow(self, stranger: Stranger) -> None:
        row = self.node.read(lambda db: require_actor(db, stranger.actor))
        self.node.write(lambda db: follow(db, self.node.identity, self.anna, row))
        await settle(self.node)
        asked = next(one for one in stranger.received if one["type"] == "Follow")
        yes = stranger.activity("Accept", asked, to=[self.person(self.anna)])
        await stranger.deliver(self.inbox, yes)
        await settle(self.node)

    def rule(self, choice: str, domain: str = "mia.localhost") -> None:
        def change(db: Any) -> None:
            node = self.node.identity
            set_standing(db, node, server_named(db, node, domain), choice, reason="Reclame")

        self.node.write(change)

    def count(self, table: Any, *conditions: Any) -> int:
        query = select(func.count()).select_from(table).where(*conditions)
        return int(self.node.read(lambda db: db.scalar(query)) or 0)

    def shown_to(self, reader: Any) -> set[str]:
        query = select(objects.c.uri).where(readable(reader), objects.c.audience == PUBLIC)
        return set(self.node.read(lambda db: list(db.scalars(query))))

    def told(self, member_id: int) -> list[str]:
        query = select(notices.c.kind).where(notices.c.member_id == member_id).order_by(notices.c.id)
        return self.node.read(lambda db: list(db.scalars(query)))

    async def ask(self, path: str, accept: str, *, signed: bool) -> int:
        headers = by_cavage(self.mia) if signed else lambda _method, _url: {}
        return (
            await Reader("mia", {"bakker": self.node.client()}, headers).get(self.node, path, accept)
        ).status_code


@pytest_asyncio.fixture
async def place(tmp_path: Path, database_url: str) -> AsyncIterator[Place]:
    async with fediverse(tmp_path / "homes", {"bakker.localhost": database_url}) as nodes:
        node = nodes["bakker"]
        anna, bram = make_member(node, "anna", has_face=True), make_member(node, "bram", has_face=True)
        place = Place(node, anna, bram, Stranger(node.sender, "mia.localhost", "mia"))
        await place.send(place.mia.activity("Follow", f"{node.base}/actor", to=[f"{node.base}/actor"]))
        yield place


# --- rings only ------------------------------------------------------------------------------------


@pytest.mark.each_database
async def test_rings_only_ends_follows_both_ways_and_says_so(place: Place) -> None:
    asked = await place.follow_anna()
    await place.be_followed()
    assert place.count(follows) == 2
    place.mia.received.clear()
    place.rule(RINGS_ONLY)
    await settle(place.node)
    assert place.count(follows) == 0
    assert sorted(one["type"] for one in place.mia.received) == ["Reject", "Undo"]
    [rejected] = [one["object"]["id"] for one in place.mia.received if one["type"] == "Reject"]
    assert rejected == asked["id"]


@pytest.mark.each_database
async def test_with_rings_only_nothing_open_goes_there_not_even_what_waited(place: Place) -> None:
    await place.follow_anna()
    place.mia.received.clear()
    post(place.node, "anna", PUBLIC, "Dit wacht nog")
    place.rule(RINGS_ONLY)
    assert place.count(deliveries, deliveries.c.state == "dropped") == 1
    post(place.node, "anna", PUBLIC, "Dit gaat nooit @mia@mia.localhost")
    await settle(place.node)
    assert {one["type"] for one in place.mia.received} == {"Reject"}


async def test_with_rings_only_nothing_open_comes_from_there(place: Place) -> None:
    place.rule(RINGS_ONLY)
    tag = {"type": "Mention", "href": place.person(place.anna)}
    note = place.mia.note("Koop dit", tag=[tag])
    assert await place.send(place.mia.activity("Create", note)) == 202
    private = place.mia.note("Koop dit", to=[place.person(place.anna)], tag=[tag])
    assert await place.send(place.mia.activity("Create", private)) == 202
    await place.follow_anna()
    assert place.count(objects, objects.c.origin != 0) == 0
    assert place.count(follows) == 0
    assert place.told(place.anna) == []


async def test_a_post_of_such_a_server_is_not_fetched_when_somebody_else_boosts_it(place: Place) -> None:
    zus = Stranger(place.node.sender, "zus.localhost", "zus")
    await zus.deliver(place.inbox, zus.activity("Follow", place.person(place.anna)))
    await settle(place.node)
    await place.follow(zus)
    note = place.mia.note("Koop dit")
    place.mia.documents[note["id"]] = note
    place.rule(RINGS_ONLY)
    await zus.deliver(place.inbox, zus.activity("Announce", note["id"], to=[PUBLIC_URI]))
    await settle(place.node)
    assert place.count(objects, objects.c.uri == note["id"]) == 0
    asked_for = [request.url for request, _ in place.node.sender.log]
    assert note["id"] not in asked_for
    place.rule(NORMAL)
    await zus.deliver(place.inbox, zus.activity("Announce", note["id"], to=[PUBLIC_URI]))
    await settle(place.node)
    assert place.count(objects, objects.c.uri == note["id"]) == 1


PUBLIC_URI = "https://www.w3.org/ns/activitystreams#Public"


async def test_what_is_taken_back_is_heard_from_everybody(place: Place) -> None:
    await place.follow_anna()
    await place.be_followed()
    note = place.mia.note("Straks weg")
    await place.send(place.mia.activity("Create", note))
    assert place.count(objects, objects.c.uri == note["id"], objects.c.state == "live") == 1
    place.rule(RINGS_ONLY)
    await place.send(place.mia.activity("Delete", note["id"], to=[PUBLIC_URI]))
    assert place.count(objects, objects.c.uri == note["id"], objects.c.state == "deleted") == 1


# --- limited ---------------------------------------------------------------------------------------


@pytest.mark.each_database
async def test_of_a_limited_server_only_followers_of_the_author_see_what_is_open(place: Place) -> None:
    await place.be_followed()
    place.rule(LIMITED)
    note = place.mia.note("Voor volgers", tag=[{"type": "Mention", "href": place.person(place.bram)}])
    await place.send(place.mia.activity("Create", note))
    assert note["id"] in place.shown_to(Member(place.anna))
    assert note["id"] not in place.shown_to(Member(place.bram)) | place.shown_to(Anonymous())
    assert place.told(place.bram) == []
    place.rule(NORMAL)
    assert note["id"] in place.shown_to(Member(place.bram)) & place.shown_to(Anonymous())


async def test_of_a_limited_server_nobody_follows_nothing_is_kept_or_told(place: Place) -> None:
    mine = post(place.node, "anna", PUBLIC, "Open vraag")
    place.rule(LIMITED)
    tag = {"type": "Mention", "href": place.person(place.anna)}
    note = place.mia.note("Koop dit", tag=[tag], inReplyTo=f"{place.node.base}/o/{mine}")
    await place.send(place.mia.activity("Create", note))
    await place.send(place.mia.activity("Like", f"{place.node.base}/o/{mine}", to=[PUBLIC_URI]))
    assert place.count(objects, objects.c.uri == note["id"]) == 0
    assert place.told(place.anna) == []


async def test_a_follow_from_a_limited_server_waits_for_a_yes(place: Place) -> None:
    place.rule(LIMITED)
    await place.follow_anna()
    assert place.node.read(lambda db: db.scalar(select(follows.c.state))) == "pending"
    page = await (await log_in(place.node, "anna")).get("/followers")
    assert "mia.localhost" in page.text


async def test_a_limited_server_cannot_follow_an_open_topic_nor_speak_in_it(place: Place) -> None:
    make_member(place.node, "ed", roles=("editor",))
    topic = make_topic(place.node, "ed", PUBLIC, "warmte")
    zus = Stranger(place.node.sender, "zus.localhost", "zus")
    await zus.deliver(place.inbox, zus.activity("Follow", place.person(topic)))
    await place.be_followed()
    place.rule(LIMITED)
    place.mia.received.clear()
    await place.send(place.mia.activity("Follow", place.person(topic)))
    assert [one["type"] for one in place.mia.received] == ["Reject"]
    note = place.mia.note("In jullie onderwerp", cc=[place.person(topic)])
    await place.send(place.mia.activity("Create", note))
    assert place.count(objects, objects.c.uri == note["id"]) == 1
    assert [one["type"] for one in zus.received] == ["Accept"]


# --- the list --------------------------------------------------------------------------------------


@pytest.mark.each_database
async def test_with_a_list_documents_are_for_servers_on_it_and_pages_for_everyone(place: Place) -> None:
    made = post(place.node, "anna", PUBLIC, "Open")
    assert await place.ask(f"/o/{made}", DOCUMENT, signed=False) == 200
    place.node.write(lambda db: set_federation(db, place.node.identity, ALLOW_LIST))
    for path in (f"/o/{made}", f"/p/{place.anna}", f"/p/{place.anna}/outbox", f"/p/{place.anna}/followers"):
        for signed in (False, True):
            assert await place.ask(path, DOCUMENT, signed=signed) == 404, (path, signed)
    assert await place.ask(f"/o/{made}", PAGE, signed=False) == 200
    assert await place.ask("/@anna", PAGE, signed=False) == 200
    assert await place.ask("/actor", DOCUMENT, signed=False) == 200
    finger = "/.well-known/webfinger?resource=acct:anna@bakker.localhost"
    assert await place.ask(finger, DOCUMENT, signed=False) == 200
    place.rule(ALLOWED)
    for path in (f"/o/{made}", f"/p/{place.anna}", f"/p/{place.anna}/outbox", f"/p/{place.anna}/followers"):
        assert await place.ask(path, DOCUMENT, signed=True) == 200, path
        assert await place.ask(path, DOCUMENT, signed=False) == 404, path


@pytest.mark.each_database
async def test_the_list_ends_follows_with_whoever_is_not_on_it(place: Place) -> None:
    zus = Stranger(place.node.sender, "zus.localhost", "zus")
    place.rule(ALLOWED, "zus.localhost")
    await place.follow_anna()
    await zus.deliver(place.inbox, zus.activity("Follow", place.person(place.anna)))
    await settle(place.node)
    place.node.write(lambda db: set_federation(db, place.node.identity, ALLOW_LIST))
    post(place.node, "anna", PUBLIC, "Alleen voor wie op de lijst staat")
    await settle(place.node)
    assert [one["type"] for one in place.mia.received] == ["Accept", "Reject"]
    assert [one["type"] for one in zus.received] == ["Accept", "Create"]
    await place.follow_anna()
    assert place.count(follows) == 1


# --- blocked ---------------------------------------------------------------------------------------


@pytest.mark.each_database
async def test_a_block_covers_the_domains_below_also_those_never_met(place: Place) -> None:
    place.rule(BLOCKED, "kwaad.localhost")
    eve = Stranger(place.node.sender, "diep.in.kwaad.localhost", "eve")
    about = eve.activity("Follow", place.person(place.anna))
    assert (await eve.deliver(place.inbox, about)).status == 403
    assert eve.actor not in [request.url for request, _ in place.node.sender.log]
    met = place.node.write(lambda db: keep_peer(db, "nieuw.kwaad.localhost"))
    row = place.node.read(lambda db: get_peer(db, met))
    assert (row.state, row.ruled_by) == (BLOCKED, "kwaad.localhost")
    place.rule(ALLOWED, "diep.in.kwaad.localhost")
    assert (await eve.deliver(place.inbox, about)).status == 202
    place.rule(NORMAL, "kwaad.localhost")
    assert place.node.read(lambda db: get_peer(db, met)).state == "known"


async def test_what_is_here_of_a_blocked_server_is_hidden_until_the_block_ends(place: Place) -> None:
    await place.be_followed()
    note = place.mia.note("Hallo", tag=[{"type": "Mention", "href": place.person(place.anna)}])
    await place.send(place.mia.activity("Create", note))
    place.rule(BLOCKED)
    client = await log_in(place.node, "anna")
    assert note["id"] not in place.shown_to(Member(place.anna))
    assert "mia" not in (await client.get("/notices")).text.lower()
    assert (await client.get("/@mia@mia.localhost")).status_code == 404
    assert place.peer.reason == "Reclame"
    place.rule(NORMAL)
    assert note["id"] in place.shown_to(Member(place.anna))


async def test_what_a_server_sent_before_its_block_and_waits_is_not_handled(place: Place) -> None:
    note = place.mia.note("Hallo", to=[place.person(place.anna)])
    await place.mia.deliver(place.inbox, place.mia.activity("Create", note))
    place.rule(BLOCKED)
    await settle(place.node)
    assert place.count(objects, objects.c.uri == note["id"]) == 0


# --- rings and partners ----------------------------------------------------------------------------


async def test_rings_go_on_with_rings_only_and_off_the_list(own_circle: Circle) -> None:
    bakker, smit = own_circle.bakker, own_circle.smit
    for node, change in ((bakker, _rings_only), (smit, _list_only)):
        change(node, "smit.localhost" if node is bakker else "")
    made = own_circle.post("Voor de ring", audience=own_circle.ring)
    await own_circle.settle()
    uri = f"{bakker.base}/o/{made}"
    assert smit.read(lambda db: db.scalar(select(func.count()).where(objects.c.uri == uri))) == 1
    assert await own_circle.ask(smit, f"/o/{made}") == 200
    assert await own_circle.ask(smit, f"/p/{own_circle.anna}") == 200
    bakker.write(lambda db: show_face(db, own_circle.anna))
    openly = own_circle.post("Open", audience=PUBLIC)
    assert await own_circle.ask(smit, f"/o/{openly}") == 404


def _rings_only(node: RunningNode, domain: str) -> None:
    def change(db: Any) -> None:
        set_standing(db, node.identity, server_named(db, node.identity, domain), RINGS_ONLY)

    node.write(change)


def _list_only(node: RunningNode, _: str) -> None:
    node.write(lambda db: set_federation(db, node.identity, ALLOW_LIST))


async def test_a_rule_for_a_wider_domain_does_not_reach_a_partner(own_circle: Circle) -> None:
    bakker = own_circle.bakker

    def change(db: Any) -> None:
        node = bakker.identity
        set_standing(db, node, server_named(db, node, "localhost"), BLOCKED)

    bakker.write(change)
    smit = bakker.read(lambda db: find_peer(db, "smit.localhost"))
    assert smit is not None
    assert smit.state == "paired"
    made = own_circle.post("Voor de ring", audience=own_circle.ring)
    await own_circle.settle()
    assert await own_circle.ask(own_circle.smit, f"/o/{made}") == 200


async def test_a_blocked_server_is_not_paired_with_and_a_partner_follows_no_wider_rule(
    place: Place,
) -> None:
    director = make_member(place.node, "dirk", roles=("director",))
    place.rule(BLOCKED, "kwaad.example")
    with pytest.raises(Invalid):
        place.node.write(
            lambda db: pairing.invite(db, place.node.identity, director, "leren.kwaad.example", "Kwaad")
        )
    place.rule(LIMITED, "kwaad.example")
    peer_id = place.node.write(lambda db: keep_peer(db, "leren.kwaad.example"))
    assert place.node.read(lambda db: get_peer(db, peer_id)).policy == LIMITED
    place.node.write(lambda db: change_peer(db, peer_id, state="paired"))
    assert place.node.read(lambda db: get_peer(db, peer_id)).policy == NORMAL


async def test_a_partner_that_was_blocked_comes_back_without_its_rings(own_circle: Circle) -> None:
    bakker = own_circle.bakker
    smit = bakker.read(lambda db: find_peer(db, "smit.localhost"))
    assert smit is not None
    bakker.write(lambda db: set_standing(db, bakker.identity, smit.id, BLOCKED))
    bakker.write(lambda db: set_standing(db, bakker.identity, smit.id, NORMAL))
    assert bakker.read(lambda db: get_peer(db, smit.id)).state == "known"
    made = own_circle.post("Later", audience="company")
    assert await own_circle.ask(own_circle.smit, f"/o/{made}") == 404
    with pytest.raises(Conflict, match="ring"):
        bakker.write(lambda db: forget_server(db, bakker.identity, smit.id))


# --- forgetting ------------------------------------------------------------------------------------


@pytest.mark.each_database
async def test_a_forgotten_server_is_told_and_nothing_but_names_under_posts_stays(place: Place) -> None:
    await place.follow_anna()
    await place.be_followed()
    note = place.mia.note("Blijft staan")
    create = place.mia.activity("Create", note)
    await place.send(create)
    place.mia.received.clear()
    peer = place.peer
    place.node.write(lambda db: forget_server(db, place.node.identity, peer.id))
    await settle(place.node)
    assert sorted(one["type"] for one in place.mia.received) == ["Reject", "Undo"]
    assert place.count(follows) == 0
    row = place.node.read(lambda db: find_actor(db, place.mia.actor))
    assert row is not None
    assert (row.handle, row.public_key, row.inbox) == ("mia", None, None)
    again = place.count(received)
    assert await place.send(create) == 202
    assert place.count(received) == again  # its ids are kept, so nothing can be sent twice


async def test_only_a_server_without_ties_or_rules_is_forgotten(place: Place) -> None:
    place.rule(LIMITED)
    peer = place.peer
    with pytest.raises(Conflict, match="rule"):
        place.node.write(lambda db: forget_server(db, place.node.identity, peer.id))
    place.rule(NORMAL)
    place.node.write(lambda db: forget_server(db, place.node.identity, peer.id))
    assert place.count(actors, actors.c.peer_id == peer.id) == 0
