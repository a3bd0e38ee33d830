"""Who has a place in a room, written down the same on every node: invited, asking, in, and out again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from node.actors import get_actor
from node.boundary import is_inside
from node.identity import SELF
from node.ids import new_id, now
from node.memberships import addressees, close_place, has_place, open_place, rooms
from node.notices import forget_notices, notify
from node.objects import PEOPLE, add_object, mark_deleted
from node.queue import drop_deliveries, wake_early
from node.rings.catching_up import change_source, follow_numbers
from node.rooms.queries import IN, INVITED, Room, place_of
from node.rooms.tables import room_lines, room_places

MOST_PEOPLE = 300


def keep_place(
    db: Connection, room: Room, actor_id: int, state: str, *, host: bool = False, answer: str = ""
) -> Row[Any]:
    """Give somebody a place, or change theirs; who is in changes by `come_in` and `go_out` alone."""
    # One change of a room at a time: two words about the same person may come at once.
    db.execute(select(rooms.c.audience).where(rooms.c.audience == room.audience).with_for_update())
    known = place_of(db, room.audience, actor_id)
    values: dict[str, Any] = {"state": state, "host": host, "answer": answer, "changed_at": now()}
    if known is None:
        _add_place(db, room, actor_id, values)
    else:
        db.execute(update(room_places).where(room_places.c.id == known.id).values(**values))
    place = place_of(db, room.audience, actor_id)
    if place is None:
        raise LookupError("a place that was just written")
    return place


def _add_place(db: Connection, room: Room, actor_id: int, values: dict[str, Any]) -> None:
    peer_id = int(get_actor(db, actor_id).peer_id)
    needs_paper = peer_id == SELF or values["state"] == INVITED
    values |= {"object_id": _add_paper(db, actor_id) if needs_paper else None}
    base = {"id": new_id(), "audience": room.audience, "actor_id": actor_id, "peer_id": peer_id}
    db.execute(insert(room_places).values(**base, **values))


def _add_paper(db: Connection, actor_id: int) -> int:
    """What lets this one person know of the room: for nobody else, guests and hidden rooms too."""
    object_id = add_object(db, kind="place", audience=PEOPLE, author_id=None)
    db.execute(insert(addressees).values(object_id=object_id, actor_id=actor_id))
    return object_id


def come_in(
    db: Connection, room: Room, actor_id: int, *, from_at: datetime | None = None, host: bool = False
) -> bool:
    """Somebody is in from now on, or from an earlier moment that the home says. False when they were.

    Who kept a place while the room rested comes back so.
    """
    if is_seated(db, room, actor_id):
        return False
    place = keep_place(db, room, actor_id, IN, host=host)
    moment = now()
    open_place(db, room.audience, place.peer_id, actor_id, min(from_at or moment, moment))
    if place.peer_id != SELF:
        follow_numbers(db, room.audience, [place.peer_id])
    elif room.home_id not in (SELF, None):
        change_source(db, room.audience, int(room.home_id or 0), people_at=None, behind=True)
    add_line(db, room, "in", actor_id)
    wake_early(db)
    return True


def is_seated(db: Connection, room: Room, actor_id: int) -> bool:
    """Whether somebody has a place and a period: in a room that rested the one without the other."""
    known = place_of(db, room.audience, actor_id)
    return known is not None and known.state == IN and has_place(db, room.audience, actor_id)


def go_out(db: Connection, room: Room, actor_id: int, why: str) -> bool:
    """Their place is gone, and what waits for a node nobody of whom is left in. False when they had none."""
    place = place_of(db, room.audience, actor_id)
    if place is None:
        return False
    close_place(db, room.audience, actor_id)
    db.execute(delete(room_places).where(room_places.c.id == place.id))
    if place.object_id is not None:
        mark_deleted(db, place.object_id)
        forget_notices(db, "room_invited", place.object_id)
    if place.state == IN:
        add_line(db, room, why, actor_id)
    if place.state == IN and not is_inside(db, room.audience, place.peer_id):
        _last_is_out(db, room, int(place.peer_id))
    return True


def _last_is_out(db: Connection, room: Room, peer_id: int) -> None:
    """Nothing more goes there; when it is our own last, we do not hear any more who is in either."""
    if peer_id != SELF:
        drop_deliveries(db, peer_id, audience=room.audience)
        return
    if room.home_id in (SELF, None):
        return
    others = room_places.c.audience == room.audience, room_places.c.peer_id != SELF
    for actor_id in db.scalars(select(room_places.c.actor_id).where(*others)).all():
        close_place(db, room.audience, actor_id)
    db.execute(delete(room_places).where(*others))


def set_host(db: Connection, room: Room, actor_id: int, is_host: bool) -> None:
    """Who decides who comes in; the change is a line."""
    theirs = room_places.c.audience == room.audience, room_places.c.actor_id == actor_id
    db.execute(update(room_places).where(*theirs).values(host=is_host))
    add_line(db, room, "host" if is_host else "no_host", actor_id)


def add_line(db: Connection, room: Room, kind: str, actor_id: int | None = None) -> None:
    """Seen by who is in at this moment, and was then (rule 14)."""
    object_id = add_object(db, kind="line", audience=room.audience, author_id=None)
    db.execute(insert(room_lines).values(object_id=object_id, actor_id=actor_id, kind=kind))


def tell(db: Connection, room: Room, kind: str, actor_id: int, from_id: int | None = None) -> None:
    """A notice without the room's words: a mail or phone that shows it is outside the room (rule 15)."""
    notify(db, actor_id, kind, from_id=from_id, link=f"/rooms/{room.id}")
