"""One lane per peer: in order within it, while no slow or failing peer holds up another."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import structlog

log = structlog.get_logger()

MOST_LANES = 64
AT_ONCE = 8
LOOK_AGAIN_SECONDS = 0.3
AFTER_ERROR_SECONDS = 5.0

Lane = Callable[[], Awaitable[None]]
Find = Callable[[Collection[int], int], Awaitable[Mapping[int, Lane]]]


async def run_lanes(find: Find) -> int:
    """Run until nothing is left to do; returns how many lanes ran.

    `find` is given the peers whose lanes run now and how many more may; it returns new lanes by peer. It is
    asked again and again, so that a peer gets its lane though another one hangs.
    """
    running: dict[int, asyncio.Task[None]] = {}
    count = 0
    try:
        while True:
            found = await find(running.keys(), MOST_LANES - len(running))
            running |= {peer_id: asyncio.create_task(_run(peer_id, lane)) for peer_id, lane in found.items()}
            count += len(found)
            if not running:
                return count
            await asyncio.wait(
                running.values(), timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            running = {peer_id: lane for peer_id, lane in running.items() if not lane.done()}
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)


async def _run(peer_id: int, lane: Lane) -> None:
    try:
        await lane()
    except Exception as error:  # whatever it is, it must stay in its lane; what was due stays due
        log.error("lane_failed", peer=peer_id, exc_info=error)
        await asyncio.sleep(AFTER_ERROR_SECONDS)


async def each(errands: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """All of them, few at a time: in a sector ring there are hundreds of partners to ask."""
    free = asyncio.Semaphore(AT_ONCE)

    async def run(errand: Callable[[], Awaitable[None]]) -> None:
        async with free:
            await errand()

    await asyncio.gather(*(run(errand) for errand in errands))
