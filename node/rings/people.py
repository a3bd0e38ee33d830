"""The people of a ring: ours as each partner may see them (handle, name), theirs as they told us."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, insert, or_, select, update

from federation.documents import Document, as_id, as_text, parse_time
from federation.errors import Rejected
from node.access.logins import is_own_member
from node.access.tables import members
from node.actors import PERSON, actors, find_actor
from node.boundary import ring_nodes
from node.db import insert_new
from node.departures import record_departure
from node.identity import SELF, Identity
from node.ids import new_id, now
from node.queue import wake_early
from node.rings import outgoing
from node.rings.queries import OPEN, RingRow
from node.rings.tables import ring_people, rings, sources
from node.text import clean_name

MOST_PEOPLE = 20_000
_NAMED = (actors.c.uri, actors.c.handle, actors.c.name)
HANDLE = re.compile(r"[a-z0-9_]{2,20}")


# --- ours ------------------------------------------------------------------------------------------


def our_people(db: Connection, node: Identity, ring_hash: str) -> Document:
    """The collection that partners read."""
    joined = members.join(actors, actors.c.id == members.c.actor_id)
    rows = db.execute(select(*_NAMED).select_from(joined).where(is_own_member()).order_by(actors.c.handle))
    people = [outgoing.person_document(node, row.uri, row.handle, row.name) for row in rows]
    return outgoing.people_document(node, ring_hash, people)


def serve_people(db: Connection, node: Identity, ring: RingRow, peer: Row[Any]) -> Document:
    """The same for one partner, written down as a departure."""
    document = our_people(db, node, ring.hash)
    body = json.dumps(document).encode()
    record_departure(db, "collection", ids=[document["id"]], receivers=[peer.domain], content=body)
    return document


def tell_people_changes(db: Connection, node: Identity) -> int:
    """Tell every open ring who of ours came, went or got another name since it last heard; returns how many.

    Compares members with what was told, so it does not matter what changed them, or when.
    """
    came, went = list(db.execute(_untold())), list(db.execute(_still_told()))
    for row in came:
        _publish(db, node, "Add", row)
        _remember_told(db, row)
    for row in went:
        _publish(db, node, "Remove", row)
        _forget(db, row.ring_id, SELF, [row.actor_id])
    return len(came) + len(went)


def has_people_to_tell(db: Connection) -> bool:
    return any(db.execute(query.limit(1)).first() is not None for query in (_untold(), _still_told()))


def begin_ring(db: Connection, ring_id: int, audience: str) -> None:
    """A ring opens: partners read the whole collection, so nobody need be told one by one."""
    for row in db.execute(_untold().where(rings.c.id == ring_id)).all():
        _remember_told(db, row)
    for row in db.execute(_still_told().where(rings.c.id == ring_id)).all():
        _forget(db, ring_id, SELF, [row.actor_id])
    db.execute(update(sources).where(sources.c.audience == audience).values(people_at=None))


def _columns() -> tuple[Any, ...]:
    return rings.c.id.label("ring_id"), rings.c.hash, actors.c.id.label("actor_id"), *_NAMED


def _untold() -> Select[Any]:
    """Members whose coming or present name an open ring has not heard of."""
    told = and_(ring_people.c.ring_id == rings.c.id, ring_people.c.actor_id == actors.c.id)
    everyone = members.join(actors, actors.c.id == members.c.actor_id).join(rings, rings.c.state == OPEN)
    return (
        select(*_columns())
        .select_from(everyone.outerjoin(ring_people, told))
        .where(is_own_member(), or_(ring_people.c.actor_id.is_(None), ring_people.c.told != actors.c.name))
    )


def _still_told() -> Select[Any]:
    """Members that an open ring knows though they are gone."""
    known = ring_people.join(rings, rings.c.id == ring_people.c.ring_id)
    everyone = known.join(actors, actors.c.id == ring_people.c.actor_id)
    return (
        select(*_columns())
        .select_from(everyone.join(members, members.c.actor_id == actors.c.id))
        .where(rings.c.state == OPEN, ring_people.c.peer_id == SELF, ~is_own_member())
    )


def _publish(db: Connection, node: Identity, change: str, row: Row[Any]) -> None:
    person = outgoing.person_document(node, row.uri, row.handle, row.name)
    outgoing.publish_people_change(db, node, row.hash, change, person)


def _remember_told(db: Connection, row: Row[Any]) -> None:
    this = ring_people.c.ring_id == row.ring_id, ring_people.c.actor_id == row.actor_id
    if not db.execute(update(ring_people).where(*this).values(told=row.name)).rowcount:
        values = {"ring_id": row.ring_id, "actor_id": row.actor_id, "peer_id": SELF, "told": row.name}
        db.execute(insert(ring_people).values(**values))


def _forget(db: Connection, ring_id: int, peer_id: int, actor_ids: Iterable[int]) -> None:
    those = ring_people.c.ring_id == ring_id, ring_people.c.peer_id == peer_id
    db.execute(delete(ring_people).where(*those, ring_people.c.actor_id.in_(list(actor_ids))))


# --- theirs ----------------------------------------------------------------------------------------


def keep_people(db: Connection, scheme: str, ring: RingRow, peer: Row[Any], collection: Document) -> int:
    """Take over a partner's whole collection; who is not in it any more goes. Returns how many there are."""
    items = collection.get("orderedItems")
    listed = items[:MOST_PEOPLE] if isinstance(items, list) else []
    kept = {keep_person(db, scheme, ring.id, peer, item) for item in listed if isinstance(item, dict)}
    known = ring_people.c.ring_id == ring.id, ring_people.c.peer_id == peer.id
    before = set(db.scalars(select(ring_people.c.actor_id).where(*known)))
    _forget(db, ring.id, peer.id, before - kept)
    return len(kept - {None})


def keep_person(db: Connection, scheme: str, ring_id: int, peer: Row[Any], person: Document) -> int | None:
    """One person of a partner; None when the partner may not speak for them or the document is unsound."""
    named = read_person(scheme, peer, person)
    actor_id = keep_named(db, peer, named) if named is not None else None
    if actor_id is not None:
        row = {"ring_id": ring_id, "actor_id": actor_id, "peer_id": peer.id}
        if insert_new(db, ring_people, [row]):
            wake_early(db)
    return actor_id


@dataclass(frozen=True)
class Named:
    """A person by the word of their own node; `guest_until` when they are a guest there."""

    uri: str
    handle: str
    name: str
    guest_until: datetime | None = None


def read_person(scheme: str, peer: Row[Any], person: Document) -> Named | None:
    """A partner's person; None when it may not speak for them, or it is unsound."""
    uri, handle = as_id(person), as_text(person.get("preferredUsername"), 30).lower()
    name = clean_name(as_text(person.get("name"), 200)) or handle
    if not uri.startswith(f"{scheme}://{peer.domain}/") or not HANDLE.fullmatch(handle):
        return None
    return Named(uri, handle, name, _end_of_stay(person))


def _end_of_stay(person: Document) -> datetime | None:
    """A guest without a date that can be read is a guest whose stay is over."""
    if person.get("guest") is not True:
        return None
    try:
        return parse_time(person.get("endTime"))
    except Rejected:
        return now()


def keep_named(db: Connection, peer: Row[Any], named: Named) -> int | None:
    uri, known = named.uri, find_actor(db, named.uri)
    stay = {"guest_until": named.guest_until}
    values: dict[str, Any] = {"handle": named.handle, "name": named.name, "gone_at": None, **stay}
    if known is not None:
        if known.peer_id != peer.id or known.type != PERSON:
            return None
        if any(getattr(known, column) != value for column, value in values.items()):
            db.execute(update(actors).where(actors.c.id == known.id).values(**values))
        return int(known.id)
    actor_id = new_id()
    address = {"inbox": peer.inbox, "shared_inbox": peer.inbox, "peer_id": peer.id}
    row = {"id": actor_id, "uri": uri, "type": PERSON, "created_at": now(), **address, **values}
    insert_new(db, actors, [row])  # two collections that name somebody may come at once
    kept = find_actor(db, uri)
    return int(kept.id) if kept is not None and kept.peer_id == peer.id else None


def remove_person(db: Connection, ring_id: int, peer: Row[Any], uri: str) -> None:
    known = find_actor(db, uri)
    if known is not None:
        _forget(db, ring_id, peer.id, [known.id])


def people_of_ring(db: Connection, ring: RingRow) -> list[Row[Any]]:
    """People of partners that are in the ring now, by name: columns of actors."""
    query = (
        select(actors)
        .join(ring_people, ring_people.c.actor_id == actors.c.id)
        .where(ring_people.c.ring_id == ring.id, ring_people.c.peer_id != SELF, actors.c.gone_at.is_(None))
        .order_by(actors.c.name, actors.c.id)
    )
    inside = {peer.id for peer in ring_nodes(db, ring.audience)}
    return [row for row in db.execute(query) if row.peer_id in inside]
