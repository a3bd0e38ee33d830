"""What two nodes say to each other while pairing: hashes first, then nonces, then that a director confirmed.

Every step can be said again after a crash and gets the same answer; nobody but the named domain learns that
there is an invitation.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import rfc8785
from anyio.to_thread import run_sync
from sqlalchemy import Connection, Row, or_, select

from federation.documents import Document, as_text
from federation.errors import FederationError
from node import identity
from node.db import reading, writing
from node.errors import NotFound
from node.i18n import msg
from node.identity import Identity
from node.ids import now
from node.network import Network
from node.notices import notify
from node.rings import pairing
from node.rings.pairing import (
    ASKED,
    CONFIRMED,
    FAILED,
    GOING_ON,
    INVITED,
    INVITED_SIDE,
    INVITER,
    MOST_WRONG_CODES,
    PAIRED,
    WITHDRAWN,
    WORDS,
)
from node.rings.signed import Caller, fetch_node, tell_node
from node.rings.tables import pairings

PATH = "/node/pairing"
PAUSE = timedelta(seconds=20)

UNREACHABLE = msg("Their node does not answer. We keep trying. Is the address right?")
REFUSED = msg(
    "Their node knows of no invitation for you. Check the address and the code, or ask for a new one."
)
WRONG_CODE = msg("The code is not right. Ask the other director to read it again, and start again.")
NOT_THE_SAME = msg("Their node gave an answer that does not fit. Call each other and start again.")
OVER_THERE = msg("The other side stopped this pairing. Call each other and start again.")


def commitment(domain: str, nonce: str) -> str:
    """The hash by which a side binds itself to a nonce before it sees the other's."""
    words = {"purpose": "leerkring-pairing-commitment", "domain": domain, "nonce": nonce}
    return hashlib.sha256(rfc8785.dumps(words)).hexdigest()


def talk_id(node: Identity, row: Row[Any]) -> str:
    """Names this one talk, so that a word from an earlier pairing counts for nothing in this one."""
    ours = commitment(node.domain, row.our_nonce)
    both = (ours, row.their_commitment or "")
    return hashlib.sha256("".join(both if row.side == INVITER else reversed(both)).encode()).hexdigest()


# --- being told ------------------------------------------------------------------------------------


def receive(db: Connection, node: Identity, caller: Caller, message: Document) -> Document:
    """Answer one message of a node whose signature was checked; NotFound for every other than the named."""
    steps: dict[str, Callable[[Connection, Identity, Caller, Document], Document]] = {
        "commit": _receive_commit,
        "reveal": _receive_reveal,
        "confirmed": _receive_confirmed,
        "end": _receive_end,
    }
    step = steps.get(as_text(message.get("step")))
    if step is None:
        raise NotFound
    return step(db, node, caller, message)


def _receive_commit(db: Connection, node: Identity, caller: Caller, message: Document) -> Document:
    row = _find(db, pairings.c.domain == caller.domain, pairings.c.side == INVITER)
    if not pairing.is_going_on(row):
        raise NotFound
    theirs, code = as_text(message.get("commitment"), 64), as_text(message.get("code"), 16)
    if row.their_commitment is not None:
        if not _is_same(row, caller) or row.their_commitment != theirs:
            raise NotFound
        return {"commitment": commitment(node.domain, row.our_nonce)}
    if not hmac.compare_digest(code.encode(), str(row.code).encode()):
        return _count_wrong_code(db, row)
    pairing.change_pairing(
        db,
        row.id,
        their_commitment=theirs,
        their_key=caller.key,
        their_actor=caller.actor_uri,
        their_inbox=caller.inbox,
    )
    return {"commitment": commitment(node.domain, row.our_nonce)}


def _count_wrong_code(db: Connection, row: Row[Any]) -> Document:
    wrong = row.wrong_codes + 1
    pairing.change_pairing(db, row.id, wrong_codes=wrong)
    notify(db, row.made_by, "pairing_wrong_code", text=row.name, link=f"/pairings/{row.id}")
    if wrong >= MOST_WRONG_CODES:
        why = msg("A wrong code was tried five times. Make a new invitation.")
        pairing.end(db, row.id, FAILED, why)
    return {"error": "wrong_code"}


def _receive_reveal(db: Connection, _node: Identity, caller: Caller, message: Document) -> Document:
    row = _find(db, pairings.c.domain == caller.domain, pairings.c.side == INVITER)
    nonce = as_text(message.get("nonce"), 64)
    if not _is_same(row, caller) or commitment(caller.domain, nonce) != row.their_commitment:
        raise NotFound
    if row.state == INVITED and pairing.is_going_on(row):
        pairing.show_words(db, row.id, their_nonce=nonce)
        notify(db, row.made_by, "pairing_words", text=row.name, link=f"/pairings/{row.id}")
    elif row.their_nonce != nonce:
        raise NotFound
    return {"nonce": row.our_nonce}


def _receive_confirmed(db: Connection, node: Identity, caller: Caller, message: Document) -> Document:
    row = _find_talk(db, node, caller, message)
    if row.state in (WORDS, CONFIRMED) and row.they_confirmed_at is None and pairing.is_going_on(row):
        pairing.change_pairing(db, row.id, they_confirmed_at=now())
        pairing.finish_if_both(db, row.id)
    if row.state not in (WORDS, CONFIRMED, PAIRED):
        return {"over": True}
    return {"confirmed": row.we_confirmed_at is not None}


def _receive_end(db: Connection, node: Identity, caller: Caller, message: Document) -> Document:
    row = _find_talk(db, node, caller, message)
    if row.state in GOING_ON:
        pairing.end(db, row.id, FAILED, OVER_THERE)
    return {"over": True}


def _find(db: Connection, *which: Any) -> Row[Any]:
    """The newest pairing of that kind; NotFound when there is none."""
    query = select(pairings).where(*which).order_by(pairings.c.id.desc()).limit(1).with_for_update()
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row


def _find_talk(db: Connection, node: Identity, caller: Caller, message: Document) -> Row[Any]:
    recent = pairings.c.domain == caller.domain, pairings.c.their_commitment.is_not(None)
    query = select(pairings).where(*recent).order_by(pairings.c.id.desc()).limit(5).with_for_update()
    wanted = as_text(message.get("talk"), 64)
    for row in db.execute(query).all():
        if talk_id(node, row) == wanted and _is_same(row, caller):
            return row
    raise NotFound


def _is_same(row: Row[Any], caller: Caller) -> bool:
    return bool(row.their_key == caller.key and row.their_commitment)


# --- telling ---------------------------------------------------------------------------------------


async def advance(network: Network, pairing_id: int) -> None:
    """Say to the other node what is due, as far as it goes now; what went wrong stands in the row."""
    for step in (_say_commit, _say_reveal, _say_confirmed, _say_end):
        try:
            await step(network, pairing_id)
        except FederationError:
            await _write(network, pairing_id, tried_at=now(), error=UNREACHABLE)
            return


def due_pairings(db: Connection) -> list[int]:
    """Pairings whose other node must still be told something, not tried just now."""
    untold = pairings.c.state.in_((CONFIRMED, PAIRED, FAILED, WITHDRAWN)) & pairings.c.told_at.is_(None)
    waits = or_(pairings.c.state == ASKED, untold)
    rested = or_(pairings.c.tried_at.is_(None), pairings.c.tried_at < now() - PAUSE)
    known = or_(pairings.c.their_commitment.is_not(None), pairings.c.state == ASKED)
    recent = pairings.c.expires_at > now()
    query = select(pairings.c.id).where(waits, rested, known, recent).order_by(pairings.c.id)
    return list(db.scalars(query))


async def _say_commit(network: Network, pairing_id: int) -> None:
    row, node = await _read(network, pairing_id)
    if row.state != ASKED or row.their_commitment is not None or not pairing.is_going_on(row):
        return
    other = await fetch_node(network, row.domain)
    ours = commitment(node.domain, row.our_nonce)
    status, said = await tell_node(
        network, row.domain, PATH, {"step": "commit", "code": row.code, "commitment": ours}
    )
    theirs = as_text(said.get("commitment"), 64)
    if not await _is_taken(network, pairing_id, status, said) or not theirs:
        return
    await _write(
        network,
        pairing_id,
        their_commitment=theirs,
        their_key=other.key,
        their_actor=other.actor_uri,
        their_inbox=other.inbox,
        tried_at=now(),
    )


async def _say_reveal(network: Network, pairing_id: int) -> None:
    row, _ = await _read(network, pairing_id)
    if row.state != ASKED or row.their_commitment is None or not pairing.is_going_on(row):
        return
    status, said = await tell_node(network, row.domain, PATH, {"step": "reveal", "nonce": row.our_nonce})
    if not await _is_taken(network, pairing_id, status, said):
        return
    nonce = as_text(said.get("nonce"), 64)
    if commitment(row.domain, nonce) != row.their_commitment:
        await _fail(network, pairing_id, NOT_THE_SAME)
        return
    await run_sync(_keep_words, network, pairing_id, nonce)


async def _say_confirmed(network: Network, pairing_id: int) -> None:
    row, node = await _read(network, pairing_id)
    if row.state not in (CONFIRMED, PAIRED) or row.told_at is not None or row.expires_at <= now():
        return
    message = {"step": "confirmed", "talk": talk_id(node, row)}
    status, said = await tell_node(network, row.domain, PATH, message)
    if row.state == CONFIRMED and said.get("over") is True:
        await _fail(network, pairing_id, OVER_THERE)
    elif await _is_taken(network, pairing_id, status, said):
        # Only their own signed word counts as theirs; this answer says that they have ours.
        await _write(network, pairing_id, told_at=now(), tried_at=now(), error=None)


async def _say_end(network: Network, pairing_id: int) -> None:
    row, node = await _read(network, pairing_id)
    if row.state not in (FAILED, WITHDRAWN) or row.their_commitment is None or row.told_at is not None:
        return
    status, _ = await tell_node(network, row.domain, PATH, {"step": "end", "talk": talk_id(node, row)})
    if status < 500:
        await _write(network, pairing_id, told_at=now())


async def _is_taken(network: Network, pairing_id: int, status: int, said: Document) -> bool:
    """Whether the other node took it; what it refused ends the pairing, what it could not do now waits."""
    if status == 200 and said.get("error") is None:
        return True
    if status >= 500 or status in (408, 429):
        await _write(network, pairing_id, tried_at=now(), error=UNREACHABLE)
    else:
        await _write(network, pairing_id, told_at=now())
        await _fail(network, pairing_id, WRONG_CODE if said.get("error") == "wrong_code" else REFUSED)
    return False


async def _fail(network: Network, pairing_id: int, why: str) -> None:
    await run_sync(_write_end, network, pairing_id, why)


async def _write(network: Network, pairing_id: int, **values: object) -> None:
    await run_sync(_write_values, network, pairing_id, values)


async def _read(network: Network, pairing_id: int) -> tuple[Row[Any], Identity]:
    return await run_sync(_read_both, network, pairing_id)


def _read_both(network: Network, pairing_id: int) -> tuple[Row[Any], Identity]:
    with reading(network.engine) as db:
        return pairing.get_pairing(db, pairing_id), identity.load(db, network.scheme)


def _write_values(network: Network, pairing_id: int, values: dict[str, object]) -> None:
    with writing(network.engine) as db:
        pairing.change_pairing(db, pairing_id, **values)


def _write_end(network: Network, pairing_id: int, why: str) -> None:
    with writing(network.engine) as db:
        if pairing.lock_pairing(db, pairing_id).state in GOING_ON:
            pairing.end(db, pairing_id, FAILED, why)


def _keep_words(network: Network, pairing_id: int, nonce: str) -> None:
    with writing(network.engine) as db:
        row = pairing.lock_pairing(db, pairing_id)
        if row.state == ASKED and row.side == INVITED_SIDE:
            pairing.show_words(db, pairing_id, their_nonce=nonce)
