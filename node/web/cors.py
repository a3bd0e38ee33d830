"""Clients in a browser may ask what is for programs: never with a cookie, so nothing of a log-in."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The client API answers for itself, but for its streams.
OPEN = re.compile(
    r"/oauth/(?:token|revoke|register|userinfo)/?|/\.well-known/.+|/nodeinfo/.+"
    r"|/[poa]/[0-9]+|/p/[0-9]+/.+|/actor|/client/.+|/api/v1/streaming(?:/.*)?"
)
EXPOSED = "Location, Link, WWW-Authenticate"
ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "7200",
}


class OpenToClients:
    """The header that lets a page of another origin read the answer, for these paths alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not OPEN.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return

        async def send_open(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = "*"
                headers["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        if scope["method"] == "OPTIONS":
            headers = [(name.lower().encode(), value.encode()) for name, value in ALLOWED.items()]
            await send({"type": "http.response.start", "status": 204, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send_open)
