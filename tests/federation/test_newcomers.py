"""A firm that joins a ring later gets what was published in its period and nothing earlier (rule 9)."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy import update

from node.app import workers
from node.objects import holders
from node.posts.actions import edit_on_page
from node.posts.reactions import like
from node.queue import deliveries
from node.rings import agreements
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
    sign_agreement,
)
from tests.federation.readers import JSON, Reader, by_node_key
from tests.federation.traffic import find_text, get_text
from tests.network import RunningNode, fediverse, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Joined:
    """Bakker and Smit had a ring; Jansen came in by its next version, after `old` was posted and answered."""

    bakker: RunningNode
    smit: RunningNode
    jansen: RunningNode
    ring: str
    old: int

    async def settle(self) -> None:
        await settle(self.bakker, self.smit, self.jansen)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def joined(
    databases: Callable[[str], Callable[[], str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Joined]:
    new_url = databases("sqlite")
    domains = {f"{name}.localhost": new_url() for name in ("bakker", "smit", "jansen")}
    async with fediverse(tmp_path_factory.mktemp("homes") / "all", domains) as nodes:
        bakker, smit, jansen = nodes["bakker"], nodes["smit"], nodes["jansen"]
        for node, handle in ((bakker, "anna"), (smit, "sara"), (jansen, "jan")):
            make_member(node, handle)
        for one, other in ((bakker, smit), (bakker, jansen), (smit, jansen)):
            await pair(one, other)
        ring = await make_ring(bakker, smit)
        await settle(bakker, smit, jansen)
        old = post(bakker, "anna", ring, "Van voor Jansen")
        await settle(bakker, smit, jansen)
        made = Joined(bakker, smit, jansen, ring, old)
        await _let_in(made)
        yield made


async def _let_in(joined: Joined) -> None:
    node, director = joined.bakker, director_of(joined.bakker)
    terms, ring_id = make_terms(node, joined.smit, joined.jansen), ring_of(node, "monteurs").id
    agreement = node.write(
        lambda db: agreements.propose(db, node.identity, director, PASSWORD, terms, ring_id=ring_id)
    )
    await joined.settle()
    sign_agreement(joined.smit, agreement, "")
    sign_agreement(joined.jansen, agreement, "monteurs")
    await joined.settle()


async def test_a_newcomer_gets_what_comes_from_now_on(joined: Joined) -> None:
    post(joined.smit, "sara", joined.ring, "Welkom Jansen")
    await joined.settle()
    assert find_text(joined.jansen, "Welkom Jansen") is not None
    assert find_text(joined.jansen, "Van voor Jansen") is None


async def test_a_change_of_an_older_post_is_none_for_a_newcomer(joined: Joined) -> None:
    node, anna = joined.bakker, member_row(joined.bakker, "anna").actor_id
    words = {"source": "Van voor Jansen, nu anders", "title": "", "warning": "", "language": "nl"}
    node.write(lambda db: edit_on_page(db, node.identity, anna, joined.old, words))
    await joined.settle()
    assert find_text(joined.smit, "nu anders") is not None
    assert find_text(joined.jansen, "nu anders") is None
    assert all("Van voor Jansen" not in text for text in await numbers(joined))


async def numbers(joined: Joined) -> list[str]:
    """What Bakker answers to Jansen about every number of the ring."""
    reader = Reader("jansen", {"bakker": joined.bakker.client()}, by_node_key(joined.jansen))
    path = f"/node/rings/{joined.ring.removeprefix('ring:')}/activities?epoch=1&after=0&nonce=a"
    answer = await reader.get(joined.bakker, path, JSON)
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["n"] for item in items] == list(range(1, answer.json()["last"] + 1))
    return [json.dumps(item) for item in items]


async def test_an_answer_to_an_older_post_shows_that_its_beginning_was_not_shared(joined: Joined) -> None:
    there = get_text(joined.smit, "Van voor Jansen").id
    post(joined.smit, "sara", joined.ring, "Antwoord op iets ouds", parent_id=there)
    await joined.settle()
    browser = await log_in(joined.jansen, "jan")
    page = await browser.get(f"/o/{get_text(joined.jansen, 'Antwoord op iets ouds').id}")
    assert page.status_code == 200
    assert "egin van dit gesprek" in page.text or "eginning of this conversation" in page.text
    assert str(joined.old) not in page.text


async def test_reactions_to_an_older_post_are_none_and_counted_nowhere_for_a_newcomer(joined: Joined) -> None:
    node, there = joined.smit, get_text(joined.smit, "Van voor Jansen").id
    sara = member_row(node, "sara").actor_id
    before = len(await numbers(joined))
    node.write(lambda db: like(db, node.identity, sara, there))
    new = post(node, "sara", joined.ring, "Fijn dat Jansen er is")
    node.write(lambda db: like(db, node.identity, sara, new))
    joined.bakker.write(
        lambda db: like(db, joined.bakker.identity, member_row(joined.bakker, "anna").actor_id, joined.old)
    )
    await joined.settle()
    answered = await numbers(joined)
    assert len(answered) == before + 1
    assert '"none": true' in answered[-1]
    browser = await log_in(joined.jansen, "jan")
    welcome = (await browser.get(f"/o/{get_text(joined.jansen, 'Fijn dat Jansen er is').id}")).text
    assert str(joined.old) not in welcome


async def test_a_newcomer_that_missed_everything_fetches_its_own_period(joined: Joined) -> None:
    joined.bakker.sender.down.add(joined.jansen.domain)
    made = [post(joined.bakker, "anna", joined.ring, f"Gemist {number}") for number in range(3)]
    await settle(joined.bakker)
    waiting = update(deliveries).where(deliveries.c.state == "waiting").values(state="dropped")
    joined.bakker.write(lambda db: db.execute(waiting))
    joined.bakker.sender.down.clear()
    joined.jansen.runners[:] = workers()  # started again
    await joined.settle()
    assert all(find_text(joined.jansen, f"Gemist {number}") for number in range(3))
    assert find_text(joined.jansen, "Van voor Jansen") is None
    peers_that_have = joined.bakker.read(
        lambda db: {row.peer_id for row in db.execute(holders.select().where(holders.c.object_id == made[0]))}
    )
    assert len(peers_that_have) == 2
