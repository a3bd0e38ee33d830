"""What others ask about rooms: which one may see, who is in them, who waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, literal, or_, select

from node.actors import actors
from node.boundary import Member, is_within, people_inside, readable, rooms_of
from node.errors import NotFound
from node.i18n import msg
from node.identity import SELF
from node.ids import now
from node.memberships import memberships, rooms
from node.objects import objects
from node.rings.tables import rings
from node.rooms.tables import room_details, room_lines, room_places

ROOM, STEERING = "room", "steering"
OPEN, RESTING, ENDED = "open", "resting", "ended"
INVITED, ASKED, IN = "invited", "asked", "in"


@dataclass(frozen=True)
class Room:
    """A room as this node knows it; `home_id` is None when each node keeps its own people (steering)."""

    id: int
    audience: str
    within: str
    kind: str
    name: str
    purpose: str
    question: str
    begins_at: datetime | None
    until_at: datetime | None
    capacity: int | None
    confined: bool
    listed: bool
    home_id: int | None
    object_id: int | None
    founding: str
    state: str
    rests_at: datetime | None
    told_people: int | None

    @property
    def is_ours(self) -> bool:
        return self.home_id == SELF

    @property
    def has_ended(self) -> bool:
        return self.until_at is not None and self.until_at <= now()


_COLUMNS = (
    room_details,
    rooms.c.within,
    rooms.c.confined,
    rooms.c.until_at,
    rooms.c.home_id,
    rings.c.name.label("ring"),
    rooms.c.rests_at,
)


def _rooms() -> Select[Any]:
    query = select(*_COLUMNS).join(rooms, rooms.c.audience == room_details.c.audience)
    return query.join(rings, rooms.c.within == literal("ring:") + rings.c.hash, isouter=True)


def read_room(row: Row[Any]) -> Room:
    fields = {name: getattr(row, name) for name in Room.__dataclass_fields__}
    if row.kind == STEERING:
        fields["name"] = msg("Steering room of %(ring)s", ring=row.ring)
    return Room(**fields)


def find_room(db: Connection, audience: str) -> Room | None:
    """A room whoever asks: only for code that then asks who may know of it."""
    row = db.execute(_rooms().where(room_details.c.audience == audience)).one_or_none()
    return None if row is None else read_room(row)


def open_rooms(db: Connection) -> list[Room]:
    """Every room not written down as ended: for the machinery, never for a page (rule 16)."""
    return [read_room(row) for row in db.execute(_rooms().where(room_details.c.state != ENDED))]


def _may_know(member: Member) -> Any:
    """The room's card is for them, or they have a place in it."""
    own = select(room_places.c.object_id, room_places.c.audience).where(
        room_places.c.actor_id == member.actor_id
    )
    mine = own.join(objects, objects.c.id == room_places.c.object_id).where(readable(member)).subquery()
    cards = select(objects.c.id).where(objects.c.kind == "room", readable(member))
    return or_(room_details.c.object_id.in_(cards), room_details.c.audience.in_(select(mine.c.audience)))


def get_room(db: Connection, member: Member, room_id: int) -> Room:
    """A room that this member may know of; NotFound alike for all others."""
    row = db.execute(_rooms().where(room_details.c.id == room_id, _may_know(member))).one_or_none()
    room = None if row is None else read_room(row)
    if room is None or not is_within(db, room.audience):
        raise NotFound
    return room


def rooms_for(db: Connection, member: Member) -> list[Room]:
    """Every room that has not ended and that this member may know of, by name."""
    query = _rooms().where(room_details.c.state != ENDED, _may_know(member))
    found = [read_room(row) for row in db.execute(query.order_by(room_details.c.name, room_details.c.id))]
    return [room for room in found if is_within(db, room.audience)]


def own_rooms(db: Connection, member: Member) -> list[Room]:
    """The rooms this member is in now, by name."""
    inside = rooms_of(db, member.actor_id)
    query = _rooms().where(room_details.c.audience.in_(inside))
    return [read_room(row) for row in db.execute(query.order_by(room_details.c.name, room_details.c.id))]


def room_names(db: Connection, member: Member) -> dict[str, str]:
    """By audience, the names of the rooms this member is in."""
    return {room.audience: room.name for room in own_rooms(db, member)}


def is_in(db: Connection, member: Member, room: Room) -> bool:
    return room.audience in rooms_of(db, member.actor_id)


def place_of(db: Connection, audience: str, actor_id: int) -> Row[Any] | None:
    theirs = room_places.c.audience == audience, room_places.c.actor_id == actor_id
    return db.execute(select(room_places).where(*theirs)).one_or_none()


def places_in(db: Connection, audience: str, *states: str) -> list[Row[Any]]:
    """Places with their actors' names, the longest there first."""
    query = (
        select(room_places, actors.c.name, actors.c.uri, actors.c.handle)
        .join(actors, actors.c.id == room_places.c.actor_id)
        .where(room_places.c.audience == audience, room_places.c.state.in_(states))
        .order_by(room_places.c.id)
    )
    return list(db.execute(query))


def is_host(db: Connection, room: Room, actor_id: int) -> bool:
    place = place_of(db, room.audience, actor_id)
    return room.is_ours and place is not None and place.state == IN and bool(place.host)


def hosts_of(db: Connection, room: Room) -> list[int]:
    """Our own people who decide who comes in."""
    if not room.is_ours:
        return []
    return [row.actor_id for row in places_in(db, room.audience, IN) if row.host and row.peer_id == SELF]


def count_inside(db: Connection, room: Room) -> int:
    return len(people_inside(db, room.audience))


def may_know(db: Connection, room: Room, peer_id: int) -> bool:
    """Whether a node of the ring may hear of a room: it is listed, or somebody of it has or had a place."""
    has = select(room_places.c.id).filter_by(audience=room.audience, peer_id=peer_id)
    return room.listed or not is_first_of_node(db, room, peer_id) or db.execute(has).first() is not None


def is_first_of_node(db: Connection, room: Room, peer_id: int) -> bool:
    """Whether nobody of that node was ever in this room."""
    theirs = memberships.c.audience == room.audience, memberships.c.peer_id == peer_id
    return db.execute(select(memberships.c.id).where(*theirs)).first() is None


def lines_of(db: Connection, member: Member, room: Room, *, most: int = 100) -> list[Row[Any]]:
    """Who came and went while this member was in, newest first."""
    query = (
        select(room_lines, objects.c.published)
        .join(objects, objects.c.id == room_lines.c.object_id)
        .where(objects.c.audience == room.audience, readable(member))
    )
    return list(db.execute(query.order_by(objects.c.id.desc()).limit(most)))


def count_rooms_of(db: Connection, home_id: int) -> int:
    """How many rooms that have not ended a node keeps."""
    theirs = and_(rooms.c.home_id == home_id, room_details.c.state != ENDED)
    query = select(func.count()).select_from(room_details.join(rooms)).where(theirs)
    return int(db.execute(query).scalar_one())
