"""Following, blocking, muting and saving in apps: with the effect that the pages have too."""

from typing import Any

import httpx
from sqlalchemy import select

from node.actors import change_actor
from node.memberships import ACCEPTED, follows
from node.objects import COMPANY, PUBLIC
from tests.factories import log_in, make_member, make_ring, open_app, pair, post
from tests.network import RunningNode, settle
from tests.node.people.conftest import Two

ACCOUNTS, STATUSES = "/api/v1/accounts", "/api/v1/statuses"


async def act(app: httpx.AsyncClient, path: str, **form: Any) -> Any:
    answer = await app.post(path, json=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def texts(app: httpx.AsyncClient, path: str) -> str:
    """All that stands in a list of statuses."""
    answer = await app.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(one["content"] for one in answer.json())


async def ids(app: httpx.AsyncClient, path: str) -> list[str]:
    answer = await app.get(path)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()]


async def test_following_from_an_app_is_following_on_the_page(node: RunningNode) -> None:
    anna, piet = make_member(node, "anna"), make_member(node, "piet")
    app = open_app(node, "piet")
    stands = await act(app, f"{ACCOUNTS}/{anna}/follow", reblogs=False, notify=True)
    assert (stands["following"], stands["showing_reblogs"], stands["notifying"]) == (True, False, True)
    assert await ids(app, f"{ACCOUNTS}/{piet}/following") == [str(anna)]
    assert await ids(open_app(node, "anna"), f"{ACCOUNTS}/{anna}/followers") == [str(piet)]
    assert "Piet" in (await (await log_in(node, "anna")).get("/followers")).text
    assert (await act(app, f"{ACCOUNTS}/{anna}/unfollow"))["following"] is False
    assert node.read(lambda db: db.scalars(select(follows.c.id)).all()) == []


async def test_nobody_reads_whom_others_follow(node: RunningNode) -> None:
    anna, piet = make_member(node, "anna"), make_member(node, "piet")
    make_member(node, "kees")
    await act(open_app(node, "piet"), f"{ACCOUNTS}/{anna}/follow")
    other = open_app(node, "kees")
    assert await ids(other, f"{ACCOUNTS}/{anna}/followers") == []
    assert await ids(other, f"{ACCOUNTS}/{piet}/following") == []


async def test_who_asked_to_be_told_hears_of_each_new_post_but_not_of_answers(node: RunningNode) -> None:
    anna = make_member(node, "anna")
    make_member(node, "piet")
    app = open_app(node, "piet")
    await act(app, f"{ACCOUNTS}/{anna}/follow", notify=True)
    first = post(node, "anna", COMPANY, "Nieuws")
    post(node, "anna", COMPANY, "Nog iets", parent_id=first)
    told = (await app.get("/api/v1/notifications")).json()
    assert [(one["type"], one["status"]["id"]) for one in told] == [("status", str(first))]
    assert "Anna heeft iets geschreven." in (await (await log_in(node, "piet")).get("/notices")).text


async def test_a_request_to_follow_is_answered_in_the_app(node: RunningNode) -> None:
    anna, piet, kees = (make_member(node, name) for name in ("anna", "piet", "kees"))
    node.write(lambda db: change_actor(db, anna, approves_follows=True))
    for name in ("piet", "kees"):
        assert (await act(open_app(node, name), f"{ACCOUNTS}/{anna}/follow"))["requested"] is True
    app = open_app(node, "anna")
    assert await ids(app, "/api/v1/follow_requests") == [str(kees), str(piet)]
    assert (await act(app, f"/api/v1/follow_requests/{piet}/authorize"))["followed_by"] is True
    assert (await act(app, f"/api/v1/follow_requests/{kees}/reject"))["requested_by"] is False
    assert (await app.post(f"/api/v1/follow_requests/{kees}/authorize")).status_code == 404
    assert node.read(lambda db: db.scalars(select(follows.c.state)).all()) == [ACCEPTED]
    assert (await act(app, f"{ACCOUNTS}/{piet}/remove_from_followers"))["followed_by"] is False


async def test_whom_a_member_blocks_is_seen_and_heard_nowhere_and_cannot_follow(node: RunningNode) -> None:
    anna, piet = make_member(node, "anna"), make_member(node, "piet")
    app, theirs = open_app(node, "anna"), open_app(node, "piet")
    await act(theirs, f"{ACCOUNTS}/{anna}/follow")
    began = post(node, "anna", COMPANY, "Begin")
    spoke = post(node, "piet", COMPANY, "Lawaai voor @anna #storing", parent_id=began)
    stands = await act(app, f"{ACCOUNTS}/{piet}/block")
    assert (stands["blocking"], stands["followed_by"]) == (True, False)
    assert await ids(app, "/api/v1/blocks") == [str(piet)]
    for path in ("home", "public?local=true", "tag/storing"):
        assert "Lawaai" not in await texts(app, f"/api/v1/timelines/{path}")
    assert (await app.get(f"{STATUSES}/{began}/context")).json()["descendants"] == []
    assert (await app.get("/api/v1/notifications")).json() == []
    browser = await log_in(node, "anna")
    for path in ("/", "/company", "/notices", f"/o/{began}", "/@piet"):
        assert "Lawaai" not in (await browser.get(path)).text, path
    refused = await theirs.post(f"{ACCOUNTS}/{anna}/follow")
    assert refused.status_code == 403
    assert (await app.get(f"{STATUSES}/{spoke}")).status_code == 200
    assert "Begin" in await texts(theirs, "/api/v1/timelines/home")
    await act(app, f"{ACCOUNTS}/{piet}/unblock")
    assert "Lawaai" in await texts(app, "/api/v1/timelines/home")


async def test_who_is_muted_is_met_on_their_own_page_only(node: RunningNode) -> None:
    make_member(node, "anna")
    piet = make_member(node, "piet")
    app, browser = open_app(node, "anna"), await log_in(node, "anna")
    post(node, "piet", COMPANY, "Lawaai voor @anna")
    stands = await act(app, f"{ACCOUNTS}/{piet}/mute", notifications=False)
    assert (stands["muting"], stands["muting_notifications"]) == (True, False)
    assert "Lawaai" not in await texts(app, "/api/v1/timelines/home")
    assert "Lawaai" not in (await browser.get("/company")).text
    assert "Lawaai" in await texts(app, f"{ACCOUNTS}/{piet}/statuses")
    assert "Lawaai" in (await browser.get("/@piet")).text
    assert len((await app.get("/api/v1/notifications")).json()) == 1
    await act(app, f"{ACCOUNTS}/{piet}/mute", duration=60)
    assert (await app.get("/api/v1/notifications")).json() == []
    assert (await app.get("/api/v1/mutes")).json()[0]["mute_expires_at"]
    await act(app, f"{ACCOUNTS}/{piet}/unmute")
    assert "Lawaai" in await texts(app, "/api/v1/timelines/home")


async def test_a_server_that_a_member_shut_out_is_there_for_their_colleagues_only(two: Two) -> None:
    bakker, smit = two
    make_member(bakker, "anna")
    make_member(bakker, "kees")
    make_member(smit, "piet")
    await pair(bakker, smit)
    ring = await make_ring(bakker, smit)
    post(smit, "piet", ring, "Van de smid")
    await settle(bakker, smit)
    app = open_app(bakker, "anna")
    assert "Van de smid" in await texts(app, "/api/v1/timelines/home")
    await act(app, "/api/v1/domain_blocks", domain=smit.domain)
    assert (await app.get("/api/v1/domain_blocks")).json() == [smit.domain]
    assert "Van de smid" not in await texts(app, "/api/v1/timelines/home")
    assert "Van de smid" not in (await (await log_in(bakker, "anna")).get("/")).text
    assert "Van de smid" in await texts(open_app(bakker, "kees"), "/api/v1/timelines/home")
    await app.delete("/api/v1/domain_blocks", params={"domain": smit.domain})
    assert "Van de smid" in await texts(app, "/api/v1/timelines/home")


async def test_a_note_about_somebody_is_read_by_its_writer_alone(node: RunningNode) -> None:
    make_member(node, "anna")
    piet = make_member(node, "piet")
    app = open_app(node, "anna")
    assert (await act(app, f"{ACCOUNTS}/{piet}/note", comment="Weet veel van ovens"))["note"]
    query = {"id[]": str(piet)}
    assert (await app.get(f"{ACCOUNTS}/relationships", params=query)).json()[0][
        "note"
    ] == "Weet veel van ovens"
    other = open_app(node, "piet")
    assert (await other.get(f"{ACCOUNTS}/relationships", params=query)).json()[0]["note"] == ""


async def test_bookmarks_are_found_again_by_when_they_were_kept(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    first, second = (post(node, "anna", COMPANY, words) for words in ("Eerste", "Tweede"))
    for one in (second, first):
        assert (await act(app, f"{STATUSES}/{one}/bookmark"))["bookmarked"] is True
    assert await ids(app, "/api/v1/bookmarks") == [str(first), str(second)]
    page = await app.get("/api/v1/bookmarks?limit=1")
    older = page.links["next"]["url"]
    assert [one["id"] for one in (await app.get(older)).json()] == [str(second)]
    assert (await act(app, f"{STATUSES}/{first}/unbookmark"))["bookmarked"] is False
    assert await ids(app, "/api/v1/bookmarks") == [str(second)]


async def test_likes_are_listed_for_who_likes_and_named_to_who_may_read(node: RunningNode) -> None:
    make_member(node, "anna")
    piet = make_member(node, "piet")
    app = open_app(node, "piet")
    liked = post(node, "anna", COMPANY, "Handig")
    await act(app, f"{STATUSES}/{liked}/favourite")
    assert await ids(app, "/api/v1/favourites") == [str(liked)]
    assert await ids(open_app(node, "anna"), f"{STATUSES}/{liked}/favourited_by") == [str(piet)]
    assert await ids(app, f"{STATUSES}/{liked}/reblogged_by") == []


async def test_only_own_posts_are_pinned_and_read_by_who_may(node: RunningNode) -> None:
    anna = make_member(node, "anna")
    make_member(node, "piet")
    app, other = open_app(node, "anna"), open_app(node, "piet")
    posts = [post(node, "anna", COMPANY, f"Bericht {number}") for number in range(6)]
    for one in posts[:5]:
        assert (await act(app, f"{STATUSES}/{one}/pin"))["pinned"] is True
    assert (await app.post(f"{STATUSES}/{posts[5]}/pin")).status_code == 422
    assert (await other.post(f"{STATUSES}/{posts[5]}/pin")).status_code == 404
    pinned = f"{ACCOUNTS}/{anna}/statuses?pinned=true"
    assert len(await ids(other, pinned)) == 5
    assert (await node.client().get(pinned)).status_code == 404
    await act(app, f"{STATUSES}/{posts[0]}/unpin")
    assert str(posts[0]) not in await ids(other, pinned)


async def test_a_muted_conversation_gives_no_notices(node: RunningNode) -> None:
    make_member(node, "anna")
    make_member(node, "piet")
    app = open_app(node, "anna")
    began = post(node, "anna", COMPANY, "Vraag")
    assert (await act(app, f"{STATUSES}/{began}/mute"))["muted"] is True
    post(node, "piet", COMPANY, "Antwoord", parent_id=began)
    assert (await app.get("/api/v1/notifications")).json() == []
    assert (await act(app, f"{STATUSES}/{began}/unmute"))["muted"] is False
    post(node, "piet", COMPANY, "Nog een", parent_id=began)
    assert len((await app.get("/api/v1/notifications")).json()) == 1


async def test_the_posts_of_somebody_are_filtered_as_asked(node: RunningNode) -> None:
    anna = make_member(node, "anna")
    app = open_app(node, "anna")
    first = post(node, "anna", COMPANY, "Over #storing")
    answer = post(node, "anna", COMPANY, "Vervolg", parent_id=first)
    theirs = f"{ACCOUNTS}/{anna}/statuses"
    assert await ids(app, theirs) == [str(answer), str(first)]
    assert await ids(app, f"{theirs}?exclude_replies=true&exclude_reblogs=true") == [str(first)]
    assert await ids(app, f"{theirs}?tagged=Storing") == [str(first)]
    assert await ids(app, f"{theirs}?only_media=true") == []


async def test_what_carries_a_followed_hashtag_comes_into_home(node: RunningNode) -> None:
    make_member(node, "anna")
    piet = make_member(node, "piet", has_face=True)
    app = open_app(node, "anna")
    post(node, "piet", PUBLIC, "Alles over #Storing")
    assert "Alles over" not in await texts(app, "/api/v1/timelines/home")
    assert (await act(app, "/api/v1/tags/Storing/follow"))["following"] is True
    assert [one["name"] for one in (await app.get("/api/v1/followed_tags")).json()] == ["storing"]
    assert "Alles over" in await texts(app, "/api/v1/timelines/home")
    await act(app, f"{ACCOUNTS}/{piet}/mute")
    assert "Alles over" not in await texts(app, "/api/v1/timelines/home")
    await act(app, f"{ACCOUNTS}/{piet}/unmute")
    assert (await act(app, "/api/v1/tags/storing/unfollow"))["following"] is False
    assert "Alles over" not in await texts(app, "/api/v1/timelines/home")
