"""Handles what inboxes kept: one transaction each, so an activity has its whole effect once or none."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from starlette.concurrency import run_in_threadpool

from federation.actors import fetch_actor
from federation.addressing import read_addressing
from federation.delivery import backoff
from federation.documents import as_id, parse_json, types_of
from federation.errors import Gone, Rejected, Unreachable
from federation.signatures import authority
from node import identity
from node.boundary import exchanges
from node.db import reading, writing
from node.errors import NodeError
from node.identity import Identity
from node.ids import now
from node.incoming import Dropped, Early, Handler, Incoming, Missing, is_closed_to
from node.peers import BLOCKED, PAIRED, get_peer, keep_peer
from node.people.remote import keep_actor
from node.queue import EARLY, end_received, peers_waiting, postpone_received, take_received, waiting_received
from node.workers.lanes import Lane, run_lanes
from node.workers.loop import Work

log = structlog.get_logger()

MOST_FETCHES = 10  # for one activity
MOST_ATTEMPTS = 12
LONGEST_EARLY, EARLY_AGAIN = timedelta(days=2), timedelta(hours=1)

StoreFetched = Callable[[Connection, Identity, dict[str, Any], int], object]
NoteNumber = Callable[[Connection, Incoming], None]


@dataclass(frozen=True)
class ReceivedWorker:
    """What app.py joins: the table type → function, how a fetched object is stored, how a number is noted."""

    handlers: Mapping[tuple[str, str], Handler]
    store_fetched: StoreFetched
    note_number: NoteNumber

    async def __call__(self, work: Work) -> int:
        """Handle what waits; returns of how many peers."""

        async def find(busy: Collection[int], most: int) -> dict[int, Lane]:
            waiting = await run_in_threadpool(_peers_waiting, work)
            free = [peer_id for peer_id in waiting if peer_id not in busy]
            return {peer_id: partial(_handle_all, self, work, peer_id) for peer_id in free[:most]}

        return await run_lanes(find)


def _peers_waiting(work: Work) -> list[int]:
    with reading(work.engine) as db:
        return peers_waiting(db)


async def _handle_all(worker: ReceivedWorker, work: Work, peer_id: int) -> None:
    """What waits of one peer, in the order it came."""
    for received_id in await run_in_threadpool(_waiting, work, peer_id):
        try:
            if not await _handle(worker, work, received_id):
                return
        except (OperationalError, InterfaceError, OSError):
            raise  # the database or the disk: it stays due
        except Exception as bug:  # it would stand before all that this peer sends later
            log.error("activity_failed", received=received_id, exc_info=bug)
            await run_in_threadpool(_end, work, received_id, "failed", type(bug).__name__)


def _waiting(work: Work, peer_id: int) -> list[int]:
    with reading(work.engine) as db:
        return waiting_received(db, peer_id)


async def _handle(worker: ReceivedWorker, work: Work, received_id: int) -> bool:
    """False when another worker is busy with this peer."""
    for _ in range(MOST_FETCHES):
        try:
            return await run_in_threadpool(_try, worker, work, received_id)
        except Missing as missing:
            if not await _fetch(worker, work, received_id, missing):
                return True
    await run_in_threadpool(_refuse, worker, work, received_id, "too much to fetch for it")
    return True


def _try(worker: ReceivedWorker, work: Work, received_id: int) -> bool:
    """One transaction; False when it is not ours to handle. Lets Missing out, and what nobody foresaw."""
    try:
        with writing(work.engine) as db:
            row = take_received(db, received_id)
            if row is None:
                return False
            incoming = _read(db, work, row)
            _check_key(db, incoming)
            _check_policy(db, incoming)
            _find_handler(worker, incoming)(db, incoming)
            worker.note_number(db, incoming)
            end_received(db, received_id, "done")
    except Dropped as refusal:
        _refuse(worker, work, received_id, str(refusal))
    except Early as refusal:
        _put_off(worker, work, received_id, str(refusal))
    except (Rejected, NodeError) as refusal:
        _refuse(worker, work, received_id, type(refusal).__name__)
    except IntegrityError:
        _postpone(work, received_id, "met another change")
    return True


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
    """From a paired node a person's key says nothing but what is open, so no follow either (rule 8)."""
    if incoming.by_node or get_peer(db, incoming.peer_id).state != PAIRED:
        return
    if not read_addressing(incoming.activity, incoming.object).public:
        raise Dropped("a paired node signs with its own key")


def _check_policy(db: Connection, incoming: Incoming) -> None:
    """Of a blocked server nothing counts, of one we exchange no open posts with only rings, and what ends."""
    if get_peer(db, incoming.peer_id).state == BLOCKED:
        raise Dropped("blocked")
    kinds = types_of(incoming.activity)
    if is_closed_to(db, incoming.peer_id, kinds, by_node=incoming.by_node):
        raise Dropped("open posts are not exchanged with this server")


def _find_handler(worker: ReceivedWorker, incoming: Incoming) -> Handler:
    kind = next(iter(types_of(incoming.activity)), "")
    inner = next(iter(types_of(incoming.object)), "")
    handler = worker.handlers.get((kind, inner)) or worker.handlers.get((kind, "*"))
    if handler is None:
        raise Dropped("no use for an activity of this type")
    return handler


async def _fetch(worker: ReceivedWorker, work: Work, received_id: int, missing: Missing) -> bool:
    """Get what a handler asked for; False when the activity was put off or ended instead."""
    try:
        await (
            _fetch_actor(work, missing.uri)
            if missing.what == "actor"
            else _fetch_object(worker, work, missing)
        )
    except Unreachable as error:
        await run_in_threadpool(_postpone, work, received_id, error.reason)
        return False
    except (Gone, Rejected, Dropped) as error:
        await run_in_threadpool(_refuse, worker, work, received_id, f"{missing.what}: {error}")
        return False
    return True


async def _fetch_actor(work: Work, uri: str) -> None:
    actor = await fetch_actor(work.network.get, uri)
    await run_in_threadpool(_store, work, lambda db, _: keep_actor(db, actor))


async def _document_or_tombstone(work: Work, uri: str) -> dict[str, Any]:
    """Its own server saying that it is gone is an answer too."""
    try:
        return await work.network.get_document(uri)
    except Gone:
        return {"id": uri, "type": "Tombstone"}


async def _fetch_object(worker: ReceivedWorker, work: Work, missing: Missing) -> None:
    if not await run_in_threadpool(_may_fetch, work, authority(missing.uri)):
        raise Rejected("open posts are not exchanged with this server")
    document = await _document_or_tombstone(work, missing.uri)
    if as_id(document) != missing.uri:
        raise Rejected("another document than was asked for")
    domain = authority(missing.uri)

    def keep(db: Connection, node: Identity) -> object:
        return worker.store_fetched(db, node, document, keep_peer(db, domain))

    try:
        await run_in_threadpool(_store, work, keep)
    except Missing as author:
        if author.what != "actor":
            raise Dropped("one fetched thing leads to the next") from author
        await _fetch_actor(work, author.uri)
        await run_in_threadpool(_store, work, keep)


def _may_fetch(work: Work, domain: str) -> bool:
    """Fetched is only what is open."""
    with writing(work.engine) as db:
        return exchanges(db, keep_peer(db, domain))


def _store(work: Work, keep: Callable[[Connection, Identity], object]) -> None:
    with writing(work.engine) as db:
        keep(db, identity.load(db, work.settings.scheme))


def _refuse(worker: ReceivedWorker, work: Work, received_id: int, reason: str) -> None:
    """Dropped; its number counts as heard all the same, or catching up would never end."""
    log.info("activity_dropped", received=received_id, reason=reason)
    with writing(work.engine) as db:
        row = take_received(db, received_id)
        if row is not None:
            worker.note_number(db, _read(db, work, row))
            end_received(db, received_id, "dropped", reason)


def _put_off(worker: ReceivedWorker, work: Work, received_id: int, reason: str) -> None:
    """It waits for another node's word that says who its sender is; without that it is dropped in the end."""
    with writing(work.engine) as db:
        row = take_received(db, received_id)
        if row is not None and row.received_at > now() - LONGEST_EARLY:
            postpone_received(db, received_id, EARLY, now() + EARLY_AGAIN)
            return
    _refuse(worker, work, received_id, reason)


def _end(work: Work, received_id: int, state: str, error: str) -> None:
    with writing(work.engine) as db:
        if take_received(db, received_id) is not None:
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
