"""Firms of a sector's roster become known here: who signed, and by which key we know them from now on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from node.identity import SELF, Identity
from node.ids import now
from node.peers import BY_ROSTER, KNOWN, PAIRED, change_peer, get_peer, keep_peer, peers
from node.people.queries import taken_names
from node.rings.keys import is_key_of
from node.rings.sector.rows import (
    OTHER_KEY,
    SOUND,
    UNPROVED,
    application_of,
    other_sectors_with,
)
from node.text import display_name
from schemas.sector import Application, Entry


@dataclass(frozen=True)
class Standing:
    """What this node makes of one firm of a roster."""

    peer_id: int
    standing: str
    key: str = ""


def stand(db: Connection, node: Identity, ring_id: int, entry: Entry, row: Row[Any] | None) -> Standing:
    """Pin the key of a firm whose signature under the terms we have; `row` is its application."""
    if entry.domain == node.domain:
        is_ours = row is not None and row.peer_id == SELF
        return Standing(SELF, SOUND if is_ours else UNPROVED)
    peer_id = keep_peer(db, entry.domain)
    if row is None or row.ring_id != ring_id or row.domain != entry.domain:
        return Standing(peer_id, UNPROVED)
    application = application_of(row)
    fits = _pin(db, node, ring_id, get_peer(db, peer_id), application)
    return Standing(peer_id, SOUND if fits else OTHER_KEY, application.key)


def _pin(db: Connection, node: Identity, ring_id: int, peer: Row[Any], application: Application) -> bool:
    """Whether the key of its application is the one we know it by from now on.

    Never in place of a key that a director vouched for, nor of one that another steward did.
    """
    if is_key_of(db, peer.id, application.key):
        return True
    is_new = peer.node_key is None and peer.state == KNOWN
    if not is_new and not _may_replace(db, ring_id, peer):
        return False
    if _is_anothers(db, peer, application.key) or application.key == node.multikey:
        return False
    change_peer(
        db,
        peer.id,
        state=PAIRED,
        node_key=application.key,
        actor_uri=application.node,
        inbox=application.inbox,
        name=display_name(application.name, application.domain, taken_names(db, node)),
        pinned_at=now(),
        pinned_by=BY_ROSTER,
    )
    return True


def _may_replace(db: Connection, ring_id: int, peer: Row[Any]) -> bool:
    by_roster = peer.pinned_by == BY_ROSTER and peer.state == PAIRED
    return by_roster and not other_sectors_with(db, ring_id, peer.id, peer.node_key)


def _is_anothers(db: Connection, peer: Row[Any], key: str) -> bool:
    """No two firms are known by one key."""
    same = select(peers.c.id).where(peers.c.node_key == key, peers.c.id != peer.id)
    return db.execute(same).first() is not None
