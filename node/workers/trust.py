"""Trust between requests: partners learn our present key, and hold the head of our departures."""

import secrets
from datetime import timedelta
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy import Row

from federation.delivery import backoff
from federation.documents import Document
from node import identity
from node.db import reading, writing
from node.ids import now
from node.peers import get_peer
from node.queue import record_silence
from node.rings import rotation, witnesses
from node.workers.lanes import each
from node.workers.loop import Work


async def run_once(work: Work) -> int:
    """Do what is due; returns how many partners that were."""
    untold, late, head = await run_sync(_due, work)
    asked = [partial(_tell_key, work, peer) for peer in untold]
    if head is not None:
        asked += [partial(_tell_head, work, peer, head) for peer in late]
    await each(asked)
    return len(asked)


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
