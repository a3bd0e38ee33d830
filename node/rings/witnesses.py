"""Roster nodes hold the daily head of our departures, so that a chain rewritten whole is found (rule 11)."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select

from federation.documents import Document
from federation.errors import FederationError
from node.boundary import ring_nodes, rings_of, shares_ring
from node.db import insert_new
from node.departures import departures
from node.errors import NotFound
from node.identity import Identity
from node.ids import now
from node.network import Network
from node.peers import PAIRED, change_peer, peers
from node.rings.rosters import tell_directors
from node.rings.signed import ask_node_by_post
from node.rings.trust_tables import comparisons, witnessed_heads
from schemas.agreement import moment_text

PATH = "/node/heads"
EVERY, AGAIN = timedelta(days=1), timedelta(hours=1)
MOST_KEPT = 60
MOST_NUMBERS = 2**31
RESTORED, EPOCH = "restored", "epoch"  # kinds of lines that explain why lines are gone


@dataclass(frozen=True)
class Comparison:
    """Our chain beside the heads that a partner holds; `differs_at` is the first line that is another now.

    `is_restored`: lines are gone, and this node wrote down that a copy was put back.
    """

    heads: int
    differs_at: int | None
    is_restored: bool


# --- ours ------------------------------------------------------------------------------------------


def head_of(db: Connection, node: Identity) -> Document | None:
    """The last line of our chain; None before the first."""
    query = select(departures.c.seq, departures.c.hash).order_by(departures.c.seq.desc()).limit(1)
    row = db.execute(query).one_or_none()
    return None if row is None else {"epoch": node.epoch, "seq": row.seq, "hash": row.hash}


def witnesses(db: Connection) -> list[Row[Any]]:
    """Every node that is in a ring with us now, by domain."""
    found = {peer.id: peer for audience in rings_of(db) for peer in ring_nodes(db, audience)}
    return sorted(found.values(), key=lambda peer: str(peer.domain))


def due_witnesses(db: Connection) -> list[Row[Any]]:
    """Those that have not taken our head for a day."""
    late = or_(peers.c.told_head_at.is_(None), peers.c.told_head_at < now() - EVERY)
    due = set(db.scalars(select(peers.c.id).where(peers.c.state == PAIRED, late)))
    return [peer for peer in witnesses(db) if peer.id in due] if due else []


def note_told(db: Connection, peer_id: int, *, is_taken: bool) -> None:
    """One that did not take it is told again in an hour."""
    change_peer(db, peer_id, told_head_at=now() if is_taken else now() - EVERY + AGAIN)


async def ask_heads(network: Network, peer: Row[Any], head: Document | None = None) -> list[Document] | None:
    """The heads of our chain that a partner holds, after telling it this one; None when it does not say."""
    nonce = secrets.token_hex(32)
    try:
        answer = await ask_node_by_post(network, peer, PATH, {"nonce": nonce, **(head or {})}, nonce)
    except FederationError:
        return None
    shown = answer.get("heads")
    return [one for one in shown if _is_head(one)] if isinstance(shown, list) else None


def _is_head(head: Any) -> bool:
    if not isinstance(head, dict) or not isinstance(head.get("hash"), str):
        return False
    numbers = head.get("epoch"), head.get("seq")
    return all(isinstance(n, int) and not isinstance(n, bool) and 0 < n < MOST_NUMBERS for n in numbers)


def compare(db: Connection, shown: Iterable[Document]) -> Comparison:
    """Whether every head that was told is still a line of our chain."""
    by_seq = {head["seq"]: head for head in sorted(shown, key=lambda head: int(head["epoch"]))}
    hashes = _hashes(db, by_seq)
    wrong = [head for seq, head in by_seq.items() if hashes.get(seq) != head["hash"]]
    same = max((seq for seq in by_seq if hashes.get(seq) == by_seq[seq]["hash"]), default=0)
    gone = [head for head in wrong if head["seq"] > _kept_until(db, head["epoch"], same)]
    differs = min((int(head["seq"]) for head in wrong if head not in gone), default=None)
    return Comparison(len(by_seq), differs, bool(gone))


def _hashes(db: Connection, seqs: Iterable[int]) -> dict[int, str]:
    query = select(departures.c.seq, departures.c.hash).where(departures.c.seq.in_(list(seqs)))
    return {row.seq: row.hash for row in db.execute(query)}


def _kept_until(db: Connection, epoch: int, same: int) -> int:
    """The last line that a copy put back since that epoch still had; by hand nobody noted which that was."""
    marks = departures.c.kind.in_((RESTORED, EPOCH))
    found: Row[Any] | None = None
    for row in db.execute(select(departures).where(marks).order_by(departures.c.seq)):
        if row.kind == EPOCH and int(json.loads(row.ids)[0]) <= epoch:
            found = None
        elif row.kind == RESTORED and found is None:
            found = row
    if found is None:
        return MOST_NUMBERS
    return same if json.loads(found.ids) else int(found.seq) - 1


def keep_comparison(db: Connection, peer: Row[Any], found: Comparison) -> None:
    """Written down for the doctor; directors are told once when it stops being as it was told."""
    before = db.scalar(select(comparisons.c.differs_at).where(comparisons.c.peer_id == peer.id))
    db.execute(delete(comparisons).where(comparisons.c.peer_id == peer.id))
    values = {"heads": found.heads, "differs_at": found.differs_at, "is_restored": found.is_restored}
    db.execute(insert(comparisons).values(peer_id=peer.id, at=now(), **values))
    if found.differs_at is not None and before is None:
        tell_directors(db, "departures_differ", peer.name or peer.domain, "/admin")


def last_comparisons(db: Connection) -> list[Row[Any]]:
    """With the partner's name and domain."""
    joined = comparisons.join(peers, peers.c.id == comparisons.c.peer_id)
    query = select(comparisons, peers.c.name, peers.c.domain).select_from(joined).order_by(peers.c.domain)
    return list(db.execute(query))


# --- theirs ----------------------------------------------------------------------------------------


def witness(db: Connection, peer_id: int, head: Document) -> Document:
    """Keep the head of a partner in a ring with us, and answer all of its heads that we hold."""
    if _is_head(head) and shares_ring(db, peer_id):
        values = {name: head[name] for name in ("epoch", "seq")} | {"hash": head["hash"][:64]}
        insert_new(db, witnessed_heads, [{**values, "peer_id": peer_id, "at": now()}])
        _forget_old(db, peer_id)
    rows = db.execute(_of(peer_id)).all()
    if not rows and not shares_ring(db, peer_id):
        raise NotFound
    return {"heads": [_shown(row) for row in rows]}


def _of(peer_id: int) -> Any:
    mine = witnessed_heads.c.peer_id == peer_id
    return select(witnessed_heads).where(mine).order_by(witnessed_heads.c.at.desc()).limit(MOST_KEPT)


def _shown(row: Row[Any]) -> Document:
    return {"epoch": row.epoch, "seq": row.seq, "hash": row.hash, "at": moment_text(row.at)}


def _forget_old(db: Connection, peer_id: int) -> None:
    kept: list[datetime] = [row.at for row in db.execute(_of(peer_id))]
    if len(kept) == MOST_KEPT:
        old = witnessed_heads.c.peer_id == peer_id, witnessed_heads.c.at < kept[-1]
        db.execute(delete(witnessed_heads).where(*old))
