"""What hosts do with the guests of a room: invite, let in again, another end date, out."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from node.access import guests as accounts
from node.access.guests import Pass, become_guest, get_guest
from node.access.logins import list_guests
from node.boundary import Member, person_is_inside
from node.errors import Conflict, Invalid, NotFound
from node.i18n import msg
from node.identity import Identity
from node.rooms.actions import add_person, hosted_room, take_out
from node.rooms.queries import ROOM, Room, find_room, is_host, own_rooms
from node.web.formats import day_digits, last_day


def hosted_rooms(db: Connection, member: Member) -> list[Room]:
    """The rooms to which this member may invite guests, by name."""
    rooms = own_rooms(db, member)
    return [room for room in rooms if room.kind == ROOM and is_host(db, room, member.actor_id)]


def invite(
    db: Connection, member: Member, room_id: int, *, name: str, ends_at: datetime, mail: str = ""
) -> str:
    """The one-time token for one person and one room; who is in two rooms as a guest has two accounts."""
    room = hosted_room(db, member, room_id)
    if room.kind != ROOM:
        raise Conflict(msg("Nobody is a guest in this room."))
    stay = _within(room, ends_at)
    return accounts.invite_guest(db, member.actor_id, name=name, ends_at=stay, room=room.audience, mail=mail)


def _within(room: Room, ends_at: datetime) -> datetime:
    """A stay ends with its room at the latest; a later day is refused in words, never made shorter unseen."""
    if room.until_at is None:
        return ends_at
    if last_day(ends_at) > last_day(room.until_at):
        day = day_digits(last_day(room.until_at))
        raise Invalid(until=msg("This room ends on %(day)s. Choose that day or an earlier one.", day=day))
    return min(ends_at, room.until_at)


def come_in(db: Connection, node: Identity, held: Pass, *, name: str, language: str) -> int:
    """Whoever holds an invitation becomes a guest and is in the room, or neither; returns the account's id.

    The one who invited lets them in, so they must be host of the room still.
    """
    room = _open_room(db, held.room)
    guest_id = become_guest(db, held, name=name, language=language)
    add_person(db, node, Member(held.host_id), room.id, guest_id)
    return guest_id


def _open_room(db: Connection, audience: str | None) -> Room:
    room = find_room(db, audience or "")
    if room is None or room.has_ended:
        raise NotFound
    return room


def guests_for(db: Connection, member: Member) -> list[Row[Any]]:
    """Guests of the rooms that this member is host of, and whom they invited before, newest first."""
    hosted = {room.audience for room in hosted_rooms(db, member)}
    return [row for row in list_guests(db) if row.room in hosted or row.host_id == member.actor_id]


def make_entry(db: Connection, member: Member, guest_id: int) -> str:
    """A new way in for a guest of a room that this member is host of."""
    _hosted_guest(db, member, guest_id)
    return accounts.make_entry(db, guest_id, made_by=member.actor_id)


def extend(db: Connection, node: Identity, member: Member, guest_id: int, ends_at: datetime) -> None:
    """Another end date, not beyond the room's; who was out already is in the room again."""
    guest, room = _hosted_guest(db, member, guest_id)
    accounts.extend_stay(db, guest.actor_id, _within(room, ends_at))
    if not person_is_inside(db, room.audience, guest.actor_id):
        add_person(db, node, member, room.id, guest.actor_id)


def end(db: Connection, node: Identity, member: Member, guest_id: int) -> None:
    """Out at once, of the room and of the node; what they wrote stays."""
    if guest_id not in {row.actor_id for row in guests_for(db, member)}:
        raise NotFound
    leave(db, node, guest_id)


def leave(db: Connection, node: Identity, guest_id: int) -> None:
    """A guest's stay is over now: their log-ins, links and place end in this transaction."""
    guest = get_guest(db, guest_id)
    accounts.end_stay(db, guest_id)
    room = find_room(db, guest.room or "")
    if room is not None:
        take_out(db, node, room, guest_id, "left")


def _hosted_guest(db: Connection, member: Member, guest_id: int) -> tuple[Row[Any], Room]:
    guest = get_guest(db, guest_id)
    for room in hosted_rooms(db, member):
        if room.audience == guest.room:
            return guest, room
    raise NotFound
