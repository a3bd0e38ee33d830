"""Filters of apps: what a member does not want to come across, by words and by post."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from node.ids import now
from node.objects import COMPANY
from node.people.filters import filters
from tests.factories import make_member, open_app, post
from tests.network import RunningNode

FILTERS = "/api/v2/filters"


def apps_of(node: RunningNode, *handles: str) -> list[httpx.AsyncClient]:
    for handle in handles:
        make_member(node, handle)
    return [open_app(node, handle) for handle in handles]


async def make(app: httpx.AsyncClient, word: str, **more: Any) -> dict[str, Any]:
    body = {"title": "Niet nu", "context": ["home"], "keywords_attributes": [{"keyword": word}], **more}
    answer = await app.post(FILTERS, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def home(app: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await app.get("/api/v1/timelines/home")).json())


@pytest.mark.each_database
async def test_a_status_says_which_filters_of_its_reader_it_meets(node: RunningNode) -> None:
    anna, bram = apps_of(node, "anna", "bram")
    post(node, "bram", COMPANY, "Alles over **Voetbal** vandaag")
    made = await make(anna, "voetbal", keywords_attributes=[{"keyword": "voetbal", "whole_word": "true"}])
    [status] = await home(anna)
    [met] = status["filtered"]
    assert (met["filter"]["id"], met["keyword_matches"], met["status_matches"]) == (
        made["id"],
        ["voetbal"],
        None,
    )
    assert [one["filtered"] for one in await home(bram)] == [[]]


async def test_what_is_hidden_is_not_in_the_list_of_that_place_but_can_be_asked_for(
    node: RunningNode,
) -> None:
    anna, bram = apps_of(node, "anna", "bram")
    hidden, kept = post(node, "bram", COMPANY, "voetbal"), post(node, "bram", COMPANY, "kaas")
    await make(anna, "voetbal", filter_action="hide")
    assert [one["id"] for one in await home(anna)] == [str(kept)]
    assert len(await home(bram)) == 2
    company = (await anna.get("/api/v1/timelines/public", params={"local": "true"})).json()
    assert len(company) == 2
    assert (await anna.get(f"/api/v1/statuses/{hidden}")).json()["filtered"]


async def test_ones_own_posts_meet_no_filter(node: RunningNode) -> None:
    [anna] = apps_of(node, "anna")
    post(node, "anna", COMPANY, "voetbal")
    await make(anna, "voetbal", filter_action="hide")
    assert [one["filtered"] for one in await home(anna)] == [[]]


async def test_a_whole_word_is_not_found_inside_another_one(node: RunningNode) -> None:
    anna, _ = apps_of(node, "anna", "bram")
    post(node, "bram", COMPANY, "De vergadering over kaas.")
    await make(anna, "kaa", keywords_attributes=[{"keyword": "kaa", "whole_word": True}])
    assert (await home(anna))[0]["filtered"] == []
    await make(anna, "kaa")
    assert len((await home(anna))[0]["filtered"]) == 1


async def test_a_filter_that_has_ended_holds_no_more_and_is_still_listed(node: RunningNode) -> None:
    anna, _ = apps_of(node, "anna", "bram")
    post(node, "bram", COMPANY, "voetbal")
    made = await make(anna, "voetbal", filter_action="hide", expires_in=3600)
    assert made["expires_at"] is not None
    past = now() - timedelta(minutes=1)
    node.write(lambda db: db.execute(update(filters).values(expires_at=past)))
    assert len(await home(anna)) == 1
    assert len((await anna.get(FILTERS)).json()) == 1


async def test_a_filter_is_changed_word_by_word_and_deleted(node: RunningNode) -> None:
    [anna] = apps_of(node, "anna")
    made = await make(anna, "een", keywords_attributes=[{"keyword": "een"}, {"keyword": "twee"}])
    first, second = made["keywords"]
    words = [{"id": first["id"], "_destroy": True}, {"id": second["id"], "keyword": "drie"}]
    changed = (
        await anna.put(f"{FILTERS}/{made['id']}", json={"context": ["public"], "keywords_attributes": words})
    ).json()
    assert [one["keyword"] for one in changed["keywords"]] == ["drie"]
    assert (changed["title"], changed["context"]) == ("Niet nu", ["public"])
    more = (await anna.post(f"{FILTERS}/{made['id']}/keywords", data={"keyword": "vier"})).json()
    renamed = await anna.put(f"{FILTERS}/keywords/{more['id']}", data={"keyword": "vijf"})
    assert renamed.json()["keyword"] == "vijf"
    assert (await anna.delete(f"{FILTERS}/keywords/{more['id']}")).json() == {}
    assert len((await anna.get(f"{FILTERS}/{made['id']}/keywords")).json()) == 1
    assert (await anna.delete(f"{FILTERS}/{made['id']}")).json() == {}
    assert (await anna.get(f"{FILTERS}/{made['id']}")).status_code == 404


async def test_a_filter_names_single_posts_that_its_owner_may_read(node: RunningNode) -> None:
    anna, bram, carla = apps_of(node, "anna", "bram", "carla")
    seen = post(node, "bram", COMPANY, "Kaas")
    private = await carla.post("/api/v1/statuses", json={"status": "@bram", "visibility": "direct"})
    made = await make(anna, "niets")
    path = f"{FILTERS}/{made['id']}/statuses"
    line = (await anna.post(path, data={"status_id": str(seen)})).json()
    assert (await anna.post(path, data={"status_id": str(seen)})).json() == line
    assert (await anna.post(path, data={"status_id": private.json()["id"]})).status_code == 404
    assert (await home(anna))[0]["filtered"][0]["status_matches"] == [str(seen)]
    assert (await bram.get(f"{FILTERS}/statuses/{line['id']}")).status_code == 404
    assert (await bram.delete(f"{FILTERS}/statuses/{line['id']}")).status_code == 404
    assert (await anna.delete(f"{FILTERS}/statuses/{line['id']}")).json() == {}
    assert (await home(anna))[0]["filtered"] == []


async def test_nobody_reads_or_changes_filters_of_somebody_else(node: RunningNode) -> None:
    anna, bram = apps_of(node, "anna", "bram")
    made = await make(anna, "voetbal")
    word = made["keywords"][0]["id"]
    for path in (f"{FILTERS}/{made['id']}", f"{FILTERS}/keywords/{word}", f"/api/v1/filters/{word}"):
        assert (await bram.get(path)).status_code == 404
        assert (await bram.put(path, data={"keyword": "x", "phrase": "x"})).status_code == 404
        assert (await bram.delete(path)).status_code == 404
    own = await make(bram, "kaas")
    steal = {"keywords_attributes": [{"id": word, "keyword": "x"}]}
    assert (await bram.put(f"{FILTERS}/{own['id']}", json=steal)).status_code == 404
    assert (await anna.get(f"{FILTERS}/keywords/{word}")).json()["keyword"] == "voetbal"


async def test_what_makes_no_filter_is_refused_in_words(node: RunningNode) -> None:
    [anna] = apps_of(node, "anna")
    wrong: dict[str, Any]
    for wrong in ({"title": ""}, {"context": []}, {"context": ["home", "x"]}, {"filter_action": "x"}):
        body = {"title": "Niet nu", "context": ["home"], **wrong}
        assert (await anna.post(FILTERS, json=body)).status_code == 422, wrong
    assert (await anna.get(FILTERS)).json() == []


async def test_apps_of_before_see_each_word_as_a_filter(node: RunningNode) -> None:
    anna, _ = apps_of(node, "anna", "bram")
    post(node, "bram", COMPANY, "voetbal")
    first = "/api/v1/filters"
    made = (
        await anna.post(first, data={"phrase": "voetbal", "context[]": "home", "irreversible": "true"})
    ).json()
    assert (made["whole_word"], made["irreversible"], made["context"]) == (True, True, ["home"])
    assert await home(anna) == []
    changed = await anna.put(
        f"{first}/{made['id']}",
        data={"phrase": "voet", "context[]": "home", "irreversible": "false", "whole_word": "false"},
    )
    assert changed.json() | {"id": made["id"]} == changed.json()
    assert [one["filtered"][0]["keyword_matches"] for one in await home(anna)] == [["voet"]]
    assert len((await anna.get(first)).json()) == 1
    await anna.delete(f"{first}/{made['id']}")
    assert (await anna.get(FILTERS)).json() == []
