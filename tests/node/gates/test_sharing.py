"""Placing again, further or narrower, and taking away: new posts, receipts of what is gone, asked again."""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
import time_machine
from sqlalchemy import select

from node.boundary import Member
from node.errors import Conflict, Forbidden, NotFound
from node.gates.rules import Rules, acts_on, rules_of, set_rules
from node.ids import now
from node.media.queries import list_files
from node.notices import list_notices
from node.objects import COMPANY, PUBLIC, get_object, objects
from node.posts.actions import delete_post
from node.posts.recalls import ask_again, get_recalled, holders_view
from node.posts.sharing import FURTHER, NARROWER, place_again, targets
from node.posts.storing import get_post
from node.queue import activities, deliveries
from node.workers import gates
from tests.factories import leave_ring, log_in, make_member, make_ring, pair, picture, post
from tests.network import RunningNode, fediverse, settle


@dataclass(frozen=True)
class Firms:
    bakker: RunningNode
    smit: RunningNode
    ring: str
    anna: int
    ed: int
    client: httpx.AsyncClient


@pytest.fixture
async def firms(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Firms]:
    """Two firms with a ring; Anna writes at Bakker, Ed is its editor."""
    urls = {}
    for domain in ("bakker.localhost", "smit.localhost"):
        shutil.copy(sqlite_template, tmp_path / domain)
        urls[domain] = f"sqlite:///{tmp_path / domain}"
    async with fediverse(tmp_path / "homes", urls) as nodes:
        bakker, smit = nodes["bakker"], nodes["smit"]
        await pair(bakker, smit)
        ring = await make_ring(bakker, smit)
        anna = make_member(bakker, "anna", has_face=True)
        ed = make_member(bakker, "ed", roles=("editor",))
        client = await log_in(bakker, "anna")
        yield Firms(bakker, smit, ring, anna, ed, client)
        await client.aclose()


def place(firms: Firms, object_id: int, audience: str, way: str = FURTHER) -> int:
    node = firms.bakker
    return node.write(
        lambda db: place_again(
            db, node.identity, node.settings, firms.anna, object_id, audience=audience, way=way
        )
    )


def there(firms: Firms, object_id: int) -> str:
    """How the post stands at Smit; empty when it never came."""
    uri = f"{firms.bakker.base}/o/{object_id}"
    return str(
        firms.smit.read(lambda db: db.scalar(select(objects.c.state).where(objects.c.uri == uri))) or ""
    )


def states(firms: Firms, object_id: int) -> list[tuple[str, str, bool]]:
    seen = firms.bakker.read(lambda db: holders_view(db, get_object(db, object_id)))
    return [(one.name, one.state, one.has_left) for one in seen]


async def test_further_is_a_new_post_with_copied_pictures_and_no_trace_of_the_first(firms: Firms) -> None:
    node = firms.bakker
    question = post(node, "ed", COMPANY, "Interne vraag")
    first = post(
        node, "anna", COMPANY, "Mijn antwoord", parent_id=question, pictures=(picture(),), alts=("rood",)
    )
    assert node.read(lambda db: targets(db, get_post(db, first), FURTHER)) == [firms.ring, PUBLIC]
    made = place(firms, first, firms.ring)
    old, new = (node.read(partial(list_files, object_id=one)) for one in (first, made))
    assert [file.alt for file in new] == ["rood"]
    assert {file.name for file in old}.isdisjoint(file.name for file in new)
    await settle(firms.bakker, firms.smit)
    assert (there(firms, made), there(firms, first)) == ("live", "")
    sent = node.read(
        lambda db: db.scalars(select(activities.c.body).where(activities.c.object_id == made)).all()
    )
    assert len(sent) == 1
    assert str(first) not in sent[0]
    assert str(question) not in sent[0]
    with pytest.raises(Conflict):
        place(firms, first, firms.ring)


async def test_only_the_author_places_again_and_only_what_is_out(firms: Firms) -> None:
    node = firms.bakker
    theirs = post(node, "ed", COMPANY, "Van Ed")
    with pytest.raises(NotFound):
        place(firms, theirs, firms.ring)
    node.write(lambda db: set_rules(db, firms.ring, Rules(minutes=10), None))
    waits = post(node, "anna", firms.ring, "Wacht")
    with pytest.raises(Forbidden):
        place(firms, waits, PUBLIC)
    made = place(firms, post(node, "anna", COMPANY, "Door de poort"), firms.ring)
    assert node.read(lambda db: get_object(db, made)).state == "held"


async def test_narrower_deletes_the_first_where_it_was_and_the_page_shows_who_confirmed(firms: Firms) -> None:
    first = post(firms.bakker, "anna", firms.ring, "Toch alleen voor ons")
    await settle(firms.bakker, firms.smit)
    page = await firms.client.get(f"/o/{first}/share")
    assert "Niet de antwoorden van anderen" in page.text
    sent = await firms.client.post(f"/o/{first}/share", data={"narrower": COMPANY})
    assert sent.status_code == 303
    found = re.match(r"/o/(\d+)", sent.headers["location"])
    assert found
    assert firms.bakker.read(lambda db: get_object(db, int(found[1]))).audience == COMPANY
    assert states(firms, first) == [("Smit", "waits", False)]
    await settle(firms.bakker, firms.smit)
    assert there(firms, first) == "deleted"
    assert states(firms, first) == [("Smit", "confirmed", False)]
    text = (await firms.client.get(f"/recalled/{first}")).text
    assert "bevestigd: het is daar weg" in text
    assert "Toch alleen voor ons" not in text + (await firms.client.get("/recalled")).text
    assert (await firms.client.get(f"/o/{int(found[1])}/share")).text.count("Alleen jij ziet") == 0


async def test_smaller_is_only_a_ring_with_fewer_firms(firms: Firms) -> None:
    """A ring of the same firms is further or beside, never smaller; open is the widest of all."""
    node = firms.bakker
    same = await make_ring(node, firms.smit, name="Zelfde", handle="zelfde")
    first, opened = (post(node, "anna", where, "Vraag") for where in (firms.ring, PUBLIC))
    assert node.read(lambda db: targets(db, get_post(db, first), NARROWER)) == [COMPANY]
    assert node.read(lambda db: targets(db, get_post(db, first), FURTHER)) == [same, PUBLIC]
    assert node.read(lambda db: targets(db, get_post(db, opened), NARROWER)) == [COMPANY, firms.ring, same]


async def test_who_left_is_told_too_and_is_asked_again_until_it_confirms(firms: Firms) -> None:
    node = firms.bakker
    made = post(node, "anna", firms.ring, "Haal dit weg")
    await settle(firms.bakker, firms.smit)
    await leave_ring(firms.smit, "monteurs")
    await settle(firms.bakker, firms.smit)
    node.write(lambda db: delete_post(db, node.identity, firms.anna, made))
    _lose(node)
    assert states(firms, made) == [("Smit", "handed_over", True)]
    ed = Member(firms.ed, frozenset({"editor"}))
    assert node.write(lambda db: ask_again(db, node.identity, ed, made)) == 1
    with pytest.raises(Conflict):
        node.write(lambda db: ask_again(db, node.identity, ed, made))
    await settle(firms.bakker, firms.smit)
    assert states(firms, made) == [("Smit", "confirmed", True)]
    with pytest.raises(Conflict):
        node.write(lambda db: ask_again(db, node.identity, ed, made))
    acts = [act.act for act in node.read(lambda db: acts_on(db, made))]
    assert acts == ["deleted", "asked_again"]


def _lose(node: RunningNode) -> None:
    """What waits counts as handed over, and never was."""
    waiting = deliveries.c.state == "waiting"
    node.write(lambda db: db.execute(deliveries.update().where(waiting).values(state="done")))


async def test_a_post_that_others_took_away_is_shown_to_its_author_and_editors_alone(firms: Firms) -> None:
    node, otto = firms.bakker, make_member(firms.bakker, "otto")
    made = post(node, "anna", firms.ring, "Weg")
    node.write(lambda db: delete_post(db, node.identity, firms.anna, made))
    for reader in (Member(firms.anna), Member(firms.ed, frozenset({"editor"}))):
        assert node.read(partial(get_recalled, member=reader, object_id=made)).id == made
    with pytest.raises(NotFound):
        node.read(lambda db: get_recalled(db, Member(otto), made))


async def test_a_ring_passes_the_gate_of_its_agreement_and_of_the_node_together(firms: Firms) -> None:
    strict = await make_ring(
        firms.bakker, firms.smit, name="Streng", handle="streng", gate="checklist", gate_days=7
    )
    node = firms.bakker
    node.write(lambda db: set_rules(db, strict, Rules(minutes=5), None))
    assert node.read(lambda db: rules_of(db, strict)) == Rules(checklist=True, minutes=5)
    page = await firms.client.get("/rings/streng/check")
    assert "Wat hier staat blijft hier." in page.text
    assert "iemand van een ander bedrijf" in page.text


async def test_what_waits_for_a_ring_that_closed_meanwhile_stays_and_its_author_is_told(firms: Firms) -> None:
    node = firms.bakker
    node.write(lambda db: set_rules(db, firms.ring, Rules(minutes=10), None))
    made = post(node, "anna", firms.ring, "Te laat")
    await leave_ring(node, "monteurs")
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert await gates.run_once(node.work) == 1
        assert await gates.run_once(node.work) == 0
    assert node.read(lambda db: get_object(db, made)).state == "held"
    told = node.read(lambda db: list_notices(db, Member(firms.anna)))
    assert [notice.kind for notice in told] == ["gate_stuck"]
    assert "niet in deze ring" in (await firms.client.get(f"/o/{made}/waiting")).text
