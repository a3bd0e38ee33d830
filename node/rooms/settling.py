"""Rooms between requests: what the clock, a ring's or account's end, or a reset changed is written down."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, or_, select

from node.access.members import RESET
from node.access.tables import links, members
from node.boundary import rings_of, rooms_of
from node.identity import SELF, Identity
from node.ids import now
from node.memberships import memberships, rooms
from node.objects import COMPANY, DELETED, objects
from node.rings.agreement_rows import agreements_of, document_of
from node.rings.queries import ring_of_audience
from node.rooms.actions import close_room, note_reset, put_out, require_room, take_out
from node.rooms.places import go_out, tell
from node.rooms.queries import IN, ROOM, Room, open_rooms
from node.rooms.steering import has_steering_to_settle, settle_steering
from node.rooms.tables import room_details, room_places, room_resets

KEPT_DAYS = 30  # of a confined room in the company, which no agreement speaks of


def needs_settling(db: Connection) -> bool:
    checks = (_ended(db), _without_period(db), _inactive(db), _untold_resets(db))
    return any(next(iter(found), None) is not None for found in checks) or has_steering_to_settle(db)


def settle_rooms(db: Connection, node: Identity) -> int:
    """Returns how much changed."""
    done = settle_steering(db, node)
    for room in list(_ended(db)):
        close_room(db, room)
        done += 1
    for place in list(_without_period(db)):
        _part(db, node, place)
        done += 1
    for place in list(_inactive(db)):
        take_out(db, node, require_room(db, place.audience), place.actor_id, "left")
        done += 1
    for link in list(_untold_resets(db)):
        _tell_reset(db, node, link)
        done += 1
    return done


def _ended(db: Connection) -> Iterator[Room]:
    """Past their end, or of a ring that is over for us; a steering room comes back with its ring."""
    inside = {COMPANY, *rings_of(db)}
    for room in open_rooms(db):
        gone = room.within not in inside
        if room.has_ended or (gone and room.kind == ROOM):
            yield room


def _without_period(db: Connection) -> Iterator[Row[Any]]:
    """Places of who was in by the boundary and is not any more: their firm left the ring."""
    still = or_(memberships.c.until_at.is_(None), memberships.c.until_at > now())
    period = exists().where(
        memberships.c.audience == room_places.c.audience,
        memberships.c.actor_id == room_places.c.actor_id,
        still,
    )
    yield from db.execute(select(room_places).where(room_places.c.state == IN, ~period))


def _part(db: Connection, node: Identity, place: Row[Any]) -> None:
    room = require_room(db, place.audience)
    if room.is_ours and not room.has_ended:
        put_out(db, node, room, place, "firm_left")
    else:
        go_out(db, room, place.actor_id, "firm_left")
    if place.peer_id == SELF and room.kind == ROOM:
        tell(db, room, "room_ended", place.actor_id)


def _inactive(db: Connection) -> Iterator[Row[Any]]:
    """Places of our own people who cannot log in any more."""
    over = or_(members.c.disabled_at.is_not(None), members.c.ends_at <= now())
    query = (
        select(room_places)
        .join(members, members.c.actor_id == room_places.c.actor_id)
        .join(room_details, room_details.c.audience == room_places.c.audience)
        .where(over, room_details.c.kind == ROOM)
    )
    yield from db.execute(query)


def _untold_resets(db: Connection) -> Iterator[Row[Any]]:
    """Passwords chosen by a link that an admin made, while its member is in a room."""
    told = exists().where(room_resets.c.link_id == links.c.id)
    used = links.c.kind == RESET, links.c.used_at.is_not(None), ~told
    yield from db.execute(select(links).where(*used))


def _tell_reset(db: Connection, node: Identity, link: Row[Any]) -> None:
    for audience in rooms_of(db, link.member_id):
        note_reset(db, node, require_room(db, audience), link.member_id)
    db.execute(insert(room_resets).values(link_id=link.id))


def content_to_expire(db: Connection) -> list[int]:
    """What stands in confined rooms whose end, and the days that the agreement keeps things, are over."""
    query = select(rooms).where(rooms.c.confined, rooms.c.until_at.is_not(None))
    over = [row.audience for row in db.execute(query) if _is_over(db, row)]
    here = objects.c.audience.in_(over), objects.c.state != DELETED
    return list(db.scalars(select(objects.c.id).where(*here).order_by(objects.c.id)))


def _is_over(db: Connection, room: Row[Any]) -> bool:
    ring = ring_of_audience(db, room.within)
    complete = [row for row in agreements_of(db, ring.id) if row.completed_at] if ring is not None else []
    days = document_of(complete[-1]).retention_days if complete else KEPT_DAYS
    return bool(room.until_at + timedelta(days=days) <= now())
