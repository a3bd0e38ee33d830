"""Statuses in apps: written, read, changed and deleted, by the same rules as on the pages."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select

from node.access.logins import end_logins
from node.access.oauth.actions import set_open_from_apps
from node.objects import COMPANY, PUBLIC, objects
from node.people.actions import show_face
from tests.factories import log_in, make_member, make_topic, member_row, open_app, post
from tests.network import RunningNode

STATUSES = "/api/v1/statuses"


def audience_of(node: RunningNode, object_id: str) -> str:
    query = select(objects.c.audience).where(objects.c.id == int(object_id))
    return node.read(lambda db: str(db.scalar(query)))


async def write(app: httpx.AsyncClient, text: str, **more: Any) -> httpx.Response:
    return await app.post(STATUSES, json={"status": text, **more})


def let_open(node: RunningNode, handle: str) -> None:
    member = member_row(node, handle).actor_id
    node.write(lambda db: show_face(db, member))
    node.write(lambda db: set_open_from_apps(db, member, True))


async def test_a_new_post_is_for_the_company_unless_the_app_says_otherwise(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    made = (await write(app, "Hallo **allen**")).json()
    assert (made["visibility"], audience_of(node, made["id"])) == ("private", COMPANY)
    assert made["content"].startswith("<p><em>Alleen ons bedrijf</em></p>")
    assert "<strong>allen</strong>" in made["content"]
    assert (await app.get(f"{STATUSES}/{made['id']}/source")).json()["text"] == "Hallo **allen**"
    browser = await log_in(node, "anna")
    assert "allen" in (await browser.get("/company")).text


async def test_an_open_post_from_an_app_needs_the_members_word_on_the_pages(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    refused = await write(app, "Open", visibility="public")
    assert refused.status_code == 422
    assert f"{node.base}/settings/apps" in refused.json()["error"]
    let_open(node, "anna")
    made = (await write(app, "Open", visibility="public")).json()
    assert (made["visibility"], audience_of(node, made["id"])) == ("public", PUBLIC)
    assert "<em>" not in made["content"]


async def test_an_answer_is_never_wider_than_what_it_answers(node: RunningNode) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle)
    let_open(node, "anna")
    app = open_app(node, "anna")
    inside, outside = (
        post(node, "bram", COMPANY, "Binnen"),
        (await write(app, "O", visibility="public")).json()["id"],
    )
    wider = (await write(app, "Antwoord", in_reply_to_id=str(inside), visibility="public")).json()
    assert audience_of(node, wider["id"]) == COMPANY
    assert wider["in_reply_to_id"] == str(inside)
    kept = (await write(app, "Antwoord", in_reply_to_id=outside, visibility="private")).json()
    assert audience_of(node, kept["id"]) == COMPANY
    assert f"/o/{kept['id']}/share" in (await (await log_in(node, "anna")).get("/notices")).text
    wide = (await write(app, "Antwoord", in_reply_to_id=outside, visibility="unlisted")).json()
    assert audience_of(node, wide["id"]) == PUBLIC


async def test_a_direct_message_is_for_those_it_names(node: RunningNode) -> None:
    for handle in ("anna", "bram", "carla"):
        make_member(node, handle)
    anna, bram, carla = (open_app(node, handle) for handle in ("anna", "bram", "carla"))
    assert (await write(anna, "Voor niemand", visibility="direct")).status_code == 422
    made = (await write(anna, "Dag @bram", visibility="direct")).json()
    assert made["visibility"] == "direct"
    assert (await bram.get(f"{STATUSES}/{made['id']}")).status_code == 200
    assert (await carla.get(f"{STATUSES}/{made['id']}")).status_code == 404
    inside = post(node, "carla", COMPANY, "Vraag")
    answer = (await write(anna, "Onder ons @bram", in_reply_to_id=str(inside), visibility="direct")).json()
    assert (await bram.get(f"{STATUSES}/{answer['id']}")).status_code == 200
    assert (await carla.get(f"{STATUSES}/{answer['id']}")).status_code == 404


async def test_the_first_word_names_the_place_with_the_visibility_that_it_has(node: RunningNode) -> None:
    make_member(node, "ed", roles=("editor",))
    topic, other = (make_topic(node, "ed", COMPANY, name) for name in ("pompen", "ketels"))
    app = open_app(node, "ed")
    made = (await write(app, "@pompen Wie weet dit?")).json()
    assert "Wie weet dit?" in made["content"]
    assert "@pompen" not in made["content"]
    in_topic = await app.get(f"/api/v1/accounts/{topic}/statuses")
    assert in_topic.status_code == 404, "a company topic is no account"
    for text, visibility in (("@pompen Open?", "public"), ("@pompen @ketels Twee", "private")):
        assert (await write(app, text, visibility=visibility)).status_code == 422
    plain = (await write(app, "Zie @pompen")).json()
    assert "@pompen" in plain["content"]
    assert other


async def test_a_poll_is_refused_in_words_and_nothing_is_published(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    body = {"status": "Koffie of thee?", "poll": {"options": ["Koffie", "Thee"], "expires_in": 3600}}
    answer = await app.post("/api/v1/statuses", json=body)
    assert (answer.status_code, "Polls" in answer.json()["error"]) == (422, True)
    assert (await app.get("/api/v1/timelines/home")).json() == []


async def test_the_same_key_within_the_hour_is_the_same_post(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    headers = {"Idempotency-Key": "k1"}
    first = (await app.post(STATUSES, data={"status": "Eén keer"}, headers=headers)).json()
    again = (await app.post(STATUSES, data={"status": "Eén keer"}, headers=headers)).json()
    other = (await app.post(STATUSES, data={"status": "Eén keer"}, headers={"Idempotency-Key": "k2"})).json()
    assert first["id"] == again["id"] != other["id"]


async def test_a_post_changes_keeps_its_history_and_goes(node: RunningNode) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle)
    app, other = open_app(node, "anna"), open_app(node, "bram")
    path = f"{STATUSES}/{(await write(app, 'Eerst')).json()['id']}"
    assert (await other.put(path, json={"status": "Niet van mij"})).status_code == 403
    changed = (await app.put(path, json={"status": "Later", "spoiler_text": "Let op"})).json()
    assert "Later" in changed["content"]
    assert (changed["spoiler_text"], changed["sensitive"]) == ("Let op", True)
    assert changed["edited_at"]
    history = (await app.get(f"{path}/history")).json()
    assert [("Eerst" in one["content"], "Later" in one["content"]) for one in history] == [
        (True, False),
        (False, True),
    ]
    assert (await other.delete(path)).status_code == 403
    assert (await app.delete(path)).json()["text"] == "Later"
    assert (await app.get(path)).status_code == 404


async def test_a_thread_stands_around_its_post(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    ids = [(await write(app, "Begin")).json()["id"]]
    for _ in range(3):
        ids.append((await write(app, "Antwoord", in_reply_to_id=ids[-1])).json()["id"])
    found = (await app.get(f"{STATUSES}/{ids[1]}/context")).json()
    assert [one["id"] for one in found["ancestors"]] == ids[:1]
    assert [one["id"] for one in found["descendants"]] == ids[2:]


async def test_a_like_counts_for_everyone_and_shows_to_who_gave_it(node: RunningNode) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle)
    made = post(node, "anna", COMPANY, "Leuk")
    bram, anna = open_app(node, "bram"), open_app(node, "anna")
    liked = (await bram.post(f"{STATUSES}/{made}/favourite")).json()
    assert (liked["favourited"], liked["favourites_count"]) == (True, 1)
    seen = (await anna.get(f"{STATUSES}/{made}")).json()
    assert (seen["favourited"], seen["favourites_count"]) == (False, 1)
    assert not (await bram.post(f"{STATUSES}/{made}/unfavourite")).json()["favourited"]


def picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (8, 4), (1, 2, 3)).save(made, "PNG")
    return made.getvalue()


async def test_a_picture_is_its_senders_until_posted_and_then_its_posts(node: RunningNode) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle)
    anna, bram = open_app(node, "anna"), open_app(node, "bram")
    sent = await anna.post(
        "/api/v2/media", files={"file": ("a.png", picture())}, data={"description": "Een pomp"}
    )
    file_id = sent.json()["id"]
    assert sent.json()["meta"]["original"]["width"] == 8
    assert (await bram.get(f"/api/v1/media/{file_id}")).status_code == 404
    changed = await anna.put(f"/api/v1/media/{file_id}", json={"description": "Twee pompen"})
    assert changed.json()["description"] == "Twee pompen"
    stolen = await write(bram, "Van mij", media_ids=[file_id])
    assert stolen.status_code == 422
    made = (await write(anna, "", media_ids=[file_id])).json()
    [shown] = made["media_attachments"]
    assert shown["description"] == "Twee pompen"
    again = (await write(anna, "Nog eens", media_ids=[file_id])).json()
    assert again["media_attachments"][0]["id"] != file_id, "a file belongs to one post"


async def test_an_address_of_a_picture_ends_with_its_token(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    sent = (await app.post("/api/v1/media", files={"file": ("a.png", picture())})).json()
    made = (await write(app, "Met plaatje", media_ids=[sent["id"]])).json()
    url = made["media_attachments"][0]["url"]
    async with node.client() as anybody:
        assert (await anybody.get(url)).status_code == 200
        assert (await anybody.get(url.partition("?")[0])).status_code == 404
        assert (await anybody.get(url[:-2] + "xx")).status_code == 404
        node.write(lambda db: end_logins(db, member_row(node, "anna").actor_id))
        assert (await anybody.get(url)).status_code == 404


@pytest.mark.parametrize("path", ["home", "public?local=true", "public", "tag/pomp"])
async def test_timelines_hold_what_their_reader_may_read(node: RunningNode, path: str) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle, has_face=True)
    inside, outside = post(node, "anna", COMPANY, "#pomp binnen"), post(node, "anna", PUBLIC, "#pomp buiten")
    found = (await open_app(node, "anna").get(f"/api/v1/timelines/{path}")).json()
    wanted = {"home": [outside, inside], "public?local=true": [inside], "public": [outside]}
    assert [int(one["id"]) for one in found] == wanted.get(path, [outside, inside])
    async with node.client() as nobody:
        answer = await nobody.get(f"/api/v1/timelines/{path}")
    assert answer.status_code == (401 if path == "home" else 200)
    if path != "home":
        assert [int(one["id"]) for one in answer.json()] == [outside]


async def test_a_member_knows_themselves_and_colleagues(node: RunningNode) -> None:
    make_member(node, "anna", name="Anna de Vries")
    bram = make_member(node, "bram")
    app = open_app(node, "anna")
    own = (await app.get("/api/v1/accounts/verify_credentials")).json()
    assert (own["acct"], own["display_name"], own["source"]["privacy"]) == (
        "anna",
        "Anna de Vries",
        "private",
    )
    assert (await app.get("/api/v1/accounts/lookup", params={"acct": "bram"})).json()["id"] == str(bram)
    assert [one["id"] for one in (await app.get("/api/v1/accounts/search", params={"q": "br"})).json()] == [
        str(bram)
    ]
    [seen] = (await app.get("/api/v1/accounts/relationships", params={"id[]": str(bram)})).json()
    assert (seen["id"], seen["following"]) == (str(bram), False)
    async with node.client() as nobody:
        assert (await nobody.get(f"/api/v1/accounts/{bram}")).status_code == 404, "no face outside"
