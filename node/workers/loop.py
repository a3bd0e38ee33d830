"""The loop all workers share: do what is due, rest until woken or a moment has passed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from node.network import Network
from node.settings import Settings

log = structlog.get_logger()

REST_SECONDS = 0.5
AFTER_ERROR_SECONDS = 5.0


@dataclass(frozen=True)
class Work:
    """What a worker needs."""

    settings: Settings
    engine: Engine
    network: Network


RunOnce = Callable[[Work], Awaitable[int]]


class Wake:
    """Something was written: idle workers look again. Safe to call from any thread of the loop's process."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def __call__(self) -> None:
        self._loop.call_soon_threadsafe(self._event.set)

    async def rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._event.clear()


async def run_forever(work: Work, wakes: Sequence[Wake], workers: Sequence[RunOnce]) -> None:
    """Run every worker beside the others until cancelled; each has a wake of its own."""
    async with asyncio.TaskGroup() as group:
        for run_once, wake in zip(workers, wakes, strict=True):
            group.create_task(_run(work, wake, run_once))


async def _run(work: Work, wake: Wake, run_once: RunOnce) -> None:
    while True:
        try:
            done = await run_once(work)
        except Exception as error:  # one worker's fault or a full disk must not end the others unseen
            log.error("worker_failed", worker=_name(run_once), exc_info=error)
            await asyncio.sleep(AFTER_ERROR_SECONDS)
            continue
        if not done:
            await wake.rest(REST_SECONDS)


def _name(run_once: RunOnce) -> str:
    """Where it lives; some workers are functions, some objects."""
    return getattr(run_once, "__module__", type(run_once).__name__)
