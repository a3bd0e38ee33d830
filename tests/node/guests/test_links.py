"""How a guest comes in: by a link that works once, for a short time, after a tap."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import time_machine
from sqlalchemy import Connection

from node.access.ends import set_end
from node.access.guests import make_entry
from node.access.logins import find_member, list_guests
from node.access.members import disable_member
from node.boundary import Member
from node.guests.actions import hosted_rooms, invite
from node.ids import now
from node.objects import COMPANY
from node.rooms.actions import Plan, make_room
from node.rooms.queries import Room
from node.web.formats import end_of_day, last_day
from tests.factories import make_member
from tests.network import RunningNode

pytestmark = pytest.mark.each_database

FORM = {"name": "Gerda Gast", "language": "nl", "rules": "on"}


def room_of(node: RunningNode, host: int) -> Room:
    """The room of this host; it is made if there is none."""
    member = Member(host)
    if not node.read(lambda db: hosted_rooms(db, member)):
        plan = Plan(name="Lekkages")
        node.write(lambda db: make_room(db, node.identity, member, COMPANY, plan, confined=False))
    return node.read(lambda db: hosted_rooms(db, member))[0]


def invitation(node: RunningNode, host: int, *, days: int = 30) -> str:
    """The path of a first link."""
    until, room = end_of_day(last_day(now() + timedelta(days=days))), room_of(node, host).id
    token = node.write(lambda db: invite(db, Member(host), room, name="Gerda", ends_at=until))
    return f"/guest/{token}"


async def guest_of(node: RunningNode, host: int, *, days: int = 30) -> httpx.AsyncClient:
    client = node.client()
    answer = await client.post(invitation(node, host, days=days), data=FORM)
    assert answer.status_code == 303, answer.text
    return client


def guest_ids(node: RunningNode) -> list[int]:
    return [row.actor_id for row in node.read(list_guests)]


def entry(node: RunningNode, host: int, guest: int) -> str:
    return f"/guest/{node.write(lambda db: make_entry(db, guest, made_by=host))}"


async def test_an_invitation_says_who_invites_and_makes_a_guest_who_agreed(node: RunningNode) -> None:
    host = make_member(node, "anna", name="Anna de Gastvrouw")
    link, client = invitation(node, host), node.client()
    shown = await client.get(link)
    assert "Anna de Gastvrouw" in shown.text
    assert 'value="Gerda"' in shown.text
    assert guest_ids(node) == [], "a preview of the link uses nothing up"
    refused = await client.post(link, data={**FORM, "rules": ""})
    assert refused.status_code == 422
    assert 'id="rules-wrong"' in refused.text
    unnamed = await client.post(link, data={**FORM, "name": ""})
    assert re.search(r'name="rules"[^>]*\schecked\s+required\s', unnamed.text), "the tick stays"
    assert (await client.post(link, data=FORM)).status_code == 303
    assert "Lekkages" in (await client.get("/", follow_redirects=True)).text
    assert "Je bent hier te gast tot en met" in (await client.get("/settings")).text


@pytest.mark.each_database
async def test_an_invitation_makes_one_guest_also_when_it_is_used_twice_at_once(node: RunningNode) -> None:
    host = make_member(node, "anna")
    link = invitation(node, host)
    answers = await asyncio.gather(*(node.client().post(link, data=FORM) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404]
    assert len(guest_ids(node)) == 1


@pytest.mark.each_database
async def test_a_way_in_works_once_also_when_it_is_used_twice_at_once(node: RunningNode) -> None:
    host = make_member(node, "anna")
    await guest_of(node, host)
    link = entry(node, host, guest_ids(node)[0])
    answers = await asyncio.gather(*(node.client().post(link) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404]


async def test_a_way_in_lasts_a_quarter_of_an_hour_and_a_new_one_ends_the_one_before(
    node: RunningNode,
) -> None:
    host = make_member(node, "anna")
    await guest_of(node, host)
    guest = guest_ids(node)[0]
    first = entry(node, host, guest)
    second = entry(node, host, guest)
    assert (await node.client().get(first)).status_code == 404
    assert (await node.client().get(second)).status_code == 200
    with time_machine.travel(now() + timedelta(minutes=15, seconds=1), tick=False):
        assert (await node.client().post(second)).status_code == 404


async def test_a_used_an_old_and_an_unknown_link_get_one_page(node: RunningNode) -> None:
    host = make_member(node, "anna")
    used, old = invitation(node, host), invitation(node, host)
    assert (await node.client().post(used, data=FORM)).status_code == 303
    gone = entry(node, host, guest_ids(node)[0])
    links = (used, old, gone, "/guest/abc")
    with time_machine.travel(now() + timedelta(days=8), tick=False):
        for method in ("GET", "POST"):
            answers = [(await node.client().request(method, path), path) for path in links]
            assert {answer.status_code for answer, _ in answers} == {404}
            assert len({answer.text.replace(path, "") for answer, path in answers}) == 1
            assert "Vraag degene die je uitnodigde" in answers[0][0].text


async def test_many_links_that_do_not_work_stop_that_address(node: RunningNode) -> None:
    client = node.client()
    answers = [(await client.get(f"/guest/{number}")).status_code for number in range(11)]
    assert answers == [404] * 10 + [429]


async def test_the_address_of_a_link_is_told_to_nobody(node: RunningNode) -> None:
    host = make_member(node, "anna")
    answer = await node.client().get(invitation(node, host))
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_guest_has_no_password_and_gets_none(node: RunningNode) -> None:
    make_member(node, "baas", roles=("admin",))
    host = make_member(node, "anna")
    client = await guest_of(node, host)
    row = node.read(list_guests)[0]
    for password in ("!", "", "nobody's password"):
        login = await node.client().post("/login", data={"handle": row.handle, "password": password})
        assert login.status_code == 422
    changed = await client.post("/settings/password", data={"old": "!", "password": "een lang wachtwoord"})
    assert changed.status_code == 404


async def test_a_log_in_of_a_guest_lasts_twelve_hours_and_never_beyond_the_end(node: RunningNode) -> None:
    host = make_member(node, "anna")
    client = await guest_of(node, host)
    short = await guest_of(node, host, days=0)
    start, last = now(), node.read(list_guests)[0].ends_at
    with time_machine.travel(start + timedelta(hours=11, minutes=59), tick=False):
        assert (await client.get("/settings")).status_code == 200
    with time_machine.travel(start + timedelta(hours=12, seconds=5), tick=False):
        assert (await client.get("/settings")).status_code == 404
    with time_machine.travel(last, tick=False):
        assert (await short.get("/settings")).status_code == 404


@pytest.mark.each_database
async def test_a_guest_whose_stay_ended_or_who_is_disabled_is_out_with_every_link(node: RunningNode) -> None:
    host = make_member(node, "anna")
    await _is_out_after(node, host, lambda db, guest: set_end(db, guest, now()))
    await _is_out_after(node, host, disable_member)


async def _is_out_after(node: RunningNode, host: int, act: Callable[[Connection, int], None]) -> None:
    client = await guest_of(node, host)
    guest = max(guest_ids(node))
    link = entry(node, host, guest)
    node.write(lambda db: act(db, guest))
    assert (await client.get("/settings")).status_code == 404
    assert (await node.client().post(link)).status_code == 404


async def test_a_link_starts_a_fresh_log_in_and_ends_the_one_that_the_browser_had(node: RunningNode) -> None:
    host = make_member(node, "anna")
    client = await guest_of(node, host)
    before = dict(client.cookies)
    await client.post(entry(node, host, guest_ids(node)[0]))
    assert dict(client.cookies) != before
    thief = node.client()
    for name, value in before.items():
        thief.cookies.set(name, value, domain=node.domain.partition(":")[0])
    assert (await thief.get("/settings")).status_code == 404
    assert (await client.get("/settings")).status_code == 200


async def test_an_invitation_of_a_host_who_is_out_makes_no_guest(node: RunningNode) -> None:
    host = make_member(node, "anna")
    link = invitation(node, host)
    node.write(lambda db: disable_member(db, host))
    assert (await node.client().post(link, data=FORM)).status_code == 404


async def test_a_guest_is_called_by_a_name_that_nobody_else_has(node: RunningNode) -> None:
    host = make_member(node, "anna")
    await guest_of(node, host)
    row = node.read(list_guests)[0]
    assert row.handle.startswith("gast_")
    assert node.read(lambda db: find_member(db, row.handle)) is not None
