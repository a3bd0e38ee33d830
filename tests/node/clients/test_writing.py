"""A member's client writes by their outbox: the same audiences, gates and refusals as on the pages."""

from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from node.access.tables import members
from node.gates.tables import waits
from node.objects import COMPANY, HELD, PEOPLE, PUBLIC, objects, urn_of
from node.posts.tables import posts
from tests.factories import log_in, make_member, make_ring, pair, post
from tests.network import RunningNode, settle
from tests.node.clients.client import AS2, Client, Json, client_of
from tests.node.clients.client import PUBLIC as EVERYONE

PROBLEM = "application/problem+json"


def allow_open(node: RunningNode, member_id: int) -> None:
    node.write(
        lambda db: db.execute(
            update(members).where(members.c.actor_id == member_id).values(open_from_apps=True)
        )
    )


def row_of(node: RunningNode, document: Json) -> Any:
    path = document["id"].removeprefix(node.base).partition("#")[0]

    def read(db: Connection) -> Any:
        joined = objects.join(posts, posts.c.object_id == objects.c.id)
        return db.execute(select(*objects.c, *posts.c).select_from(joined).where(objects.c.uri == path)).one()

    return node.read(read)


@pytest.fixture
def anna(node: RunningNode) -> Client:
    make_member(node, "anna")
    return client_of(node, "anna")


async def refused(client: Client, wish: Json, status: int = 422) -> Json:
    answer = await client.send(wish)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body: Json = answer.json()
    assert body["status"] == status
    return body


async def test_a_note_for_nobody_in_particular_is_the_companys(node: RunningNode, anna: Client) -> None:
    made = await anna.do({"type": "Note", "content": "<p>Een <b>pomp</b> &amp; een klep</p>"})
    assert (made["type"], made["actor"]) == ("Create", anna.actor)
    row = row_of(node, made["object"])
    assert (row.audience, row.source) == (COMPANY, "Een pomp & een klep")
    assert (await anna.get(made["id"]))["id"] == made["object"]["id"]
    async with node.client() as nobody:
        assert (await nobody.get(made["object"]["id"], headers={"accept": AS2})).status_code == 404


async def test_the_id_and_the_times_of_a_client_count_for_nothing(node: RunningNode, anna: Client) -> None:
    note = {"id": "https://else.example/1", "published": "1999-01-01T00:00:00Z", "likes": "https://x.example"}
    made = await anna.note("Hoi", **note)
    assert made["id"].startswith(f"{node.base}/o/")
    assert not made["published"].startswith("1999")
    assert "likes" not in made


async def test_an_open_note_needs_the_switch_and_a_face_and_each_refusal_names_its_page(
    node: RunningNode, anna: Client
) -> None:
    wish = {"type": "Note", "content": "Open", "to": [EVERYONE], "cc": [f"{anna.actor}/followers"]}
    assert (await refused(anna, wish))["link"] == f"{node.base}/settings/apps"
    allow_open(node, int(anna.actor.rpartition("/")[2]))
    assert (await refused(anna, wish))["link"] == f"{node.base}/settings/face"
    make_member(node, "bea", has_face=True)
    bea = client_of(node, "bea")
    allow_open(node, int(bea.actor.rpartition("/")[2]))
    made = await bea.note("Open", to=EVERYONE)
    assert row_of(node, made).audience == PUBLIC
    async with node.client() as nobody:
        assert (await nobody.get(made["id"], headers={"accept": AS2})).status_code == 200


async def test_a_note_for_people_is_theirs_alone(node: RunningNode, anna: Client) -> None:
    for handle in ("bram", "carla"):
        make_member(node, handle)
    bram, carla = client_of(node, "bram"), client_of(node, "carla")
    made = await anna.note("Voor jou", to=[bram.actor])
    assert row_of(node, made).audience == PEOPLE
    assert [one["object"]["id"] for one in await bram.items(f"{bram.actor}/inbox")] == [made["id"]]
    assert await carla.items(f"{carla.actor}/inbox") == []
    answer = await carla.http.get(made["id"], headers={"accept": AS2})
    assert answer.status_code == 404
    await refused(carla, {"type": "Like", "object": made["id"]}, 404)
    await refused(carla, {"type": "Note", "content": "Ik ook", "inReplyTo": made["id"]}, 404)
    await refused(bram, {"type": "Note", "content": "x", "inReplyTo": made["id"], "to": [carla.actor]})
    answered = await bram.note("Dank", inReplyTo=made["id"], to=[anna.actor])
    assert answered["inReplyTo"] == made["id"]


@pytest.mark.parametrize(
    "named",
    [
        {"to": [EVERYONE, "urn:leerkring:ring:" + "a" * 64]},
        {"to": ["urn:leerkring:ring:" + "a" * 64]},
        {"to": ["urn:leerkring:ring:" + "a" * 64, "urn:leerkring:room:" + "b" * 64]},
        {"to": ["acct:bram@bakker.localhost"]},
        {"to": ["urn:other:thing"]},
        {"bto": ["SELF"]},
        {"to": ["SELF/followers"]},
        {"to": ["SELF"]},
        {"to": ["http://nergens.localhost/p/1"]},
    ],
)
async def test_what_names_no_one_audience_is_refused_in_words(
    node: RunningNode, anna: Client, named: dict[str, list[str]]
) -> None:
    named = {name: [uri.replace("SELF", anna.actor) for uri in uris] for name, uris in named.items()}
    told = await refused(anna, {"type": "Note", "content": "Hoi", **named})
    assert told["detail"]
    assert node.read(lambda db: db.scalars(select(posts.c.object_id)).all()) == []


async def test_a_broken_urn_is_no_open_post(node: RunningNode, anna: Client) -> None:
    await refused(anna, {"type": "Note", "content": "Hoi", "to": [EVERYONE, "urn:leerkring:ring:x"]}, 400)


async def test_an_update_replaces_what_it_gives_and_null_takes_away(node: RunningNode, anna: Client) -> None:
    made = await anna.note("Eerst", name="Titel", summary="Pas op")
    changed = await anna.do({"type": "Update", "object": {"id": made["id"], "type": "Note", "name": None}})
    row = row_of(node, made)
    assert (row.source, row.title, row.warning) == ("Eerst", "", "Pas op")
    whole = changed["object"] | {"content": "<p>Daarna</p>"}
    await anna.do({"type": "Update", "object": whole})
    assert row_of(node, made).source == "Daarna"
    await refused(anna, {"type": "Update", "object": {"id": made["id"], "content": None}})
    await refused(anna, {"type": "Update", "object": {"id": made["id"], "to": [EVERYONE], "content": "x"}})
    assert row_of(node, made).source == "Daarna"


async def test_a_note_sent_again_with_its_key_is_one_note(node: RunningNode, anna: Client) -> None:
    anna.http.headers["idempotency-key"] = "een"
    one, two = [await anna.note("Een keer") for _ in range(2)]
    assert one == two
    assert (await anna.get(f"{anna.actor}/outbox"))["totalItems"] == 1


async def test_nobody_writes_what_is_another_members(node: RunningNode, anna: Client) -> None:
    make_member(node, "bram")
    bram = client_of(node, "bram")
    made = await anna.note("Van Anna")
    for wish in (
        {"type": "Update", "object": {"id": made["id"], "content": "x"}},
        {"type": "Delete", "object": made["id"]},
        {"type": "Update", "object": {"id": anna.actor, "name": "x"}},
    ):
        await refused(bram, wish, 404)
    for wish in (
        {"type": "Create", "actor": anna.actor, "object": {"type": "Note", "content": "x"}},
        {"type": "Note", "attributedTo": anna.actor, "content": "x"},
        {"type": "Create", "object": {"type": "Note", "content": "x", "actor": anna.actor}},
    ):
        await refused(bram, wish, 403)
    answer = await bram.http.post(f"{anna.actor}/outbox", json={"type": "Note", "content": "x"})
    assert answer.status_code in (403, 415)
    own = Client(bram.http, anna.actor)
    await refused(own, {"type": "Note", "content": "x"}, 403)
    assert row_of(node, made).source == "Van Anna"


@pytest.mark.parametrize("name", ["publicKey", "inbox", "endpoints", "assertionMethod", "preferredUsername"])
async def test_keys_boxes_and_endpoints_cannot_be_written(anna: Client, name: str) -> None:
    before = await anna.whoami()
    told = await refused(anna, {"type": "Update", "object": {"id": anna.actor, name: "https://x.example"}})
    assert name in told["detail"]
    await anna.do({"type": "Update", "object": before | {"summary": "<p>Monteur</p>", "name": "Anna B."}})
    after = await anna.whoami()
    assert (after["name"], after[name]) == ("Anna B.", before[name])


async def test_a_deleted_note_is_gone_and_says_so_as_a_tombstone(node: RunningNode, anna: Client) -> None:
    made = await anna.note("Weg ermee")
    gone = await anna.do({"type": "Delete", "object": made["id"]})
    assert (gone["type"], gone["object"]["type"]) == ("Delete", "Tombstone")
    assert (await anna.http.get(made["id"], headers={"accept": AS2})).status_code == 410
    await refused(anna, {"type": "Delete", "object": made["id"]}, 404)


async def test_liking_twice_is_liking_once_and_undo_takes_it_back(node: RunningNode, anna: Client) -> None:
    make_member(node, "bram")
    made = await client_of(node, "bram").note("Leuk")
    one, two = [await anna.do({"type": "Like", "object": made["id"]}) for _ in range(2)]
    assert one == two
    assert await anna.items(f"{anna.actor}/liked") == [made["id"]]
    assert (await anna.get(one["id"]))["type"] == "Like"
    undone = await anna.do({"type": "Undo", "object": {"type": "Like", "object": made["id"]}})
    assert (undone["type"], undone["object"]["id"]) == ("Undo", one["id"])
    assert await anna.items(f"{anna.actor}/liked") == []
    await refused(anna, {"type": "Undo", "object": one["id"]}, 404)


async def test_who_asks_to_follow_is_accepted_or_rejected_by_the_pending_collection(
    node: RunningNode, anna: Client
) -> None:
    make_member(node, "bram")
    bram = client_of(node, "bram")
    await anna.do({"type": "Update", "object": {"id": anna.actor, "manuallyApprovesFollowers": True}})
    asked = await bram.do({"type": "Follow", "object": anna.actor})
    assert (await bram.get(asked["id"]))["object"] == anna.actor
    assert await bram.items((await bram.whoami())["pendingFollowing"]) == await anna.items(
        (await anna.whoami())["pendingFollowers"]
    )
    assert await bram.items(f"{bram.actor}/following") == []
    accepted = await anna.do({"type": "Accept", "object": asked["id"]})
    assert accepted["object"]["actor"] == bram.actor
    assert await bram.items(f"{bram.actor}/following") == [anna.actor]
    assert await anna.items(f"{anna.actor}/followers") == [bram.actor]
    await refused(bram, {"type": "Reject", "object": asked["id"]}, 404)
    await anna.do({"type": "Reject", "object": {"type": "Follow", "actor": bram.actor, "object": anna.actor}})
    assert await anna.items(f"{anna.actor}/followers") == []


@pytest.mark.parametrize("kind", ["Announce", "Block", "Add", "Move", "Person", "leerkring:Room", ""])
async def test_types_that_the_product_has_no_action_for_are_refused(anna: Client, kind: str) -> None:
    told = await refused(anna, {"type": kind, "object": anna.actor})
    assert told["title"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", AS2, 400),
        (b"[]", AS2, 400),
        (b'{"type":"Note","type":"Create"}', AS2, 400),
        (b'{"type":["Note","Create"],"content":"x"}', AS2, 422),
        (b'{"type":"Create"}', AS2, 422),
        (b'{"type":"Create","object":"https://x.example/1"}', AS2, 422),
        (b'{"type":"Like","object":7}', AS2, 404),
        (b'{"type":"Follow","object":{}}', AS2, 404),
        (b'{"type":"Note","content":["x"]}', AS2, 201),
        (b'{"type":"Note","content":{"a":1}}', AS2, 422),
        (b'{"type":"Note","content":"x"}', "application/ld+json", 201),
        (b'{"type":"Note","content":"x"}', 'application/ld+json; profile="y"', 201),
        (b"type=Note", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_what_cannot_be_read_is_told_as_a_problem(
    anna: Client, body: bytes, kind: str, status: int
) -> None:
    answer = await anna.http.post(f"{anna.actor}/outbox", content=body, headers={"content-type": kind})
    assert answer.status_code == status, answer.text


async def test_no_token_a_bad_one_and_a_narrow_one_are_told_apart(node: RunningNode, anna: Client) -> None:
    wish = {"type": "Note", "content": "x"}
    async with node.client() as nobody:
        answer = await nobody.post(f"{anna.actor}/outbox", json=wish)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="Leerkring"')
        bad = {"authorization": "Bearer x"}
        for request in (
            nobody.post(f"{anna.actor}/outbox", json=wish, headers=bad),
            nobody.get(f"{anna.actor}/inbox", headers=bad),
            nobody.get(f"{node.base}/o/1", headers=bad | {"accept": AS2}),
        ):
            answer = await request
            assert answer.status_code == 401
            assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    narrow = client_of(node, "anna", "read", "write:favourites")
    await refused(narrow, wish, 403)


async def test_a_note_to_a_ring_reaches_it_and_waits_where_the_agreement_says(
    two_nodes: tuple[RunningNode, RunningNode],
) -> None:
    bakker, smit = two_nodes
    make_member(bakker, "anna")
    make_member(smit, "sara")
    await pair(bakker, smit)
    plain = urn_of(await make_ring(bakker, smit))
    gated = urn_of(await make_ring(bakker, smit, name="Traag", handle="traag", gate="hold", gate_minutes=30))
    anna, sara = client_of(bakker, "anna"), client_of(smit, "sara")
    made = await anna.note("Voor de kring", to=[plain], audience=plain)
    held = await anna.note("Voor straks", to=[gated])
    await settle(bakker, smit)
    seen = [one["object"] for one in await sara.items(f"{sara.actor}/inbox")]
    assert [(one["id"], one["to"]) for one in seen] == [(made["id"], [plain])]
    assert row_of(bakker, held).state == HELD
    assert len(bakker.read(lambda db: db.execute(select(waits)).all())) == 1
    assert (await anna.get(held["id"]))["id"] == held["id"]
    # Nobody reads more by the proxy than on the page, and nothing by this node's word.
    assert (await sara.get(made["id"]))["content"] == made["content"]
    answer = await sara.http.post("/client/proxy", data={"id": held["id"]})
    assert answer.status_code == 502
    answered = await sara.note("Antwoord", inReplyTo=made["id"], to=plain)
    await refused(sara, {"type": "Note", "content": "x", "inReplyTo": made["id"]})
    await refused(sara, {"type": "Note", "content": "x", "inReplyTo": made["id"], "to": [EVERYONE]})
    await settle(bakker, smit)
    assert answered["id"] in [one["object"]["id"] for one in await anna.items(f"{anna.actor}/inbox")]


async def test_a_log_in_of_the_pages_writes_nothing_by_an_outbox(node: RunningNode, anna: Client) -> None:
    browser = await log_in(node, "anna")
    post(node, "anna", COMPANY, "x")
    answer = await browser.post(f"{anna.actor}/outbox", json={"type": "Note", "content": "x"})
    assert answer.status_code == 401
    assert (await browser.get(f"{anna.actor}/inbox")).status_code == 405
    assert (await browser.get(f"{anna.actor}/liked")).status_code == 404
