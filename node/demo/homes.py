"""What a home of the demo has by now, read from its database; nothing is written here."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from node import identity
from node.db import open_engine, reading, relative
from node.demo.firms import Place
from node.media.queries import list_files
from node.objects import LIVE, find_object
from node.people.followers import count_accepted
from node.people.queries import find_person
from node.rings.queries import find_ring


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
