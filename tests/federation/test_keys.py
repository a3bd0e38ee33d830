"""A node changes its key: its partners follow the old key's statement, and nothing else (rule 8)."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import time_machine
from sqlalchemy import Row, select

from federation import keys
from federation.proofs import add_proof
from node import identity
from node.errors import Forbidden
from node.ids import now
from node.peers import BLOCKED, find_peer
from node.posts.tables import posts
from node.rings import rotation
from node.rings.keys import key_holds
from tests.factories import (
    PASSWORD,
    director_of,
    leave_ring,
    log_in,
    make_member,
    make_ring,
    pair,
    post,
    ring_of,
)
from tests.federation.conftest import NewUrl, copies
from tests.network import RunningNode, fediverse, settle


class Pair:
    """Bakker and Smit with a ring between them."""

    def __init__(self, bakker: RunningNode, smit: RunningNode, ring: str) -> None:
        self.bakker, self.smit, self.ring = bakker, smit, ring

    def known_at_smit(self) -> Row[Any]:
        row = self.smit.read(lambda db: find_peer(db, self.bakker.domain))
        assert row is not None
        return row

    def texts_at_smit(self) -> list[str]:
        return self.smit.read(lambda db: list(db.scalars(select(posts.c.html))))

    def rotate(self) -> dict[str, Any]:
        director = director_of(self.bakker)
        return self.bakker.write(lambda db: rotation.rotate(db, self.bakker.identity, director, PASSWORD))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(
    databases: Callable[[str], NewUrl], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], str]:
    """Both firms in a ring, made once: the file of each, and the ring's audience."""
    new_url = databases("sqlite")
    domains = {f"{name}.localhost": new_url() for name in ("bakker", "smit")}
    async with fediverse(tmp_path_factory.mktemp("made") / "homes", domains) as nodes:
        await pair(nodes["bakker"], nodes["smit"])
        ring = await make_ring(nodes["bakker"], nodes["smit"])
        await settle(*nodes.values())
    return {domain: Path(url.removeprefix("sqlite:///")) for domain, url in domains.items()}, ring


@pytest.fixture
async def two(made: tuple[dict[str, Path], str], tmp_path: Path) -> AsyncIterator[Pair]:
    files, ring = made
    async with fediverse(tmp_path / "homes", copies(files, tmp_path)) as nodes:
        yield Pair(nodes["bakker"], nodes["smit"], ring)


def signed(node: RunningNode, by: str, to: str, **changes: Any) -> dict[str, Any]:
    """A statement by the holder of the private key `by`."""
    words = {
        "type": "KeyChange",
        "actor": node.identity.actor_uri,
        "old": keys.ed25519_multikey(by),
        "new": keys.ed25519_multikey(to),
        "number": 1,
        "published": "2026-01-01T00:00:00Z",
    } | changes
    for private in (by, to):
        words = add_proof(words, private, node.identity.node_key_id, now())
    return words


async def show(node: RunningNode, *statements: dict[str, Any]) -> httpx.Response:
    async with node.client() as client:
        return await client.post("/node/keys", json={"statements": statements})


async def test_the_ring_goes_on_under_the_new_key(two: Pair) -> None:
    before = two.bakker.identity.multikey
    moment = now()
    two.rotate()
    post(two.bakker, "directeur", two.ring, "met de nieuwe sleutel")
    await settle(two.bakker, two.smit)
    after = two.bakker.identity.multikey
    peer = two.known_at_smit()
    assert after != before
    assert peer.node_key == after
    assert any("nieuwe sleutel" in text for text in two.texts_at_smit())
    assert two.smit.read(lambda db: key_holds(db, peer.id, before, moment))
    assert not two.smit.read(lambda db: key_holds(db, peer.id, before, now()))
    assert two.smit.read(lambda db: key_holds(db, peer.id, after, now()))


async def test_a_partner_that_was_away_follows_several_changes(two: Pair) -> None:
    two.bakker.sender.down.add(two.smit.domain)
    for number in range(2):
        two.rotate()
        post(two.bakker, "directeur", two.ring, f"bericht {number}")
        await two.bakker.run_once()
    two.bakker.sender.down.clear()
    with time_machine.travel(now() + timedelta(weeks=3), tick=True):
        await settle(two.bakker, two.smit)
    assert two.known_at_smit().node_key == two.bakker.identity.multikey
    assert len(two.texts_at_smit()) == 2


async def test_a_partner_that_asks_finds_the_statement_itself(two: Pair) -> None:
    two.rotate()
    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        await two.smit.run_once()
    assert two.known_at_smit().node_key == two.bakker.identity.multikey


async def test_what_was_signed_before_the_change_still_counts(two: Pair) -> None:
    """The agreement names the old key; leaving it is said under the new one."""
    two.rotate()
    await settle(two.bakker, two.smit)
    await leave_ring(two.bakker, "monteurs")
    await settle(two.bakker, two.smit)
    assert ring_of(two.smit, "monteurs").state == "closed"


async def test_a_statement_of_another_key_changes_nothing(two: Pair) -> None:
    thief = keys.new_ed25519()
    pinned = two.known_at_smit().node_key
    forged = signed(two.bakker, thief, keys.new_ed25519(), old=pinned)
    own = signed(two.bakker, thief, keys.new_ed25519())
    half = signed(
        two.bakker, two.bakker.identity.ed25519_private, thief, new=keys.ed25519_multikey(keys.new_ed25519())
    )
    for statement in (forged, own, half):
        assert (await show(two.smit, statement)).status_code == 404
    assert two.known_at_smit().node_key == pinned


async def test_another_nodes_statement_changes_nothing(two: Pair) -> None:
    """Smit's own key signs nothing in Bakker's name."""
    theirs = two.smit.identity.ed25519_private
    statement = signed(two.bakker, theirs, keys.new_ed25519())
    assert (await show(two.smit, statement)).status_code == 404


async def test_two_statements_by_one_key_stop_everything_until_pairing_again(two: Pair) -> None:
    stolen = two.bakker.identity.ed25519_private
    two.rotate()
    await settle(two.bakker, two.smit)
    held = two.known_at_smit().node_key
    assert (await show(two.smit, signed(two.bakker, stolen, keys.new_ed25519()))).status_code == 200
    peer = two.known_at_smit()
    assert (peer.state, peer.node_key) == (BLOCKED, held)
    assert ring_of(two.smit, "monteurs").state == "closed"
    browser = await log_in(two.smit, "directeur")
    assert "twee nieuwe sleutels" in (await browser.get("/rings/monteurs/about")).text
    await pair(two.smit, two.bakker)
    await settle(two.bakker, two.smit)
    assert ring_of(two.smit, "monteurs").state == "open"


async def test_the_same_statement_again_changes_nothing(two: Pair) -> None:
    statement = two.rotate()
    await settle(two.bakker, two.smit)
    for _ in range(2):
        assert (await show(two.smit, statement)).status_code == 200
    assert two.known_at_smit().node_key == statement["new"]


async def test_a_director_makes_a_key_on_the_page_with_the_password(two: Pair) -> None:
    before = two.bakker.identity.multikey
    browser = await log_in(two.bakker, "directeur")
    assert before in (await browser.get("/keys")).text
    wrong = await browser.post("/keys", data={"password": "fout"})
    assert (wrong.status_code, two.bakker.identity.multikey) == (422, before)
    assert (await browser.post("/keys", data={"password": PASSWORD})).status_code == 303
    page = await browser.get("/keys")
    assert two.bakker.identity.multikey in page.text
    assert "nog niet verteld" in page.text
    make_member(two.bakker, "monteur")
    member = await log_in(two.bakker, "monteur")
    assert (await member.post("/keys", data={"password": PASSWORD})).status_code == 403


async def test_a_pairing_that_goes_on_ends_with_a_new_key_and_members_make_none(two: Pair) -> None:
    member = make_member(two.bakker, "monteur")
    with pytest.raises(Forbidden):
        two.bakker.write(lambda db: rotation.rotate(db, two.bakker.identity, member, PASSWORD))
    shown = await two.bakker.client().get("/node/keys")
    assert json.loads(shown.content) == {"statements": []}
    two.bakker.write(lambda db: rotation.rotate_rsa(db, director_of(two.bakker), PASSWORD))
    assert two.bakker.read(lambda db: identity.load(db, "http")).multikey == two.known_at_smit().node_key
