"""Rooms between requests: what the clock, a ring's or account's end, or a reset changed is written down."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, insert, or_, select, update

from node.access.members import RESET
from node.access.tables import links, members
from node.boundary import rooms_of
from node.identity import SELF, Identity
from node.ids import now
from node.memberships import memberships, rooms
from node.objects import DELETED, objects
from node.rings.agreement_rows import agreements_of, document_of, find_ring_row
from node.rings.queries import ring_of_audience
from node.rings.rosters import RESTORED
from node.rooms.actions import close_room, note_reset, put_out, require_room, take_out
from node.rooms.places import go_out, tell
from node.rooms.queries import IN, OPEN, RESTING, ROOM, Room, open_rooms, places_in
from node.rooms.steering import has_steering_to_settle, settle_steering
from node.rooms.tables import room_details, room_places, room_resets

REST_UNTOLD = timedelta(hours=1)  # a ring that is renewed at once troubles nobody
KEPT_DAYS = 30  # of a confined room in the company, which no agreement speaks of


def needs_settling(db: Connection) -> bool:
    checks = (_ended(db), _resting(db), _without_period(db), _inactive(db), _untold_resets(db))
    return any(next(iter(found), None) is not None for found in checks) or has_steering_to_settle(db)


def settle_rooms(db: Connection, node: Identity) -> int:
    """Returns how much changed."""
    done = settle_steering(db, node)
    for room in list(_ended(db)):
        close_room(db, room)
        done += 1
    for room in list(_resting(db)):
        _tell_resting(db, room)
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
    """Past their end; those of a ring that is over for us rest, and may come back with it."""
    yield from (room for room in open_rooms(db) if room.has_ended)


def _resting(db: Connection) -> Iterator[Room]:
    """Resting for so long that the people who were in are told; not while a copy waits to hear (rule 17)."""
    for room in open_rooms(db):
        if room.state == OPEN and room.rests_at is not None and room.rests_at < now() - REST_UNTOLD:
            ring = find_ring_row(db, room.within.removeprefix("ring:"))
            if ring is None or ring.closed_why != RESTORED:
                yield room


def _tell_resting(db: Connection, room: Room) -> None:
    for place in places_in(db, room.audience, IN):
        if place.peer_id == SELF:
            tell(db, room, "room_ended", place.actor_id)
    db.execute(update(room_details).where(room_details.c.id == room.id).values(state=RESTING))


def _without_period(db: Connection) -> Iterator[Row[Any]]:
    """Places of who was in by the boundary and is not any more: their firm left the ring.

    In a room that rests places stay, so that its home knows whom it can let in again.
    """
    still = or_(memberships.c.until_at.is_(None), memberships.c.until_at > now())
    period = exists().where(
        memberships.c.audience == room_places.c.audience,
        memberships.c.actor_id == room_places.c.actor_id,
        still,
    )
    awake = select(rooms.c.audience).where(rooms.c.rests_at.is_(None))
    in_awake = room_places.c.state == IN, room_places.c.audience.in_(awake)
    yield from db.execute(select(room_places).where(*in_awake, ~period))


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
    over_once = or_(rooms.c.until_at.is_not(None), rooms.c.rests_at.is_not(None))
    query = select(rooms).where(rooms.c.confined, over_once)
    over = [row.audience for row in db.execute(query) if _is_over(db, row)]
    here = objects.c.audience.in_(over), objects.c.state != DELETED
    return list(db.scalars(select(objects.c.id).where(*here).order_by(objects.c.id)))


def _is_over(db: Connection, room: Row[Any]) -> bool:
    ring = ring_of_audience(db, room.within)
    complete = [row for row in agreements_of(db, ring.id) if row.completed_at] if ring is not None else []
    days = document_of(complete[-1]).retention_days if complete else KEPT_DAYS
    end = min(moment for moment in (room.until_at, room.rests_at) if moment is not None)
    return bool(end + timedelta(days=days) <= now())
