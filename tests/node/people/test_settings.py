"""A member's own pages: only they see them, and each change asks what it must."""

import re
from collections.abc import Iterable

import httpx
import pytest
from sqlalchemy import Connection

from node.actors import get_actor
from node.notices import notify
from node.people.notices_pages import SENTENCES, sentence
from tests.factories import PASSWORD, log_in, make_member, member_row
from tests.network import RunningNode

PAGES = ("/settings", "/settings/face", "/followers", "/notices", "/people", "/follow", "/topics")
NEW = "een ander lang wachtwoord"


async def test_visitors_get_the_one_404_page(node: RunningNode) -> None:
    client = node.client()
    found = {(await client.get(path)).status_code for path in PAGES}
    assert found == {404}


async def test_every_page_is_there_for_a_member_in_both_languages(node: RunningNode) -> None:
    make_member(node, "anna")
    client = await log_in(node, "anna")
    for language in ("nl", "en"):
        await client.post("/language", data={"language": language})
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert f'<html lang="{language}">' in answer.text


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 81}, {"summary": "x" * 501}, {"language": "fr"}, {"mail": "geen"}]
)
async def test_wrong_settings_are_shown_again_and_change_nothing(
    node: RunningNode, wrong: dict[str, str]
) -> None:
    anna = make_member(node, "anna")
    form = {"name": "Nieuw", "summary": "", "language": "", "mail": ""} | wrong
    answer = await (await log_in(node, "anna")).post("/settings", data=form)
    assert answer.status_code == 422
    assert node.read(lambda db: get_actor(db, anna).name) == "Anna"


async def test_a_new_password_needs_the_old_one_and_ends_every_log_in(node: RunningNode) -> None:
    make_member(node, "anna")
    one, other = await log_in(node, "anna"), await log_in(node, "anna")
    wrong = await one.post("/settings/password", data={"old": "fout", "password": NEW})
    assert wrong.status_code == 422
    short = await one.post("/settings/password", data={"old": PASSWORD, "password": "kort"})
    assert short.status_code == 422
    done = await one.post("/settings/password", data={"old": PASSWORD, "password": NEW})
    assert done.headers["location"] == "/login"
    assert [(await client.get("/settings")).status_code for client in (one, other)] == [404, 404]
    again = await node.client().post("/login", data={"handle": "anna", "password": NEW})
    assert again.status_code == 303


async def test_other_devices_are_logged_out_one_by_one_or_all(node: RunningNode) -> None:
    make_member(node, "anna")
    make_member(node, "piet")
    here, phone, old = [await log_in(node, "anna", device=name) for name in ("werk", "telefoon", "oud")]
    page = (await here.get("/settings")).text
    assert "telefoon" in page
    theirs = await log_in(node, "piet")
    for login_id in login_ids(page):
        await theirs.post(f"/settings/logins/{login_id}/end")
    assert await statuses((here, phone, old)) == [200, 200, 200]
    await here.post("/settings/logins/end")
    assert await statuses((here, phone, old)) == [200, 404, 404]


def login_ids(page: str) -> list[str]:
    return [part.partition("/end")[0] for part in page.split("/settings/logins/")[1:] if part[0].isdigit()]


async def statuses(clients: Iterable[httpx.AsyncClient]) -> list[int]:
    return [(await client.get("/settings")).status_code for client in clients]


async def test_the_face_stays_once_confirmed_and_leads_on_to_our_own_pages_only(node: RunningNode) -> None:
    make_member(node, "anna")
    client = await log_in(node, "anna")
    evil = await client.post("/settings/face", data={"next": "https://evil.example"})
    assert evil.headers["location"] == "/"
    first = member_row(node, "anna").face_at
    assert first is not None
    await client.post("/settings/face", data={"next": "/people"})
    assert member_row(node, "anna").face_at == first


async def test_notices_are_sentences_until_they_are_seen(node: RunningNode) -> None:
    anna, piet = make_member(node, "anna"), make_member(node, "piet", name="Piet <b>")

    def tell(db: Connection) -> None:
        for kind in (*SENTENCES, "something_new"):
            notify(db, anna, kind, from_id=piet, text="Smit")

    node.write(tell)
    client = await log_in(node, "anna")
    page, shown = (await client.get("/notices")).text, ""
    while older := re.search(r'href="(/notices\?before=\d+)"', page):
        shown, page = shown + page, (await client.get(older[1])).text
    shown += page
    assert "Piet &lt;b&gt; volgt je." in shown
    assert "%(" not in shown
    assert shown.count('<li class="row new">') == len(SENTENCES) + 1
    await client.post("/notices/read")
    assert '<li class="row new">' not in (await client.get("/notices")).text


def test_an_unknown_kind_of_notice_still_says_something() -> None:
    assert sentence("later_kind", "Piet", "Smit") == "There is news about: Smit."
    assert sentence("later_kind", "Piet", "") == "There is news for you."
