"""The first visit: the wizard and its one-time token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node import identity
from node.access.logins import find_member, hash_token
from tests.network import RunningNode, fediverse

TOKEN = "een-geheim-uit-het-venster"
ANSWERS = {
    "token": TOKEN,
    "firm": "Bakker Installatie",
    "kind": "firm",
    "use": "trial",
    "domain": "",
    "handle": "baas",
    "name": "Bea Bakker",
    "mail": "bea@bakker.example",
    "password": "een lang wachtwoord",
}


@pytest.fixture
async def fresh(tmp_path: Path, database_url: str) -> AsyncIterator[RunningNode]:
    """A node before its wizard."""
    async with fediverse(tmp_path / "homes", {"bakker.localhost:8001": database_url}) as nodes:
        node = nodes["bakker"]
        node.write(lambda db: identity.change(db, ready_at=None, setup_token_hash=hash_token(TOKEN)))
        yield node


async def test_before_the_wizard_pages_lead_to_it_and_programs_are_answered(fresh: RunningNode) -> None:
    client = fresh.client()
    assert (await client.get("/")).headers["location"] == "/setup"
    assert (await client.get("/setup")).status_code == 200
    assert (await client.get("/nodeinfo/2.1")).status_code == 200
    assert (await client.post("/inbox", content=b"{}")).status_code == 401


async def test_without_the_token_nothing_is_set_up(fresh: RunningNode) -> None:
    answer = await fresh.client().post("/setup", data=ANSWERS | {"token": "geraden"})
    assert answer.status_code == 422
    assert fresh.identity.ready_at is None
    assert fresh.read(lambda db: find_member(db, "baas")) is None


@pytest.mark.each_database
async def test_the_wizard_makes_the_first_admin_and_closes(fresh: RunningNode) -> None:
    client = fresh.client()
    assert (await client.get(f"/setup?token={TOKEN}")).status_code == 200
    assert (await client.post("/setup", data=ANSWERS)).status_code == 303
    assert (await client.get("/members")).status_code == 200
    assert fresh.identity.name == "Bakker Installatie"
    again = await fresh.client().post("/setup", data=ANSWERS | {"handle": "indringer"})
    assert again.status_code == 404


async def test_a_wrong_answer_keeps_everything_typed(fresh: RunningNode) -> None:
    answer = await fresh.client().post("/setup", data=ANSWERS | {"password": "kort"})
    assert answer.status_code == 422
    assert 'value="Bakker Installatie"' in answer.text
    assert fresh.identity.ready_at is None


async def test_a_real_domain_is_kept_and_the_next_steps_are_said(fresh: RunningNode) -> None:
    answer = await fresh.client().post(
        "/setup", data=ANSWERS | {"use": "domain", "domain": "https://leerkring.bakker.example/"}
    )
    assert answer.status_code == 200
    assert "leerkring.bakker.example" in answer.text
    assert fresh.identity.domain == "leerkring.bakker.example"
    assert "local = false" in (fresh.settings.home / "leerkring.toml").read_text()
