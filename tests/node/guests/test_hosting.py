"""What the host of a room does with its guests, and what an admin sees of them."""

import re
from datetime import date

import httpx
import pytest
from sqlalchemy import update

from node.access.logins import list_guests
from node.boundary import people_inside
from node.memberships import rooms
from node.web.formats import end_of_day
from tests.factories import log_in, make_member, post
from tests.network import RunningNode
from tests.node.access.test_ends import day
from tests.node.guests.test_links import FORM, guest_ids, guest_of, room_of

pytestmark = pytest.mark.each_database


def link_on(answer: httpx.Response) -> str:
    return str(re.findall(r"/guest/[\w-]+", answer.text)[0])


async def test_a_host_invites_lets_in_again_extends_and_ends(node: RunningNode) -> None:
    anna = make_member(node, "anna", name="Anna")
    room, host, guest = room_of(node, anna), await log_in(node, "anna"), node.client()
    post(node, "anna", room.audience, "Van voor het bezoek")
    form = {"room": str(room.id), "name": "Gerda", "until": day(5), "mail": "gerda@voorbeeld.nl"}
    made = await host.post("/guests", data=form)
    assert (await guest.post(link_on(made), data=FORM)).status_code == 303
    post(node, "anna", room.audience, "Tijdens het bezoek")
    seen = (await guest.get("/", follow_redirects=True)).text
    assert "Tijdens het bezoek" in seen
    assert "Van voor het bezoek" not in seen
    hello = {"source": "Dag allemaal", "language": "nl", "audience": room.audience}
    assert (await guest.post("/posts", data=hello)).status_code == 303
    assert "Gerda Gast" in (await host.get(f"/rooms/{room.id}/about")).text
    [guest_id] = guest_ids(node)
    await host.post(f"/guests/{guest_id}/end")
    assert (await guest.get("/settings")).status_code == 404
    assert guest_id not in {row.id for row in node.read(lambda db: people_inside(db, room.audience))}
    assert "Dag allemaal" in (await host.get(f"/rooms/{room.id}")).text, "what they wrote stays"
    assert (await host.post(f"/guests/{guest_id}/link")).status_code == 409
    assert (await host.post(f"/guests/{guest_id}/until", data={"until": day(9)})).status_code == 303
    again = link_on(await host.post(f"/guests/{guest_id}/link"))
    assert (await guest.post(again)).status_code == 303
    assert "Tijdens het bezoek" in (await guest.get(f"/rooms/{room.id}")).text


async def test_only_a_host_of_the_room_decides_about_its_guests(node: RunningNode) -> None:
    anna = make_member(node, "anna")
    make_member(node, "bram", roles=("admin",))
    room, host, bram = room_of(node, anna), await log_in(node, "anna"), await log_in(node, "bram")
    form = {"room": str(room.id), "name": "Gerda", "until": day(5)}
    assert (await bram.post("/guests", data=form)).status_code == 422
    await node.client().post(link_on(await host.post("/guests", data=form)), data=FORM)
    [guest_id] = guest_ids(node)
    for act in ("link", "until", "end"):
        answer = await bram.post(f"/guests/{guest_id}/{act}", data={"until": day(9)})
        assert answer.status_code in (404, 422), act
    assert "Gerda" not in (await bram.get("/guests")).text


async def test_an_admin_sees_a_guest_and_their_host_and_shuts_out_but_not_where_they_are(
    node: RunningNode,
) -> None:
    anna = make_member(node, "anna", name="Anna")
    make_member(node, "bram", roles=("admin",))
    room, host, admin = room_of(node, anna), await log_in(node, "anna"), await log_in(node, "bram")
    form = {"room": str(room.id), "name": "Gerda", "until": day(5)}
    guest = node.client()
    await guest.post(link_on(await host.post("/guests", data=form)), data=FORM)
    [guest_id] = guest_ids(node)
    shown = (await admin.get("/members/guests")).text
    assert "Gerda Gast" in shown
    assert "Anna" in shown
    assert "Lekkages" not in shown
    await admin.post(f"/members/guests/{guest_id}/disable")
    assert (await guest.get("/settings")).status_code == 404
    assert node.read(list_guests)[0].disabled_at is not None


async def test_a_room_with_a_guest_does_not_say_that_all_are_of_the_own_company(node: RunningNode) -> None:
    host = make_member(node, "anna")
    guest, room = await guest_of(node, host), room_of(node, host)
    for browser in (guest, await log_in(node, "anna")):
        page = (await browser.get(f"/rooms/{room.id}")).text
        assert "2 mensen in deze kamer, bij dit bedrijf. 1 van hen is gast." in page
        assert "eigen bedrijf. Niemand" not in page


async def test_a_stay_longer_than_the_room_lasts_is_refused_in_words_and_never_made_shorter(
    node: RunningNode,
) -> None:
    anna = make_member(node, "anna")
    room, host = room_of(node, anna), await log_in(node, "anna")
    node.write(lambda db: db.execute(update(rooms).values(until_at=end_of_day(date.fromisoformat(day(6))))))
    form = {"room": str(room.id), "name": "Gerda", "until": day(7)}
    answer = await host.post("/guests", data=form)
    assert answer.status_code == 422
    assert "Deze kamer stopt op" in answer.text
    assert day(7) in answer.text, "nothing typed is lost"
    made = await host.post("/guests", data=form | {"until": day(6)})
    await node.client().post(link_on(made), data=FORM)
    [guest_id] = guest_ids(node)
    assert (await host.post(f"/guests/{guest_id}/until", data={"until": day(7)})).status_code == 422
    assert "gast tot en met" in (await host.get(f"/rooms/{room.id}/about")).text
