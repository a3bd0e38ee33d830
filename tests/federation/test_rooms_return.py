"""Rooms come back: words about who is in that were lost, a ring that was over, a copy put back."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete, update

from node.app import workers
from node.ids import now
from node.queue import deliveries
from node.rings import agreements
from node.rings.restore_rows import BACKUP
from node.rings.rosters import close_for_restore
from node.rooms import actions
from node.rooms.tables import room_places
from tests.factories import (
    PASSWORD,
    director_of,
    log_in,
    make_terms,
    post,
    ring_of,
    sign_agreement,
)
from tests.federation.firms import Firms
from tests.federation.traffic import find_text, get_text
from tests.network import RunningNode, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lose(firms: Firms, sender: RunningNode) -> None:
    """What a node has to send never arrives."""
    sender.sender.down.update(node.domain for node in firms.all)
    await settle(sender)
    sender.write(lambda db: db.execute(delete(deliveries)))
    sender.sender.down.clear()


async def hours_later(firms: Firms, node: RunningNode) -> None:
    """A node asks again, long after what it last heard."""
    earlier = update(room_places).values(changed_at=now() - timedelta(hours=2))
    for one in firms.all:
        one.write(lambda db: db.execute(earlier))
    node.runners[:] = workers()  # started again
    await firms.settle()


async def test_a_request_that_was_lost_is_made_again(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    firms.act(firms.smit, "sara", audience, actions.join, "Solderen")
    await lose(firms, firms.smit)
    await hours_later(firms, firms.smit)
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    firms.act(firms.bakker, "anna", audience, actions.approve, sara)
    await firms.settle()
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}


async def test_a_leaving_that_was_lost_is_said_again(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await firms.bring_in(audience, firms.smit, "sjef")
    firms.act(firms.smit, "sara", audience, actions.leave_room)
    await lose(firms, firms.smit)
    assert firms.inside(firms.bakker, audience) == {"anna", "sara", "sjef"}
    await hours_later(firms, firms.smit)
    assert firms.inside(firms.bakker, audience) == {"anna", "sjef"}


async def test_a_removal_that_was_lost_is_found_out_and_held_at_the_home_all_the_time(firms: Firms) -> None:
    audience = firms.make(listed=False)
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Van voor het afscheid")
    await firms.settle()
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    firms.act(firms.bakker, "anna", audience, actions.remove, sara)
    post(firms.bakker, "anna", audience, "Van na het afscheid")
    await lose(firms, firms.bakker)
    assert firms.inside(firms.bakker, audience) == {"anna"}
    await hours_later(firms, firms.smit)
    assert firms.inside(firms.smit, audience) == set()
    path = f"/o/{get_text(firms.smit, 'Van voor het afscheid').id}"
    assert (await (await log_in(firms.smit, "sara")).get(path)).status_code == 404
    assert find_text(firms.smit, "Van na het afscheid") is None


async def test_how_many_are_in_a_listed_room_is_told_to_its_ring_and_who_they_are_is_not(
    firms: Firms,
) -> None:
    audience = firms.make(name="Geteld")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await hours_later(firms, firms.jansen)
    page = (await (await log_in(firms.jansen, "jan")).get("/rooms")).text
    assert "2 mensen" in page.partition("Geteld")[2][:200]
    assert firms.inside(firms.jansen, audience) == set()


@pytest.mark.each_database
async def test_a_room_comes_back_with_its_ring_when_a_host_says_so(own_firms: Firms) -> None:
    firms = own_firms
    audience, hidden = firms.make(), firms.make(listed=False, name="Verborgen")
    await firms.settle()
    for node, handle in ((firms.smit, "sara"), (firms.jansen, "jan")):
        await firms.bring_in(audience, node, handle)
    await firms.bring_in(hidden, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Van de eerste keer")
    await firms.settle()
    with time_machine.travel(now() + timedelta(days=401), tick=True):
        await firms.settle()
        assert [firms.inside(node, audience) for node in firms.all] == [set(), set(), set()]
        await renew(firms, firms.bakker, firms.smit)
        assert [firms.inside(node, audience) for node in firms.all] == [set(), set(), set()]
        browser = await log_in(firms.bakker, "anna")
        page = (await browser.get("/rooms")).text
        assert "sara" in page.lower()
        assert "jan " not in page.lower()  # Jansen did not sign again
        for one in (audience, hidden):
            path = f"/rooms/{firms.room(firms.bakker, one).id}/reopen"
            assert (await (await log_in(firms.bakker, "bert")).post(path)).status_code == 404
            assert (await browser.post(path)).status_code == 303
        await firms.settle()
        for one in (audience, hidden):
            assert [firms.inside(node, one) for node in firms.all] == [
                {"anna", "sara"},
                {"anna", "sara"},
                set(),
            ]
        post(firms.bakker, "anna", audience, "Weer samen")
        post(firms.smit, "sara", hidden, "Ook verborgen")
        await firms.settle()
        assert find_text(firms.smit, "Weer samen") is not None
        assert find_text(firms.jansen, "Weer samen") is None
        assert find_text(firms.bakker, "Ook verborgen") is not None


async def renew(firms: Firms, *nodes: RunningNode) -> None:
    """The next version, by those who want it."""
    first, director, ring = nodes[0], director_of(nodes[0]), ring_of(nodes[0], "monteurs")
    terms = make_terms(*nodes)
    made = first.write(
        lambda db: agreements.propose(db, first.identity, director, PASSWORD, terms, ring_id=ring.id)
    )
    await firms.settle()
    for node in nodes[1:]:
        sign_agreement(node, made, "monteurs")
        await firms.settle()


def copy_of(node: RunningNode) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(str(node.engine.url.database))) as live:
        live.backup(copy)
    return copy


def put_back(node: RunningNode, copy: sqlite3.Connection) -> None:
    with closing(copy), closing(sqlite3.connect(str(node.engine.url.database))) as live:
        copy.backup(live)
    node.write(lambda db: close_for_restore(db, BACKUP))


async def test_a_home_put_back_hears_who_left_and_asks_its_host_about_who_came(own_firms: Firms) -> None:
    firms = own_firms
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await firms.bring_in(audience, firms.smit, "sjef")
    before = copy_of(firms.bakker)
    firms.act(firms.smit, "sara", audience, actions.leave_room)
    await firms.settle()
    await firms.bring_in(audience, firms.jansen, "jan")
    put_back(firms.bakker, before)
    assert firms.inside(firms.bakker, audience) == set()
    with time_machine.travel(now() + timedelta(minutes=30), tick=True):
        await firms.settle()
        assert firms.inside(firms.bakker, audience) == {"anna", "sjef"}
        assert firms.inside(firms.jansen, audience) == set()
        room, browser = firms.room(firms.bakker, audience), await log_in(firms.bakker, "anna")
        assert "Jan" in (await browser.get(f"/rooms/{room.id}/about")).text
        jan = firms.known_as(firms.bakker, firms.jansen, "jan")
        firms.act(firms.bakker, "anna", audience, actions.approve, jan)
        await firms.settle()
        assert all(firms.inside(node, audience) == {"anna", "sjef", "jan"} for node in firms.all)


async def test_a_partner_put_back_shows_a_room_only_once_its_home_said_who_is_in(own_firms: Firms) -> None:
    firms = own_firms
    audience = firms.make()
    await firms.settle()
    for handle in ("sara", "sjef"):
        await firms.bring_in(audience, firms.smit, handle)
    post(firms.bakker, "anna", audience, "Voor de kopie")
    await firms.settle()
    firms.bakker.sender.down.add(firms.smit.domain)
    firms.act(
        firms.bakker, "anna", audience, actions.remove, firms.known_as(firms.bakker, firms.smit, "sara")
    )
    await lose(firms, firms.bakker)
    firms.smit.write(lambda db: close_for_restore(db, BACKUP))
    path = f"/o/{get_text(firms.smit, 'Voor de kopie').id}"
    for handle in ("sara", "sjef"):
        assert (await (await log_in(firms.smit, handle)).get(path)).status_code == 404
    await firms.settle()
    assert firms.inside(firms.smit, audience) == {"anna", "sjef"}
    assert (await (await log_in(firms.smit, "sjef")).get(path)).status_code == 200
    assert (await (await log_in(firms.smit, "sara")).get(path)).status_code == 404
