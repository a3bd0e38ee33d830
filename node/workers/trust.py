"""Trust between requests: keys, heads of departures, and what partners tell a copy that was put back."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy import Row

from federation.delivery import backoff
from federation.documents import Document
from federation.errors import FederationError, Rejected
from node import identity
from node.db import reading, writing
from node.ids import now
from node.peers import get_peer
from node.posts.restoring import delete_again
from node.queue import record_silence
from node.rings import restoring, rotation, witnesses
from node.rings.restore_rows import due_restores
from node.rings.rosters import has_released, release_restored
from node.rings.signed import ask_node
from node.rings.versions import VERSIONS_PATH, take_versions
from node.rooms.returning import take_told_rooms
from node.workers.lanes import each
from node.workers.loop import Work

MOST_PAGES = 1000

KeepPage = Callable[[Work, Row[Any], Document, bool], int | None]


async def run_once(work: Work) -> int:
    """Do what is due; returns how many partners that were."""
    released = await run_sync(_release, work)
    untold, late, head = await run_sync(_due, work)
    closed = await run_sync(_due_restores, work)
    asked = [partial(_tell_key, work, peer) for peer in untold]
    if head is not None:
        asked += [partial(_tell_head, work, peer, head) for peer in late]
    asked += [partial(_hear_state, work, peer) for peer in closed]
    await each(asked)
    return len(asked) + released


# --- a copy put back (rule 17) ---------------------------------------------------------------------


def _release(work: Work) -> int:
    """Rings that nobody is waited for any more, whatever ended the waiting; and who is silent is named."""
    with reading(work.engine) as db:
        if not has_released(db) and not restoring.silent_ones(db):
            return 0
    with writing(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        return release_restored(db, node.domain) + restoring.name_silent(db)


def _due_restores(work: Work) -> list[Row[Any]]:
    with reading(work.engine) as db:
        return due_restores(db)


async def _hear_state(work: Work, peer: Row[Any]) -> None:
    """Ask one partner what we forgot, to the end; one that does not answer is asked again soon."""
    await run_sync(_note_asking, work, peer)
    try:
        await _read_pages(work, peer, VERSIONS_PATH, _keep_versions)
        await _read_pages(work, peer, restoring.PATH, _keep_state)
    except Rejected:
        await _ask_why(work, peer)
    except FederationError:
        return


async def _ask_why(work: Work, peer: Row[Any]) -> None:
    """One that refuses may know us by a newer key than this copy has; it says that, and nothing else."""
    with suppress(FederationError):
        answer = await ask_node(work.network, peer, f"{restoring.PATH}?after=0")
        await run_sync(_keep_refusal, work, peer, answer)


def _keep_refusal(work: Work, peer: Row[Any], answer: Document) -> None:
    with writing(work.engine) as db:
        restoring.note_refusal(db, int(peer.id), answer)


async def _read_pages(work: Work, peer: Row[Any], path: str, keep: KeepPage) -> None:
    after: int | None = 0
    for _ in range(MOST_PAGES):
        answer = await ask_node(work.network, peer, f"{path}?after={after}")
        after = await run_sync(keep, work, peer, answer, not after)
        if after is None:
            return


def _keep_versions(work: Work, peer: Row[Any], answer: Document, _is_first: bool) -> int | None:
    with writing(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        following = take_versions(db, node, peer, answer, after_restore=True)
        restoring.suspend_forgotten(db)
        return following


def _note_asking(work: Work, peer: Row[Any]) -> None:
    with writing(work.engine) as db:
        restoring.note_tried(db, int(peer.id))


def _keep_state(work: Work, peer: Row[Any], answer: Document, is_first: bool) -> int | None:
    """Take over one page; where the next begins, None when this was the last or it stays closed."""
    with writing(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        why = restoring.take_state(db, node, peer, answer) if is_first else None
        if why is not None:
            restoring.note_failure(db, int(peer.id), why)
            return None
        if is_first:
            take_told_rooms(db, node, peer, answer)
        for row in restoring.told_deleted(db, node, peer, answer):
            delete_again(db, node, row)
        restoring.note_lost(db, node, int(peer.id), answer, is_first=is_first)
        following = answer.get("next")
        if isinstance(following, int) and not isinstance(following, bool):
            return following
        restoring.finish(db, node, int(peer.id))
        return None


# --- keys and departures ---------------------------------------------------------------------------


def _due(work: Work) -> tuple[list[Row[Any]], list[Row[Any]], Document | None]:
    with reading(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        return rotation.untold(db, node), witnesses.due_witnesses(db), witnesses.head_of(db, node)


async def _tell_key(work: Work, peer: Row[Any]) -> None:
    missing = await rotation.tell(work.network, peer)
    if missing:
        await run_sync(_note_silent, work, int(peer.id), missing)


def _note_silent(work: Work, peer_id: int, why: str) -> None:
    with writing(work.engine) as db:
        seconds = backoff(int(get_peer(db, peer_id).failures) + 1, secrets.randbelow(1000) / 1000)
        record_silence(db, peer_id, why, now() + timedelta(seconds=seconds))


async def _tell_head(work: Work, peer: Row[Any], head: Document) -> None:
    shown = await witnesses.ask_heads(work.network, peer, head)
    await run_sync(_keep_heads, work, peer, shown)


def _keep_heads(work: Work, peer: Row[Any], shown: list[Document] | None) -> None:
    with writing(work.engine) as db:
        witnesses.note_told(db, int(peer.id), is_taken=shown is not None)
        if shown is not None:
            witnesses.keep_comparison(db, peer, witnesses.compare(db, shown))
