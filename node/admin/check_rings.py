"""check-rings: reads everything that stands here as those outside would, and compares it with the table.

In this process, over the database opened for reading alone; who asks is put in after the signature check.
"""

import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import structlog
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.types import Message

from federation.errors import Unreachable
from federation.messages import Request, Response
from node.admin.check_questions import (
    EITHER,
    GONE,
    HIDDEN,
    SERVED,
    Question,
    Thing,
    everybody,
    list_things,
    questions_about,
)
from node.admin.check_table import Asker, read_facts
from node.boundary import Anonymous, Outside
from node.db import open_engine, reading
from node.ids import now
from node.settings import Settings
from node.web.injected import READER

log = structlog.get_logger()

NOTE = "last-check.json"
MOST_KEPT = 200  # findings in the note
EVERY = 200  # things between two notes of how far it is

Build = Callable[..., Starlette]


@dataclass(frozen=True)
class Difference:
    """A finding: who got what at which address, and what the table says. No words of anything."""

    asker: str
    path: str
    accept: str
    expected: str
    got: str


@dataclass
class Check:
    """How far a check is, and what it found; `ended_at` stays empty when it was stopped midway."""

    started_at: str
    total: int = 0
    done: int = 0
    asked: int = 0
    seed: int | None = None
    ended_at: str = ""
    found: int = 0
    differences: list[Difference] = field(default_factory=list)


async def check_rings(
    settings: Settings,
    build: Build,
    *,
    sample: int | None = None,
    seed: int | None = None,
    tell: Callable[[Check], None] = lambda _: None,
) -> Check:
    """Ask everything (or `sample` things, picked by `seed`) for everybody; `tell` hears how far it is."""
    check = Check(now().isoformat())
    engine = open_engine(settings.database_url, only_reads=True)
    try:
        async with _running(build, settings, engine) as app:
            things = await run_in_threadpool(_things, engine)
            if sample is not None and sample < len(things):
                check.seed = seed if seed is not None else secrets.randbelow(2**32)
                things = _pick(things, sample, check.seed)
            check.total = len(things)
            await _ask_all(app, engine, things, check, tell)
    finally:
        engine.dispose()
    check.ended_at = now().isoformat()
    tell(check)
    return check


@asynccontextmanager
async def _running(build: Build, settings: Settings, engine: Engine) -> AsyncIterator[Starlette]:
    app = build(settings, engine=engine, sender=_ask_nobody)
    async with app.router.lifespan_context(app):
        yield app


async def _ask_nobody(_request: Request) -> Response:
    raise Unreachable("a check asks no other server")


def _things(engine: Engine) -> list[Thing]:
    with reading(engine) as db:
        return list_things(db)


def _pick(things: Sequence[Thing], most: int, seed: int) -> list[Thing]:
    """Some of each kind alike, the same ones for the same seed."""

    def place(thing: Thing) -> bytes:
        return hashlib.sha256(f"{seed} {thing.kind} {thing.key}".encode()).digest()

    return sorted(things, key=place)[:most]


async def _ask_all(
    app: Starlette, engine: Engine, things: Sequence[Thing], check: Check, tell: Callable[[Check], None]
) -> None:
    for thing in things:
        wrong = await _ask_about(app, engine, thing, check)
        if wrong:  # it may have changed between the question and the answer: then it fits now
            wrong = await _ask_about(app, engine, thing, check)
        check.found += len(wrong)
        check.differences += wrong[: MOST_KEPT - len(check.differences)]
        check.done += 1
        if check.done % EVERY == 0:
            tell(check)


async def _ask_about(app: Starlette, engine: Engine, thing: Thing, check: Check) -> list[Difference]:
    questions = await run_in_threadpool(_questions, engine, thing)
    check.asked += len(questions)
    answers = [(question, await ask(app, question)) for question in questions]
    return [_difference(question, got) for question, got in answers if not _fits(question, *got)]


def _questions(engine: Engine, thing: Thing) -> list[Question]:
    with reading(engine) as db:
        return questions_about(db, read_facts(db), everybody(db), thing)


def _fits(question: Question, status: int, total: int | None) -> bool:
    outcome = _outcome(status)
    if question.expected == GONE:
        fits = outcome in (GONE, HIDDEN)
    else:
        fits = outcome in (SERVED, HIDDEN) if question.expected == EITHER else outcome == question.expected
    return fits and (total is None or question.total is None or total == question.total)


def _outcome(status: int) -> str:
    known = {200: SERVED, 410: GONE, 404: HIDDEN, 401: HIDDEN}
    return known.get(status, f"status {status}")


def _difference(question: Question, got: tuple[int, int | None]) -> Difference:
    status, total = got
    counted = "" if total is None else f", counts {total}"
    expected = (
        question.expected if question.total is None else f"{question.expected}, counts {question.total}"
    )
    return Difference(
        question.asker.name, question.path, question.accept, expected, f"{_outcome(status)}{counted}"
    )


# --- one request in this process -----------------------------------------------------------------


async def ask(app: Starlette, question: Question) -> tuple[int, int | None]:
    """The status, and the number that the answer counts, if any."""
    path, _, query = question.path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept", question.accept.encode())],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 443),
        READER: _reader(question.asker),
    }
    heard: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        heard.append(message)

    try:
        await app(scope, receive, send)
    except Exception as bug:  # it was answered by 500 already, which is a finding
        log.warning("check_met_a_bug", path=question.path, error=type(bug).__name__)
    status = next((int(one["status"]) for one in heard if one["type"] == "http.response.start"), 500)
    body = b"".join(one.get("body", b"") for one in heard if one["type"] == "http.response.body")
    return status, _total(body) if question.total is not None and status == 200 else None


def _reader(asker: Asker) -> Anonymous | Outside:
    if asker.kind == "anonymous":
        return Anonymous()
    return Outside(asker.peer_id, node_key=asker.kind == "node")


def _total(body: bytes) -> int | None:
    document: dict[str, Any] = json.loads(body)
    usage = document.get("usage")
    found = usage.get("localPosts") if isinstance(usage, dict) else document.get("totalItems")
    return found if isinstance(found, int) else None


# --- the note of the last check ------------------------------------------------------------------


def note_check(home: Path, check: Check) -> None:
    """Written whole or not at all, so that pages can read it while it grows."""
    draft = home / f"{NOTE}.new"
    draft.write_text(json.dumps(asdict(check)))
    draft.replace(home / NOTE)


def last_check(home: Path) -> Check | None:
    """The last check of this home, also one that goes on or was stopped midway."""
    try:
        noted = json.loads((home / NOTE).read_text())
        noted["differences"] = [Difference(**one) for one in noted["differences"]]
        return Check(**noted)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


async def check_and_note(settings: Settings, build: Build) -> None:
    """For the admin's button: in the background of a running node."""

    def tell(check: Check) -> None:
        note_check(settings.home, check)

    tell(Check(now().isoformat()))
    await check_rings(settings, build, tell=tell)
