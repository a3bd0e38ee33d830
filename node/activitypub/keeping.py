"""Group commit of what inboxes took: one transaction for all that came meanwhile, durable before the 202."""

import asyncio
from collections.abc import Sequence
from functools import partial

from anyio.to_thread import run_sync
from sqlalchemy import Engine

from node.db import writing
from node.peers import keep_peer
from node.queue import Arrival, keep_received, wake_peer

Batch = Sequence[tuple[Arrival, asyncio.Future[None]]]


class Keeper:
    """Belongs to one event loop; requests wait for the commit that holds their activity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def keep(self, arrival: Arrival) -> None:
        """Returns once the activity is on disk; raises whatever kept it from getting there."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            if not await self._settle(batch) and len(batch) > 1:
                for one in batch:  # one unsound activity must not cost the others their answer
                    await self._settle([one])

    async def _settle(self, batch: Batch) -> bool:
        """Store a batch and answer it; False when it could not be and nobody was answered yet."""
        try:
            await run_sync(partial(self._store, [arrival for arrival, _ in batch]))
        except Exception as error:  # a future that nobody settles would hang its sender
            if len(batch) == 1:
                _answer(batch, error)
            return False
        _answer(batch, None)
        return True

    def _store(self, arrivals: Sequence[Arrival]) -> None:
        with writing(self._engine) as db:
            peers = {arrival.domain: keep_peer(db, arrival.domain) for arrival in arrivals}
            for peer_id in sorted(peers.values()):  # one order for all, so that two processes never deadlock
                wake_peer(db, peer_id)
            keep_received(db, [(arrival, peers[arrival.domain]) for arrival in arrivals])


def _answer(batch: Batch, error: Exception | None) -> None:
    for _, future in batch:
        if future.done():  # the sender hung up
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
