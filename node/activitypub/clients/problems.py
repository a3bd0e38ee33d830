"""Errors told to ActivityPub clients as problem+json (RFC 9457), in words."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from federation.errors import Rejected
from node.errors import Invalid, NodeError, NotFound, TooMany
from node.i18n import choose_language, translate

PROBLEM_TYPE = "application/problem+json"
VARY = "Accept, Authorization, Signature"
Endpoint = Callable[[Request], Awaitable[Response]]


class Problem(NodeError):
    """What a client did wrong, in words for whoever wrote it; `link` is a page where its member can help."""

    def __init__(
        self, status: int, detail: str, *, link: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.link = link
        self.headers = headers or {}


def no_token() -> Problem:
    """401 with what RFC 6750 says about it."""
    return Problem(
        401, "Send a valid access token.", headers={"WWW-Authenticate": 'Bearer realm="Leerkring"'}
    )


def bad_token() -> Problem:
    challenge = 'Bearer realm="Leerkring", error="invalid_token"'
    return Problem(401, "The access token is invalid.", headers={"WWW-Authenticate": challenge})


def narrow_token(scope: str) -> Problem:
    challenge = f'Bearer realm="Leerkring", error="insufficient_scope", scope="{scope}"'
    words = f"The access token does not cover this: it needs {scope}."
    return Problem(403, words, headers={"WWW-Authenticate": challenge})


def unusable(detail: str) -> Problem:
    return Problem(422, detail)


def with_problems(endpoint: Endpoint) -> Endpoint:
    """The same endpoint, whose errors are problems."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Rejected as error:
            return _response(request, Problem(400, f"The document cannot be used: {error.reason}."))
        except (NodeError, HTTPException) as error:
            return _response(request, error)

    return answered


async def show_problem(request: Request, error: Exception) -> Response:
    """A Problem raised where documents are read."""
    assert isinstance(error, Problem)
    return _response(request, error)


def _response(request: Request, error: NodeError | HTTPException) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else error.status
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    headers = {"vary": VARY, "cache-control": "private, no-store"}
    if isinstance(error, HTTPException):
        headers |= error.headers or {}
    else:
        body |= _told(request, error)
        headers |= error.headers if isinstance(error, Problem) else {}
    if isinstance(error, TooMany):
        headers["retry-after"] = str(error.wait_seconds)
    return JSONResponse(body, status, headers, media_type=PROBLEM_TYPE)


def _told(request: Request, error: NodeError) -> dict[str, Any]:
    """A 404 says the same for what is missing and what is not for this reader (rule 7)."""
    if isinstance(error, NotFound) or not error.args:
        return {}
    language = choose_language(None, None, request.headers.get("accept-language"))
    told: dict[str, Any] = {"detail": translate(language, error.args[0])}
    if isinstance(error, Invalid):
        told["detail"] = " ".join(translate(language, words) for words in error.fields.values())
        told["fields"] = {name: translate(language, words) for name, words in error.fields.items()}
    link = getattr(error, "link", "")
    if link:
        told["link"] = link if "://" in link else _base(request) + link
        told["detail"] += f" {told['link']}"
    return told


def _base(request: Request) -> str:
    found: str = request.app.state.own_base
    return found
