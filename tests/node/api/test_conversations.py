"""Conversations in apps: personal messages by thread, read and put away by each for themselves."""

from typing import Any

import httpx
import pytest

from tests.factories import make_member, open_app
from tests.network import RunningNode

PATH = "/api/v1/conversations"


def apps_of(node: RunningNode, *handles: str) -> list[httpx.AsyncClient]:
    for handle in handles:
        make_member(node, handle)
    return [open_app(node, handle) for handle in handles]


async def tell(app: httpx.AsyncClient, text: str, parent: str | None = None) -> dict[str, Any]:
    body = {"status": text, "visibility": "direct", "in_reply_to_id": parent}
    answer = await app.post("/api/v1/statuses", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def talks(app: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await app.get(PATH)).json())


@pytest.mark.each_database
async def test_a_conversation_is_one_line_with_its_last_message_for_those_in_it(node: RunningNode) -> None:
    anna, bram, carla = apps_of(node, "anna", "bram", "carla")
    first = await tell(anna, "@bram Heb je even?")
    answer = await tell(bram, "@anna Ja", first["id"])
    [mine] = await talks(anna)
    assert (mine["id"], mine["last_status"]["id"], mine["unread"]) == (first["id"], answer["id"], True)
    assert [one["acct"] for one in mine["accounts"]] == ["bram"]
    [theirs] = await talks(bram)
    assert (theirs["unread"], [one["acct"] for one in theirs["accounts"]]) == (False, ["anna"])
    assert await talks(carla) == []


async def test_each_marks_for_themselves_what_they_have_read(node: RunningNode) -> None:
    anna, bram = apps_of(node, "anna", "bram")
    first = await tell(anna, "@bram Een")
    assert (await bram.post(f"{PATH}/{first['id']}/read")).json()["unread"] is False
    await tell(bram, "@anna Twee", first["id"])
    assert ([one["unread"] for one in await talks(bram)], (await talks(anna))[0]["unread"]) == ([False], True)
    await tell(anna, "@bram Drie", first["id"])
    assert (await talks(bram))[0]["unread"] is True


async def test_what_was_put_away_comes_back_with_a_new_message(node: RunningNode) -> None:
    anna, bram = apps_of(node, "anna", "bram")
    first = await tell(anna, "@bram Een")
    assert (await bram.delete(f"{PATH}/{first['id']}")).json() == {}
    assert (len(await talks(bram)), len(await talks(anna))) == (0, 1)
    assert (await bram.get(f"/api/v1/statuses/{first['id']}")).status_code == 200
    await tell(anna, "@bram Nog een", first["id"])
    assert len(await talks(bram)) == 1


async def test_nobody_marks_a_conversation_of_others_or_what_is_none(node: RunningNode) -> None:
    anna, _, carla = apps_of(node, "anna", "bram", "carla")
    private = await tell(anna, "@bram Geheim")
    company = (await anna.post("/api/v1/statuses", json={"status": "Voor allen"})).json()
    for one in (private, company):
        assert (await carla.post(f"{PATH}/{one['id']}/read")).status_code == 404
        assert (await carla.delete(f"{PATH}/{one['id']}")).status_code == 404


async def test_conversations_are_paged_by_their_last_message(node: RunningNode) -> None:
    anna, _ = apps_of(node, "anna", "bram")
    made = [await tell(anna, f"@bram {number}") for number in range(3)]
    page = await anna.get(PATH, params={"limit": 2})
    assert [one["id"] for one in page.json()] == [made[2]["id"], made[1]["id"]]
    older = await anna.get(page.links["next"]["url"])
    assert [one["id"] for one in older.json()] == [made[0]["id"]]


async def test_whom_a_member_blocked_is_in_no_conversation_of_theirs(node: RunningNode) -> None:
    anna, bram = apps_of(node, "anna", "bram")
    first = await tell(bram, "@anna Hoor eens")
    assert len(await talks(anna)) == 1
    await anna.post(f"/api/v1/accounts/{first['account']['id']}/block")
    assert (await talks(anna), len(await talks(bram))) == ([], 1)
    assert (await anna.post(f"{PATH}/{first['id']}/read")).status_code == 404
