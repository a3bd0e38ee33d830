"""What a member's client reads: their actor, boxes, other servers by the proxy, files."""

import json
from typing import Any

import pytest

from federation.documents import Document
from node.activitypub.clients.proxy import open_part
from node.errors import NotFound
from node.objects import COMPANY, PUBLIC
from node.people.follows import follow
from node.people.queries import get_known_actor
from tests.factories import make_member, make_ring, make_topic, member_row, pair, picture, post
from tests.network import RunningNode, settle
from tests.node.clients.client import ACCEPT, AS2, Client, Json, client_of
from tests.node.clients.client import PUBLIC as EVERYONE

PNG = {"file": ("pomp.png", picture().data, "image/png")}


@pytest.fixture
def anna(node: RunningNode) -> Client:
    make_member(node, "anna")
    return client_of(node, "anna")


async def test_the_actor_says_where_a_client_finds_everything(node: RunningNode, anna: Client) -> None:
    me = await anna.whoami()
    assert me["endpoints"] == {
        "sharedInbox": f"{node.base}/inbox",
        "proxyUrl": f"{node.base}/client/proxy",
        "uploadMedia": f"{node.base}/client/upload",
        "oauthAuthorizationEndpoint": f"{node.base}/oauth/authorize",
        "oauthTokenEndpoint": f"{node.base}/oauth/token",
    }
    for name in (
        "inbox",
        "outbox",
        "followers",
        "following",
        "liked",
        "pendingFollowers",
        "pendingFollowing",
    ):
        found = await anna.get(me[name])
        assert (found["type"], found["totalItems"], found["orderedItems"]) == ("OrderedCollection", 0, []), (
            name
        )


async def test_only_its_member_hears_of_liked_and_of_who_waits(node: RunningNode, anna: Client) -> None:
    make_member(node, "bea", has_face=True)
    bea = client_of(node, "bea")
    assert "liked" in await bea.whoami()
    async with node.client() as nobody:
        seen = (await nobody.get(bea.actor, headers={"accept": AS2})).json()
    assert "oauthTokenEndpoint" in seen["endpoints"]
    assert {"liked", "pendingFollowers", "pendingFollowing"}.isdisjoint(seen)
    for other in (anna.http, node.client()):
        for path in ("liked", "followers/asked", "following/asked"):
            answer = await other.get(f"{bea.actor}/{path}", headers={"accept": AS2})
            assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})
        assert (await other.get(f"{bea.actor}/inbox")).status_code == 405
        followers = (await other.get(f"{bea.actor}/followers", headers={"accept": AS2})).json()
        assert {"orderedItems", "totalItems", "first"}.isdisjoint(followers)


@pytest.mark.each_database
async def test_boxes_are_read_page_by_page_and_count_what_they_hold(node: RunningNode, anna: Client) -> None:
    make_member(node, "bram")
    written = [post(node, "bram", COMPANY, f"Nummer {count}") for count in range(23)]
    own = [post(node, "anna", COMPANY, f"Zelf {count}") for count in range(21)]
    for one in written:
        await anna.do({"type": "Like", "object": f"{node.base}/o/{one}"})
    expected = [f"{node.base}/o/{one}" for one in reversed(written)]
    inbox = await anna.items(f"{anna.actor}/inbox")
    assert [one["object"]["id"] for one in inbox] == expected
    assert {one["type"] for one in inbox} == {"Create"}
    assert await anna.items(f"{anna.actor}/liked") == expected
    outbox = await anna.items(f"{anna.actor}/outbox")
    assert [one["object"]["id"] for one in outbox] == [f"{node.base}/o/{one}" for one in reversed(own)]
    assert (await anna.get(f"{anna.actor}/inbox"))["totalItems"] == len(written)
    assert (await anna.get(f"{anna.actor}/outbox"))["totalItems"] == len(own)
    make_member(node, "carla")
    follower, followed = member_row(node, "carla").actor_id, member_row(node, "anna").actor_id
    node.write(lambda db: follow(db, node.identity, follower, get_known_actor(db, followed)))
    assert await anna.items(f"{anna.actor}/followers") == [f"{node.base}/p/{follower}"]


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("read:statuses", "inbox", 200),
        ("read:accounts", "inbox", 403),
        ("read:accounts", "", 200),
        ("read:favourites", "liked", 200),
        ("read:statuses", "liked", 403),
        ("follow", "followers", 200),
        ("write", "outbox", 403),
    ],
)
async def test_a_token_reads_what_its_scopes_hold(
    node: RunningNode, anna: Client, scope: str, path: str, status: int
) -> None:
    narrow = client_of(node, "anna", scope)
    address = f"{anna.actor}/{path}".rstrip("/")
    answer = await narrow.http.get(address, headers={"accept": ACCEPT})
    assert answer.status_code == status
    if status == 403:
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_a_client_finds_somebody_elsewhere_by_the_proxy_follows_and_reads_them(
    two_nodes: tuple[RunningNode, RunningNode],
) -> None:
    bakker, smit = two_nodes
    make_member(bakker, "anna", has_face=True)
    make_member(smit, "sara", has_face=True, roles=("editor",))
    anna, sara = client_of(bakker, "anna"), client_of(smit, "sara")
    topic = make_topic(smit, "sara", PUBLIC, "pompen")
    first = post(smit, "sara", PUBLIC, "Van vroeger")
    assert (await anna.get(sara.actor))["preferredUsername"] == "sara"
    assert (await anna.get(f"{smit.base}/o/{first}"))["source"]["content"] == "Van vroeger"
    listed = await anna.items(f"{sara.actor}/outbox")
    assert [one["object"]["id"] for one in listed] == [f"{smit.base}/o/{first}"]
    await anna.do({"type": "Follow", "object": sara.actor})
    await anna.do({"type": "Follow", "object": f"{smit.base}/p/{topic}"})
    await settle(bakker, smit)
    assert set(await anna.items(f"{anna.actor}/following")) == {sara.actor, f"{smit.base}/p/{topic}"}
    fresh = post(smit, "sara", PUBLIC, "Vers")
    await settle(bakker, smit)
    assert [one["object"]["id"] for one in await anna.items(f"{anna.actor}/inbox")] == [
        f"{smit.base}/o/{fresh}"
    ]
    assert (await anna.get(f"{smit.base}/o/{fresh}"))["content"].strip() == "<p>Vers</p>"
    await anna.do({"type": "Like", "object": f"{smit.base}/o/{fresh}"})
    await anna.do({"type": "Undo", "object": {"type": "Follow", "object": sara.actor}})
    await settle(bakker, smit)
    assert await anna.items(f"{anna.actor}/following") == [f"{smit.base}/p/{topic}"]


async def test_the_proxy_lends_nobody_the_keys_of_the_node(
    two_nodes: tuple[RunningNode, RunningNode],
) -> None:
    bakker, smit = two_nodes
    for handle in ("anna", "bram"):
        make_member(bakker, handle)
    make_member(smit, "sara")
    await pair(bakker, smit)
    await make_ring(bakker, smit)
    await settle(bakker, smit)
    anna, bram, sara = client_of(bakker, "anna"), client_of(bakker, "bram"), client_of(smit, "sara")
    made = await sara.note("Voor Anna alleen", to=[anna.actor])
    asked = await bram.http.post("/client/proxy", data={"id": made["id"]})
    assert asked.status_code == 502  # smit shows it to no key but its ring's, which is not lent
    await settle(bakker, smit)
    assert (await anna.get(made["id"]))["to"] == [anna.actor]
    asked = await bram.http.post("/client/proxy", data={"id": made["id"]})
    assert (asked.status_code, "detail" in asked.json()) == (404, False)


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("", 422),
        ("/etc/passwd", 422),
        ("file:///etc/passwd", 422),
        ("http://169.254.169.254/latest", 502),
        ("http://nergens.localhost/1", 502),
        ("http://bakker.localhost:8001/o/1", 404),
        ("http://bakker.localhost:8001/settings", 404),
        ("https://bakker.localhost:8001/o/1", 404),
        ("http://BAKKER.localhost:8001/o/1", 404),
    ],
)
async def test_the_proxy_asks_for_documents_only(anna: Client, uri: str, status: int) -> None:
    answer = await anna.http.post("/client/proxy", data={"id": uri})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_proxy_is_not_for_nobody_and_not_without_end(node: RunningNode, anna: Client) -> None:
    async with node.client() as nobody:
        assert (await nobody.post("/client/proxy", data={"id": anna.actor})).status_code == 401
    answers = [await anna.http.post("/client/proxy", data={"id": anna.actor}) for _ in range(130)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert "retry-after" in answers[-1].headers


OPEN: Document = {"id": "https://x.example/1", "type": "Note", "to": [EVERYONE], "content": "open"}
SECRET: Document = {
    "id": "https://x.example/2",
    "type": "Note",
    "to": ["https://b.example/p"],
    "content": "geheim",
}


@pytest.mark.parametrize(
    "document",
    [
        {"id": "https://x.example/c", "type": "OrderedCollection", "orderedItems": [OPEN, SECRET]},
        {
            "id": "https://x.example/c",
            "type": "Collection",
            "first": {"type": "CollectionPage", "items": [SECRET]},
        },
        {"id": "https://x.example/c", "type": "Collection", "items": SECRET},
        {"id": "https://x.example/c", "type": "Collection", "items": [{"type": "Create", "object": SECRET}]},
        {"id": "https://x.example/a", "type": "Announce", "to": [EVERYONE], "object": SECRET},
        {**OPEN, "replies": {"type": "Collection", "first": {"type": "CollectionPage", "items": [SECRET]}}},
        {**OPEN, "attachment": [[SECRET]]},
        {"id": "https://x.example/p", "type": "Person", "featured": SECRET},
    ],
)
def test_what_is_not_open_is_taken_out_of_what_the_proxy_gives(document: Json) -> None:
    assert "geheim" not in json.dumps(open_part(document))


@pytest.mark.parametrize(
    "document", [SECRET, {"id": "https://x.example/f", "type": "Follow"}, {"type": "Note"}]
)
def test_what_is_not_said_to_be_open_is_not_given_at_all(document: Json) -> None:
    with pytest.raises(NotFound):
        open_part(document)


async def test_a_picture_is_sent_first_and_then_attached(node: RunningNode, anna: Client) -> None:
    shell = {"object": json.dumps({"type": "Image", "name": "Een pomp"})}
    answer = await anna.http.post("/client/upload", data=shell, files=PNG)
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (answer.headers["location"], sent["type"], sent["name"]) == (sent["id"], "Image", "Een pomp")
    make_member(node, "bram")
    bram = client_of(node, "bram")
    assert (await anna.http.get(sent["url"])).status_code == 200
    assert (await bram.http.get(sent["url"])).status_code == 404
    stolen = await bram.send({"type": "Note", "content": "x", "attachment": [sent]})
    assert stolen.status_code == 422
    made = await anna.note("Kijk", attachment=[sent])
    assert [one["url"] for one in made["attachment"]] == [sent["url"]]
    assert (await bram.http.get(sent["url"])).status_code == 200
    again = await anna.note("Nog eens", attachment=[{"type": "Document", "url": sent["url"]}])
    assert [one["url"] for one in again["attachment"]] != [sent["url"]]
    async with node.client() as nobody:
        assert (await nobody.get(sent["url"])).status_code == 404


async def test_a_picture_whose_shell_is_addressed_is_a_post(node: RunningNode, anna: Client) -> None:
    make_member(node, "bram")
    bram = client_of(node, "bram")
    shell = json.dumps({"type": "Image", "name": "Een klep", "content": "Zie dit", "to": [bram.actor]})
    parts: Any = {**PNG, "object": (None, shell, "application/ld+json")}
    answer = await anna.http.post("/client/upload", files=parts)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["to"], made["attachment"][0]["name"]) == ([bram.actor], "Een klep")
    assert (await bram.get(made["id"]))["source"]["content"] == "Zie dit"


@pytest.mark.parametrize(
    ("files", "shell", "status"),
    [
        (PNG, {"type": "Image", "to": [EVERYONE]}, 422),
        (PNG, {"type": "Person"}, 422),
        (PNG, {"type": "Image", "attributedTo": "https://x.example/p"}, 403),
        ({"file": ("x.png", b"<svg/>", "image/png")}, {"type": "Image"}, 422),
        ({}, {"type": "Image"}, 422),
    ],
)
async def test_an_upload_that_cannot_be_used_leaves_nothing(
    node: RunningNode, anna: Client, files: Any, shell: Json, status: int
) -> None:
    answer = await anna.http.post("/client/upload", data={"object": json.dumps(shell)}, files=files or None)
    assert answer.status_code == status, answer.text
    assert await anna.items(f"{anna.actor}/outbox") == []


async def test_a_client_in_a_browser_may_ask_and_reads_the_headers(node: RunningNode, anna: Client) -> None:
    paths = (
        "/actor",
        "/client/proxy",
        "/client/upload",
        "/o/1",
        f"{anna.actor}/outbox",
        f"{anna.actor}/liked",
    )
    async with node.client() as page:
        asked = {"origin": "https://client.example", "access-control-request-method": "POST"}
        for path in paths:
            answer = await page.options(path, headers=asked)
            assert answer.status_code == 204, path
            assert "Authorization" in answer.headers["access-control-allow-headers"]
    origin = {"origin": "https://client.example", "sec-fetch-site": "cross-site"}
    wish = {"type": "Note", "content": "Hoi"}
    answer = await anna.http.post(f"{anna.actor}/outbox", json=wish, headers=origin)
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Location" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
