"""How apps are answered: tokens, scopes, errors, headers, paging."""

import pytest
from sqlalchemy import select

from node.access.oauth.actions import end_app
from node.access.oauth.tables import apps
from node.objects import COMPANY
from tests.factories import log_in, make_member, member_row, open_app, post
from tests.network import RunningNode

OWN = "/api/v1/accounts/verify_credentials"
HOME = "/api/v1/timelines/home"


async def test_without_a_token_there_is_nobody_and_a_wrong_one_opens_not_even_what_is_open(
    node: RunningNode,
) -> None:
    async with node.client() as nobody:
        assert (await nobody.get(OWN)).status_code == 401
        assert (await nobody.get("/api/v2/instance")).status_code == 200
        wrong = {"authorization": "Bearer x"}
        answer = await nobody.get("/api/v2/instance", headers=wrong)
    assert (answer.status_code, answer.json()) == (401, {"error": "The access token is invalid"})


async def test_a_log_in_of_the_pages_opens_nothing_here(node: RunningNode) -> None:
    make_member(node, "anna")
    browser = await log_in(node, "anna")
    assert (await browser.get(OWN)).status_code == 401


@pytest.mark.parametrize(
    ("scopes", "path", "status"),
    [
        (("read:statuses",), HOME, 200),
        (("read:accounts",), HOME, 403),
        (("profile",), OWN, 200),
        (("write",), OWN, 403),
        (("follow",), "/api/v1/accounts/relationships", 200),
    ],
)
async def test_a_token_opens_what_its_scopes_hold(
    node: RunningNode, scopes: tuple[str, ...], path: str, status: int
) -> None:
    make_member(node, "anna")
    assert (await open_app(node, "anna", *scopes).get(path)).status_code == status


async def test_a_token_of_the_app_itself_speaks_for_nobody(node: RunningNode) -> None:
    async with node.client() as app:
        form = {"client_name": "Proef", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"}
        made = (await app.post("/api/v1/apps", data=form)).json()
        client = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
        issued = await app.post("/oauth/token", json={"grant_type": "client_credentials", **client})
        app.headers["authorization"] = f"Bearer {issued.json()['access_token']}"
        assert (await app.get("/api/v1/apps/verify_credentials")).json()["name"] == "Proef"
        assert (await app.get(OWN)).status_code == 422


async def test_a_revoked_token_stops_at_once_in_this_process(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    assert (await app.get(OWN)).status_code == 200
    app_id = node.read(lambda db: db.execute(select(apps.c.id)).scalar_one())
    browser = await log_in(node, "anna")
    await browser.post(f"/settings/apps/{app_id}/end")
    assert (await app.get(OWN)).status_code == 401
    node.write(lambda db: end_app(db, member_row(node, "anna").actor_id, app_id))


async def test_unknown_paths_and_methods_are_answered_in_json(node: RunningNode) -> None:
    async with node.client() as nobody:
        for method, path, status in (("GET", "/api/v1/nothing", 404), ("DELETE", "/api/v1/instance", 405)):
            answer = await nobody.request(method, path)
            assert answer.status_code == status
            assert "error" in answer.json()


async def test_what_is_no_json_is_refused_in_words(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    headers = {"content-type": "application/json"}
    answer = await app.post("/api/v1/statuses", content=b"{nothing", headers=headers)
    assert (answer.status_code, "error" in answer.json()) == (400, True)


async def test_any_page_of_the_web_may_ask_with_a_token(node: RunningNode) -> None:
    async with node.client() as client:
        asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
        for path in ("/api/v1/statuses", "/oauth/token"):
            before = await client.options(path, headers=asked)
            assert before.headers["access-control-allow-origin"] == "*"
            assert "Authorization" in before.headers["access-control-allow-headers"]
        answer = await client.get("/api/v2/instance")
        for path in ("/nodeinfo/2.0", "/.well-known/oauth-authorization-server"):
            assert (await client.get(path)).headers["access-control-allow-origin"] == "*"
    assert "Link" in answer.headers["access-control-expose-headers"]
    assert int(answer.headers["x-ratelimit-remaining"]) == int(answer.headers["x-ratelimit-limit"]) - 1


async def test_who_asks_too_often_is_told_to_wait(node: RunningNode) -> None:
    node.settings.app_rate = 10
    async with node.client() as nobody:
        answers = [await nobody.get("/api/v2/instance") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_pages_lead_to_older_and_newer_ones(node: RunningNode) -> None:
    make_member(node, "anna")
    made = [str(post(node, "anna", COMPANY, f"Bericht {number}")) for number in range(5)][::-1]
    app = open_app(node, "anna")
    first = await app.get(HOME, params={"limit": 2})
    assert [one["id"] for one in first.json()] == made[:2]
    second = await app.get(first.links["next"]["url"])
    assert [one["id"] for one in second.json()] == made[2:4]
    back = await app.get(second.links["prev"]["url"])
    assert [one["id"] for one in back.json()] == made[:2]
    assert "limit=2" in second.links["prev"]["url"]
    since = await app.get(HOME, params={"since_id": made[3], "limit": 1})
    assert [one["id"] for one in since.json()] == made[:1]
