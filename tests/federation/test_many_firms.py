"""Three whole nodes: one joins a ring that goes on, is removed again, and gets its own period only."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from node.access.logins import list_members
from node.admin.doctor import examine
from node.notices import notices
from node.peers import peers
from node.posts.actions import Draft, publish_post
from node.queue import activities, deliveries, received, wake_early
from node.rings import agreements
from node.rings.agreement_rows import COMPLETE, LAPSED, agreements_of, change_agreement, get_agreement
from node.rings.agreements import Share
from tests.factories import (
    PASSWORD,
    director_of,
    log_in,
    make_member,
    make_ring,
    make_terms,
    member_row,
    pair,
    post,
    ring_of,
)
from tests.federation.readers import DOCUMENT, Reader, by_node_key
from tests.federation.traffic import activity_of, deliver_as_node, find_text, get_text, ring_note
from tests.network import RunningNode, fediverse, settle

NAMES = ("bakker", "smit", "kuiper")


@dataclass(frozen=True)
class Three:
    """Bakker and Smit share a ring; Kuiper is paired with Bakker only."""

    bakker: RunningNode
    smit: RunningNode
    kuiper: RunningNode
    ring: str

    async def settle(self) -> None:
        await settle(self.bakker, self.smit, self.kuiper)

    async def next_version(self, *nodes: RunningNode) -> str:
        """Bakker proposes it and the others sign on their pages."""
        made = await propose(self, *nodes)
        for node in nodes[1:]:
            await sign_on_page(node, made)
            await self.settle()
        return made


async def propose(three: "Three", *nodes: RunningNode) -> str:
    """Bakker proposes a version for these firms, and signs it."""
    bakker, director, ring = three.bakker, director_of(three.bakker), ring_of(three.bakker, "monteurs")
    terms = make_terms(*nodes)
    made = bakker.write(
        lambda db: agreements.propose(db, bakker.identity, director, PASSWORD, terms, ring_id=ring.id)
    )
    await three.settle()
    return made


async def sign_on_page(node: RunningNode, agreement: str) -> None:
    client = await log_in(node, "directeur")
    form = {"read": "on", "password": PASSWORD, "handle": "monteurs"}
    answer = await client.post(f"/agreements/{agreement}/sign", data=form)
    assert answer.status_code == 303, answer.text


@pytest.fixture
async def three(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Three]:
    urls = {}
    for name in NAMES:
        path = tmp_path / f"{name}.sqlite3"
        shutil.copy(sqlite_template, path)
        urls[f"{name}.localhost"] = f"sqlite:///{path}"
    async with fediverse(tmp_path / "homes", urls) as nodes:
        bakker, smit, kuiper = (nodes[name] for name in NAMES)
        await pair(bakker, smit)
        await pair(bakker, kuiper)
        make_member(bakker, "anna")
        made = Three(bakker, smit, kuiper, await make_ring(bakker, smit))
        await made.settle()
        yield made


def is_told_first(node: RunningNode, audience: str) -> bool:
    """Every member is told of the change before anything of the ring is on its way to the new firm."""
    told = select(notices.c.member_id, notices.c.id).where(notices.c.kind == "ring_joined")
    peer_id = select(peers.c.id).where(peers.c.domain == "kuiper.localhost").scalar_subquery()
    joined = deliveries.join(activities, activities.c.id == deliveries.c.activity_id)
    content = activities.c.audience == audience, activities.c.n.is_not(None), deliveries.c.peer_id == peer_id
    first = select(func.min(deliveries.c.id)).select_from(joined).where(*content)
    rows, sent = node.read(lambda db: (db.execute(told).all(), db.scalar(first)))
    return len(rows) == len(node.read(list_members)) and sent is not None and max(r.id for r in rows) < sent


async def test_a_firm_joins_and_is_removed_and_gets_its_own_period_only(three: Three) -> None:
    bakker, smit, kuiper = three.bakker, three.smit, three.kuiper
    early = post(bakker, "anna", three.ring, "Van voor hun tijd")
    await three.settle()
    await three.next_version(bakker, smit, kuiper)
    during = post(bakker, "anna", three.ring, "Met z'n drieën")
    post(smit, "directeur", three.ring, "Smit groet Kuiper")
    await three.settle()
    assert is_told_first(bakker, three.ring)
    assert is_told_first(smit, three.ring)
    assert find_text(kuiper, "Van voor hun tijd") is None
    assert get_text(kuiper, "Met z")
    assert get_text(kuiper, "Smit groet Kuiper")
    assert await ask(three, f"/o/{early}") == 404
    assert await ask(three, f"/o/{during}") == 200
    kept = post(kuiper, "directeur", three.ring, "Kuiper zegt iets")
    await three.settle()
    assert kept
    assert get_text(smit, "Kuiper zegt iets")

    kuiper.sender.down.add(kuiper.domain)
    post(bakker, "anna", three.ring, "Onderweg toen het ophield")
    version = await three.next_version(bakker, smit)
    post(bakker, "anna", three.ring, "Weer met z'n tweeën")
    await three.settle()
    kuiper.sender.down.clear()
    say_after_all(kuiper, three.ring)  # its own node does not know yet
    await three.settle()
    assert kuiper.read(lambda db: get_agreement(db, version).state) == COMPLETE
    assert ring_of(kuiper, "monteurs").state == "closed"
    for words in ("Onderweg toen het ophield", "Weer met z"):
        assert find_text(kuiper, words) is None
        assert get_text(smit, words)
    assert find_text(bakker, "Wie niet hoort") is None
    assert await ask(three, f"/o/{during}") == 404
    client = await log_in(kuiper, "directeur")
    page = await client.get("/rings/monteurs/about")
    assert "zonder ons verder" in page.text


async def ask(three: Three, path: str) -> int:
    """The status of a GET at Bakker under Kuiper's own key."""
    reader = Reader(three.kuiper.domain, {"bakker": three.bakker.client()}, by_node_key(three.kuiper))
    return (await reader.get(three.bakker, path, DOCUMENT)).status_code


def say_after_all(node: RunningNode, ring: str) -> None:
    author = member_row(node, "directeur").actor_id
    draft = Draft(ring, "Wie niet hoort, praat door")
    node.write(lambda db: publish_post(db, node.identity, node.settings, author, draft))


async def test_who_must_still_sign_and_what_changes_stand_on_the_page(three: Three) -> None:
    bakker, smit, kuiper = three.bakker, three.smit, three.kuiper
    director, ring = director_of(bakker), ring_of(bakker, "monteurs")
    hours = ((bakker, 4), (smit, 6), (kuiper, 4))
    shares = {node.domain: Share("Beter worden", given, f"dir@{node.domain}") for node, given in hours}
    terms = make_terms(bakker, smit, kuiper, shares=shares)
    made = bakker.write(
        lambda db: agreements.propose(db, bakker.identity, director, PASSWORD, terms, ring_id=ring.id)
    )
    await three.settle()
    client = await log_in(bakker, "directeur")
    text = (await client.get(f"/agreements/{made}")).text
    assert "Kuiper (kuiper.localhost) komt erbij." in text
    assert "geeft 6 uur per maand in plaats van 4" in text
    assert "Getekend door 1 van de 3 bedrijven." in text
    assert "Samen geven de directeuren 14 uur per maand." in text
    assert "Herinner Smit" in text
    assert "Herinner Kuiper" in text
    remind = f"/agreements/{made}/remind"
    assert (await client.post(remind, data={"domain": kuiper.domain})).status_code == 303
    assert (await client.post(remind, data={"domain": kuiper.domain})).status_code == 422
    assert (await client.post(remind, data={"domain": smit.domain})).status_code == 303
    text = (await (await log_in(kuiper, "directeur")).get(f"/agreements/{made}")).text
    assert "Deze ring bestaat al." in text


async def test_two_versions_stand_side_by_side_and_the_doctor_says_so(three: Three) -> None:
    bakker, smit, kuiper = three.bakker, three.smit, three.kuiper
    await three.next_version(bakker, smit, kuiper)
    ring = ring_of(bakker, "monteurs")
    newest = bakker.read(lambda db: agreements_of(db, ring.id)[-1].hash)
    bakker.write(lambda db: change_agreement(db, newest, state="late"))
    client = await log_in(bakker, "directeur")
    text = (await client.get("/rings/monteurs/about")).text
    assert "Er zijn twee versies van de overeenkomst van deze ring." in text
    assert "Kuiper (kuiper.localhost) komt erbij." in text
    assert "Bel de andere directeuren." in text
    assert "tekenen die allemaal: Bakker, Kuiper, Smit." in text
    member = (await (await log_in(bakker, "anna")).get("/rings/monteurs/about")).text
    assert "Er zijn twee versies" in member
    assert "Bel de andere directeuren." not in member
    found = examine(bakker.engine, bakker.settings, "nl")
    assert [one.ok for one in found if "two versions" in str(one.text)] == [False]


async def test_what_comes_before_the_last_proof_waits_and_shows_nothing_too_early(three: Three) -> None:
    bakker, smit, kuiper = three.bakker, three.smit, three.kuiper
    await say(kuiper, smit, three.ring, "Nog niet getekend")
    made = await propose(three, three.bakker, three.smit, three.kuiper)
    await sign_on_page(smit, made)
    await three.settle()
    note = await say(kuiper, smit, three.ring, "Vroege vogel")
    changed = note | {"content": "<p>Vroege vogel vangt de worm</p>"}
    await tell(kuiper, smit, "Update", changed)
    await say(bakker, kuiper, three.ring, "Van voor hun tijd")
    assert find_text(smit, "Vroege vogel") is None
    await sign_on_page(kuiper, made)
    await three.settle()
    assert "vangt de worm" in get_text(smit, "Vroege vogel").html
    client = await log_in(smit, "directeur")
    assert "vangt de worm" in (await client.get("/rings/monteurs")).text
    assert find_text(smit, "Nog niet getekend") is None
    theirs = await log_in(kuiper, "directeur")
    assert "Van voor hun tijd" not in (await theirs.get("/rings/monteurs")).text  # rule 9


async def test_what_waits_for_a_version_that_lapses_is_dropped(three: Three) -> None:
    made = await propose(three, three.bakker, three.smit, three.kuiper)
    await sign_on_page(three.smit, made)
    await three.settle()
    await say(three.kuiper, three.smit, three.ring, "Vergeefs vroeg")
    three.smit.write(lambda db: change_agreement(db, made, state=LAPSED))
    three.smit.write(wake_early)
    await settle(three.smit)
    waiting = select(func.count()).select_from(received).where(received.c.state == "waiting")
    assert three.smit.read(lambda db: db.scalar(waiting)) == 0
    assert find_text(three.smit, "Vergeefs vroeg") is None


async def say(sender: RunningNode, to: RunningNode, ring: str, words: str) -> dict[str, Any]:
    note = ring_note(sender, member_row(sender, "directeur").actor_id, ring, words)
    await tell(sender, to, "Create", note)
    return note


async def tell(sender: RunningNode, to: RunningNode, kind: str, note: dict[str, Any]) -> None:
    activity = activity_of(sender, member_row(sender, "directeur").actor_id, kind, note)
    assert (await deliver_as_node(sender, to, activity)).status == 202
    await settle(to)
