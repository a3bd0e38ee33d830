"""Posts between whole nodes: a ring's thread, and an open topic of the hub that two firms follow."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from node.objects import PUBLIC
from tests.factories import log_in, make_member, make_ring, make_topic, pair, picture, post
from tests.network import RunningNode, fediverse, settle

DOMAINS = ("bakker.localhost:8001", "smit.localhost:8002", "branche.localhost:8003")


@pytest.fixture
async def nodes(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[dict[str, RunningNode]]:
    """Two firms and a hub, each with one member who has a face outside."""
    urls = {}
    for domain in DOMAINS:
        urls[domain] = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / f'{domain[:5]}.sqlite3')}"
    async with fediverse(tmp_path / "homes", urls, kinds={DOMAINS[2]: "hub"}) as made:
        make_member(made["bakker"], "anna", has_face=True)
        make_member(made["smit"], "jan", has_face=True)
        make_member(made["branche"], "ed", roles=("editor",), has_face=True)
        yield made


async def find_on(client: httpx.AsyncClient, path: str, words: str) -> str:
    """The number of the post with these words on a timeline."""
    cards = (await client.get(path)).text.split("<article")[1:]
    found = [card for card in cards if words in card]
    assert found, words
    number = re.search(r'id="post-(\d+)"', found[0])
    assert number
    return number[1]


async def write(client: httpx.AsyncClient, **fields: str) -> None:
    answer = await client.post("/posts", data={"language": "nl", **fields})
    assert answer.status_code == 303, answer.text


async def test_a_thread_of_a_ring_is_the_same_on_both_sides(nodes: dict[str, RunningNode]) -> None:
    bakker, smit = nodes["bakker"], nodes["smit"]
    await pair(bakker, smit)
    ring = await make_ring(bakker, smit)
    made = post(bakker, "anna", ring, "Ringvraag", title="Kop", pictures=(picture(),), alts=("rood",))
    await settle(bakker, smit)
    anna, jan = await log_in(bakker, "anna"), await log_in(smit, "jan")
    there = await find_on(jan, "/rings/monteurs", "Ringvraag")
    await write(jan, audience=ring, parent=there, source="Antwoord van Jan")
    await jan.post(f"/o/{there}/like")
    await settle(bakker, smit)
    page = (await anna.get(f"/o/{made}")).text
    assert "Antwoord van Jan" in page
    assert "<span>1</span>" in page
    assert "Smit: opgeslagen" in page
    held = await make_ring(bakker, smit, name="Streng", handle="streng", gate="hold", gate_minutes=10)
    post(bakker, "anna", held, "Wacht nog even")
    await settle(bakker, smit)
    assert "Wacht nog even" in (await anna.get("/rings/streng")).text
    assert "Wacht nog even" not in (await jan.get("/rings/streng")).text
    async with bakker.client() as nobody:
        assert (await nobody.get(f"/o/{made}")).status_code == 404
    await anna.post(f"/o/{made}/delete")
    await settle(bakker, smit)
    assert (await jan.get(f"/o/{there}")).status_code == 404


async def test_an_open_topic_of_the_hub_joins_those_who_follow_it(nodes: dict[str, RunningNode]) -> None:
    hub = nodes["branche"]
    topic = make_topic(hub, "ed", PUBLIC, "lucht", name="Lucht")
    anna, jan, ed = [
        await log_in(nodes[node], handle)
        for node, handle in (("bakker", "anna"), ("smit", "jan"), ("branche", "ed"))
    ]
    for client in (anna, jan):
        await client.post("/follow", data={"handle": "@lucht@branche.localhost:8003"})
    await settle(*nodes.values())
    chosen = re.search(r'<option value="(\d+)"[^>]*>Lucht', (await anna.get("/write")).text)
    assert chosen
    await write(anna, audience=PUBLIC, topic=chosen[1], source="Open vraag", title="Kop")
    await settle(*nodes.values())
    at_smit, at_hub = (
        await find_on(jan, "/", "Open vraag"),
        await find_on(ed, f"/topics/{topic}", "Open vraag"),
    )
    await write(jan, audience=PUBLIC, parent=at_smit, source="Antwoord van Jan")
    mine = await find_on(anna, "/", "Open vraag")
    await anna.post(f"/o/{mine}/edit", data={"source": "Betere vraag", "title": "Kop", "language": "nl"})
    await settle(*nodes.values())
    for client, number in ((anna, mine), (jan, at_smit), (ed, at_hub)):
        page = (await client.get(f"/o/{number}")).text
        assert "Antwoord van Jan" in page
        assert "Betere vraag" in page
    await anna.post(f"/o/{mine}/delete")
    await settle(*nodes.values())
    for client, number in ((anna, mine), (jan, at_smit), (ed, at_hub)):
        assert (await client.get(f"/o/{number}")).status_code == 404
