"""The guard: a browser's write is taken from our own pages only."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from node.web.origin import OriginGuard
from tests.unit.web.shells import client

OWN = "https://bakker.example"


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("taken")


APP = OriginGuard(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])]), OWN)


async def status(path: str, headers: dict[str, str], method: str = "POST") -> int:
    async with client(APP) as browser:
        return (await browser.request(method, path, headers=headers)).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://bakker.localhost:8001"},
        {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
        {},
    ],
)
async def test_a_write_from_our_own_page_or_from_no_browser_is_taken(headers: dict[str, str]) -> None:
    assert await status("/write", headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://bakker.localhost:8001"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://bakker.localhost:8002"},
        {"Origin": "null"},
        {"Origin": "null", "Host": "null.example"},
        {"Origin": "https://[bad"},
    ],
)
async def test_a_write_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    assert await status("/write", headers) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/inbox",
        "/p/123/inbox",
        "/p/123/outbox",
        "/node/pair",
        "/api/v1/statuses",
        "/oauth/token",
        "/oauth/revoke",
    ],
)
async def test_paths_for_signed_or_token_requests_are_not_asked(path: str) -> None:
    assert await status(path, {"Origin": "https://elsewhere.example"}) == 200


@pytest.mark.parametrize(
    "path", ["/inbox/x", "/write/inbox", "/apiary", "/node", "/oauth/authorize", "/oauth/token/x"]
)
async def test_a_path_that_only_looks_exempt_is_guarded(path: str) -> None:
    assert await status(path, {"Origin": "https://elsewhere.example"}) == 403


async def test_reading_from_elsewhere_is_fine_and_other_writing_methods_are_guarded() -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert await status("/o/1", elsewhere, "GET") == 200
    assert await status("/o/1", elsewhere, "DELETE") == 403
