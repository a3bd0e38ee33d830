"""Sends what is due: peers beside each other, one delivery at a time per peer, so order holds."""

import asyncio
import secrets
from datetime import timedelta

import structlog
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from federation.delivery import Dead, Delivered, Outcome, backoff, deliver
from federation.messages import Signer
from node import identity
from node.actors import get_actor
from node.db import absolute, reading, writing
from node.identity import Identity
from node.ids import now
from node.network import actor_signer, node_signer
from node.objects import PUBLIC
from node.peers import PAIRED, get_peer
from node.queue import (
    Delivery,
    claim_peers,
    is_anything_due,
    next_deliveries,
    record_dead,
    record_delivered,
    record_failure,
    release_peer,
)
from node.workers.loop import Work

log = structlog.get_logger()


async def run_once(work: Work) -> int:
    """Send to every peer that something is due for; returns how many peers were tried."""
    peer_ids = await run_in_threadpool(_claim, work)
    await asyncio.gather(*(_send_all(work, peer_id) for peer_id in peer_ids))
    return len(peer_ids)


def _claim(work: Work) -> list[int]:
    with reading(work.engine) as db:
        if not is_anything_due(db):  # an idle node takes no write lock
            return []
    with writing(work.engine) as db:
        return claim_peers(db)


async def _send_all(work: Work, peer_id: int) -> None:
    """Oldest first until nothing waits or the peer fails; what comes meanwhile goes too."""
    while prepared := await run_in_threadpool(_prepare, work, peer_id):
        for delivery, signer in prepared:
            outcome = await deliver(work.network.sender, delivery.body.encode(), delivery.inbox, signer)
            if not await run_in_threadpool(_record, work, delivery, outcome):
                return
    await run_in_threadpool(_release, work, peer_id)


def _prepare(work: Work, peer_id: int) -> list[tuple[Delivery, Signer]]:
    with reading(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        return [(delivery, _signer(db, node, delivery)) for delivery in next_deliveries(db, peer_id)]


def _signer(db: Connection, node: Identity, delivery: Delivery) -> Signer:
    """What is open is signed by its actor; all else between paired nodes by the node (rule 8)."""
    is_open = delivery.audience == PUBLIC
    if not is_open and get_peer(db, delivery.peer_id).state == PAIRED:
        return node_signer(node)
    if delivery.actor_id is None:
        return actor_signer(node.rsa_key_id, node.rsa_private)
    actor = get_actor(db, delivery.actor_id)
    return actor_signer(f"{absolute(node.base, actor.uri)}#main-key", actor.rsa_private)


def _record(work: Work, delivery: Delivery, outcome: Outcome) -> bool:
    """Write down what happened; False when the peer must be left alone for a while."""
    with writing(work.engine) as db:
        match outcome:
            case Delivered():
                record_delivered(db, delivery)
            case Dead(reason=reason):
                log.warning("delivery_refused", peer=delivery.peer_id, delivery=delivery.id, reason=reason)
                record_dead(db, delivery, reason)
            case _:
                seconds = outcome.after or backoff(
                    _failures(db, delivery) + 1, secrets.randbelow(1000) / 1000
                )
                record_failure(db, delivery, outcome.reason, now() + timedelta(seconds=seconds))
                return False
    return True


def _failures(db: Connection, delivery: Delivery) -> int:
    return int(get_peer(db, delivery.peer_id).failures)


def _release(work: Work, peer_id: int) -> None:
    with writing(work.engine) as db:
        release_peer(db, peer_id)
