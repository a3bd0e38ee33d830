"""Which language a reader gets, and how to switch without a script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from node.i18n import LANGUAGES, choose_language, msg, nmsg, translate
from node.web.context import Shell
from node.web.language import language_cookie, language_routes, local_path
from tests.unit.web.shells import client


class Trial:
    """Says that this is a trial on localhost, as the node's middleware would."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["shell"] = Shell(local=True)
        await self.app(scope, receive, send)


APP = Trial(Starlette(routes=language_routes()))


@pytest.mark.parametrize(
    ("chosen", "setting", "accept", "expected"),
    [
        (None, None, None, "nl"),
        (None, None, "en-GB,en;q=0.8", "en"),
        (None, None, "fr, en;q=0.3, nl;q=0.9", "nl"),
        (None, None, "de", "nl"),
        (None, "en", "nl", "en"),
        ("nl", "en", "en", "nl"),
        ("xx", None, "en", "en"),
        (None, None, "en;q=0", "nl"),
        (None, None, "en;q=lots", "nl"),
    ],
)
def test_the_switch_wins_over_the_setting_over_the_browser(
    chosen: str | None, setting: str | None, accept: str | None, expected: str
) -> None:
    assert choose_language(chosen, setting, accept) == expected


@given(st.text())
def test_any_header_gives_a_language_we_have(accept: str) -> None:
    assert choose_language(None, None, accept) in LANGUAGES


async def test_switching_stores_the_choice_and_goes_back() -> None:
    async with client(APP) as browser:
        answer = await browser.post("/language", data={"language": "en", "next": "/rings"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/rings")
    cookie = answer.headers["set-cookie"].split(";")[0]
    scope = {"type": "http", "headers": [(b"cookie", cookie.encode())], "path": "/", "server": ("x", 8001)}
    request = Request({**scope, "scheme": "http", "query_string": b"", "state": {"shell": Shell(local=True)}})
    assert language_cookie(request) == "en"


async def test_an_unknown_language_is_not_stored() -> None:
    async with client(APP) as browser:
        answer = await browser.post("/language", data={"language": "xx", "next": "/"})
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\nb", "/\t/evil.example"],
)
def test_going_back_never_leads_to_another_site(target: str) -> None:
    assert local_path(target) == "/"


def test_a_path_with_a_query_is_kept() -> None:
    assert local_path("/rings?page=2") == "/rings?page=2"


def test_a_message_is_english_by_itself_and_dutch_when_asked() -> None:
    message = msg("At most %(longest)s characters.", longest=20)
    assert message == "At most 20 characters."
    assert translate("nl", message) == "Hoogstens 20 tekens."
    assert translate("en", message) == "At most 20 characters."
    assert translate("nl", "Fill this in.") == "Vul dit in."


def test_a_counted_message_has_its_singular_and_plural() -> None:
    assert nmsg("%(count)s person", "%(count)s people", 1) == "1 person"
    assert translate("en", nmsg("%(count)s person", "%(count)s people", 3)) == "3 people"


def test_what_a_visitor_typed_is_never_read_as_a_pattern() -> None:
    assert translate("nl", msg("Hello %(name)s", name="100%(most)s")) == "Hello 100%(most)s"
    assert translate("nl", "100% sure") == "100% sure"
