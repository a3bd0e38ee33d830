"""Topics: who makes them, how a ring's travel, how an open one announces."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from node.boundary import Anonymous, Member
from node.errors import Forbidden, Invalid, NotFound
from node.ids import now
from node.incoming import Dropped, Incoming
from node.memberships import follows
from node.peers import keep_peer
from node.posts.actions import delete_post
from node.queue import activities
from node.rings.receipts import receipt_summary
from node.topics.actions import create_topic, delete_topic, edit_topic
from node.topics.activities import receive_topic
from node.topics.queries import find_topic, get_topic, list_topics, topics_of_audience
from tests.factories import leave_ring, log_in, make_member, make_ring, make_topic, member_row, pair, post
from tests.network import RunningNode, settle
from tests.node.topics.conftest import Two


def member(node: RunningNode, handle: str) -> Member:
    row = member_row(node, handle)
    return Member(row.actor_id, frozenset(row.roles.split()))


def names(node: RunningNode, reader: Any) -> list[str]:
    return [row.name for row in node.read(lambda db: list_topics(db, reader))]


def sent(node: RunningNode, kind: str) -> list[dict[str, Any]]:
    query = select(activities.c.body).where(activities.c.type == kind).order_by(activities.c.id)
    return [json.loads(body) for body in node.read(lambda db: db.scalars(query).all())]


def test_editors_directors_and_admins_make_topics_and_nobody_else(node: RunningNode) -> None:
    for role in ("editor", "director", "admin"):
        make_member(node, role, roles=(role,))
        make_topic(node, role, "company", f"van_{role}")
    for roles in ((), ("moderator",)):
        handle = f"lid{len(roles)}"
        make_member(node, handle, roles=roles)
        with pytest.raises(Forbidden):
            make_topic(node, handle, "company", "andere")


def test_handles_are_one_namespace_and_never_used_again(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",))
    topic_id = make_topic(node, "anna", "company", "pompen")
    node.write(lambda db: delete_topic(db, node.identity, member(node, "anna"), topic_id))
    for handle in ("pompen", "anna", "X", "te lang voor een korte naam"):
        with pytest.raises(Invalid):
            make_topic(node, "anna", "company", handle)
    assert names(node, member(node, "anna")) == []


@pytest.mark.parametrize("audience", ["people", f"ring:{'a' * 64}", "", "room:x"])
def test_a_topic_is_for_the_company_one_of_our_rings_or_everyone(node: RunningNode, audience: str) -> None:
    make_member(node, "anna", roles=("editor",))
    with pytest.raises(Invalid):
        make_topic(node, "anna", audience, "pompen")


def test_a_company_topic_does_not_exist_for_visitors(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",))
    own, open_one = (make_topic(node, "anna", one, f"van_{one}") for one in ("company", "public"))
    assert names(node, Anonymous()) == ["Van_Public"]
    with pytest.raises(NotFound):
        node.read(lambda db: get_topic(db, Anonymous(), own))
    assert node.read(lambda db: get_topic(db, Anonymous(), open_one)).uri == f"/p/{open_one}"


def test_an_archived_topic_takes_no_new_posts(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",))
    anna, topic_id = member(node, "anna"), make_topic(node, "anna", "company", "pompen")
    node.write(
        lambda db: edit_topic(db, node.identity, anna, topic_id, name="Pompen", summary="", archived=True)
    )
    assert names(node, anna) == ["Pompen"]
    assert node.read(lambda db: topics_of_audience(db, anna, "company")) == []


async def test_a_rings_topic_comes_changes_and_goes_at_the_partner(two: Two) -> None:
    await pair(*two)
    ring = await make_ring(*two)
    for node in two:
        make_member(node, "anna", roles=("editor",))
    topic_id = make_topic(two.bakker, "anna", ring, "pompen", name="Pompen", summary="Over pompen")
    await settle(*two)
    partner = member(two.smit, "anna")
    (there,) = two.smit.read(lambda db: list_topics(db, partner))
    assert (there.name, there.summary, there.audience) == ("Pompen", "Over pompen", ring)
    assert there.uri == f"{two.bakker.base}/o/{topic_id}"
    assert names(two.smit, Anonymous()) == []
    assert two.bakker.read(lambda db: receipt_summary(db, [topic_id]))[topic_id][0][1] == "stored"
    with pytest.raises(Forbidden):
        two.smit.write(
            lambda db: edit_topic(
                db, two.smit.identity, partner, there.object_id, name="X", summary="", archived=False
            )
        )
    anna = member(two.bakker, "anna")
    two.bakker.write(
        lambda db: edit_topic(
            db, two.bakker.identity, anna, topic_id, name="Warmtepompen", summary="", archived=True
        )
    )
    await settle(*two)
    changed = two.smit.read(lambda db: find_topic(db, there.object_id))
    assert (changed.name, changed.archived) == ("Warmtepompen", True)
    await leave_ring(two.smit, "monteurs")
    two.bakker.write(lambda db: delete_topic(db, two.bakker.identity, anna, topic_id))
    await settle(*two)
    with pytest.raises(NotFound):
        two.smit.read(lambda db: find_topic(db, there.object_id))


@pytest.mark.parametrize("by_node", [True, False])
def test_a_topic_for_a_ring_that_is_not_shared_is_dropped(node: RunningNode, by_node: bool) -> None:
    urn, actor = f"urn:leerkring:ring:{'a' * 64}", "http://smit.localhost:8002/p/1"
    group = {"id": "http://smit.localhost:8002/o/2", "type": "Group", "name": "X", "to": [urn]}
    activity = {"id": f"{actor}/a", "type": "Create", "actor": actor, "to": [urn], "object": group}

    def receive(db: Any) -> None:
        peer_id = keep_peer(db, "smit.localhost:8002")
        receive_topic(db, Incoming(node.identity, activity, actor, peer_id, by_node, now()))

    with pytest.raises(Dropped):
        node.write(receive)


async def test_an_open_topic_is_followed_at_once_and_announces_in_both_forms(two: Two) -> None:
    make_member(two.bakker, "anna", roles=("editor",), has_face=True)
    make_member(two.smit, "piet", has_face=True)
    topic_id = make_topic(two.bakker, "anna", "public", "pompen", summary="Over pompen")
    client = await log_in(two.smit, "piet")
    answer = await client.post("/follow", data={"handle": "@pompen@bakker.localhost:8001"})
    await settle(*two)
    (there,) = two.smit.read(lambda db: list_topics(db, member(two.smit, "piet")))
    assert answer.headers["location"] == f"/topics/{there.object_id}"
    assert (there.name, there.summary) == ("Pompen", "Over pompen")
    assert two.smit.read(lambda db: db.scalars(select(follows.c.state)).all()) == ["accepted"]
    question = post(two.bakker, "anna", "public", "Welke pomp?", topic_id=topic_id)
    create_form, plain_form = sent(two.bakker, "Announce")
    topic_uri, post_uri = f"{two.bakker.base}/p/{topic_id}", f"{two.bakker.base}/o/{question}"
    assert create_form["object"]["type"] == "Create"
    assert create_form["object"]["object"]["id"] == post_uri
    assert plain_form["object"] == post_uri
    for announce in (create_form, plain_form):
        assert announce["actor"] == topic_uri
        assert announce["cc"] == [f"{topic_uri}/followers"]
    post(two.bakker, "anna", "public", "Een kleine.", topic_id=topic_id, parent_id=question)
    assert [one["object"]["type"] for one in sent(two.bakker, "Announce")[2:]] == ["Create"]
    author = member_row(two.bakker, "anna").actor_id
    two.bakker.write(lambda db: delete_post(db, two.bakker.identity, author, question))
    assert [one["object"]["type"] for one in sent(two.bakker, "Announce")[3:]] == ["Delete"]


async def test_a_group_document_has_what_other_servers_need(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",))
    topic_id = make_topic(node, "anna", "public", "pompen", summary="<b>Pompen</b>")
    get = {"accept": "application/activity+json"}
    document = (await node.client().get(f"/p/{topic_id}", headers=get)).json()
    assert document["type"] == "Group"
    assert document["summary"] == "<p>&lt;b&gt;Pompen&lt;/b&gt;</p>"
    assert document["manuallyApprovesFollowers"] is False
    for field in ("inbox", "outbox", "followers", "publicKey", "preferredUsername", "endpoints"):
        assert document[field]
    assert "attributedTo" not in document


async def test_pages_make_change_and_delete_a_topic(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",))
    make_member(node, "piet")
    client = await log_in(node, "anna")
    form = {"name": "Pompen", "handle": "pompen", "summary": "", "audience": "company"}
    made = await client.post("/topics/new", data=form)
    assert made.status_code == 303
    assert (await client.post("/topics/new", data=form)).status_code == 422
    edit = made.headers["location"] + "/edit"
    assert (await client.get(edit)).status_code == 200
    piet = await log_in(node, "piet")
    assert (await piet.get(edit)).status_code == 403
    assert (await piet.get("/topics/new")).status_code == 403
    assert "Pompen" in (await piet.get("/topics")).text
    await client.post(made.headers["location"] + "/delete")
    assert (await client.get(edit)).status_code == 404
    assert (await node.client().get("/topics/new")).status_code == 404


def test_nothing_is_written_when_a_name_is_taken(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",))
    anna = member_row(node, "anna").actor_id
    with pytest.raises(Invalid):
        node.write(lambda db: create_topic(db, node.identity, anna, "public", "anna", "Anna", ""))
    assert names(node, member(node, "anna")) == []
