"""Whole nodes in one process, joined by the client's in-process transports: real signatures, real queues."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Connection, Engine
from starlette.applications import Starlette

from federation.errors import Unreachable
from federation.messages import Request, Response
from node import identity
from node.app import build_app, workers
from node.db import open_engine, reading, writing
from node.identity import Identity
from node.ids import now
from node.network import Network
from node.settings import Settings
from node.workers.loop import RunOnce, Work

Found = TypeVar("Found")
MOST_ROUNDS = 60


@dataclass
class InProcessSender:
    """Reaches the nodes of one test by their authority; one that is down does not answer.

    `log` keeps everything that was sent and answered, for tests that look for leaks.
    """

    apps: dict[str, Starlette] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    log: list[tuple[Request, Response]] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        authority = urlsplit(request.url).netloc
        if authority in self.down or authority not in self.apps:
            raise Unreachable("not there")
        transport = httpx.ASGITransport(app=self.apps[authority], client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.request(
                request.method, request.url, headers=request.headers, content=request.body
            )
        response = Response(answer.status_code, dict(answer.headers), answer.content, request.url)
        self.log.append((request, response))
        return response


@dataclass
class RunningNode:
    """One node of a test: its app, its database, and a browser-like client without a log-in."""

    domain: str
    settings: Settings
    engine: Engine
    app: Starlette
    sender: InProcessSender
    runners: list[RunOnce]

    @property
    def base(self) -> str:
        return f"http://{self.domain}"

    @property
    def work(self) -> Work:
        return Work(self.settings, self.engine, Network(self.engine, self.settings.scheme, self.sender))

    @property
    def identity(self) -> Identity:
        return self.read(lambda db: identity.load(db, self.settings.scheme))

    def client(self) -> httpx.AsyncClient:
        """A fresh visitor; cookies stay with it, redirects are not followed."""
        transport = httpx.ASGITransport(app=self.app, client=("127.0.0.1", 2))
        return httpx.AsyncClient(transport=transport, base_url=self.base)

    def read(self, work: Callable[[Connection], Found]) -> Found:
        with reading(self.engine) as db:
            return work(db)

    def write(self, work: Callable[[Connection], Found]) -> Found:
        with writing(self.engine) as db:
            return work(db)

    async def run_once(self) -> int:
        """One round of every worker; returns how much was done."""
        return sum([await runner(self.work) for runner in self.runners])


@asynccontextmanager
async def fediverse(
    folder: Path, domains: Mapping[str, str], *, kinds: Mapping[str, str] | None = None
) -> AsyncIterator[dict[str, RunningNode]]:
    """Nodes by name, ready but empty: `domains` maps each domain to a database URL with all tables."""
    sender = InProcessSender()
    async with AsyncExitStack() as stack:
        nodes = {}
        for domain, url in domains.items():
            node = _start(folder, domain, url, sender, (kinds or {}).get(domain, "firm"))
            await stack.enter_async_context(node.app.router.lifespan_context(node.app))
            stack.callback(node.engine.dispose)
            nodes[domain.partition(".")[0]] = node
        yield nodes


def _start(folder: Path, domain: str, url: str, sender: InProcessSender, kind: str) -> RunningNode:
    home = folder / domain.partition(":")[0]
    home.mkdir(parents=True)
    settings = Settings(home=home, local=True, database=url)
    engine = open_engine(url)
    with writing(engine) as db:
        if identity.find_row(db) is None:  # a copy of a node that was made before goes on as that node
            identity.create(db, name=domain.partition(".")[0].title(), domain=domain, kind=kind)
            identity.change(db, ready_at=now())
    app = build_app(settings, engine=engine, sender=sender)
    sender.apps[domain] = app
    return RunningNode(domain, settings, engine, app, sender, workers())


async def settle(*nodes: RunningNode) -> None:
    """Run all workers of all nodes until nothing is left to do."""
    for _ in range(MOST_ROUNDS):
        if not sum([await node.run_once() for node in nodes]):
            return
    raise AssertionError("the nodes never came to rest")
