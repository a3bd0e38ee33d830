"""Open streams of this process: one task looks for changes and for ended tokens, each stream asks for itself.

The database is the truth: a change is a row of its transaction, found by looking four times a second, at once
when this process wrote. A stream keeps numbers only; what it sends is read, with the token, right before.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from node.access.oauth.queries import Caller, find_caller_by_id, living_tokens
from node.api.calls import Call, Refused
from node.api.channels import Channel, Event, events_of
from node.changes import SLACK_MS, Change, recent_changes
from node.db import reading
from node.ids import new_id
from node.web.bodies import Params
from node.web.visits import Services

LOOK_SECONDS = 0.25
LEAST_SECONDS = 0.02  # between two looks, however much is written
BEAT_SECONDS = 15.0
SEND_SECONDS = 10.0  # who takes longer to read one event is dropped
FRESH_SECONDS = 0.5  # what was read longer ago is read again
MOST_WAITING = 500
MOST_AT_ONCE = 10
MOST_OF_MEMBER = 20
MOST_IN_ALL = 4_000

Deliver = Callable[[Event | None], Awaitable[None]]  # None: a sign of life


class Stream:
    """One connection of a member's app: its channels, and the changes that it has not looked at yet."""

    def __init__(self, scope: Scope, services: Services, caller: Caller) -> None:
        self.token_id = caller.token_id
        self.member_id = caller.member.actor_id if caller.member else 0
        self.channels: dict[Channel, None] = {}
        self.has_ended = False
        self.scope = scope
        self._services = services
        self._waiting: deque[Change] = deque()
        self._news = asyncio.Event()

    def offer(self, change: Change) -> None:
        if change.member_id not in (None, self.member_id):
            return
        self._waiting.append(change)
        if len(self._waiting) > MOST_WAITING:
            self.end()  # it reads too slowly; its app will ask the pages
        self._news.set()

    def end(self) -> None:
        self.has_ended = True
        self._news.set()

    async def run(self, deliver: Deliver) -> None:
        """Until it ends: by its token, its member, or because it reads too slowly."""
        with suppress(TimeoutError):
            while not self.has_ended:
                await self._wait()
                if not self._waiting:
                    if not self.has_ended:
                        await _in_time(deliver, None)
                    continue
                await self._send_some(deliver)

    async def _wait(self) -> None:
        if not self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), BEAT_SECONDS)
        self._news.clear()

    async def _send_some(self, deliver: Deliver) -> None:
        """What was found is sent at once or found again: it must not lie here while a membership ends."""
        batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
        asked_at = time.monotonic()
        found = await run_in_threadpool(self.find, batch)
        if found is None:
            self.end()
            return
        for place, events in enumerate(found):
            if place and time.monotonic() - asked_at > FRESH_SECONDS:
                self._waiting.extendleft(reversed(batch[place:]))
                return
            for event in events:
                if self.has_ended:
                    return
                await _in_time(deliver, event)

    def find(self, batch: list[Change]) -> list[list[Event]] | None:
        """What the member hears of each change now; None when the token is worth nothing any more."""
        with reading(self._services.engine) as db:
            caller = find_caller_by_id(db, self.token_id)
            if caller is None or caller.member is None:
                return None
            call = Call(self.scope, self._services, caller, Params(), {}, db=db)
            return [list(events_of(call, list(self.channels), change)) for change in batch]


async def _in_time(deliver: Deliver, event: Event | None) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await deliver(event)


class Streams:
    """All of this process; looks only while there are some."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._streams: set[Stream] = set()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._last = 0
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._written = asyncio.Event()
        self._begun = asyncio.Event()

    def wake(self) -> None:
        """This process wrote something; safe to call from any thread."""
        if self._streams:
            self._loop.call_soon_threadsafe(self._written.set)

    async def open(self, stream: Stream) -> None:
        """From now on it hears of what happens; raises Refused for one too many."""
        per_member = Counter(one.member_id for one in self._streams)
        if per_member[stream.member_id] >= MOST_OF_MEMBER or len(self._streams) >= MOST_IN_ALL:
            raise Refused(429, "Too many streams are open")
        self._streams.add(stream)
        if self._task is None:
            self._begun.clear()
            self._task = asyncio.create_task(self._run())
        await self._begun.wait()

    def close(self, stream: Stream) -> None:
        self._streams.discard(stream)

    async def stop(self) -> None:
        """The process ends."""
        for stream in self._streams:
            stream.end()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            await self._begin()
            while self._streams:
                await self._look()
                await asyncio.sleep(LEAST_SECONDS)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._written.wait(), LOOK_SECONDS)
                self._written.clear()
        finally:
            self._task = None
            for stream in self._streams:  # nobody would tell them any more
                stream.end()
            self._begun.set()

    async def _begin(self) -> None:
        """What happened before anybody listened is for the pages."""
        self._seen.clear()
        self._last = new_id()
        for change in (await run_in_threadpool(self._read, []))[0]:
            self._remember(change.id)
        self._begun.set()

    async def _look(self) -> None:
        here = list(self._streams)
        found, living = await run_in_threadpool(self._read, [one.token_id for one in here])
        for stream in here:
            if stream.token_id not in living:
                stream.end()
        for change in found:
            if change.id not in self._seen:
                self._remember(change.id)
                for stream in self._streams:
                    stream.offer(change)

    def _read(self, token_ids: list[int]) -> tuple[list[Change], set[int]]:
        with reading(self._engine) as db:
            return recent_changes(db, self._last), living_tokens(db, token_ids)

    def _remember(self, change_id: int) -> None:
        self._seen[change_id] = None
        self._last = max(self._last, change_id)
        while next(iter(self._seen)) < self._last - 2 * (SLACK_MS << 16):
            self._seen.popitem(last=False)
