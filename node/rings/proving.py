"""Before closed content goes to a node, it signs our nonce with its pinned key, once an hour (rule 8)."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool

from federation.documents import Document, as_text, parse_time
from federation.errors import FederationError, Rejected, Unreachable
from federation.keys import decode_multibase
from node import identity
from node.db import reading, writing
from node.errors import NotFound
from node.identity import Identity
from node.ids import now
from node.network import Network
from node.objects import PUBLIC
from node.peers import PAIRED, change_peer, get_peer
from node.rings.restoring import knows_more, notice_copy
from node.rings.signed import Caller, ask_node_by_post, check_pinned, sign_words
from schemas.agreement import moment_text

PATH = "/node/prove"
PURPOSE = "leerkring-prove"
FRESH = timedelta(hours=1)
MOST_SKEW = timedelta(minutes=5)
# What stands as a peer's last error when somebody answers at its address, but not with its key.
UNPROVEN = "not proven"

_NONCE = re.compile(r"[0-9a-f]{64}")


def proof_words(asker: str, answerer: str, nonce: str, at: str) -> bytes:
    """What is signed: it says what it is for and names both, so it can stand for nothing else."""
    return rfc8785.dumps({"purpose": PURPOSE, "from": asker, "to": answerer, "nonce": nonce, "at": at})


# --- being asked -----------------------------------------------------------------------------------


def prove(node: Identity, caller: Caller, question: Document) -> tuple[str, Document]:
    """The nonce and the proof that a paired node asks for; NotFound for any other question."""
    nonce, at = as_text(question.get("nonce"), 64), as_text(question.get("at"), 40)
    is_between_us = question.get("from") == caller.domain and question.get("to") == node.domain
    if not is_between_us or not _NONCE.fullmatch(nonce) or not _is_recent(at):
        raise NotFound
    words = proof_words(caller.domain, node.domain, nonce, at)
    return nonce, {"proof": sign_words(node, words)}


def _is_recent(at: str) -> bool:
    try:
        return abs(parse_time(at) - now()) <= MOST_SKEW
    except Rejected:
        return False


# --- asking ----------------------------------------------------------------------------------------


def is_between_partners(peer: Row[Any], audience: str) -> bool:
    """Whether it is signed with node keys: all that is not open, between paired nodes."""
    return bool(audience != PUBLIC and peer.state == PAIRED)


def needs_proof(peer: Row[Any], audience: str) -> bool:
    """Whether a partner must prove itself before it gets something with this audience.

    Who is no partner any more gets Deletes only, and cannot be asked.
    """
    return is_between_partners(peer, audience) and not _is_fresh(peer.proved_at)


def _is_fresh(proved_at: datetime | None) -> bool:
    return proved_at is not None and now() - FRESH < proved_at <= now()


async def ask_proof(network: Network, peer: Row[Any]) -> str:
    """Ask a partner to sign a fresh nonce; "" when it did, else why it counts as down."""
    own_domain = await run_in_threadpool(_own_domain, network)
    nonce, at = secrets.token_hex(32), moment_text(now())
    question = {"from": own_domain, "to": peer.domain, "nonce": nonce, "at": at}
    try:
        answer = await ask_node_by_post(network, peer, PATH, question, nonce)
        proof = decode_multibase(as_text(answer.get("proof")))
        check_pinned(peer, proof_words(own_domain, peer.domain, nonce, at), proof)
    except Unreachable as error:
        return error.reason
    except FederationError:
        return UNPROVEN
    await run_in_threadpool(_notice_copy, network, peer, answer)
    return ""


def _notice_copy(network: Network, peer: Row[Any], answer: Document) -> None:
    with reading(network.engine) as db:
        node = identity.load(db, network.scheme)
        is_known = get_peer(db, int(peer.id)).compared_at is not None
        if is_known and not knows_more(db, node, int(peer.id), answer.get("heard")):
            return
    with writing(network.engine) as db:
        notice_copy(db, node, int(peer.id), answer.get("heard"))


def _own_domain(network: Network) -> str:
    with reading(network.engine) as db:
        return identity.load(db, network.scheme).domain


def note_proof(db: Connection, peer_id: int) -> None:
    change_peer(db, peer_id, proved_at=now())
