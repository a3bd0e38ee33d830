"""Apps come in: register, ask, be allowed by a member, get tokens once, lose them at once."""

import base64
import hashlib
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from node import identity
from node.access.guests import become_guest, find_pass, invite_guest
from node.access.logins import start_login
from node.access.members import disable_member, enable_member
from node.access.oauth.queries import find_caller
from node.errors import Conflict
from node.ids import now
from tests.factories import PASSWORD, log_in, make_member, member_row
from tests.network import RunningNode

HOME = "https://app.example/back"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
OOB = "urn:ietf:wg:oauth:2.0:oob"


async def register(node: RunningNode, **changes: str) -> dict[str, str]:
    """A public or secret client, by RFC 7591."""
    wish = {"client_name": "Proef", "redirect_uris": [HOME, OOB, "icecubesapp://"], "scope": "read write"}
    async with node.client() as app:
        answer = await app.post("/oauth/register", json=wish | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def asked(app: dict[str, str], **changes: str) -> dict[str, str]:
    plain = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": HOME,
        "scope": "read write",
    }
    return plain | {"state": "s&t"} | changes


async def allow(browser: httpx.AsyncClient, wish: dict[str, str]) -> dict[str, str]:
    """What comes back to the app."""
    answer = await browser.post("/oauth/authorize", data=wish | {"decision": "allow"})
    assert answer.status_code == 303, answer.text
    return {name: value[0] for name, value in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def exchange(node: RunningNode, app: dict[str, str], code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME}
    client = {"client_id": app["client_id"], "client_secret": app.get("client_secret", "")}
    async with node.client() as program:
        return await program.post("/oauth/token", data=form | client | changes)


async def come_in(node: RunningNode, handle: str, app: dict[str, str]) -> dict[str, str]:
    browser = await log_in(node, handle)
    code = (await allow(browser, asked(app)))["code"]
    tokens: dict[str, str] = (await exchange(node, app, code)).json()
    return tokens


def is_valid(node: RunningNode, token: str) -> bool:
    return node.read(lambda db: find_caller(db, token)) is not None


async def test_an_app_gets_a_token_once_for_what_a_member_allowed(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = await log_in(node, "anna")
    back = await allow(browser, asked(app))
    assert back["state"] == "s&t"
    answer = await exchange(node, app, back["code"])
    token = answer.json()
    assert (token["token_type"], token["scope"]) == ("Bearer", "read write")
    assert answer.headers["cache-control"] == "no-store"
    assert is_valid(node, token["access_token"])
    again = await exchange(node, app, back["code"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert not is_valid(node, token["access_token"]), "a code shown twice ends what it gave"


async def test_the_question_comes_after_the_log_in_that_it_needs(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = node.client()
    question = await browser.get("/oauth/authorize/", params=asked(app))
    page = await browser.get(question.headers["location"])
    hidden = re.search(r'name="next" value="([^"]+)"', page.text)
    assert hidden is not None
    target = hidden[1].replace("&amp;", "&")
    form = {"handle": "anna", "password": PASSWORD, "next": target}
    entered = await browser.post("/login", data=form)
    consent = await browser.get(entered.headers["location"])
    assert "Proef" in consent.text
    assert consent.text.index('value="allow"') < consent.text.index('value="deny"')
    assert "form-action 'self' https://app.example;" in consent.headers["content-security-policy"] + ";"


async def test_the_question_is_in_the_language_asked_for(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = await log_in(node, "anna")
    for language, words in (("nl", "Ja, laat binnen"), ("en", "Yes, let it in")):
        page = await browser.get("/oauth/authorize", params=asked(app, lang=language))
        assert words in page.text


async def test_no_is_told_to_the_app(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = await log_in(node, "anna")
    answer = await browser.post("/oauth/authorize", data=asked(app) | {"decision": "deny"})
    assert "error=access_denied" in answer.headers["location"]


async def test_without_an_address_the_code_is_shown(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = await log_in(node, "anna")
    page = await browser.post("/oauth/authorize", data=asked(app, redirect_uri=OOB) | {"decision": "allow"})
    code = re.search(r'class="code ?">([^<]+)<', page.text)
    assert code is not None
    assert (await exchange(node, app, code[1], redirect_uri=OOB)).status_code == 200


async def test_an_apps_own_scheme_gets_the_code(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = await log_in(node, "anna")
    wish = asked(app, redirect_uri="icecubesapp://") | {"decision": "allow"}
    answer = await browser.post("/oauth/authorize", data=wish)
    assert answer.headers["location"].startswith("icecubesapp://?code=")


@pytest.mark.parametrize(
    "changes",
    [{"redirect_uri": HOME + "/"}, {"redirect_uri": "https://evil.example"}, {"client_id": "none"}],
)
async def test_nothing_is_sent_to_an_address_that_was_not_registered(
    node: RunningNode, changes: dict[str, str]
) -> None:
    make_member(node, "anna")
    app = await register(node)
    browser = await log_in(node, "anna")
    for answer in (
        await browser.get("/oauth/authorize", params=asked(app, **changes)),
        await browser.post("/oauth/authorize", data=asked(app, **changes) | {"decision": "allow"}),
    ):
        assert answer.status_code == 422
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "admin"}, "invalid_scope"),
        ({"scope": "push"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_what_an_app_may_not_ask_is_told_to_it(
    node: RunningNode, changes: dict[str, str], error: str
) -> None:
    app = await register(node)
    async with node.client() as browser:
        answer = await browser.get("/oauth/authorize", params=asked(app, **changes))
    assert f"error={error}&state=s%26t" in answer.headers["location"]


async def test_a_code_is_bound_to_its_client_address_and_proof(node: RunningNode) -> None:
    make_member(node, "anna")
    app, other = await register(node), await register(node)
    browser = await log_in(node, "anna")
    proof = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    for changes in ({"redirect_uri": OOB}, {"code_verifier": "w" * 50}, {"code_verifier": ""}):
        code = (await allow(browser, asked(app, **proof)))["code"]
        answer = await exchange(node, app, code, **{"code_verifier": VERIFIER, **changes})
        assert answer.json()["error"] == "invalid_grant", changes
    code = (await allow(browser, asked(app, **proof)))["code"]
    assert (await exchange(node, other, code, code_verifier=VERIFIER)).status_code == 400
    assert (await exchange(node, app, code, code_verifier=VERIFIER)).status_code == 200


async def test_a_verifier_that_nobody_announced_is_no_proof(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    code = (await allow(await log_in(node, "anna"), asked(app)))["code"]
    assert (await exchange(node, app, code, code_verifier=VERIFIER)).status_code == 400


async def test_a_client_without_a_secret_needs_the_proof(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node, token_endpoint_auth_method="none")
    assert "client_secret" not in app
    browser = await log_in(node, "anna")
    bare = await browser.get("/oauth/authorize", params=asked(app))
    assert "error=invalid_request" in bare.headers["location"]
    code = (await allow(browser, asked(app, code_challenge=CHALLENGE, code_challenge_method="S256")))["code"]
    assert (await exchange(node, app, code, code_verifier=VERIFIER)).status_code == 200


async def test_the_secret_may_come_in_a_basic_header_and_a_wrong_one_opens_nothing(node: RunningNode) -> None:
    app = await register(node)
    form = {"grant_type": "client_credentials", "scope": "read"}
    async with node.client() as program:
        right = await program.post("/oauth/token", json=form, auth=(app["client_id"], app["client_secret"]))
        wrong = await program.post("/oauth/token", json=form, auth=(app["client_id"], "x"))
    assert right.json()["scope"] == "read"
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


async def refresh(node: RunningNode, app: dict[str, str], token: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    client = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    async with node.client() as program:
        return await program.post("/oauth/token", data=form | client)


async def test_a_refreshed_token_takes_the_old_ones_place_and_an_old_one_ends_all(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    first = await come_in(node, "anna", app)
    second = (await refresh(node, app, first["refresh_token"])).json()
    assert not is_valid(node, first["access_token"])
    assert is_valid(node, second["access_token"])
    assert (await refresh(node, app, first["refresh_token"])).status_code == 400
    assert not is_valid(node, second["access_token"])


async def test_an_app_throws_its_own_token_away_and_no_other(node: RunningNode) -> None:
    make_member(node, "anna")
    app, other = await register(node), await register(node)
    token = (await come_in(node, "anna", app))["access_token"]
    for client, status in ((other, 403), (app, 200), (app, 200)):
        form = {"token": token, "client_id": client["client_id"], "client_secret": client["client_secret"]}
        async with node.client() as program:
            assert (await program.post("/oauth/revoke", data=form)).status_code == status
        assert is_valid(node, token) == (client is other)


async def test_a_member_puts_an_app_out_on_their_page(node: RunningNode) -> None:
    make_member(node, "anna")
    app = await register(node)
    token = (await come_in(node, "anna", app))["access_token"]
    browser = await log_in(node, "anna")
    page = await browser.get("/settings/apps")
    found = re.search(r"/settings/apps/\d+/end", page.text)
    assert "Proef" in page.text
    assert found is not None
    await browser.post(found[0])
    assert not is_valid(node, token)
    assert "Proef" not in (await browser.get("/settings/apps")).text.partition("<main")[2]


async def test_whose_membership_ends_loses_the_tokens_in_the_same_transaction(node: RunningNode) -> None:
    anna = make_member(node, "anna")
    token = (await come_in(node, "anna", await register(node)))["access_token"]
    node.write(lambda db: disable_member(db, anna))
    assert not is_valid(node, token)
    node.write(lambda db: enable_member(db, anna))
    assert not is_valid(node, token)


async def test_a_guest_lets_no_app_in(node: RunningNode) -> None:
    host, end = make_member(node, "anna"), now() + timedelta(days=2)
    link = node.write(lambda db: invite_guest(db, host, name="Gast", ends_at=end, room=""))
    guest = node.write(lambda db: become_guest(db, find_pass(db, link), name="Gast", language="nl"))
    app = await register(node)
    browser = node.client()
    browser.cookies.set("leerkring-login-8001", node.write(lambda db: start_login(db, guest, "test")))
    assert (await browser.get("/oauth/authorize", params=asked(app))).status_code == 403
    wish = asked(app) | {"decision": "allow"}
    assert (await browser.post("/oauth/authorize", data=wish)).status_code == 403


async def test_an_app_ties_the_domain(node: RunningNode) -> None:
    await register(node)
    with pytest.raises(Conflict):
        node.write(lambda db: identity.change(db, domain="echt.example"))


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "http://app.example/",
        "https://a.example/#x",
        "/back",
        "data:text/html,x",
        "",
        "x",
    ],
)
async def test_no_code_goes_to_such_an_address(node: RunningNode, uri: str) -> None:
    async with node.client() as program:
        answer = await program.post("/oauth/register", json={"client_name": "X", "redirect_uris": [uri]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


async def test_programs_find_the_way_by_the_metadata(node: RunningNode) -> None:
    async with node.client() as program:
        found = (await program.get("/.well-known/oauth-authorization-server")).json()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint"] == f"{node.base}/oauth/token"


async def test_a_token_tells_who_its_member_is(node: RunningNode) -> None:
    make_member(node, "anna")
    token = (await come_in(node, "anna", await register(node)))["access_token"]
    async with node.client() as program:
        known = await program.get("/oauth/userinfo", headers={"authorization": f"Bearer {token}"})
        unknown = await program.get("/oauth/userinfo", headers={"authorization": "Bearer x"})
    assert known.json()["sub"] == node.base + member_row(node, "anna").uri
    assert unknown.status_code == 401
