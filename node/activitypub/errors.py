"""Errors mapped once: to the reader's page, or to a short JSON for programs. Nothing private is in either."""

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from node.activitypub.clients.problems import VARY
from node.activitypub.documents import wants_document
from node.errors import NodeError, TooMany
from node.web.pages import render_error
from node.web.visits import LoginNeeded

log = structlog.get_logger()

FOR_PROGRAMS = (
    "/inbox",
    "/node/",
    "/nodeinfo/",
    "/.well-known/",
    "/actor",
    "/api/",
    "/client/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/register",
    "/oauth/userinfo",
)
WORDS = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    503: "Cannot be stored now, try again",
}
TRY_AGAIN_SECONDS = "60"


async def show_node_error(request: Request, error: Exception) -> Response:
    """NodeErrors raised by actions and queries."""
    status = error.status if isinstance(error, NodeError) else 500
    response = _answer(request, status, "" if _is_silent(error) else _words_of(error))
    if isinstance(error, TooMany):
        response.headers["retry-after"] = str(error.wait_seconds)
    return response


def _is_silent(error: Exception) -> bool:
    """A 404 says the same for what is missing and what is not for this reader (rule 7)."""
    return isinstance(error, LoginNeeded) or not error.args


def _words_of(error: Exception) -> str:
    message: str = error.args[0]
    return message


async def show_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own: unknown paths, wrong methods, too large a form."""
    assert isinstance(error, HTTPException)
    response = _answer(request, error.status_code, "")
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def show_unstored(request: Request, error: Exception) -> Response:
    """The disk is full or the database is away: nothing was kept, and whoever sent it can send it again."""
    request_id = getattr(request.state, "request_id", "")
    log.error("not_stored", request_id=request_id, exc_info=error)
    response = _answer(request, 503, "")
    response.headers["retry-after"] = TRY_AGAIN_SECONDS
    return response


async def show_would_write(_request: Request, _error: Exception) -> Response:
    """In a check: it got as far as the line that says something left, so it would have been served."""
    return Response(status_code=200)


async def show_bug(request: Request, error: Exception) -> Response:
    """Anything else is a bug: logged with the request id, without what was asked or typed."""
    request_id = getattr(request.state, "request_id", "")
    log.error("bug", request_id=request_id, error=type(error).__name__, exc_info=error)
    return _answer(request, 500, "")


def _answer(request: Request, status: int, message: str) -> Response:
    if request.url.path.startswith(FOR_PROGRAMS) or wants_document(request) or _is_inbox(request):
        headers = {"vary": VARY, "cache-control": "private, no-store"}
        return JSONResponse({"error": WORDS.get(status, "Error")}, status, headers)
    return render_error(request, status, message)


def _is_inbox(request: Request) -> bool:
    return request.url.path.endswith("/inbox")
