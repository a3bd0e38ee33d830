"""Group commit of what inboxes took: one transaction for all that came meanwhile, durable before the 202."""

import asyncio
from collections.abc import Sequence
from functools import partial

from anyio.to_thread import run_sync
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from node.db import writing
from node.peers import keep_peer
from node.queue import Arrival, keep_received, wake_peer


class Keeper:
    """Belongs to one event loop; requests wait for the commit that holds their activity."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def keep(self, arrival: Arrival) -> None:
        """Returns once the activity is on disk; raises the database's error if it could not be."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await future

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await run_sync(partial(self._store, [arrival for arrival, _ in batch]))
            except SQLAlchemyError as error:
                _settle(batch, error)
            else:
                _settle(batch, None)

    def _store(self, arrivals: Sequence[Arrival]) -> None:
        with writing(self._engine) as db:
            peers = {arrival.domain: keep_peer(db, arrival.domain) for arrival in arrivals}
            for peer_id in peers.values():
                wake_peer(db, peer_id)
            keep_received(db, [(arrival, peers[arrival.domain]) for arrival in arrivals])


def _settle(batch: Sequence[tuple[Arrival, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, future in batch:
        if future.done():  # the sender hung up
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
