"""Until the wizard is finished, every page leads to it; programs are answered as ever."""

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from node import identity
from node.db import reading

OPEN = ("/setup", "/static/", "/language", "/inbox", "/nodeinfo/", "/.well-known/", "/node/", "/actor", "/p/")


class SetupGate:
    """Asks the database until the answer is yes, then never again."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self.app = app
        self.engine = engine
        self.is_ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith(OPEN)
        if is_page and not self.is_ready:
            self.is_ready = await run_in_threadpool(self._look)
            if not self.is_ready:
                await RedirectResponse("/setup", 303)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _look(self) -> bool:
        with reading(self.engine) as db:
            row = identity.find_row(db)
        return row is not None and row.ready_at is not None
