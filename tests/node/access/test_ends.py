"""A member's end date: the end of that day in Amsterdam, by the clock, and taken back by a later one."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine

from node.access.ends import set_end
from node.access.logins import find_member
from node.ids import now
from node.objects import COMPANY
from node.rings.queries import count_own_people
from node.web.formats import end_of_day, last_day
from node.workers.housekeeping import tidy
from tests.factories import PASSWORD, log_in, make_member, post
from tests.network import RunningNode


def day(days: int) -> str:
    """A day from today as a form has it."""
    return last_day(now() + timedelta(days=days)).isoformat()


def end(node: RunningNode, handle: str) -> datetime | None:
    row = node.read(lambda db: find_member(db, handle))
    assert row is not None
    found: datetime | None = row.ends_at
    return found


async def notices_of(node: RunningNode, client: httpx.AsyncClient) -> str:
    answer = await client.get("/notices")
    assert answer.status_code == 200
    return answer.text


async def test_an_end_date_is_the_end_of_that_day_in_amsterdam() -> None:
    winter, summer = datetime(2027, 1, 15, tzinfo=UTC).date(), datetime(2027, 7, 15, tzinfo=UTC).date()
    assert end_of_day(winter) == datetime(2027, 1, 15, 23, tzinfo=UTC)
    assert end_of_day(summer) == datetime(2027, 7, 15, 22, tzinfo=UTC)
    assert [last_day(end_of_day(one)) for one in (winter, summer)] == [winter, summer]


@pytest.mark.each_database
async def test_at_the_end_a_log_in_is_over_and_a_new_one_says_why_and_whom_to_ask(node: RunningNode) -> None:
    make_member(node, "baas", name="Bea Baas", roles=("admin",))
    anna = make_member(node, "anna")
    admin, client = await log_in(node, "baas"), await log_in(node, "anna")
    assert (await admin.post(f"/members/{anna}/until", data={"until": day(0)})).status_code == 303
    last = end(node, "anna")
    assert last is not None
    with time_machine.travel(last - timedelta(seconds=1), tick=False):
        assert (await client.get("/company")).status_code == 200
    with time_machine.travel(last, tick=False):
        assert (await client.get("/company")).status_code == 404
        refused = await node.client().post("/login", data={"handle": "anna", "password": PASSWORD})
        wrong = await node.client().post("/login", data={"handle": "anna", "password": "x" * 12})
    assert refused.status_code == 422
    assert "Bea Baas" in refused.text
    assert last_day(last).strftime("%d-%m-%Y") in refused.text
    assert "Bea Baas" not in wrong.text, "who guesses passwords hears nothing"


async def test_a_later_date_lets_a_member_in_again_and_what_they_wrote_stayed(node: RunningNode) -> None:
    make_member(node, "baas", roles=("admin",))
    anna = make_member(node, "anna")
    admin, client = await log_in(node, "baas"), await log_in(node, "anna")
    post(node, "anna", COMPANY, "Een bijzonder woord")
    node.write(lambda db: set_end(db, anna, now()))
    assert (await client.get("/company")).status_code == 404
    assert "Een bijzonder woord" in (await admin.get("/company")).text
    assert node.read(count_own_people) == 1
    await admin.post(f"/members/{anna}/until", data={"until": ""})
    assert end(node, "anna") is None
    assert (await client.get("/company")).status_code == 404, "the old log-in ended for good"
    assert (await (await log_in(node, "anna")).get("/company")).status_code == 200
    assert node.read(count_own_people) == 2


async def test_admins_and_the_member_hear_of_an_end_a_week_before_and_admins_when_it_came(
    node: RunningNode,
) -> None:
    make_member(node, "baas", roles=("admin",))
    anna = make_member(node, "anna", name="Anna Smit")
    last = end_of_day(last_day(now() + timedelta(days=20)))
    node.write(lambda db: set_end(db, anna, last))
    tidy(node.engine, node.settings)
    assert "Anna Smit" not in await notices_of(node, await log_in(node, "baas"))
    with time_machine.travel(last - timedelta(days=7), tick=True):
        for _ in range(2):
            tidy(node.engine, node.settings)
        admin, client = await log_in(node, "baas"), await log_in(node, "anna")
        assert (await notices_of(node, admin)).count("Anna Smit") == 1
        assert last_day(last).strftime("%d-%m-%Y") in await notices_of(node, client)
    with time_machine.travel(last + timedelta(hours=1), tick=True):
        for _ in range(2):
            tidy(node.engine, node.settings)
        assert (await notices_of(node, await log_in(node, "baas"))).count("Anna Smit") == 2


async def test_an_invitation_may_carry_the_end_of_the_newcomers_time(node: RunningNode) -> None:
    make_member(node, "baas", roles=("admin",))
    admin = await log_in(node, "baas")
    made = await admin.post("/members/invite", data={"note": "Kees", "until": day(10)})
    link = made.text.partition("/invite/")[2].partition("<")[0]
    person = {"handle": "kees", "name": "Kees", "password": PASSWORD, "mail": ""}
    assert (await node.client().post(f"/invite/{link}", data=person)).status_code == 303
    assert end(node, "kees") == end_of_day(last_day(now() + timedelta(days=10)))
    settings = await (await log_in(node, "kees")).get("/settings")
    assert "tot en met" in settings.text


@pytest.mark.parametrize("typed", ["gisteren", "2020-01-01", "9999-12-31", "2027-02-30"])
async def test_a_date_that_cannot_be_an_end_is_said_at_the_field_and_kept(
    node: RunningNode, typed: str
) -> None:
    make_member(node, "baas", roles=("admin",))
    anna = make_member(node, "anna")
    admin = await log_in(node, "baas")
    answer = await admin.post(f"/members/{anna}/until", data={"until": typed})
    assert answer.status_code == 422
    assert 'id="until-wrong"' in answer.text
    assert typed in answer.text
    assert end(node, "anna") is None


async def test_the_last_admin_who_stays_gets_no_end_date(node: RunningNode) -> None:
    boss = make_member(node, "baas", roles=("admin",))
    admin = await log_in(node, "baas")
    refused = await admin.post(f"/members/{boss}/until", data={"until": day(10)})
    assert refused.status_code == 409
    make_member(node, "tijdelijk", roles=("admin",))
    anna = end(node, "baas")
    assert anna is None
