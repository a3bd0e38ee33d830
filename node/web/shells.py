"""A shell for every request before anybody is identified: language, local mode, the node's name."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from node.i18n import choose_language
from node.settings import Settings
from node.web.context import Shell
from node.web.language import language_cookie


class BareShell:
    """Cookie names depend on local mode, and an error page must speak the reader's language."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            request.state.shell = Shell(local=self.settings.local, path=request.url.path)
            accepted = request.headers.get("accept-language")
            language = choose_language(language_cookie(request), None, accepted)
            request.state.shell = Shell(language=language, local=self.settings.local, path=request.url.path)
        await self.app(scope, receive, send)
