"""Whole nodes in one process, made quickly: copied homes, one frozen clock, no threads, a bad network."""

import asyncio
import itertools
import json
import random
import secrets
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import time_machine
from anyio._backends import _asyncio as anyio_asyncio
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine

from federation.errors import Unreachable
from federation.messages import Request, Response
from node import identity, ids
from node.access import passwords
from node.access.logins import start_login
from node.app import build_app, workers
from node.db import open_engine, writing
from node.queue import release_all_claims
from node.settings import Settings
from node.workers.loop import Work
from tests.factories import make_member
from tests.network import RunningNode
from tests.schema import create_schema

START = datetime(2027, 1, 4, 8, tzinfo=UTC)
NAMES = ("bakker", "smit", "jansen", "vries", "branche")
PEOPLE = ("dir", "anna", "bram", "carla")  # of each node; the first is director, editor and admin
INBOX = "/inbox"


# --- quick and repeatable ----------------------------------------------------------------------------


async def _inline(function: Callable[..., Any], arguments: tuple[Any, ...], **_: Any) -> Any:
    return function(*arguments)


@contextmanager
def no_threads() -> Iterator[None]:
    """What would run in a thread runs where it is: the same seed then makes the same run, and a faster one.

    Nothing awaits inside a transaction, so nobody waits for a lock that its own thread holds.
    """
    backend: Any = anyio_asyncio.AsyncIOBackend
    kept = backend.__dict__["run_sync_in_worker_thread"]
    backend.run_sync_in_worker_thread = staticmethod(_inline)
    try:
        yield
    finally:
        backend.run_sync_in_worker_thread = kept


@contextmanager
def chance_from(seed: int) -> Iterator[None]:
    """Secrets and ids that are the same every time: salts, codes, jitter; keys stay as they are."""
    chance = random.Random(seed)
    wrong: dict[str, Any] = {
        "token_hex": lambda size: chance.randbytes(size).hex(),
        "token_urlsafe": lambda size: chance.randbytes(size).hex(),
        "randbelow": chance.randrange,
        "choice": chance.choice,
    }
    right = {name: getattr(secrets, name) for name in wrong}
    for name, made in wrong.items():
        setattr(secrets, name, made)
    kept, ids._sequence = ids._sequence, itertools.count()
    ids._last[0] = 0
    try:
        yield
    finally:
        ids._sequence = kept
        for name, made in right.items():
            setattr(secrets, name, made)


@contextmanager
def cheap_hashes() -> Iterator[None]:
    """Passwords whose hashes cost next to nothing."""
    kept, passwords.hasher = passwords.hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    try:
        yield
    finally:
        passwords.hasher = kept


@cache
def _plans() -> tuple[Engine, dict[Any, Any]]:
    """What all nodes of all runs know of SQL: each statement is made into text once."""
    engine = create_engine("sqlite://")
    engine.connect().close()
    return engine, {}


def quick_engine(url: str) -> Engine:
    """The product's engine, with the statements that any other made before."""
    engine, (known, statements) = open_engine(url), _plans()
    engine.dialect = known.dialect
    engine.update_execution_options(compiled_cache=statements)
    return engine


class Clock:
    """The one time of all nodes; it moves only when told."""

    def __init__(self, moment: datetime) -> None:
        self._travel = time_machine.travel(moment, tick=False)
        self._traveller: Any = None

    def __enter__(self) -> "Clock":
        self._traveller = self._travel.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._travel.stop()

    def move(self, by: timedelta) -> None:
        self._traveller.shift(by)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)


# --- one request straight into an app ----------------------------------------------------------------


async def call(
    app: Any, method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Response:
    """A request as a server would hand it to the app; the whole answer."""
    parts = urlsplit(url)
    named = {"host": parts.netloc, **(headers or {})}
    if body:
        named.setdefault("content-length", str(len(body)))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": parts.scheme,
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    said: dict[str, Any] = {}
    pieces: list[bytes] = []
    asked = [False]

    async def receive() -> dict[str, Any]:
        if asked[0]:
            return {"type": "http.disconnect"}
        asked[0] = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.update(message)
        else:
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    names = {name.decode().lower(): value.decode("latin-1") for name, value in said["headers"]}
    return Response(said["status"], names, b"".join(pieces), url)


# --- the network -------------------------------------------------------------------------------------


@dataclass
class Passage:
    """One request that really reached a node: who sent it, what it was, what was answered."""

    source: str
    target: str
    request: Request
    response: Response


@dataclass
class BadNetwork:
    """Carries requests between the nodes, and does what networks do: lose, double, keep back, refuse.

    `plans` are what happens to the next requests to a target, oldest first.
    """

    apps: dict[str, Any] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    cut: set[frozenset[str]] = field(default_factory=set)
    plans: dict[str, list[str]] = field(default_factory=dict)
    kept_back: list[tuple[str, Request]] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    recorded: list[tuple[str, Request]] = field(default_factory=list)
    crashed: set[str] = field(default_factory=set)

    def from_(self, source: str) -> Callable[[Request], Awaitable[Response]]:
        """The way out of one node."""

        async def send(request: Request) -> Response:
            return await self._carry(source, request)

        return send

    async def _carry(self, source: str, request: Request) -> Response:
        target = urlsplit(request.url).netloc
        if target not in self.apps or target in self.down or frozenset((source, target)) in self.cut:
            raise Unreachable("not there")
        waiting = self.plans.get(target)
        plan = waiting.pop(0) if waiting else ""
        match plan:
            case "lost":
                raise Unreachable("lost on its way")
            case "kept":
                self.kept_back.append((source, _copy(request)))
                raise Unreachable("no answer in time")
            case "500" | "404" | "429":
                return Response(int(plan), {}, b"", request.url)
        answer = await self.hand_over(source, target, request)
        if plan == "doubled":
            answer = await self.hand_over(source, target, request)
        if plan == "answer lost":
            raise Unreachable("no answer in time")
        if plan == "crash" and request.method == "POST" and urlsplit(request.url).path == INBOX:
            self.crashed.add(source)
            raise asyncio.CancelledError  # the sender's process ends between sending and writing down
        return answer

    async def hand_over(self, source: str, target: str, request: Request) -> Response:
        headers = {**request.headers}
        answer = await call(self.apps[target], request.method, request.url, headers, request.body)
        self.passages.append(Passage(source, target, request, answer))
        if request.method == "POST":
            self.recorded.append((target, _copy(request)))
            del self.recorded[:-200]
        return answer

    async def __call__(self, request: Request) -> Response:
        """For whoever is no node of ours: straight to the target."""
        return await self._carry("", request)


def _copy(request: Request) -> Request:
    return Request(request.method, request.url, dict(request.headers), request.body)


# --- the nodes ---------------------------------------------------------------------------------------


@dataclass
class Site:
    """One node with what the machine knows of it from outside."""

    name: str
    node: RunningNode
    people: dict[str, int]
    eyes: sqlite3.Connection  # a look into its database, beside the node
    work: Work  # what its workers are given
    cookies: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        return self.node.domain

    @property
    def base(self) -> str:
        return f"http://{self.node.domain}"

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.eyes.execute(sql, values).fetchall()


@cache
def template(count: int) -> Path:
    """Homes of nodes with members, made once: keys are slow to make."""
    folder = Path(mkdtemp(prefix="machine-", dir=fast_folder()))
    with cheap_hashes(), time_machine.travel(START - timedelta(days=1), tick=True):
        for name in NAMES[:count]:
            url = f"sqlite:///{folder / name}.sqlite3"
            create_schema(url)
            engine = quick_engine(url)
            domain = f"{name}.localhost"
            with writing(engine) as db:
                identity.create(db, name=name.title(), domain=domain, kind="firm")
                identity.change(db, ready_at=datetime.now(UTC))
            settings = Settings(home=folder, local=True, database=url)
            node = RunningNode(domain, settings, engine, None, None, [])  # type: ignore[arg-type]
            for person in PEOPLE:
                roles = ("admin", "director", "editor") if person == "dir" else ()
                make_member(node, f"{person}_{name}", roles=roles, has_face=person in ("anna", "dir"))
            engine.dispose()
            with sqlite3.connect(folder / f"{name}.sqlite3") as made:
                made.execute("PRAGMA journal_mode=DELETE")
    return folder


def fast_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


async def stranger_at(scope: Any, _receive: Any, send: Any) -> None:
    """Who answers at a domain that lapsed: takes whatever is sent, and knows no key."""
    is_inbox = scope["method"] == "POST" and scope["path"] == INBOX
    await send({"type": "http.response.start", "status": 202 if is_inbox else 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class World:
    """Some nodes, the clock and the network between them."""

    def __init__(self, homes: Path, names: tuple[str, ...], clock: Clock) -> None:
        self.clock = clock
        self.network = BadNetwork()
        self.folder = Path(mkdtemp(prefix="machine-", dir=fast_folder()))
        self.sites = {name: self._open(homes, name) for name in names}

    def _open(self, homes: Path, name: str) -> Site:
        home = self.folder / name
        home.mkdir()
        path = home / "leerkring.sqlite3"
        shutil.copyfile(homes / f"{name}.sqlite3", path)
        node = self._start(name, home)
        eyes = sqlite3.connect(path, isolation_level=None)
        query = "SELECT handle, id FROM actors WHERE peer_id = 0 AND type = 'Person' ORDER BY id"
        people = {handle.partition("_")[0]: found for handle, found in eyes.execute(query)}
        return Site(name, node, people, eyes, node.work)

    def _start(self, name: str, home: Path) -> RunningNode:
        url = f"sqlite:///{home / 'leerkring.sqlite3'}"
        settings = Settings(home=home, local=True, database=url)
        engine = quick_engine(url)
        domain = f"{name}.localhost"
        sender: Any = self.network.from_(domain)
        app = build_app(settings, engine=engine, sender=sender)
        self.network.apps[domain] = app
        return RunningNode(domain, settings, engine, app, sender, workers())

    async def begin(self) -> None:
        for site in self.sites.values():
            await self._come_up(site.node)

    async def _come_up(self, node: RunningNode) -> None:
        """What a server does with the app before the first request."""
        context = node.app.router.lifespan_context(node.app)
        await context.__aenter__()
        node.app.state.kept_context = context

    async def restart(self, site: Site) -> None:
        """The process ends where it stands and starts again on the same home."""
        site.node.engine.dispose()
        site.node = self._start(site.name, site.node.settings.home)
        site.work = site.node.work
        site.node.write(release_all_claims)
        await self._come_up(site.node)

    def cookie(self, site: Site, person: str) -> str:
        """The cookie of a log-in, made anew before it ends; one that was ended is kept by whoever had it."""
        token, until = site.cookies.get(person, ("", START))
        if self.clock.now >= until:
            token = site.node.write(lambda db: start_login(db, site.people[person], "machine"))
            site.cookies[person] = (token, self.clock.now + timedelta(days=50))
        return f"leerkring-login-80={token}"

    def close(self) -> None:
        for site in self.sites.values():
            site.eyes.close()
            site.node.engine.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


def activity_in(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.body or b"{}")
    return found
