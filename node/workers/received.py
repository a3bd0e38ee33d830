"""Handles what inboxes kept: one transaction each, so an activity has its whole effect once or none."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from federation.actors import fetch_actor
from federation.addressing import read_addressing
from federation.delivery import backoff
from federation.documents import as_object, parse_json, types_of
from federation.errors import Gone, Rejected, Unreachable
from node import identity
from node.db import reading, writing
from node.errors import NodeError
from node.identity import Identity
from node.ids import now
from node.incoming import Dropped, Handler, Incoming, Missing
from node.peers import PAIRED, get_peer, keep_peer
from node.people.remote import keep_actor
from node.queue import end_received, postpone_received, take_received, waiting_received
from node.workers.loop import Work

log = structlog.get_logger()

MOST_FETCHES = 10  # for one activity
MOST_ATTEMPTS = 12

Handlers = Mapping[tuple[str, str], Handler]
StoreFetched = Callable[[Connection, Identity, dict[str, Any], int], object]
NoteNumber = Callable[[Connection, Incoming], None]


def received_worker(
    handlers: Handlers, store_fetched: StoreFetched, note_number: NoteNumber
) -> Callable[[Work], Any]:
    """The worker over app.py's table type → function."""

    async def run_once(work: Work) -> int:
        ids = await run_in_threadpool(_waiting, work)
        for received_id in ids:
            await _handle(work, received_id)
        return len(ids)

    async def _handle(work: Work, received_id: int) -> None:
        for _ in range(MOST_FETCHES):
            try:
                return await run_in_threadpool(_in_transaction, work, received_id)
            except Missing as missing:
                if not await _fetched(work, received_id, missing):
                    return None
        return await run_in_threadpool(
            _end, work, received_id, "dropped", "too much had to be fetched for it"
        )

    def _in_transaction(work: Work, received_id: int) -> None:
        try:
            with writing(work.engine) as db:
                row = take_received(db, received_id)
                if row is not None:
                    incoming = _read(db, work, row)
                    _check_key(db, incoming)
                    _dispatch(db, incoming)
                    note_number(db, incoming)
                    end_received(db, received_id, "done")
        except Dropped as refusal:
            log.info("activity_dropped", received=received_id, reason=str(refusal))
            _end(work, received_id, "dropped", str(refusal), note_number)
        except (Rejected, NodeError) as refusal:
            _end(work, received_id, "dropped", type(refusal).__name__, note_number)
        except IntegrityError:
            _postpone(work, received_id, "met another change")
        except (KeyError, TypeError, ValueError, AttributeError) as bug:
            log.exception("activity_failed", received=received_id, error=type(bug).__name__)
            _end(work, received_id, "failed", type(bug).__name__)

    def _dispatch(db: Connection, incoming: Incoming) -> None:
        kind = next(iter(types_of(incoming.activity)), "")
        inner = next(iter(types_of(as_object(incoming.activity.get("object")))), "")
        handler = handlers.get((kind, inner)) or handlers.get((kind, "*"))
        if handler is None:
            raise Dropped(f"no use for {kind[:40]}")
        handler(db, incoming)

    async def _fetched(work: Work, received_id: int, missing: Missing) -> bool:
        """Fetch what a handler asked for; False when the activity was put off or ended instead."""
        try:
            if missing.what == "actor":
                actor = await fetch_actor(work.network.get, missing.uri)
                await run_in_threadpool(_store, work, lambda db, _: keep_actor(db, actor))
            else:
                document = await work.network.get_document(missing.uri)
                await run_in_threadpool(_store, work, lambda db, node: _keep(db, node, document))
        except Unreachable as error:
            await run_in_threadpool(_postpone, work, received_id, error.reason)
            return False
        except (Gone, Rejected, Dropped) as error:
            await run_in_threadpool(
                _end, work, received_id, "dropped", f"{missing.what}: {error}", note_number
            )
            return False
        return True

    def _keep(db: Connection, node: Identity, document: dict[str, Any]) -> None:
        store_fetched(db, node, document, keep_peer(db, urlsplit(document["id"]).netloc))

    return run_once


def _waiting(work: Work) -> list[int]:
    with reading(work.engine) as db:
        return waiting_received(db)


def _read(db: Connection, work: Work, row: Row[Any]) -> Incoming:
    return Incoming(
        node=identity.load(db, work.settings.scheme),
        activity=parse_json(row.body.encode()),
        actor_uri=row.actor,
        peer_id=row.peer_id,
        by_node=row.by_node,
        received_at=row.received_at,
    )


def _check_key(db: Connection, incoming: Incoming) -> None:
    """From a paired node a person's key opens nothing that is not open (rule 8)."""
    if incoming.by_node or get_peer(db, incoming.peer_id).state != PAIRED:
        return
    inner = incoming.object
    if "Create" in types_of(incoming.activity) and not read_addressing(incoming.activity, inner).public:
        raise Dropped("a paired node signs with its own key")


def _store(work: Work, keep: Callable[[Connection, Identity], object]) -> None:
    with writing(work.engine) as db:
        keep(db, identity.load(db, work.settings.scheme))


def _end(work: Work, received_id: int, state: str, error: str, note_number: NoteNumber | None = None) -> None:
    """Refused or failed: its number counts as heard all the same, or catching up would never end."""
    with writing(work.engine) as db:
        row = take_received(db, received_id)
        if row is None:
            return
        if note_number is not None:
            note_number(db, _read(db, work, row))
        end_received(db, received_id, state, error)


def _postpone(work: Work, received_id: int, error: str) -> None:
    with writing(work.engine) as db:
        row = take_received(db, received_id)
        if row is None:
            return
        if row.attempts >= MOST_ATTEMPTS:
            end_received(db, received_id, "failed", error)
        else:
            seconds = backoff(row.attempts + 1, 0.5)
            postpone_received(db, received_id, error, now() + timedelta(seconds=seconds))
