"""From rows to what the pages of rooms show: who is in with their firms, who asks, what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.boundary import Member, is_guest, people_inside, ring_nodes
from node.i18n import Message, msg, nmsg
from node.identity import SELF, Identity
from node.memberships import guests, rooms
from node.objects import COMPANY
from node.people.queries import author_views, list_people
from node.rings.people import people_of_ring
from node.rings.queries import ring_of_audience
from node.rooms.queries import (
    ASKED,
    IN,
    INVITED,
    Room,
    count_inside,
    is_first_of_node,
    lines_of,
    place_of,
    places_in,
)
from node.rooms.returning import resting_rooms, who_returns
from node.web.views import AuthorView

NOBODY = AuthorView(name="?", handle="", url="/")
LINES = {
    "in": msg("%(name)s is in this room now."),
    "left": msg("%(name)s left this room."),
    "removed": msg("%(name)s was taken out of this room."),
    "firm_left": msg("%(name)s is out: their firm left the ring."),
    "host": msg("%(name)s is a host now."),
    "no_host": msg("%(name)s is not a host any more."),
    "reset": msg("An admin made a new way in for the account of %(name)s."),
}


@dataclass(frozen=True)
class RoomEntry:
    """A room in the list; `state` is what the reader has there: in, invited, asked, or nothing.

    How many are in it we know of our own rooms and of those that one is in; of others their home tells.
    """

    room: Room
    place: str
    within: str
    people: int | None
    state: str


@dataclass(frozen=True)
class PersonView:
    """Somebody in a room, or who wants to be; `first` when nobody of their firm was ever in it."""

    id: int
    author: AuthorView
    host: bool = False
    is_ours: bool = True
    guest: bool = False
    answer: str = ""
    first: bool = False


@dataclass(frozen=True)
class LineView:
    sentence: Message
    at: datetime


def within_name(db: Connection, room: Room) -> str:
    """The ring's name; empty for the company."""
    ring = ring_of_audience(db, room.within)
    return ring.name if ring is not None else ""


def entry(db: Connection, member: Member, room: Room) -> RoomEntry:
    place = place_of(db, room.audience, member.actor_id)
    kind = "company" if room.within == COMPANY else "ring"
    state = place.state if place is not None else ""
    people = count_inside(db, room) if room.is_ours or state == IN else room.told_people
    return RoomEntry(room, kind, within_name(db, room), people, state)


def people_views(db: Connection, node: Identity, room: Room) -> list[PersonView]:
    """Who is in now, our own first."""
    hosts = {place.actor_id for place in places_in(db, room.audience, IN) if place.host}
    rows = people_inside(db, room.audience)
    views = author_views(db, node, [row.id for row in rows])
    found = [
        PersonView(
            id=row.id,
            author=views[row.id],
            host=row.id in hosts,
            is_ours=row.peer_id == SELF,
            guest=row.peer_id == SELF and is_guest(db, row.id),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.is_ours, one.author.firm, one.author.name))


def resting_views(db: Connection, node: Identity, member: Member) -> list[tuple[RoomEntry, list[PersonView]]]:
    """Rooms that their host can open again, each with who comes back then."""
    return [
        (entry(db, member, room), _of_places(db, node, room, who_returns(db, room)))
        for room in resting_rooms(db, member)
    ]


def request_views(db: Connection, node: Identity, room: Room) -> list[PersonView]:
    """Who waits for a host's answer."""
    return _views(db, node, room, ASKED)


def invited_views(db: Connection, node: Identity, room: Room) -> list[PersonView]:
    return _views(db, node, room, INVITED)


def _views(db: Connection, node: Identity, room: Room, state: str) -> list[PersonView]:
    return _of_places(db, node, room, places_in(db, room.audience, state))


def _of_places(db: Connection, node: Identity, room: Room, places: list[Row[Any]]) -> list[PersonView]:
    views = author_views(db, node, [place.actor_id for place in places])
    return [
        PersonView(
            id=place.actor_id,
            author=views.get(place.actor_id, NOBODY),
            is_ours=place.peer_id == SELF,
            answer=place.answer,
            first=place.peer_id != SELF and is_first_of_node(db, room, place.peer_id),
        )
        for place in places
    ]


def line_views(db: Connection, node: Identity, member: Member, room: Room) -> list[LineView]:
    rows = [row for row in lines_of(db, member, room) if row.kind in LINES]
    views = author_views(db, node, {row.actor_id for row in rows if row.actor_id is not None})
    return [LineView(_sentence(row, views), row.published) for row in rows]


def _sentence(row: Row[Any], views: Mapping[int, AuthorView]) -> Message:
    who = views.get(row.actor_id, NOBODY)
    name = f"{who.name} ({who.firm})" if who.firm else who.name
    return msg(LINES[row.kind].msgid, name=name)


def invitable(db: Connection, node: Identity, room: Room) -> list[PersonView]:
    """Our own people and those of the ring, without who has a place already."""
    ring = ring_of_audience(db, room.within)
    theirs = [row.id for row in people_of_ring(db, ring)] if ring is not None else []
    ours = [row.id for row in list_people(db) if not is_guest(db, row.id)]
    taken = {place.actor_id for place in places_in(db, room.audience, INVITED, ASKED, IN)}
    ids = [one for one in (*ours, *theirs) if one not in taken]
    views, mine = author_views(db, node, ids), set(ours)
    return [PersonView(id=one, author=views[one], is_ours=one in mine) for one in ids if one in views]


def reach_words(db: Connection, audience: str) -> Message:
    """How many people, of which firms, will get what is posted in a room (rule 10)."""
    rows = people_inside(db, audience)
    count = nmsg("%(count)s person in this room", "%(count)s people in this room", len(rows))
    peers = {row.peer_id for row in rows} - {SELF}
    within = db.scalar(select(rooms.c.within).where(rooms.c.audience == audience))
    names = [peer.name or peer.domain for peer in ring_nodes(db, within or "") if peer.id in peers]
    visiting = _count_guests(db, [row.id for row in rows])
    if visiting:
        return _reach_with_guests(count, names, visiting)
    if not names:
        return msg("%(people)s, all of your own company. Nobody else.", people=count)
    return msg(
        "%(people)s, of your own company and of %(names)s. Nobody else.", people=count, names=", ".join(names)
    )


def _count_guests(db: Connection, actor_ids: list[int]) -> int:
    query = select(func.count()).select_from(guests).where(guests.c.actor_id.in_(actor_ids))
    return int(db.execute(query).scalar_one())


def _reach_with_guests(people: Message, names: list[str], visiting: int) -> Message:
    """A guest reads these words too, so they do not say "your own company"."""
    among = nmsg("%(count)s of them is a guest.", "%(count)s of them are guests.", visiting)
    if not names:
        return msg("%(people)s, at this company. %(guests)s Nobody else.", people=people, guests=among)
    return msg(
        "%(people)s, at this company and at %(names)s. %(guests)s Nobody else.",
        people=people,
        names=", ".join(names),
        guests=among,
    )
