"""The people of a ring: ours as each partner may see them (handle, name), theirs as they told us."""

import json
import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from federation.documents import Document, as_id, as_text
from node.access.logins import list_members
from node.actors import PERSON, actors, find_actor
from node.boundary import is_in_ring
from node.db import insert_new
from node.identity import SELF, Identity
from node.ids import new_id, now
from node.rings import outgoing
from node.rings.queries import RingRow, open_rings
from node.rings.tables import ring_partners, ring_people
from node.text import clean_name

MOST_PEOPLE = 20_000
HANDLE = re.compile(r"[a-z0-9_]{2,20}")


# --- ours ------------------------------------------------------------------------------------------


def our_people(db: Connection, node: Identity, ring_hash: str) -> Document:
    """The collection that partners read."""
    people = (outgoing.person_document(node, m.uri, m.handle, m.name) for m in _active_members(db))
    return outgoing.people_document(node, ring_hash, people)


def _active_members(db: Connection) -> list[Row[Any]]:
    moment = now()
    return [
        member
        for member in list_members(db)
        if member.disabled_at is None and (member.ends_at is None or member.ends_at > moment)
    ]


def tell_people_changes(db: Connection, node: Identity) -> int:
    """Tell every open ring who of ours came, went or got another name since it last heard; returns how many.

    Compares members with what was told, so it does not matter what changed them, or when.
    """
    members = _active_members(db)
    return sum(_tell_ring(db, node, ring, members) for ring in open_rings(db))


def _tell_ring(db: Connection, node: Identity, ring: RingRow, members: list[Row[Any]]) -> int:
    known = _told(db, ring.id)
    current = {member.actor_id: (member, _line(member.handle, member.name)) for member in members}
    changed = [member for member, line in current.values() if known.get(member.actor_id) != line]
    for member in changed:
        person = outgoing.person_document(node, member.uri, member.handle, member.name)
        outgoing.publish_people_change(db, node, ring.hash, "Add", person)
        _remember_told(db, ring.id, member.actor_id, current[member.actor_id][1])
    gone = known.keys() - current.keys()
    for actor_id in gone:
        person = outgoing.person_document(node, f"/p/{actor_id}", *json.loads(known[actor_id]))
        outgoing.publish_people_change(db, node, ring.hash, "Remove", person)
        _forget(db, ring.id, SELF, [actor_id])
    return len(changed) + len(gone)


def _line(handle: str, name: str) -> str:
    return json.dumps([handle, name])


def _told(db: Connection, ring_id: int) -> dict[int, str]:
    ours = ring_people.c.ring_id == ring_id, ring_people.c.peer_id == SELF
    rows = db.execute(select(ring_people.c.actor_id, ring_people.c.told).where(*ours))
    return {row.actor_id: row.told for row in rows}


def _remember_told(db: Connection, ring_id: int, actor_id: int, line: str) -> None:
    this = ring_people.c.ring_id == ring_id, ring_people.c.actor_id == actor_id
    if not db.execute(update(ring_people).where(*this).values(told=line)).rowcount:
        values = {"ring_id": ring_id, "actor_id": actor_id, "peer_id": SELF, "told": line}
        db.execute(insert(ring_people).values(**values))


def _forget(db: Connection, ring_id: int, peer_id: int, actor_ids: Iterable[int]) -> None:
    those = ring_people.c.ring_id == ring_id, ring_people.c.peer_id == peer_id
    db.execute(delete(ring_people).where(*those, ring_people.c.actor_id.in_(list(actor_ids))))


# --- theirs ----------------------------------------------------------------------------------------


def keep_people(db: Connection, scheme: str, ring_id: int, peer: Row[Any], collection: Document) -> int:
    """Take over a partner's whole collection; who is not in it any more goes. Returns how many there are."""
    items = collection.get("orderedItems")
    listed = items[:MOST_PEOPLE] if isinstance(items, list) else []
    kept = {keep_person(db, scheme, ring_id, peer, item) for item in listed if isinstance(item, dict)}
    known = ring_people.c.ring_id == ring_id, ring_people.c.peer_id == peer.id
    before = set(db.scalars(select(ring_people.c.actor_id).where(*known)))
    _forget(db, ring_id, peer.id, before - kept)
    this = ring_partners.c.ring_id == ring_id, ring_partners.c.peer_id == peer.id
    db.execute(update(ring_partners).where(*this).values(people_at=now()))
    return len(kept - {None})


def keep_person(db: Connection, scheme: str, ring_id: int, peer: Row[Any], person: Document) -> int | None:
    """One person of a partner; None when the partner may not speak for them or the document is unsound."""
    uri, handle = as_id(person), as_text(person.get("preferredUsername"), 30).lower()
    name = clean_name(as_text(person.get("name"), 200)) or handle
    if not uri.startswith(f"{scheme}://{peer.domain}/") or not HANDLE.fullmatch(handle):
        return None
    actor_id = _keep_actor(db, peer, uri, handle, name)
    if actor_id is not None:
        row = {"ring_id": ring_id, "actor_id": actor_id, "peer_id": peer.id}
        insert_new(db, ring_people, [row])
    return actor_id


def _keep_actor(db: Connection, peer: Row[Any], uri: str, handle: str, name: str) -> int | None:
    known = find_actor(db, uri)
    values: dict[str, Any] = {"handle": handle, "name": name, "gone_at": None}
    if known is not None:
        if known.peer_id != peer.id or known.type != PERSON:
            return None
        unchanged = known.handle == handle and known.name == name and known.gone_at is None
        if not unchanged:
            db.execute(update(actors).where(actors.c.id == known.id).values(**values))
        return int(known.id)
    actor_id = new_id()
    address = {"inbox": peer.inbox, "shared_inbox": peer.inbox, "peer_id": peer.id}
    db.execute(
        insert(actors).values(id=actor_id, uri=uri, type=PERSON, created_at=now(), **address, **values)
    )
    return actor_id


def remove_person(db: Connection, ring_id: int, peer: Row[Any], uri: str) -> None:
    known = find_actor(db, uri)
    if known is not None:
        _forget(db, ring_id, peer.id, [known.id])


def people_of_ring(db: Connection, ring: RingRow) -> list[Row[Any]]:
    """People of partners that are in the ring now, by name: columns of actors."""
    query = (
        select(actors)
        .join(ring_people, ring_people.c.actor_id == actors.c.id)
        .where(ring_people.c.ring_id == ring.id, ring_people.c.peer_id != SELF)
        .order_by(actors.c.name, actors.c.id)
    )
    return [row for row in db.execute(query) if is_in_ring(db, ring.audience, row.peer_id)]
