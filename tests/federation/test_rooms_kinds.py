"""Rooms that are confined, steer a ring, or stay within one company."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from node.access.members import set_roles
from node.boundary import people_inside
from node.errors import Forbidden, Invalid
from node.guests.actions import invite
from node.ids import now
from node.memberships import rooms
from node.objects import COMPANY
from node.rooms import actions
from node.workers.housekeeping import tidy
from tests.factories import log_in, make_member, member_row, post
from tests.federation.firms import Firms, steering
from tests.federation.traffic import find_text, get_text
from tests.network import settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- confined --------------------------------------------------------------------------------------


async def test_confined_goes_along_and_is_kept_by_partners(firms: Firms) -> None:
    audience = firms.make(confined=True)
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Blijft hier")
    await firms.settle()
    sent = next(request.body for request, _ in firms.bakker.sender.log if b"Blijft hier" in request.body)
    assert b'"confined":true' in sent
    assert b'"canAnnounce":{"automaticApproval":[]' in sent
    assert firms.room(firms.smit, audience).confined
    browser = await log_in(firms.smit, "sara")
    page = await browser.get(f"/rooms/{firms.room(firms.smit, audience).id}")
    assert "notice warning" in page.text


async def test_what_was_said_in_a_confined_room_is_deleted_after_its_end(firms: Firms) -> None:
    audience = firms.make(confined=True, until_at=now() + timedelta(days=1))
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Vergaat vanzelf")
    await firms.settle()
    over = update(rooms).where(rooms.c.audience == audience).values(until_at=now() - timedelta(days=31))
    for node in (firms.bakker, firms.smit):
        node.write(lambda db: db.execute(over))
        tidy(node.engine, node.settings)
        assert find_text(node, "Vergaat vanzelf") is None


# --- steering --------------------------------------------------------------------------------------


async def test_the_steering_room_is_named_in_the_language_of_who_reads(firms: Firms) -> None:
    for node in firms.all:
        client = await log_in(node, "directeur")
        for language, words in (("nl", "Stuurgroep van"), ("en", "Steering room of")):
            page = (await client.get("/rooms", headers={"accept-language": language})).text
            assert words in page


async def test_directors_and_editors_are_in_the_steering_room_and_nobody_else(firms: Firms) -> None:
    audience = steering(firms, firms.bakker)
    assert {steering(firms, node) for node in firms.all} == {audience}
    assert firms.inside(firms.smit, audience) == {"directeur"}
    assert len(firms.smit.read(lambda db: people_inside(db, audience))) == 3
    sara = member_row(firms.smit, "sara").actor_id
    firms.smit.write(lambda db: set_roles(db, sara, ["editor"]))
    await firms.settle()
    assert all(firms.inside(node, audience) == {"directeur", "sara"} for node in firms.all)
    post(firms.smit, "sara", audience, "Over de overeenkomst")
    await firms.settle()
    there = get_text(firms.jansen, "Over de overeenkomst")
    assert (await (await log_in(firms.jansen, "jan")).get(f"/o/{there.id}")).status_code == 404
    assert (await (await log_in(firms.jansen, "directeur")).get(f"/o/{there.id}")).status_code == 200
    firms.smit.write(lambda db: set_roles(db, sara, []))
    await firms.settle()
    assert all(firms.inside(node, audience) == {"directeur"} for node in firms.all)


# --- within one company ----------------------------------------------------------------------------


async def test_a_room_in_the_company_goes_nowhere_and_is_for_who_is_in(firms: Firms) -> None:
    audience = firms.make(within=COMPANY, name="Directie")
    bert = member_row(firms.bakker, "bert").actor_id
    make_member(firms.bakker, "ada", roles=("admin",))
    firms.act(firms.bakker, "anna", audience, actions.invite, [bert])
    assert firms.act(firms.bakker, "bert", audience, actions.join, "") is True
    made = post(firms.bakker, "bert", audience, "Onder ons")
    await settle(firms.bakker)
    assert not any(b"Onder ons" in sent.body for sent, _ in firms.bakker.sender.log)
    for handle, status in (("anna", 200), ("ada", 404)):
        assert (await (await log_in(firms.bakker, handle)).get(f"/o/{made}")).status_code == status
    other = firms.make(within=COMPANY, name="Alleen Anna", listed=False)
    assert firms.knows(firms.bakker, other)
    assert "Alleen Anna" not in firms.sees(
        firms.bakker, "bert"
    )  # who has a place in one knows no other by it
    assert "Directie" in firms.sees(firms.bakker, "bert")
    with pytest.raises(Invalid):
        post(firms.bakker, "ada", audience, "Ik ben de baas")
    with pytest.raises(Forbidden):
        firms.act(firms.bakker, "bert", audience, actions.invite, [bert])
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    with pytest.raises(Invalid):
        firms.act(firms.bakker, "anna", audience, actions.invite, [sara])


# --- guests -----------------------------------------------------------------------------------------


async def test_a_guest_is_shown_as_one_with_a_last_day_at_the_other_nodes_too(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    node, anna, room = firms.bakker, firms.member(firms.bakker, "anna"), firms.room(firms.bakker, audience)
    until = now() + timedelta(days=20)
    token = node.write(lambda db: invite(db, anna, room.id, name="Gerda", ends_at=until))
    form = {"name": "Gerda Gast", "language": "nl", "rules": "on"}
    guest = node.client()
    assert (await guest.post(f"/guest/{token}", data=form)).status_code == 303
    hello = {"source": "Dag allemaal", "language": "nl", "audience": audience}
    assert (await guest.post("/posts", data=hello)).status_code == 303
    await firms.settle()
    browser, there = await log_in(firms.smit, "sara"), firms.room(firms.smit, audience)
    for path in (f"/rooms/{there.id}/about", f"/rooms/{there.id}"):
        page = (await browser.get(path)).text
        assert re.search(r">Gerda Gast</a>[^\n]*· Bakker</span>[^\n]*gast tot en met", page)
