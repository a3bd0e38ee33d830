"""Rooms that come back: after their ring was over for a time, and after a copy of this node was put back."""

from typing import Any

from sqlalchemy import Connection, Row, update

from federation.documents import Document, as_list, as_text
from node.actors import find_actor
from node.boundary import Member, is_in_ring
from node.db import absolute
from node.errors import NotFound
from node.identity import SELF, Identity
from node.memberships import wake_room
from node.objects import COMPANY, audience_of_urn
from node.people.queries import is_active
from node.rooms.actions import is_of_ring, tell_hosts
from node.rooms.outgoing import publish_room, publish_seat
from node.rooms.places import MOST_PEOPLE, come_in, go_out, keep_place, tell
from node.rooms.queries import ASKED, IN, OPEN, ROOM, Room, is_host, open_rooms, place_of, places_in
from node.rooms.tables import room_details

MOST_ROOMS = 500


# --- a ring that was over for a time ---------------------------------------------------------------


def resting_rooms(db: Connection, member: Member) -> list[Room]:
    """Rooms that this member is host of and that can come back: their ring is open again."""
    found = [
        room for room in open_rooms(db) if room.is_ours and room.rests_at is not None and not room.has_ended
    ]
    return [room for room in found if is_in_ring(db, room.within) and is_host(db, room, member.actor_id)]


def who_returns(db: Connection, room: Room) -> list[Row[Any]]:
    """Who was in, and still can be: active, of a firm that is in the ring now and names them; places."""
    return [place for place in places_in(db, room.audience, IN) if _may_return(db, room, place)]


def _may_return(db: Connection, room: Room, place: Row[Any]) -> bool:
    if place.peer_id == SELF:
        return is_active(db, place.actor_id)
    return is_in_ring(db, room.within, place.peer_id) and is_of_ring(db, room.within, place.actor_id)


def reopen(db: Connection, node: Identity, member: Member, room_id: int) -> None:
    """A host opens it again, with those who were in and still can be; everybody hears it."""
    room = next((room for room in resting_rooms(db, member) if room.id == room_id), None)
    if room is None:
        raise NotFound
    returning = who_returns(db, room)
    wake_room(db, room.audience)
    db.execute(update(room_details).where(room_details.c.id == room.id).values(state=OPEN))
    for place in places_in(db, room.audience, IN):
        if place.actor_id in {one.actor_id for one in returning}:
            _seat_again(db, room, place, member)
        else:
            go_out(db, room, place.actor_id, "firm_left")
    publish_room(db, node, room, "Update")
    for place in returning:
        publish_seat(db, node, room, "Add", place.actor_id, host=bool(place.host))


def _seat_again(db: Connection, room: Room, place: Row[Any], member: Member) -> None:
    come_in(db, room, place.actor_id, host=place.host)
    if place.peer_id == SELF and place.actor_id != member.actor_id:
        tell(db, room, "room_in", place.actor_id)


# --- a copy put back (rule 17) ---------------------------------------------------------------------


def take_told_rooms(db: Connection, node: Identity, peer: Row[Any], answer: Document) -> None:
    """What a partner has of rooms that we keep: who is in by our older copy alone is out.

    Its own people who came in since the copy ask anew; a host decides, for we do not know what was said.
    """
    told = _read(answer)
    for room in open_rooms(db):
        if room.is_ours and room.kind == ROOM and room.within != COMPANY:
            _compare(db, node, peer, room, told.get(room.audience))


def _read(answer: Document) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in as_list(answer.get("rooms"))[:MOST_ROOMS]:
        audience = audience_of_urn(as_text(item.get("room"), 100)) if isinstance(item, dict) else None
        if audience is not None:
            people = as_list(item.get("people"))[:MOST_PEOPLE]
            found[audience] = {uri for uri in people if isinstance(uri, str)}
    return found


def _compare(db: Connection, node: Identity, peer: Row[Any], room: Room, told: set[str] | None) -> None:
    for place in places_in(db, room.audience, IN):
        if told is None:
            is_out = place.peer_id == peer.id
        else:
            is_out = absolute(node.base, place.uri) not in told
        if is_out and not (place.peer_id == SELF and place.host):  # somebody must be able to decide
            go_out(db, room, place.actor_id, "removed")
    for uri in told or ():
        _ask_anew(db, peer, room, uri)


def _ask_anew(db: Connection, peer: Row[Any], room: Room, uri: str) -> None:
    person = find_actor(db, uri)
    if person is None or person.peer_id != peer.id or not is_of_ring(db, room.within, person.id):
        return
    if place_of(db, room.audience, person.id) is None:
        keep_place(db, room, person.id, ASKED)
        tell_hosts(db, room, person.id)
