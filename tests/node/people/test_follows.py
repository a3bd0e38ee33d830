"""Following here, elsewhere, and between ring nodes: who may, who is asked, what the other side knows."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from node.actors import change_actor, find_actor
from node.boundary import Receiver
from node.memberships import follows
from node.notices import notices
from node.outbox import publish
from node.peers import keep_peer
from node.people.queries import find_person
from node.queue import activities
from tests.factories import log_in, make_member, make_ring, member_row, pair
from tests.network import RunningNode, settle
from tests.node.people.conftest import Two


def states(node: RunningNode) -> list[tuple[int, int, str]]:
    columns = follows.c.follower_id, follows.c.followed_id, follows.c.state
    return [tuple(row) for row in node.read(lambda db: db.execute(select(*columns)).all())]


def kinds_told(node: RunningNode, member_id: int) -> list[str]:
    query = select(notices.c.kind).where(notices.c.member_id == member_id).order_by(notices.c.id)
    return list(node.read(lambda db: db.scalars(query).all()))


def sent_types(node: RunningNode) -> list[str]:
    return list(node.read(lambda db: db.scalars(select(activities.c.type).order_by(activities.c.id)).all()))


async def follow_by_handle(client: httpx.AsyncClient, handle: str) -> httpx.Response:
    return await client.post("/follow", data={"handle": handle})


async def test_a_colleague_is_followed_at_once_without_anything_leaving(node: RunningNode) -> None:
    piet, anna = make_member(node, "piet"), make_member(node, "anna")
    client = await log_in(node, "piet")
    assert (await client.post(f"/follow/{anna}", data={"next": "/people"})).headers["location"] == "/people"
    assert states(node) == [(piet, anna, "accepted")]
    assert kinds_told(node, anna) == ["follow"]
    assert sent_types(node) == []


async def test_who_decides_about_followers_is_asked_first(node: RunningNode) -> None:
    piet, anna = make_member(node, "piet"), make_member(node, "anna")
    node.write(lambda db: change_actor(db, anna, approves_follows=True))
    await (await log_in(node, "piet")).post(f"/follow/{anna}")
    assert states(node) == [(piet, anna, "pending")]
    client = await log_in(node, "anna")
    page = await client.get("/followers")
    assert "Piet" in page.text
    follow_id = node.read(lambda db: db.scalar(select(follows.c.id)))
    stranger = await log_in(node, "piet")
    assert (await stranger.post(f"/followers/{follow_id}/approve")).status_code == 404
    await client.post(f"/followers/{follow_id}/approve")
    assert states(node) == [(piet, anna, "accepted")]
    assert kinds_told(node, piet) == ["follow_accepted"]
    await client.post(f"/followers/{follow_id}/refuse")
    assert states(node) == []


async def test_following_an_outsider_needs_a_face_and_says_so_first(two: Two) -> None:
    make_member(two.bakker, "piet")
    make_member(two.smit, "anna", has_face=True)
    client = await log_in(two.bakker, "piet")
    answer = await follow_by_handle(client, "@anna@smit.localhost:8002")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/settings/face?next=/follow")
    assert states(two.bakker) == []
    page = await client.get(answer.headers["location"])
    assert "@piet@bakker.localhost:8001" in page.text
    await client.post("/settings/face", data={"next": "/follow"})
    assert member_row(two.bakker, "piet").face_at is not None


async def test_a_follow_elsewhere_is_pending_until_accepted_and_can_be_undone(two: Two) -> None:
    piet = make_member(two.bakker, "piet", has_face=True)
    anna = make_member(two.smit, "anna", has_face=True)
    client = await log_in(two.bakker, "piet")
    answer = await follow_by_handle(client, "@Anna@smit.localhost:8002")
    assert answer.headers["location"] == "/@anna@smit.localhost:8002"
    assert [state for _, _, state in states(two.bakker)] == ["pending"]
    await settle(*two)
    there = two.bakker.read(lambda db: find_person(db, two.bakker.identity, "anna@smit.localhost:8002"))
    assert there is not None
    assert states(two.bakker) == [(piet, there.id, "accepted")]
    assert kinds_told(two.smit, anna) == ["follow"]
    await client.post(f"/unfollow/{there.id}")
    await settle(*two)
    assert states(two.bakker) == states(two.smit) == []
    assert sent_types(two.bakker) == ["Follow", "Undo"]


async def test_who_decides_may_refuse_somebody_elsewhere(two: Two) -> None:
    piet = make_member(two.bakker, "piet", has_face=True)
    anna = make_member(two.smit, "anna", has_face=True)
    two.smit.write(lambda db: change_actor(db, anna, approves_follows=True))
    client = await log_in(two.bakker, "piet")
    await follow_by_handle(client, "anna@smit.localhost:8002")
    await settle(*two)
    assert [state for _, _, state in states(two.smit)] == ["pending"]
    follow_id = two.smit.read(lambda db: db.scalar(select(follows.c.id)))
    await (await log_in(two.smit, "anna")).post(f"/followers/{follow_id}/refuse")
    await settle(*two)
    assert states(two.bakker) == states(two.smit) == []
    assert kinds_told(two.bakker, piet) == ["follow_refused"]


async def test_somebody_without_a_face_does_not_exist_for_strangers(two: Two) -> None:
    make_member(two.bakker, "piet", has_face=True)
    anna = make_member(two.smit, "anna")
    client = await log_in(two.bakker, "piet")
    answer = await follow_by_handle(client, "anna@smit.localhost:8002")
    assert answer.status_code == 422
    nobody = await follow_by_handle(client, "niemand@smit.localhost:8002")
    assert answer.text.replace("anna@smit", "niemand@smit") == nobody.text
    # Who guesses the address all the same is answered like everybody and dropped.
    follow_by_uri(two.bakker, "piet", f"{two.smit.base}/p/{anna}")
    await settle(*two)
    assert states(two.smit) == []


def follow_by_uri(node: RunningNode, handle: str, target: str) -> None:
    """A Follow that our own pages would not send."""
    who = member_row(node, handle)
    activity: dict[str, Any] = {
        "type": "Follow",
        "actor": node.base + who.uri,
        "object": target,
        "to": [target],
    }
    domain = target.split("/")[2]

    def send(db: Any) -> None:
        there = [Receiver(keep_peer(db, domain), f"http://{domain}/inbox")]
        publish(db, node.identity, activity, audience="people", receivers=there, actor_id=who.actor_id)

    node.write(send)


async def test_ring_nodes_follow_each_others_people_without_faces_by_the_node_key(two: Two) -> None:
    await pair(*two)
    await make_ring(*two)
    make_member(two.bakker, "piet")
    anna = make_member(two.smit, "anna")
    client = await log_in(two.bakker, "piet")
    await follow_by_handle(client, "anna@smit.localhost:8002")
    await settle(*two)
    assert [state for _, _, state in states(two.bakker)] == ["accepted"]
    assert kinds_told(two.smit, anna) == ["follow"]
    assert member_row(two.bakker, "piet").face_at is None
    sent = [request for request, _ in two.bakker.sender.log if b'"Follow"' in request.body]
    assert all("/actor#ed25519-key" in request.headers["signature-input"] for request in sent)


@pytest.mark.parametrize("target", ["/actor", "/rings/monteurs", "/o/1", "/p/1"])
async def test_nothing_but_people_and_open_topics_can_be_followed(two: Two, target: str) -> None:
    make_member(two.bakker, "piet", has_face=True)
    follow_by_uri(two.bakker, "piet", two.smit.base + target)
    await settle(*two)
    assert states(two.smit) == []
    assert sent_types(two.smit) == []


async def test_wrong_handles_are_explained(two: Two) -> None:
    make_member(two.bakker, "piet", has_face=True)
    client = await log_in(two.bakker, "piet")
    client.cookies.set("language", "en")
    silent = await follow_by_handle(client, "anna@weg.localhost:8009")
    assert "antwoordt nu niet" in silent.text or "does not answer" in silent.text
    own = await follow_by_handle(client, "niemand")
    assert own.status_code == 422
    assert (await follow_by_handle(client, "@")).status_code == 422
    assert (await two.bakker.client().post("/follow", data={"handle": "x@y"})).status_code == 404


async def test_a_changed_name_reaches_followers_elsewhere(two: Two) -> None:
    make_member(two.bakker, "piet", has_face=True)
    make_member(two.smit, "anna", has_face=True)
    await follow_by_handle(await log_in(two.bakker, "piet"), "anna@smit.localhost:8002")
    await settle(*two)
    form = {"name": "Anna Nieuw", "summary": "<b>lassen</b>", "language": "", "mail": ""}
    await (await log_in(two.smit, "anna")).post("/settings", data=form)
    await settle(*two)
    there = two.bakker.read(lambda db: find_person(db, two.bakker.identity, "anna@smit.localhost:8002"))
    assert there is not None
    assert (there.name, there.summary) == ("Anna Nieuw", "<p>&lt;b&gt;lassen&lt;/b&gt;</p>")


async def test_an_actor_without_a_face_is_404_and_with_one_holds_its_keys(node: RunningNode) -> None:
    anna = make_member(node, "anna")
    get = {"accept": "application/activity+json"}
    client = node.client()
    assert (await client.get(f"/p/{anna}", headers=get)).status_code == 404
    make_member(node, "piet", has_face=True)
    uri = member_row(node, "piet").uri
    answer = await client.get(uri, headers=get)
    document = json.loads(answer.content)
    assert document["id"] == node.base + uri
    assert document["publicKey"]["id"] == document["id"] + "#main-key"
    assert document["assertionMethod"][0]["type"] == "Multikey"
    assert document["webfinger"] == "piet@bakker.localhost:8001"
    assert node.read(lambda db: find_actor(db, uri)) is not None
