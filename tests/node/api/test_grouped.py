"""Notifications of version 2: groups, their accounts, what is unread, a policy that accepts all."""

from node.db import writing
from node.objects import COMPANY
from node.posts.reactions import like
from tests.factories import make_member, open_app, post
from tests.network import RunningNode

V2 = "/api/v2/notifications"


async def test_likes_of_one_post_are_one_line_and_every_mention_its_own(node: RunningNode) -> None:
    people = [make_member(node, handle) for handle in ("anna", "bram", "cas")]
    made = post(node, "anna", COMPANY, "Hallo")
    for one in people[1:]:
        with writing(node.engine) as db:
            like(db, node.identity, one, made)
    post(node, "bram", COMPANY, "Dag @anna")
    post(node, "cas", COMPANY, "Dag @anna")
    app = open_app(node, "anna")
    found = (await app.get(V2)).json()
    groups = found["notification_groups"]
    assert [one["type"] for one in groups] == ["mention", "mention", "favourite"]
    liked = groups[2]
    assert (liked["group_key"], liked["notifications_count"]) == (f"favourite-{made}", 2)
    assert set(liked["sample_account_ids"]) == {str(one) for one in people[1:]}
    assert liked["status_id"] in {one["id"] for one in found["statuses"]}
    assert (await app.get(f"{V2}/unread_count")).json() == {"count": 4}
    assert len((await app.get(f"{V2}/favourite-{made}/accounts")).json()) == 2
    ungrouped = (await app.get(V2, params={"grouped_types[]": "follow"})).json()["notification_groups"]
    assert len(ungrouped) == 4
    answer = await app.get(V2, params={"limit": 1})
    [first] = answer.json()["notification_groups"]
    assert first["group_key"] == groups[0]["group_key"]
    [second] = (await app.get(answer.links["next"]["url"])).json()["notification_groups"]
    assert second["group_key"] == groups[1]["group_key"]
    assert (await app.post(f"{V2}/favourite-{made}/dismiss")).status_code == 200
    assert (await app.get(f"{V2}/favourite-{made}")).status_code == 404
    assert len((await app.get("/api/v1/notifications")).json()) == 2
    assert (await open_app(node, "bram").get(f"{V2}/{first['group_key']}")).status_code == 404


async def test_nothing_is_kept_apart_and_no_app_is_told_otherwise(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    assert (await app.get(f"{V2}/policy")).json()["for_not_following"] == "accept"
    assert (await app.get("/api/v1/notifications/requests")).json() == []
    assert (await app.patch(f"{V2}/policy", data={"for_not_following": "filter"})).status_code == 422
    assert (await app.patch(f"{V2}/policy", data={"for_not_following": "accept"})).status_code == 200
