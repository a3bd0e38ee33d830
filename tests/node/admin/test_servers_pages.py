"""The admin's page of other servers: nothing happens before it was shown."""

from typing import Any

import httpx
import pytest

from node.admin.servers import server_named, standing
from node.peers import BLOCKED, LIMITED, NORMAL, PAIRED, change_peer, find_peer, get_peer, peers
from tests.factories import log_in, make_member
from tests.network import RunningNode

SERVERS = "/admin/servers"


@pytest.fixture
async def admin(node: RunningNode) -> httpx.AsyncClient:
    make_member(node, "baas", roles=("admin",))
    make_member(node, "anna")
    return await log_in(node, "baas")


def met(node: RunningNode, domain: str, **values: Any) -> int:
    def make(db: Any) -> int:
        peer_id = server_named(db, node.identity, domain)
        if values:
            change_peer(db, peer_id, **values)
        return peer_id

    return node.write(make)


def standing_of(node: RunningNode, peer_id: int) -> str:
    return standing(node.read(lambda db: get_peer(db, peer_id)))


async def test_a_rule_is_shown_with_what_it_changes_before_it_is_made(
    node: RunningNode, admin: httpx.AsyncClient
) -> None:
    below = met(node, "diep.kwaad.example")
    answer = await admin.post(f"{SERVERS}/find", data={"domain": "https://Kwaad.example"})
    page = answer.headers["location"]
    peer_id = int(page.rpartition("/")[2])
    typed = {"choice": "blocked", "reason": "Reclame", "comment": "Zie mail"}
    asked = await admin.post(page, data=typed)
    assert "diep.kwaad.example" in asked.text
    assert "Zie mail" in asked.text
    assert standing_of(node, peer_id) == NORMAL
    await admin.post(page, data={**typed, "sure": "limited!"})  # another one than was shown
    assert standing_of(node, peer_id) == NORMAL
    assert (await admin.post(page, data={**typed, "sure": "blocked!"})).status_code == 303
    assert (standing_of(node, peer_id), standing_of(node, below)) == (BLOCKED, BLOCKED)
    assert "Reclame" in (await admin.get(f"{SERVERS}?show=ruled&q=reclame")).text
    assert "diep.kwaad.example" not in (await admin.get(f"{SERVERS}?show=trouble")).text


async def test_words_of_a_rule_change_without_asking_again(
    node: RunningNode, admin: httpx.AsyncClient
) -> None:
    peer_id = met(node, "druk.example")
    await admin.post(f"{SERVERS}/{peer_id}", data={"choice": "limited", "sure": "limited!"})
    await admin.post(f"{SERVERS}/{peer_id}", data={"choice": "limited", "reason": "Veel"})
    assert node.read(lambda db: get_peer(db, peer_id)).reason == "Veel"
    assert standing_of(node, peer_id) == LIMITED


async def test_the_list_is_switched_on_after_its_consequences_were_shown(
    node: RunningNode, admin: httpx.AsyncClient
) -> None:
    answer = await admin.post(f"{SERVERS}/federation", data={"federation": "allow_list"})
    assert (answer.status_code, node.identity.federation) == (200, "open")
    await admin.post(f"{SERVERS}/federation", data={"federation": "allow_list", "sure": "on"})
    assert node.identity.federation == "allow_list"
    await admin.post(f"{SERVERS}/federation", data={"federation": "open"})
    assert node.identity.federation == "open"


async def test_an_import_shows_first_and_a_partner_is_chosen_by_hand(
    node: RunningNode, admin: httpx.AsyncClient
) -> None:
    partner = met(node, "smit.example", state=PAIRED)
    data = "#domain,#severity\nkwaad.example,suspend\nsmit.example,silence\n*.x,suspend\n"
    files = {"list": ("list.csv", data.encode(), "text/csv")}
    shown = await admin.post(f"{SERVERS}/list", data={"kind": "blocks"}, files=files)
    assert shown.status_code == 200
    assert "kwaad.example" in shown.text
    assert node.read(lambda db: find_peer(db, "kwaad.example")) is None
    await admin.post(f"{SERVERS}/import", data={"kind": "blocks", "list": data})
    row = node.read(lambda db: find_peer(db, "kwaad.example"))
    assert row is not None
    assert (standing(row), standing_of(node, partner)) == (BLOCKED, NORMAL)
    await admin.post(f"{SERVERS}/import", data={"kind": "blocks", "list": data, "partner": "smit.example"})
    assert standing_of(node, partner) == LIMITED


@pytest.mark.parametrize("data", [b"", b"x" * 3_000_000, b"\xff\xff", b'"'])
async def test_a_file_that_is_no_list_changes_nothing(
    node: RunningNode, admin: httpx.AsyncClient, data: bytes
) -> None:
    files = {"list": ("list.csv", data, "text/csv")}
    answer = await admin.post(f"{SERVERS}/list", data={"kind": "blocks"}, files=files)
    assert answer.status_code in (413, 422)
    assert node.read(lambda db: db.execute(peers.select()).all()) == []


async def test_only_an_admin_comes_here(node: RunningNode, admin: httpx.AsyncClient) -> None:
    peer_id = met(node, "kwaad.example")
    anna = await log_in(node, "anna")
    for path in (SERVERS, f"{SERVERS}/{peer_id}", f"{SERVERS}/blocks.csv"):
        assert (await anna.get(path)).status_code == 403
        assert (await admin.get(path)).status_code == 200
    for path in ("find", "federation", "import", f"{peer_id}", f"{peer_id}/forget"):
        form = {
            "choice": "blocked",
            "sure": "on",
            "federation": "allow_list",
            "kind": "blocks",
            "list": "a.example",
        }
        assert (await anna.post(f"{SERVERS}/{path}", data={**form, "domain": "a.example"})).status_code == 403
    assert standing_of(node, peer_id) == NORMAL


async def test_a_server_is_forgotten_from_its_page(node: RunningNode, admin: httpx.AsyncClient) -> None:
    peer_id = met(node, "los.example")
    assert f"{SERVERS}/{peer_id}/forget" in (await admin.get(f"{SERVERS}/{peer_id}")).text
    await admin.post(f"{SERVERS}/{peer_id}/forget")
    page = await admin.get(SERVERS)
    assert f"{SERVERS}/{peer_id}" not in page.text


async def test_check_rings_runs_from_the_admin_page(node: RunningNode, admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/admin/check-rings")).status_code == 303
    await node.app.state.check
    page = await admin.get("/admin")
    assert 'action="/admin/check-rings"' in page.text
    assert (await (await log_in(node, "anna")).post("/admin/check-rings")).status_code == 403
