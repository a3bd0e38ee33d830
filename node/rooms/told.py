"""Who is in a room, read whole from whoever decides it: what was lost on the way is made good by it."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, update

from federation.documents import Document, as_id, as_list, as_object
from node.actors import find_actor
from node.db import absolute, relative
from node.identity import SELF, Identity
from node.ids import now
from node.incoming import Dropped, Early
from node.memberships import wake_room
from node.rooms.activities import add_seat, decides
from node.rooms.outgoing import publish_to_node
from node.rooms.places import MOST_PEOPLE, go_out, keep_place, tell
from node.rooms.queries import ASKED, IN, INVITED, OPEN, ROOM, Room, find_room, place_of, places_in
from node.rooms.tables import room_details

MOMENT = timedelta(minutes=5)  # what we heard since the other node wrote its answer is newer than that
ASK_AGAIN = timedelta(hours=1)


def take_people(db: Connection, node: Identity, peer: Row[Any], audience: str, collection: Document) -> None:
    """Take over who is in; who is not in it any more is out, and a room that rested is awake again."""
    room, items = find_room(db, audience), collection.get("orderedItems")
    if room is None or not isinstance(items, list) or len(items) > MOST_PEOPLE:
        return
    if room.home_id is None:
        _take_seats(db, node, peer, room, items, frozenset())
    elif room.home_id == peer.id and collection.get("rests") is not True:
        _take_from_home(db, node, peer, room, items, collection)


def _take_from_home(
    db: Connection, node: Identity, peer: Row[Any], room: Room, items: list[Any], collection: Document
) -> None:
    _note(db, room, collection.get("totalItems"))
    ours = [place for place in places_in(db, room.audience, IN, ASKED, INVITED) if place.peer_id == SELF]
    waiting = {uri for uri in as_list(collection.get("waiting")) if isinstance(uri, str)}
    if any(place.state != INVITED for place in ours):
        _take_seats(db, node, peer, room, items, waiting)
    if room.kind == ROOM:
        _say_left_again(db, node, room, items)
        untold = (one for one in ours if absolute(node.base, one.uri) not in waiting)
        _settle_untold(db, node, room, untold)


def _note(db: Connection, room: Room, total: object) -> None:
    """It is awake, and how many are in it."""
    count = (
        total
        if isinstance(total, int) and not isinstance(total, bool) and 0 <= total <= MOST_PEOPLE
        else None
    )
    this = update(room_details).where(room_details.c.id == room.id)
    db.execute(this.values(told_people=count if room.listed else None))
    if room.rests_at is not None:
        wake_room(db, room.audience)
        db.execute(this.values(state=OPEN))


def _take_seats(
    db: Connection,
    node: Identity,
    peer: Row[Any],
    room: Room,
    items: list[Any],
    waiting: Collection[str],
) -> None:
    kept = {_take_seat(db, node, peer, room, item) for item in items if isinstance(item, dict)}
    for place in places_in(db, room.audience, IN):
        if place.actor_id in kept or not decides(room, int(peer.id), int(place.peer_id)):
            continue
        if place.peer_id != SELF:
            go_out(db, room, place.actor_id, "removed")
        elif room.rests_at is not None or _was_settled(place.changed_at):
            _lose_seat(db, room, place, is_waiting=absolute(node.base, place.uri) in waiting)


def _lose_seat(db: Connection, room: Room, place: Row[Any], *, is_waiting: bool) -> None:
    """Out; a home that was put back from a copy may have its host decide anew."""
    go_out(db, room, place.actor_id, "removed")
    if is_waiting:
        keep_place(db, room, place.actor_id, ASKED, answer=place.answer)
    else:
        tell(db, room, "room_removed", place.actor_id)


def _was_settled(changed_at: datetime) -> bool:
    return changed_at < now() - MOMENT


def _take_seat(db: Connection, node: Identity, peer: Row[Any], room: Room, seat: Document) -> int | None:
    try:
        return add_seat(db, node, peer, room, seat)
    except (Dropped, Early):
        return None


def _say_left_again(db: Connection, node: Identity, room: Room, items: list[Any]) -> None:
    """The home did not hear that one of ours left."""
    for item in items:
        entry = as_object(item.get("person")) if isinstance(item, dict) else {}
        person = find_actor(db, relative(node.base, as_id(entry)))
        if person is not None and person.peer_id == SELF and place_of(db, room.audience, person.id) is None:
            publish_to_node(db, node, room, "Leave", room.home_id or 0, person.id)


def _settle_untold(db: Connection, node: Identity, room: Room, places: Iterable[Row[Any]]) -> None:
    """Of ours who wait by our record, not by the home's: an invitation is void, a request is made again."""
    for untold in places:
        place = place_of(db, room.audience, untold.actor_id)
        if place is None or place.state == IN or not _was_settled(place.changed_at):
            continue
        if place.state == INVITED or not room.listed:
            go_out(db, room, place.actor_id, "refused")
            if place.state == ASKED:
                tell(db, room, "room_refused", place.actor_id)
        elif place.changed_at < now() - ASK_AGAIN:
            keep_place(db, room, place.actor_id, ASKED, answer=place.answer)
            publish_to_node(db, node, room, "Join", room.home_id or 0, place.actor_id, answer=place.answer)
