"""What a member's post, change, deletion and like send, and to whom."""

import json
from typing import Any

import pytest
from sqlalchemy import insert, select

from node.boundary import Member, holders_of, may_read
from node.db import metadata
from node.errors import Invalid, NotFound
from node.ids import new_id, now
from node.memberships import ACCEPTED, close_period, follows
from node.objects import COMPANY, PEOPLE, PUBLIC, objects, ring_audience
from node.people.actions import FaceNeeded
from node.posts.actions import Draft, delete_post, edit_post, publish_post, unreached
from node.posts.activities import fetchable_activity, receive_create
from node.posts.reactions import like, unlike
from node.posts.storing import get_post
from node.queue import activities, deliveries
from schemas import activitystreams
from schemas.activitystreams import ring_urn
from tests.node.posts.conftest import BASE, OTHER_RING, RING, World, activity, note

TO_RING = ring_audience(RING)


def publish(world: World, audience: str, source: str = "Vraag", **draft: Any) -> int:
    return publish_post(world.db, world.node, world.settings, world.anna, Draft(audience, source, **draft))


def sent(world: World) -> list[dict[str, Any]]:
    """Every activity so far, with the inboxes it is due at."""
    found = []
    for row in world.db.execute(select(activities).order_by(activities.c.id)).all():
        due = select(deliveries.c.inbox).where(deliveries.c.activity_id == row.id)
        found.append(json.loads(row.body) | {"inboxes": sorted(world.db.scalars(due))})
    return found


def edit(world: World, post: int, source: str) -> None:
    edit_post(world.db, world.node, world.anna, post, source=source, title="", warning="", language="nl")


def test_a_company_post_goes_nowhere(world: World) -> None:
    made = publish(world, COMPANY)
    edit(world, made, "Anders")
    like(world.db, world.node, world.bert, made)
    delete_post(world.db, world.node, world.anna, made)
    assert sent(world) == []


def test_a_ring_post_goes_to_each_node_of_the_ring_under_the_rings_name(world: World) -> None:
    made = publish(world, TO_RING, title="Lekkage")
    (create,) = sent(world)
    document = create["object"]
    assert create["inboxes"] == ["https://smit.example/inbox"]
    assert create["to"] == document["to"] == [ring_urn(RING)]
    assert create["audience"] == document["audience"] == ring_urn(RING)
    assert (create["epoch"], create["n"]) == (1, 1)
    assert document["id"] == f"{BASE}/o/{made}"
    assert document["name"] == "Lekkage"
    assert document["source"] == {"content": "Vraag", "mediaType": "text/markdown"}
    assert activitystreams.PUBLIC not in json.dumps(create)
    assert "proof" not in document


def test_a_ring_we_left_takes_no_post(world: World) -> None:
    close_period(world.db, TO_RING, 0)
    with pytest.raises(Invalid):
        publish(world, TO_RING)
    with pytest.raises(Invalid):
        publish(world, ring_audience(OTHER_RING))
    assert sent(world) == []


def test_an_open_post_needs_a_face_and_goes_to_followers(world: World) -> None:
    with pytest.raises(FaceNeeded):
        publish(world, PUBLIC)
    world.show_face(world.anna)
    kees = world.person(world.stranger, "elders.example", "kees")
    follower = world.db.scalar(select(follows.c.id).limit(1))
    assert follower is None
    row = {"id": new_id(), "follower_id": world.actor_id(kees), "followed_id": world.anna, "uri": "x"}
    world.db.execute(insert(follows).values(**row, state=ACCEPTED, created_at=now()))
    publish(world, PUBLIC, title="Kop & staart")
    (create,) = sent(world)
    assert create["inboxes"] == [f"{kees}/inbox"]
    assert create["to"] == [activitystreams.PUBLIC]
    assert create["object"]["content"].startswith("<p><strong>Kop &amp; staart</strong></p>\n")
    assert "n" not in create


def test_an_open_answer_goes_to_the_author_elsewhere(world: World) -> None:
    world.show_face(world.anna)
    kees = world.person(world.stranger, "elders.example", "kees")
    world.follow(world.anna, kees)
    question = note("https://elders.example/o/1", kees)
    receive_create(world.db, world.incoming(activity("Create", question, kees)))
    parent = world.db.scalar(select(objects.c.id).where(objects.c.uri == question["id"]))
    publish(world, PUBLIC, parent_id=parent)
    (create,) = sent(world)
    assert create["inboxes"] == [f"{kees}/inbox"]
    assert create["object"]["inReplyTo"] == question["id"]
    assert kees in create["cc"]
    assert {"type": "Mention", "href": kees, "name": "@kees@elders.example"} in create["object"]["tag"]


def test_an_answer_to_a_personal_post_goes_to_that_circle_alone(world: World) -> None:
    world.show_face(world.anna)
    kees = world.person(world.stranger, "elders.example", "kees")
    letter = note("https://elders.example/o/1", kees, to=[f"{BASE}{world.uri_of(world.anna)}"])
    receive_create(world.db, world.incoming(activity("Create", letter, kees)))
    parent = world.db.scalar(select(objects.c.id).where(objects.c.uri == letter["id"]))
    made = publish(world, "", parent_id=parent)
    (create,) = sent(world)
    assert (create["to"], create["inboxes"]) == ([kees], [f"{kees}/inbox"])
    post = get_post(world.db, made)
    assert post.audience == PEOPLE
    assert not may_read(world.db, Member(world.bert), post)


@pytest.mark.parametrize("wider", [TO_RING, PUBLIC, ring_audience(OTHER_RING)])
def test_an_answer_is_never_wider_than_its_parent(world: World, wider: str) -> None:
    world.show_face(world.anna)
    parent = publish(world, COMPANY)
    with pytest.raises(Invalid):
        publish(world, wider, parent_id=parent)


def test_nobody_answers_what_they_may_not_read(world: World) -> None:
    world.show_face(world.bert)
    kees = world.person(world.stranger, "elders.example", "kees")
    bert = f"{BASE}{world.uri_of(world.bert)}"
    letter = note("https://elders.example/o/1", kees, to=[bert])
    receive_create(world.db, world.incoming(activity("Create", letter, kees)))
    parent = world.db.scalar(select(objects.c.id).where(objects.c.uri == letter["id"]))
    with pytest.raises(NotFound):
        publish(world, "", parent_id=parent)


def test_a_mention_adds_no_reader_and_the_writer_can_see_whom_it_missed(world: World) -> None:
    world.person(world.stranger, "elders.example", "kees")
    world.person(world.partner, "smit.example", "jan")
    text = "@bert @jan@smit.example @kees@elders.example @niemand"
    in_ring = publish(world, TO_RING, text)
    at_home = publish(world, COMPANY, text)
    assert unreached(world.db, world.node, in_ring) == ["kees@elders.example", "niemand"]
    assert unreached(world.db, world.node, at_home) == ["jan@smit.example", "kees@elders.example", "niemand"]
    (create,) = sent(world)
    assert create["inboxes"] == ["https://smit.example/inbox"]
    assert "elders.example/users/kees" not in json.dumps(create["object"]["tag"])


def test_a_change_goes_to_who_has_the_post_and_the_old_words_are_kept(world: World) -> None:
    made = publish(world, TO_RING)
    edit(world, made, "Beter")
    _, update = sent(world)
    assert (update["type"], update["n"]) == ("Update", 2)
    assert update["inboxes"] == ["https://smit.example/inbox"]
    assert update["object"]["source"]["content"] == "Beter"
    assert "updated" in update["object"]
    assert update["object"]["to"] == [ring_urn(RING)]


def test_a_newcomer_gets_no_change_of_what_it_never_had(world: World) -> None:
    close_period(world.db, TO_RING, world.partner)
    made = publish(world, TO_RING)
    world.join(RING, world.partner)
    edit(world, made, "Beter")
    assert [activity["inboxes"] for activity in sent(world)] == [[], []]


def test_a_delete_goes_to_everyone_who_ever_got_it_also_outside_the_ring(world: World) -> None:
    made = publish(world, TO_RING)
    close_period(world.db, TO_RING, world.partner)
    delete_post(world.db, world.node, world.anna, made)
    _, gone = sent(world)
    assert gone["type"] == "Delete"
    assert gone["object"] == {"id": f"{BASE}/o/{made}", "type": "Tombstone"}
    assert gone["inboxes"] == ["https://smit.example/inbox"]
    assert get_post(world.db, made).source == ""
    assert [one.peer_id for one in holders_of(world.db, made)] == [world.partner]


@pytest.mark.parametrize("audience", [COMPANY, TO_RING, PUBLIC])
def test_what_is_deleted_stands_nowhere_any_more_and_is_not_sent(world: World, audience: str) -> None:
    world.show_face(world.anna)
    made = publish(world, audience, "Zeldzaamwoordje", title="Kop")
    edit(world, made, "Zeldzaamwoordje, beter")
    delete_post(world.db, world.node, world.anna, made)
    assert "Zeldzaamwoordje" not in everything(world)
    waiting = (
        select(activities.c.type)
        .join(deliveries, deliveries.c.activity_id == activities.c.id)
        .where(deliveries.c.state == "waiting")
    )
    assert set(world.db.scalars(waiting)) <= {"Delete"}


def everything(world: World) -> str:
    """Every value of every table."""
    return "".join(str(row) for table in metadata.sorted_tables for row in world.db.execute(select(table)))


def test_somebody_elses_post_is_not_there_to_change_or_delete(world: World) -> None:
    made = publish(world, COMPANY)
    with pytest.raises(NotFound):
        delete_post(world.db, world.node, world.bert, made)


def test_a_like_in_a_ring_is_numbered_and_taken_back_whole(world: World) -> None:
    made = publish(world, TO_RING)
    like(world.db, world.node, world.bert, made)
    like(world.db, world.node, world.bert, made)
    unlike(world.db, world.node, world.bert, made)
    _, liked, undone = sent(world)
    assert (liked["type"], liked["n"], undone["n"]) == ("Like", 2, 3)
    assert liked["object"] == f"{BASE}/o/{made}"
    assert undone["object"]["id"] == liked["id"]
    assert liked["inboxes"] == undone["inboxes"] == ["https://smit.example/inbox"]
    assert activitystreams.PUBLIC not in json.dumps([liked, undone])


def test_an_open_like_needs_a_face(world: World) -> None:
    world.show_face(world.anna)
    made = publish(world, PUBLIC)
    with pytest.raises(FaceNeeded):
        like(world.db, world.node, world.bert, made)


def test_only_open_creates_that_begin_a_conversation_can_be_fetched(world: World) -> None:
    world.show_face(world.anna)
    top = publish(world, PUBLIC)
    publish(world, PUBLIC, parent_id=top)
    publish(world, TO_RING)
    edit(world, top, "Anders")
    rows = world.db.execute(select(activities).order_by(activities.c.id)).all()
    first, *others = rows
    found = fetchable_activity(world.db, world.node, Member(world.bert), first)
    assert (found["id"], found["type"]) == (f"{BASE}{first.uri}", "Create")
    assert "Anders" in found["object"]["content"]
    for row in others:
        with pytest.raises(NotFound):
            fetchable_activity(world.db, world.node, Member(world.bert), row)
