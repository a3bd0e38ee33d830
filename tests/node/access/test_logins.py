"""Coming in and going out, through the pages."""

import re
from datetime import timedelta

import httpx
import pytest
import time_machine

from node.access.logins import find_member
from node.access.members import add_member
from node.ids import now
from tests.network import RunningNode

PASSWORD = "een lang wachtwoord"


def add(node: RunningNode, handle: str, *roles: str) -> int:
    return node.write(
        lambda db: add_member(db, handle=handle, name=handle.title(), password=PASSWORD, roles=roles)
    )


async def log_in(node: RunningNode, handle: str, password: str = PASSWORD) -> httpx.AsyncClient:
    client = node.client()
    answer = await client.post("/login", data={"handle": handle, "password": password})
    assert answer.status_code == 303, answer.text
    return client


def links_in(text: str, kind: str) -> list[str]:
    return re.findall(rf"http://[^\s<\"]+/{kind}/[\w-]+", text)


@pytest.mark.each_database
async def test_a_member_logs_in_and_out(node: RunningNode) -> None:
    add(node, "anna")
    client = await log_in(node, "@Anna")
    assert (await client.get("/company")).status_code == 200
    await client.post("/logout")
    assert (await client.get("/company")).status_code == 404


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(node: RunningNode) -> None:
    add(node, "anna")
    client = node.client()
    wrong = await client.post("/login", data={"handle": "anna", "password": "x" * 12})
    nobody = await client.post("/login", data={"handle": "hans", "password": "x" * 12})
    assert wrong.status_code == nobody.status_code == 422
    assert wrong.text.replace("anna", "") == nobody.text.replace("hans", "")


async def test_too_many_tries_stop_that_address_and_nobody_else(node: RunningNode) -> None:
    add(node, "anna")
    attacker = node.client()
    for _ in range(10):
        await attacker.post("/login", data={"handle": "anna", "password": "x" * 12})
    stopped = await attacker.post("/login", data={"handle": "anna", "password": PASSWORD})
    assert stopped.status_code == 429
    assert int(stopped.headers["retry-after"]) > 0
    transport = httpx.ASGITransport(app=node.app, client=("10.0.0.7", 5))
    async with httpx.AsyncClient(transport=transport, base_url=node.base) as elsewhere:
        answer = await elsewhere.post("/login", data={"handle": "anna", "password": PASSWORD})
    assert answer.status_code == 303


@pytest.mark.each_database
async def test_an_invitation_lets_one_person_in_once(node: RunningNode) -> None:
    add(node, "baas", "admin")
    admin = await log_in(node, "baas")
    made = await admin.post("/members/invite", data={"note": "Kees", "roles": "editor"})
    (link,) = links_in(made.text, "invite")
    newcomer = node.client()
    person = {"handle": "kees", "name": "Kees", "password": PASSWORD, "mail": ""}
    assert (await newcomer.get(link)).status_code == 200
    assert (await newcomer.post(link, data=person)).status_code == 303
    assert (await newcomer.get("/company")).status_code == 200
    member = node.read(lambda db: find_member(db, "kees"))
    assert member is not None
    assert member.roles == "editor"
    again = await node.client().post(link, data=person | {"handle": "piet"})
    assert again.status_code == 404


async def test_an_invitation_ends_after_seven_days(node: RunningNode) -> None:
    add(node, "baas", "admin")
    admin = await log_in(node, "baas")
    made = await admin.post("/members/invite", data={"note": "Kees"})
    (link,) = links_in(made.text, "invite")
    with time_machine.travel(now() + timedelta(days=7, minutes=1)):
        assert (await node.client().get(link)).status_code == 404


async def test_what_was_typed_wrong_is_said_at_its_field_and_kept(node: RunningNode) -> None:
    add(node, "baas", "admin")
    admin = await log_in(node, "baas")
    made = await admin.post("/members/invite", data={"note": "Kees"})
    (link,) = links_in(made.text, "invite")
    answer = await node.client().post(
        link, data={"handle": "Kees de B", "name": "Kees de Boer", "password": "kort", "mail": "x"}
    )
    assert answer.status_code == 422
    assert 'id="handle-wrong"' in answer.text
    assert 'value="Kees de Boer"' in answer.text


@pytest.mark.each_database
async def test_disabling_ends_every_login_at_once(node: RunningNode) -> None:
    add(node, "baas", "admin")
    anna = add(node, "anna")
    admin, client = await log_in(node, "baas"), await log_in(node, "anna")
    await admin.post(f"/members/{anna}/disable")
    assert (await client.get("/company")).status_code == 404
    refused = await node.client().post("/login", data={"handle": "anna", "password": PASSWORD})
    assert refused.status_code == 422


async def test_the_last_admin_stays(node: RunningNode) -> None:
    boss = add(node, "baas", "admin")
    admin = await log_in(node, "baas")
    answer = await admin.post(f"/members/{boss}/roles", data={"roles": "editor"})
    assert answer.status_code == 409


async def test_a_reset_link_works_once_and_the_member_is_told(node: RunningNode) -> None:
    add(node, "baas", "admin")
    anna = add(node, "anna")
    admin, old = await log_in(node, "baas"), await log_in(node, "anna")
    made = await admin.post(f"/members/{anna}/reset")
    (link,) = links_in(made.text, "reset")
    client = node.client()
    assert (await client.post(link, data={"password": "een nieuw wachtwoord"})).status_code == 303
    assert (await old.get("/company")).status_code == 404
    assert (await node.client().post(link, data={"password": "nog een wachtwoord"})).status_code == 404
    notices = await client.get("/notices")
    assert "Baas" in notices.text


async def test_only_admins_see_the_members_page(node: RunningNode) -> None:
    add(node, "anna", "director", "editor")
    client = await log_in(node, "anna")
    assert (await client.get("/members")).status_code == 403
    assert (await node.client().get("/members")).status_code == 404


async def test_whoever_sits_at_an_open_log_in_cannot_guess_its_password(node: RunningNode) -> None:
    add(node, "anna")
    client = await log_in(node, "anna")
    guess = {"old": "x" * 12, "password": "een nieuw wachtwoord"}
    answers = [(await client.post("/settings/password", data=guess)).status_code for _ in range(11)]
    assert answers[-1] == 429
    assert 429 not in answers[:10]
