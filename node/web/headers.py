"""Headers that every answer carries: a request id, and what a browser may do with our pages."""

from secrets import token_hex

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.web.context import Shell

CONTENT_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Content-Security-Policy": CONTENT_POLICY,
}


class SecurityHeaders:
    """The outermost layer; a route that sets one of these headers itself keeps its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = token_hex(8)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(MutableHeaders(scope=message), state)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _complete(headers: MutableHeaders, state: dict[str, object]) -> None:
    for name, value in EVERYWHERE.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = str(state["request_id"])
    if headers.get("content-type", "").startswith("text/html"):
        headers.setdefault("Cache-Control", "no-store" if _is_logged_in(state) else "no-cache")


def _is_logged_in(state: dict[str, object]) -> bool:
    shell = state.get("shell")
    return isinstance(shell, Shell) and shell.member_handle is not None
