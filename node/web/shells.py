"""A shell for every request before anybody is identified: language, local mode, the node's name."""

from dataclasses import replace

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from node.i18n import choose_language
from node.settings import Settings
from node.web.context import Shell, address_of
from node.web.language import language_cookie


class BareShell:
    """Cookie names depend on local mode, and an error page must speak the reader's language."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            bare = Shell(local=self.settings.local, path=request.url.path, address=address_of(request))
            request.state.shell = bare
            accepted = request.headers.get("accept-language")
            language = choose_language(language_cookie(request), None, accepted)
            request.state.shell = replace(bare, language=language)
        await self.app(scope, receive, send)
