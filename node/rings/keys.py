"""Which keys are, or were, a firm's own: the pinned one, and those that a signed statement replaced."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from federation.documents import Document, as_list
from federation.errors import Rejected
from federation.keys import ed25519_multikey
from federation.proofs import check_proof
from node.identity import SELF, nodes
from node.ids import now
from node.peers import get_peer
from node.rings.trust_tables import former_keys


def key_holds(db: Connection, peer_id: int, key: str, moment: datetime) -> bool:
    """Whether a key was that firm's at a moment; SELF is us."""
    current, since = _current(db, peer_id)
    if key == current and since <= moment:
        return True
    return any(row.key == key and row.from_at <= moment < row.until_at for row in former(db, peer_id))


def is_key_of(db: Connection, peer_id: int, key: str) -> bool:
    """Whether a key is or ever was that firm's, as documents made before a change still name it."""
    return key in keys_of(db, peer_id)


def keys_of(db: Connection, peer_id: int) -> list[str]:
    """Every key of a firm, the one that holds now first."""
    current, _ = _current(db, peer_id)
    return [key for key in (current, *(row.key for row in reversed(former(db, peer_id)))) if key]


def is_proved_by_firm(db: Connection, peer_id: int, document: Document) -> bool:
    """Whether a document carries a proof by any key of a firm: what it said before a change still counts."""
    return any(is_proved(document, key) for key in keys_of(db, peer_id))


def is_proved(document: Document, key: str) -> bool:
    """Whether one of a document's proofs was made with this key."""
    return any(_fits(document, proof, key) for proof in as_list(document.get("proof"))[:2])


def _fits(document: Document, proof: Any, key: str) -> bool:
    try:
        check_proof(document, proof, key, now=now())
    except Rejected:
        return False
    return True


def former(db: Connection, peer_id: int) -> list[Row[Any]]:
    """The keys that were replaced, oldest first."""
    query = select(former_keys).where(former_keys.c.peer_id == peer_id)
    return list(db.execute(query.order_by(former_keys.c.until_at)))


def keep_former(db: Connection, peer_id: int, key: str, statement: Document | None = None) -> None:
    """A key ends now; without a statement the firm was paired with again."""
    since = max((row.until_at for row in former(db, peer_id)), default=_first_at(db, peer_id))
    db.execute(delete(former_keys).where(former_keys.c.peer_id == peer_id, former_keys.c.key == key))
    values = {"peer_id": peer_id, "key": key, "from_at": since, "until_at": now()}
    text = None if statement is None else json.dumps(statement)
    db.execute(insert(former_keys).values(**values, statement=text))


def statements_of(db: Connection, peer_id: int = SELF) -> list[Document]:
    """The signed statements that lead from a firm's first key to its present one, oldest first."""
    return [json.loads(row.statement) for row in former(db, peer_id) if row.statement is not None]


def _current(db: Connection, peer_id: int) -> tuple[str, datetime]:
    since = max((row.until_at for row in former(db, peer_id)), default=_first_at(db, peer_id))
    if peer_id == SELF:
        private = str(db.execute(select(nodes.c.ed25519_private)).scalar_one())
        return ed25519_multikey(private), since
    return str(get_peer(db, peer_id).node_key or ""), since


def _first_at(db: Connection, peer_id: int) -> datetime:
    if peer_id == SELF:
        made_at: datetime = db.execute(select(nodes.c.created_at)).scalar_one()
        return made_at
    peer = get_peer(db, peer_id)
    pinned_at: datetime = peer.pinned_at or peer.created_at
    return pinned_at
