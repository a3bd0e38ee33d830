"""Every answer says what a browser may do with it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from node.web.context import Shell
from node.web.headers import SecurityHeaders
from tests.unit.web.shells import client


async def page(request: Request) -> Response:
    handle = request.query_params.get("as")
    request.state.shell = Shell(member_handle=handle)
    return HTMLResponse(request.state.request_id)


async def document(request: Request) -> Response:
    return JSONResponse({}, headers={"Content-Security-Policy": "sandbox"})


APP = SecurityHeaders(Starlette(routes=[Route("/", page), Route("/document", document)]))


async def test_a_page_runs_nothing_that_is_not_ours() -> None:
    async with client(APP) as browser:
        answer = await browser.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == answer.text


async def test_a_page_of_a_member_is_kept_by_no_cache() -> None:
    async with client(APP) as browser:
        assert (await browser.get("/?as=anna")).headers["cache-control"] == "no-store"
        assert (await browser.get("/")).headers["cache-control"] == "no-cache"


async def test_a_route_keeps_its_own_stricter_policy() -> None:
    async with client(APP) as browser:
        answer = await browser.get("/document")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert "cache-control" not in answer.headers
