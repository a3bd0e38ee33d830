"""Firms of a sector's roster become known here: who signed, and by which key we know them from now on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from node.identity import SELF, Identity
from node.ids import now
from node.peers import BY_ROSTER, KNOWN, PAIRED, keep_peers, peers, pin_peers
from node.people.queries import taken_names
from node.rings.keys import is_key_of
from node.rings.sector.rows import (
    OTHER_KEY,
    SOUND,
    UNPROVED,
    application_of,
    other_sectors_with,
)
from node.text import display_name, fold_name
from schemas.sector import Application, Entry


@dataclass(frozen=True)
class Standing:
    """What this node makes of one firm of a roster."""

    peer_id: int
    standing: str
    key: str = ""


@dataclass
class _Pins:
    """What is known of all firms before the first is pinned, and what is pinned since: written at the end."""

    rows: dict[int, Row[Any]]
    keys: dict[str, int]  # whose each key is
    taken: set[str]
    pinned: list[dict[str, Any]] = field(default_factory=list)


def stand_all(
    db: Connection, node: Identity, ring_id: int, wanted: Sequence[tuple[Entry, Row[Any] | None]]
) -> list[Standing]:
    """Pin the keys of firms whose signature under the terms we have; with each entry goes its application."""
    ids = keep_peers(db, [entry.domain for entry, _ in wanted if entry.domain != node.domain])
    known = db.execute(
        select(peers).where(peers.c.id.in_(ids.values()) | peers.c.node_key.is_not(None))
    ).all()
    keys = {row.node_key: int(row.id) for row in known if row.node_key is not None}
    pins = _Pins({row.id: row for row in known}, keys, set(taken_names(db, node)))
    found = [_stand(db, node, ring_id, entry, row, ids.get(entry.domain), pins) for entry, row in wanted]
    pin_peers(db, pins.pinned)
    return found


def _stand(
    db: Connection,
    node: Identity,
    ring_id: int,
    entry: Entry,
    row: Row[Any] | None,
    peer_id: int | None,
    pins: _Pins,
) -> Standing:
    if peer_id is None:
        is_ours = row is not None and row.peer_id == SELF
        return Standing(SELF, SOUND if is_ours else UNPROVED)
    if row is None or row.ring_id != ring_id or row.domain != entry.domain:
        return Standing(peer_id, UNPROVED)
    application = application_of(row)
    fits = _pin(db, node, ring_id, pins, pins.rows[peer_id], application)
    return Standing(peer_id, SOUND if fits else OTHER_KEY, application.key)


def _pin(
    db: Connection, node: Identity, ring_id: int, pins: _Pins, peer: Row[Any], application: Application
) -> bool:
    """Whether the key of its application is the one we know it by from now on.

    Never in place of a key that a director vouched for, nor of one that another steward did.
    """
    if peer.node_key is not None and is_key_of(db, peer.id, application.key):
        return True
    is_new = peer.node_key is None and peer.state == KNOWN
    if not is_new and not _may_replace(db, ring_id, peer):
        return False
    # No two firms are known by one key.
    if pins.keys.get(application.key, peer.id) != peer.id or application.key == node.multikey:
        return False
    _note_pin(pins, peer, application)
    return True


def _note_pin(pins: _Pins, peer: Row[Any], application: Application) -> None:
    name = display_name(application.name, application.domain, pins.taken)
    pins.taken |= {fold_name(name)} - {""}
    pins.keys[application.key] = int(peer.id)
    pins.pinned.append(
        {
            "pinned_id": peer.id,
            "state": PAIRED,
            "node_key": application.key,
            "actor_uri": application.node,
            "inbox": application.inbox,
            "name": name,
            "pinned_at": now(),
            "pinned_by": BY_ROSTER,
        }
    )


def _may_replace(db: Connection, ring_id: int, peer: Row[Any]) -> bool:
    by_roster = peer.pinned_by == BY_ROSTER and peer.state == PAIRED
    return by_roster and not other_sectors_with(db, ring_id, peer.id, peer.node_key)
