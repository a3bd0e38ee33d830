"""What a home of the demo has by now, read from its database; nothing is written here."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from node import identity
from node.access.logins import list_guests
from node.db import open_engine, reading, relative
from node.demo.firms import Circle, Place
from node.media.queries import list_files
from node.objects import LIVE, find_object
from node.people.followers import count_accepted
from node.people.queries import find_person
from node.rings.queries import find_ring
from node.rooms.queries import Room, open_rooms, place_of


@contextmanager
def looking(place: Place) -> Iterator[Connection]:
    """Nothing stays open afterwards: commands are forked from this process."""
    engine = open_engine(f"sqlite:///{place.home / 'leerkring.sqlite3'}")
    try:
        with reading(engine) as db:
            yield db
    finally:
        engine.dispose()


def local_id(place: Place, url: str) -> int | None:
    """The number of a live object at this node; None as long as it, or a picture of it, is not there."""
    with looking(place) as db:
        row = find_object(db, relative(place.url, url))
        if row is None or row.state != LIVE:
            return None
        return None if any(file.name is None for file in list_files(db, row.id)) else int(row.id)


def file_urls(place: Place, url: str) -> list[str]:
    """The pictures of one of its own objects."""
    with looking(place) as db:
        row = find_object(db, relative(place.url, url))
        return [] if row is None else [f"{place.url}/media/{file.id}" for file in list_files(db, row.id)]


def ring_audience_at(place: Place, handle: str) -> str:
    """The value that the forms of this node have for a ring."""
    with looking(place) as db:
        return find_ring(db, handle).audience


def is_gone(place: Place, url: str) -> bool:
    return local_id(place, url) is None


def has_followers_here(place: Place, name: str, count: int) -> bool:
    """Whether so many at this node follow `handle@domain`, and were accepted there."""
    with looking(place) as db:
        actor = find_person(db, identity.load(db, "http"), name)
        return actor is not None and count_accepted(db, actor.id) >= count


# --- rooms -----------------------------------------------------------------------------------------


def _room(db: Connection, circle: Circle) -> Room | None:
    return next((room for room in open_rooms(db) if room.name == circle.name), None)


def room_at(place: Place, circle: Circle) -> str:
    """The number of a room at this node; empty as long as it is not known there."""
    with looking(place) as db:
        room = _room(db, circle)
        return "" if room is None else str(room.id)


def room_audience_at(place: Place, circle: Circle) -> str:
    """The value that the forms of this node have for a room."""
    with looking(place) as db:
        room = _room(db, circle)
        return "" if room is None else room.audience


def place_in(place: Place, circle: Circle, name: str) -> str:
    """How somebody stands to a room, as this node knows it: invited, asked, in; empty for neither."""
    with looking(place) as db:
        room, actor = _room(db, circle), find_person(db, identity.load(db, "http"), name)
        found = None if room is None or actor is None else place_of(db, room.audience, actor.id)
        return "" if found is None else str(found.state)


def person_at(place: Place, name: str) -> str:
    """The number of a member, or of somebody of a partner, `handle@domain`, once this node knows them."""
    with looking(place) as db:
        actor = find_person(db, identity.load(db, "http"), name)
        return "" if actor is None else str(actor.id)


def guest_handle(place: Place) -> str:
    """Guests do not choose theirs."""
    with looking(place) as db:
        return str(list_guests(db)[0].handle)
