"""Streams: what an app hears, when it hears nothing any more, and how many it may have."""

import pytest
from sqlalchemy import delete, select

from node.access.members import disable_member
from node.access.oauth.actions import end_app
from node.access.oauth.tables import app_tokens, apps
from node.api import streams
from node.objects import COMPANY, PEOPLE, PUBLIC
from node.posts.actions import delete_post, edit_post
from node.posts.reactions import like
from tests.factories import app_token, make_member, member_row, open_app, post
from tests.network import RunningNode
from tests.streams import listening


@pytest.fixture
def anna(node: RunningNode) -> str:
    make_member(node, "anna", has_face=True)
    make_member(node, "bram", has_face=True)
    return app_token(node, "anna")


async def test_an_app_hears_of_a_post_as_its_page_shows_it(node: RunningNode, anna: str) -> None:
    async with listening(node, anna, "user") as app:
        assert (await app.message())["type"] == "websocket.accept"
        made = post(node, "bram", COMPANY, "Nieuw")
        told = await app.event()
    shown = (await open_app(node, "anna").get(f"/api/v1/statuses/{made}")).json()
    assert (told["event"], told["stream"], told["payload"]) == ("update", ["user"], shown)


async def test_lines_say_the_same_to_who_cannot_use_sockets(node: RunningNode, anna: str) -> None:
    async with listening(node, anna, "user", kind="http") as app:
        start = await app.message()
        assert dict(start["headers"])[b"content-type"] == b"text/event-stream"
        assert await app.lines() == ":)\n"
        made = post(node, "bram", COMPANY, "Nieuw")
        said = await app.lines()
    assert said.startswith(f'event: update\ndata: {{"id":"{made}"')
    assert said.endswith("\n\n")


@pytest.mark.each_database
async def test_an_app_hears_of_changes_ends_and_notices(node: RunningNode, anna: str) -> None:
    made = post(node, "anna", COMPANY, "Eerst")
    author, bram = member_row(node, "anna").actor_id, member_row(node, "bram").actor_id
    async with listening(node, anna, "user") as app:
        await app.message()
        words = {"source": "Daarna", "title": "", "warning": "", "language": "nl"}
        node.write(lambda db: edit_post(db, node.identity, author, made, **words))
        changed = await app.event()
        assert (changed["event"], "Daarna" in changed["payload"]["content"]) == ("status.update", True)
        node.write(lambda db: like(db, node.identity, bram, made))
        notice = await app.event()
        assert (notice["event"], notice["payload"]["type"]) == ("notification", "favourite")
        node.write(lambda db: delete_post(db, node.identity, author, made))
        assert await app.event() == {"stream": ["user"], "event": "delete", "payload": str(made)}


async def test_channels_are_asked_for_and_given_up_while_it_runs(node: RunningNode, anna: str) -> None:
    async with listening(node, anna) as app:
        await app.message()
        await app.say(type="subscribe", stream="nonsense")
        assert "error" in (await app.message())["text"]
        await app.say(type="subscribe", stream="hashtag", tag="Pomp")
        await app.say(type="subscribe", stream="list", list="17")
        assert "Record not found" in (await app.message())["text"]
        post(node, "bram", COMPANY, "Zonder")
        made = post(node, "bram", COMPANY, "Met #pomp")
        told = await app.event()
        assert (told["stream"], told["payload"]["id"]) == (["hashtag", "pomp"], str(made))
        await app.say(type="unsubscribe", stream="hashtag", tag="Pomp")
        await app.say(type="subscribe", stream="public:local")
        await app.say(type="subscribe", stream="nonsense")
        await app.message()
        post(node, "bram", COMPANY, "Weer #pomp")
        assert (await app.event())["stream"] == ["public:local"]


async def test_a_channel_shows_only_what_its_page_shows(node: RunningNode, anna: str) -> None:
    async with listening(node, anna, "public") as app:
        await app.message()
        post(node, "bram", COMPANY, "Van ons")
        made = post(node, "bram", PUBLIC, "Open")
        assert (await app.event())["payload"]["id"] == str(made)
    async with listening(node, anna, "public:media") as app:
        await app.message()
        post(node, "bram", PUBLIC, "Zonder foto")
        await app.say(type="subscribe", stream="nonsense")
        assert "error" in (await app.message())["text"]


async def test_who_may_not_ask_is_not_let_in(node: RunningNode, anna: str) -> None:
    async with listening(node, "x", "user") as app:
        assert (await app.message())["status"] == 401
    async with listening(node, app_token(node, "anna", "read:accounts"), "user") as app:
        assert (await app.message())["status"] == 403
    async with node.client() as nobody:
        for path in ("user", "public", "hashtag?tag=x"):
            assert (await nobody.get(f"/api/v1/streaming/{path}")).status_code == 401
        assert (await nobody.get("/api/v1/streaming/health")).text == "OK"
        assert (await nobody.get("/api/v1/streaming")).status_code == 404


async def test_a_token_without_the_scope_hears_no_notices(node: RunningNode, anna: str) -> None:
    made = post(node, "anna", COMPANY, "Eerst")
    bram = member_row(node, "bram").actor_id
    async with listening(node, app_token(node, "anna", "read:statuses"), "user") as app:
        await app.message()
        node.write(lambda db: like(db, node.identity, bram, made))
        post(node, "bram", COMPANY, "Daarna")
        assert (await app.event())["event"] == "update"


async def test_what_is_anothers_is_not_heard(node: RunningNode, anna: str) -> None:
    mine, cas = post(node, "bram", COMPANY, "Eerst"), make_member(node, "cas")
    async with listening(node, anna, "user") as app:
        await app.message()
        node.write(lambda db: like(db, node.identity, member_row(node, "anna").actor_id, mine))
        post(node, "bram", PEOPLE, "Voor een ander", to=frozenset({cas}))
        last = post(node, "bram", COMPANY, "Voor allen")
        assert (await app.event())["payload"]["id"] == str(last)


@pytest.mark.each_database
async def test_a_revoked_token_ends_the_stream_before_anything_else_is_said(
    node: RunningNode, anna: str
) -> None:
    member_id = member_row(node, "anna").actor_id
    async with listening(node, anna, "user") as app:
        await app.message()
        app_id = node.read(lambda db: db.execute(select(apps.c.id)).scalar_one())
        node.write(lambda db: end_app(db, member_id, app_id))
        post(node, "bram", COMPANY, "Te laat")
        assert (await app.end())["type"] == "websocket.close"


async def test_a_member_who_is_out_hears_nothing_any_more(node: RunningNode, anna: str) -> None:
    make_member(node, "admin", roles=("admin",))
    member_id = member_row(node, "anna").actor_id
    async with listening(node, anna, "user", kind="http") as app:
        await app.message()
        await app.lines()
        node.write(lambda db: disable_member(db, member_id))
        post(node, "bram", COMPANY, "Te laat")
        assert await app.end() == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_who_does_not_read_is_dropped(
    node: RunningNode, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SEND_SECONDS", 0.1)
    async with listening(node, anna, "user") as app:
        await app.message()
        app.reads.clear()
        post(node, "bram", COMPANY, "Bericht")
        assert await app.unread.get() == "websocket.send"
        assert await app.unread.get() == "websocket.close"


async def test_what_waits_for_a_slow_reader_has_a_bound(
    node: RunningNode, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_WAITING", 2)
    async with listening(node, anna, "user") as app:
        await app.message()
        app.reads.clear()
        post(node, "bram", COMPANY, "Bericht")
        assert await app.unread.get() == "websocket.send"
        async with listening(node, app_token(node, "bram"), "user") as other:
            await other.message()
            for number in range(4):
                post(node, "bram", COMPANY, f"Bericht {number}")
                await other.event()
        app.reads.set()
        await app.event()
        assert (await app.end())["type"] == "websocket.close"


async def test_a_member_has_so_many_streams_and_no_more(
    node: RunningNode, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_OF_MEMBER", 1)
    async with listening(node, anna, "user") as first:
        await first.message()
        async with listening(node, anna, "user") as second:
            assert (await second.message())["status"] == 429
        async with listening(node, app_token(node, "bram"), "user") as other:
            assert (await other.message())["type"] == "websocket.accept"


@pytest.mark.each_database
async def test_what_happened_in_another_process_is_heard_too(node: RunningNode, anna: str) -> None:
    """Rows that this process was not woken for: the change is in the database, and so is the token."""
    async with listening(node, anna, "user") as app:
        await app.message()
        post(node, "bram", COMPANY, "Van elders")
        assert (await app.event())["event"] == "update"
        node.write(lambda db: db.execute(delete(app_tokens)))
        assert (await app.end())["type"] == "websocket.close"


async def test_an_app_hears_that_filters_changed(node: RunningNode, anna: str) -> None:
    async with listening(node, anna, "user") as app:
        await app.message()
        form = {"title": "Rust", "context[]": "home", "keywords_attributes[0][keyword]": "pomp"}
        assert (await open_app(node, "anna").post("/api/v2/filters", data=form)).status_code == 200
        assert await app.event() == {"stream": ["user"], "event": "filters_changed"}
