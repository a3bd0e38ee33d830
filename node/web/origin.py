"""Writes come from our own pages: a cross-origin guard by headers instead of tokens in forms."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Answered to programs with signatures or tokens; none of these looks at a log-in cookie.
EXEMPT = re.compile(
    r"/inbox|/p/[^/]+/inbox|/(?:[^/]+/)*outbox|/node/.+|/api/.+|/oauth/(?:token|revoke|register|userinfo)/?"
    r"|/client/.+"
)
REFUSED = (
    "Dit formulier kwam van een andere website en is daarom niet verwerkt.\n"
    "This form came from another website, so it was not handled.\n"
)


class OriginGuard:
    """Browsers say where a write comes from; a request that says nothing comes from no browser."""

    def __init__(self, app: ASGIApp, own_origin: str = "") -> None:
        self.app = app
        self.own_origin = own_origin.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_fine(scope):
            await PlainTextResponse(REFUSED, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_fine(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or EXEMPT.fullmatch(scope["path"]):
            return True
        headers = Headers(scope=scope)
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin and origin == self.own_origin:
            return True
        if site:
            return site in ("same-origin", "none")
        return not origin or _host(origin) == headers.get("host", "").lower()


def _host(origin: str) -> str:
    """Host and port of an origin; `null` for what is no origin, which is nobody's host."""
    try:
        return urlsplit(origin).netloc.lower() or "null"
    except ValueError:
        return "null"
