"""Sends what is due: peers beside each other, one delivery at a time per peer, so order holds."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool

from federation.delivery import Dead, Delivered, Outcome, Retry, backoff, deliver
from federation.messages import Signer
from node import identity
from node.actors import get_actor
from node.boundary import exchanges, is_inside
from node.db import absolute, reading, writing
from node.identity import Identity
from node.ids import now
from node.network import actor_signer, node_signer
from node.objects import PEOPLE, PUBLIC, is_closed
from node.peers import BLOCKED, PAIRED, get_peer
from node.queue import (
    Claim,
    Delivery,
    claim_peers,
    is_anything_due,
    keep_claim,
    next_delivery,
    postpone,
    record_dead,
    record_delivered,
    record_dropped,
    record_failure,
    record_silence,
    release_claim,
)
from node.rings.proving import ask_proof, is_between_partners, needs_proof, note_proof
from node.rings.restore_rows import is_closed_towards
from node.rings.rotation import knows_our_key, tell
from node.workers.lanes import Lane, run_lanes
from node.workers.loop import Work

log = structlog.get_logger()

ENDING = ("Undo", "Reject")  # a follow that ends because of a policy is still told to be over
UNTIL_TOLD = timedelta(minutes=5)  # a partner that tells what we forgot is woken at once
MOST_REFUSALS = 14  # with back-off from one second: about four hours


@dataclass(frozen=True)
class Step:
    """What a lane does next: one delivery, with the claim that makes the peer ours while we send.

    `unproven` is the partner that must first show once more that it holds its pinned key (rule 8), or, when
    it does not yet `knows_us`, learn our new one.
    """

    claim: Claim
    delivery: Delivery
    signer: Signer
    unproven: Row[Any] | None
    knows_us: bool


async def run_once(work: Work) -> int:
    """Send to every peer that something is due for; returns how many peers were tried."""

    async def find(busy: Collection[int], most: int) -> dict[int, Lane]:
        claims = await run_in_threadpool(_claim, work, most)
        return {
            claim.peer_id: partial(_send_all, work, claim) for claim in claims if claim.peer_id not in busy
        }

    return await run_lanes(find)


def _claim(work: Work, most: int) -> list[Claim]:
    with reading(work.engine) as db:
        if not most or not is_anything_due(db):  # an idle node takes no write lock
            return []
    with writing(work.engine) as db:
        return claim_peers(db, limit=most)


async def _send_all(work: Work, claim: Claim) -> None:
    """Oldest first until nothing waits or the peer fails; what comes meanwhile goes too."""
    step = await run_in_threadpool(_begin, work, claim)
    while step is not None:
        if step.unproven is not None:
            ask = ask_proof if step.knows_us else tell
            missing = await ask(work.network, step.unproven)
            step = await run_in_threadpool(_go_on_if_proven, work, step, missing)
            continue
        body = step.delivery.body.encode()
        outcome = await deliver(work.network.sender, body, step.delivery.inbox, step.signer)
        step = await run_in_threadpool(_go_on, work, step, outcome)


def _begin(work: Work, claim: Claim) -> Step | None:
    with writing(work.engine) as db:
        return _next(db, work, claim)


def _go_on(work: Work, step: Step, outcome: Outcome) -> Step | None:
    """Write down what happened and take the next; None when the peer is done or must be left alone."""
    with writing(work.engine) as db:
        if _record(db, step.delivery, outcome):
            return _next(db, work, step.claim)
        release_claim(db, step.claim)
        return None


def _go_on_if_proven(work: Work, step: Step, missing: str) -> Step | None:
    """Choose again what goes, for asking took a while; without a proof the peer is down."""
    peer_id = step.delivery.peer_id
    with writing(work.engine) as db:
        if not missing:
            note_proof(db, peer_id)
            return _next(db, work, step.claim)
        log.warning("peer_unproven", peer=peer_id, reason=missing)
        record_silence(db, peer_id, missing, _retry_at(db, peer_id))
        release_claim(db, step.claim)
        return None


def _next(db: Connection, work: Work, claim: Claim) -> Step | None:
    kept = keep_claim(db, claim)
    if kept is None:
        return None
    delivery = _next_allowed(db, claim.peer_id)
    if delivery is None:
        release_claim(db, kept)
        return None
    if delivery.audience != PUBLIC and is_closed_towards(db, claim.peer_id):
        postpone(db, claim.peer_id, now() + UNTIL_TOLD)
        release_claim(db, kept)
        return None
    peer = get_peer(db, claim.peer_id)
    node = identity.load(db, work.settings.scheme)
    knows_us = not is_between_partners(peer, delivery.audience) or knows_our_key(db, node, peer)
    unproven = peer if not knows_us or needs_proof(peer, delivery.audience) else None
    return Step(kept, delivery, _signer(db, node, delivery), unproven, knows_us)


def _next_allowed(db: Connection, peer_id: int) -> Delivery | None:
    """What may not go any more is dropped at the door, all but Deletes (rule 9)."""
    delivery = next_delivery(db, peer_id)
    while delivery is not None and not _may_go(db, delivery):
        record_dropped(db, delivery)
        delivery = next_delivery(db, peer_id)
    return delivery


def _may_go(db: Connection, delivery: Delivery) -> bool:
    """Only what is numbered is a ring's or room's: proposals, leavings and receipts go without one."""
    if delivery.type == "Delete":
        return True
    peer = get_peer(db, delivery.peer_id)
    if peer.state == BLOCKED:
        return False
    if delivery.audience == PUBLIC or (delivery.audience == PEOPLE and peer.state != PAIRED):
        return delivery.type in ENDING or exchanges(db, delivery.peer_id)
    if delivery.n is None:
        return True
    return is_inside(db, delivery.audience) and is_inside(db, delivery.audience, delivery.peer_id)


def _signer(db: Connection, node: Identity, delivery: Delivery) -> Signer:
    """What is open is signed by its actor; a ring's, and all between paired nodes, by the node (rule 8)."""
    is_open = delivery.audience == PUBLIC
    if is_closed(delivery.audience) or (not is_open and get_peer(db, delivery.peer_id).state == PAIRED):
        return node_signer(node)
    if delivery.actor_id is None:
        return actor_signer(node.rsa_key_id, node.rsa_private)
    actor = get_actor(db, delivery.actor_id)
    return actor_signer(f"{absolute(node.base, actor.uri)}#main-key", actor.rsa_private)


def _record(db: Connection, delivery: Delivery, outcome: Outcome) -> bool:
    """Write down what happened; False when the peer must be left alone for a while."""
    match outcome:
        case Delivered():
            record_delivered(db, delivery)
        case Dead(reason=reason) if not _may_recover(db, delivery):
            log.warning("delivery_refused", peer=delivery.peer_id, delivery=delivery.id, reason=reason)
            record_dead(db, delivery, reason)
        case _:
            after = outcome.after if isinstance(outcome, Retry) else None
            record_failure(db, delivery, outcome.reason, _retry_at(db, delivery.peer_id, after))
            return False
    return True


def _retry_at(db: Connection, peer_id: int, after: float | None = None) -> datetime:
    failures = int(get_peer(db, peer_id).failures)
    return now() + timedelta(seconds=after or backoff(failures + 1, secrets.randbelow(1000) / 1000))


def _may_recover(db: Connection, delivery: Delivery) -> bool:
    """A partner whose proxy answers 404 for a while is not refusing: it is tried again for some hours."""
    return delivery.attempts < MOST_REFUSALS and get_peer(db, delivery.peer_id).state == PAIRED
