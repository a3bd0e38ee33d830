"""Activities of rooms as they come in: a room's home says who is in, each node speaks for its own people."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document, as_id, as_object, as_text, parse_time
from federation.errors import Rejected
from node.actors import PERSON, find_actor
from node.boundary import is_guest, is_within, person_is_inside
from node.db import relative
from node.identity import SELF, Identity
from node.ids import now
from node.incoming import Dropped, Early, Handler, Incoming
from node.objects import audience_of_urn, is_ring
from node.peers import PAIRED, get_peer
from node.people.queries import is_active
from node.rings.catching_up import change_source, follow_numbers
from node.rings.expected import need_both_within
from node.rings.people import keep_named, read_person
from node.rooms.actions import (
    LONGEST_ANSWER,
    LONGEST_NAME,
    LONGEST_PURPOSE,
    LONGEST_QUESTION,
    Plan,
    add_room,
    is_full,
    is_of_ring,
    keep_plan,
    let_in,
    put_out,
    require_room,
    tell_hosts,
)
from node.rooms.founding import Founding, read_founding
from node.rooms.outgoing import LINE, ROOM, SEAT
from node.rooms.places import MOST_PEOPLE, add_line, come_in, go_out, is_seated, keep_place, set_host, tell
from node.rooms.queries import (
    ASKED,
    IN,
    INVITED,
    Room,
    count_inside,
    count_rooms_of,
    find_room,
    place_of,
    places_in,
)
from node.rooms.queries import ROOM as ROOM_KIND
from node.text import clean_name

MOST_ROOMS = 200  # that one node keeps and we know of
MOST_STEERING = 20  # of one node in a ring's steering room


def _sender(db: Connection, incoming: Incoming) -> Row[Any]:
    """The paired node that signed this with its own key, speaking for itself."""
    peer = get_peer(db, incoming.peer_id)
    if not incoming.by_node or peer.state != PAIRED or incoming.actor_uri != peer.actor_uri:
        raise Dropped("not said by a paired node itself")
    return peer


# --- the room itself ---------------------------------------------------------------------------------


def take_room(db: Connection, incoming: Incoming) -> None:
    """A node of a ring made a room there, or changed it."""
    _keep_room(db, incoming, _sender(db, incoming))


def _keep_room(db: Connection, incoming: Incoming, peer: Row[Any]) -> Room:
    founding = _founding(db, incoming, peer)
    known, plan = find_room(db, founding.audience), _plan(incoming.object)
    if known is not None:
        if not known.has_ended:
            keep_plan(db, known, plan)
        if known.rests_at is not None:  # it may be back: its home is asked at once who is in
            change_source(db, known.audience, int(peer.id), people_at=None, tried_at=None)
        return require_room(db, founding.audience)
    if plan.until_at is not None and plan.until_at <= now():
        raise Dropped("a room that has ended")
    if count_rooms_of(db, peer.id) >= MOST_ROOMS:
        raise Dropped("more rooms than one node keeps")
    maker = find_actor(db, as_id(incoming.activity.get("attributedTo")))
    by = maker.id if maker is not None and maker.peer_id == peer.id else None
    room = add_room(db, founding, plan, kind=ROOM_KIND, home_id=int(peer.id), author_id=by)
    follow_numbers(db, room.audience, [int(peer.id)])
    return room


def _founding(db: Connection, incoming: Incoming, peer: Row[Any]) -> Founding:
    """The document that names the room: it must say that the sender keeps it, in a ring that both are in."""
    try:
        founding = read_founding(as_text(incoming.object.get("founding"), 10_000))
    except Rejected as error:
        raise Dropped("not a room") from error
    if founding.audience != audience_of_urn(as_id(incoming.object)) or founding.home != peer.actor_uri:
        raise Dropped("a room that this node does not keep")
    ring = founding.within
    if not is_ring(ring):
        raise Dropped("a room in no ring")
    need_both_within(db, ring, int(peer.id))
    return founding


def _plan(document: Document) -> Plan:
    name = clean_name(as_text(document.get("name"), LONGEST_NAME))
    capacity = document.get("capacity")
    if not name:
        raise Dropped("a room without a name")
    return Plan(
        name=name,
        purpose=as_text(document.get("summary"), LONGEST_PURPOSE),
        question=as_text(document.get("question"), LONGEST_QUESTION),
        begins_at=_time(document.get("startTime")),
        until_at=_time(document.get("endTime")),
        capacity=capacity if isinstance(capacity, int) and 1 < capacity <= MOST_PEOPLE else None,
        listed=document.get("listed") is True,
    )


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        return parse_time(value)
    except Rejected as error:
        raise Dropped("a time that cannot be read") from error


def take_invitation(db: Connection, incoming: Incoming) -> None:
    """One of ours is invited; whether they come is theirs to say."""
    peer = _sender(db, incoming)
    room = _keep_room(db, incoming, peer)
    person = find_actor(db, relative(incoming.node.base, as_id(incoming.activity.get("target"))))
    if person is None or person.peer_id != SELF or not is_active(db, person.id) or is_guest(db, person.id):
        raise Dropped("invites nobody here")
    if place_of(db, room.audience, person.id) is None:
        keep_place(db, room, person.id, INVITED)
        by = find_actor(db, as_id(incoming.activity.get("attributedTo")))
        is_theirs = by is not None and by.peer_id == peer.id
        tell(db, room, "room_invited", person.id, from_id=by.id if by is not None and is_theirs else None)


# --- who is in ---------------------------------------------------------------------------------------


def _room_of(db: Connection, incoming: Incoming) -> Room:
    """The room a seat is in, which the sender and we may both be in; unknown ones may still come."""
    audience = audience_of_urn(as_text(incoming.object.get("room"), 100))
    room = find_room(db, audience) if audience else None
    if room is None:
        raise Dropped("no room that both can be in")
    need_both_within(db, room.audience, incoming.peer_id)
    return room


def decides(room: Room, peer_id: int, person_peer_id: int) -> bool:
    """A room's home says who is in; in a steering room each node, for its own people."""
    decider: int = person_peer_id if room.home_id is None else room.home_id
    return decider == peer_id


def take_add(db: Connection, incoming: Incoming) -> None:
    peer, room = _sender(db, incoming), _room_of(db, incoming)
    add_seat(db, incoming.node, peer, room, incoming.object)


def add_seat(db: Connection, node: Identity, peer: Row[Any], room: Room, seat: Document) -> int:
    """Somebody is in, by the word of whoever decides; of ours only who wanted to. Returns the actor's id."""
    person = _person(db, node, peer, room, as_object(seat.get("person")))
    if not decides(room, int(peer.id), int(person.peer_id)):
        raise Dropped("said by a node that does not decide it")
    place = place_of(db, room.audience, person.id)
    is_host = seat.get("host") is True
    if place is not None and is_seated(db, room, person.id):
        if place.host != is_host:
            set_host(db, room, person.id, is_host)
        return int(person.id)
    if person.peer_id == SELF and (place is None or place.state == INVITED):
        raise Dropped("one of ours who did not ask")
    if not is_within(db, room.audience, person.peer_id):
        raise Early("a node that is not in the ring, as far as we heard")
    if count_inside(db, room) >= MOST_PEOPLE or _has_its_share(db, room, person.peer_id):
        raise Dropped("more people than a room holds")
    since = _time(seat.get("published")) or now()
    if person.peer_id == SELF and place is not None:
        come_in(db, room, person.id, from_at=max(since, place.changed_at))
        tell(db, room, "room_in", person.id)
    else:
        come_in(db, room, person.id, host=is_host)
    return int(person.id)


def _has_its_share(db: Connection, room: Room, peer_id: int) -> bool:
    if room.home_id is not None:
        return False
    theirs = [place for place in places_in(db, room.audience, IN) if place.peer_id == peer_id]
    return len(theirs) >= MOST_STEERING


def _person(db: Connection, node: Identity, peer: Row[Any], room: Room, entry: Document) -> Row[Any]:
    """Whom a seat is for: ours, the sender's own, or whom their own node named as of the ring."""
    uri = relative(node.base, as_id(entry))
    named = read_person(node.base.partition("://")[0], peer, entry)
    if named is not None:
        keep_named(db, peer, named)
    person = find_actor(db, uri)
    if person is not None and person.type == PERSON and person.peer_id in (SELF, peer.id):
        return person
    if person is None or not is_of_ring(db, room.within, person.id):
        raise Early("somebody whom their own node has not named")
    return person


def take_remove(db: Connection, incoming: Incoming) -> None:
    peer, room = _sender(db, incoming), _room_of(db, incoming)
    person = _known_person(db, incoming)
    if not decides(room, int(peer.id), int(person.peer_id)):
        raise Dropped("said by a node that does not decide it")
    was_in = person_is_inside(db, room.audience, person.id)
    go_out(db, room, person.id, "removed")
    if person.peer_id == SELF and was_in:
        tell(db, room, "room_removed", person.id)


def _known_person(db: Connection, incoming: Incoming) -> Row[Any]:
    entry = as_object(incoming.object.get("person"))
    person = find_actor(db, relative(incoming.node.base, as_id(entry)))
    if person is None:
        raise Dropped("about nobody we know")
    return person


def take_join(db: Connection, incoming: Incoming) -> None:
    """Somebody of a partner accepts our invitation, or asks to come into a room that their ring can see."""
    peer, room = _sender(db, incoming), _room_of(db, incoming)
    person = _known_person(db, incoming)
    if not room.is_ours or room.kind != ROOM_KIND or person.peer_id != peer.id:
        raise Dropped("not ours to decide")
    if not is_of_ring(db, room.within, person.id):
        raise Early("somebody whom their own node has not named")
    place = place_of(db, room.audience, person.id)
    answer = as_text(incoming.object.get("answer"), LONGEST_ANSWER)
    if place is not None and (place.state == IN or (place.state == ASKED and place.answer == answer)):
        return  # said again by a node that did not hear whether we did
    if place is None and not room.listed:
        raise Dropped("a room that they cannot know of")
    is_invited = place is not None and place.state == INVITED
    keep_place(db, room, person.id, ASKED, answer=answer)
    if is_invited and not is_full(db, room):
        let_in(db, incoming.node, room, person.id)
    else:
        tell_hosts(db, room, person.id)


def take_leave(db: Connection, incoming: Incoming) -> None:
    """A node says that one of its own people is out: so it is, whoever keeps the room."""
    peer, room = _sender(db, incoming), _room_of(db, incoming)
    person = _known_person(db, incoming)
    place = place_of(db, room.audience, person.id)
    if person.peer_id != peer.id or place is None:
        raise Dropped("not theirs to say")
    if room.is_ours and place.state == IN:
        put_out(db, incoming.node, room, place, "left")
    else:
        go_out(db, room, person.id, "left")


def take_reject(db: Connection, incoming: Incoming) -> None:
    """The home says no to one of ours, or puts them out."""
    peer, room = _sender(db, incoming), _room_of(db, incoming)
    person = _known_person(db, incoming)
    place = place_of(db, room.audience, person.id)
    if room.home_id != peer.id or person.peer_id != SELF or place is None:
        raise Dropped("not theirs to say")
    go_out(db, room, person.id, "removed")
    if place.state != INVITED:
        tell(db, room, "room_refused" if place.state == ASKED else "room_removed", person.id)


def take_line(db: Connection, incoming: Incoming) -> None:
    """An admin elsewhere reset the password of one of their people who is in."""
    peer, room = _sender(db, incoming), _room_of(db, incoming)
    person = _known_person(db, incoming)
    if person.peer_id != peer.id or incoming.object.get("kind") != "reset":
        raise Dropped("not theirs to say")
    if person_is_inside(db, room.audience, person.id):
        add_line(db, room, "reset", person.id)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("Create", ROOM): take_room,
    ("Update", ROOM): take_room,
    ("Invite", ROOM): take_invitation,
    ("Add", SEAT): take_add,
    ("Remove", SEAT): take_remove,
    ("Join", SEAT): take_join,
    ("Leave", SEAT): take_leave,
    ("Reject", SEAT): take_reject,
    ("Create", LINE): take_line,
}
