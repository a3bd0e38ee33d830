"""What apps read besides statuses: notifications, markers, rings and rooms as lists."""

from node.objects import COMPANY
from tests.factories import make_member, open_app, post
from tests.network import RunningNode


async def test_a_member_hears_of_mentions_and_likes_and_may_forget_them(node: RunningNode) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle)
    anna, bram = open_app(node, "anna"), open_app(node, "bram")
    made = post(node, "anna", COMPANY, "Hallo @bram")
    await bram.post(f"/api/v1/statuses/{made}/favourite")
    [liked] = (await anna.get("/api/v1/notifications")).json()
    assert (liked["type"], liked["status"]["id"], liked["account"]["acct"]) == (
        "favourite",
        str(made),
        "bram",
    )
    [mention] = (await bram.get("/api/v1/notifications", params={"types[]": "mention"})).json()
    assert mention["type"] == "mention"
    assert (await bram.get("/api/v1/notifications", params={"exclude_types[]": "mention"})).json() == []
    assert (await anna.get(f"/api/v1/notifications/{mention['id']}")).status_code == 404
    assert (await anna.post(f"/api/v1/notifications/{mention['id']}/dismiss")).status_code == 404
    await bram.post(f"/api/v1/notifications/{mention['id']}/dismiss")
    await anna.post("/api/v1/notifications/clear")
    for app in (anna, bram):
        assert (await app.get("/api/v1/notifications")).json() == []


async def test_apps_tell_each_other_how_far_a_member_has_read(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    for number in (5, 7):
        told = await app.post("/api/v1/markers", json={"home": {"last_read_id": str(number)}})
        assert told.json()["home"]["last_read_id"] == str(number)
    found = (await app.get("/api/v1/markers", params={"timeline[]": ["home", "notifications"]})).json()
    assert (found["home"]["version"], found["home"]["last_read_id"]) == (2, "7")


async def test_nobody_makes_or_changes_a_list_of_people(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    assert (await app.get("/api/v1/lists")).json() == []
    assert (await app.post("/api/v1/lists", json={"title": "Mijn lijst"})).status_code == 422
    assert (await app.get("/api/v1/timelines/list/12345")).status_code == 404
