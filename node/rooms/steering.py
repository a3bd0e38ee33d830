"""The steering room of a ring: its directors and editors, each told by their own node alone."""

from sqlalchemy import Connection, select

from node.access.tables import members
from node.boundary import is_guest
from node.identity import SELF, Identity
from node.people.queries import is_active
from node.rings.catching_up import follow_numbers
from node.rings.queries import RingRow, open_rings
from node.rings.tables import ring_partners
from node.rooms.actions import Plan, add_room
from node.rooms.founding import found_steering
from node.rooms.outgoing import publish_seat
from node.rooms.places import come_in, go_out
from node.rooms.queries import IN, STEERING, Room, find_room, places_in

ROLES = ("director", "editor")


def has_steering_to_settle(db: Connection) -> bool:
    return any(_room(db, ring) is None or _differs(db, ring) for ring in open_rings(db))


def _room(db: Connection, ring: RingRow) -> Room | None:
    return find_room(db, found_steering(ring.audience).audience)


def _differs(db: Connection, ring: RingRow) -> bool:
    room = _room(db, ring)
    return room is None or _inside(db, room) != _wanted(db)


def _inside(db: Connection, room: Room) -> set[int]:
    return {place.actor_id for place in places_in(db, room.audience, IN) if place.peer_id == SELF}


def _wanted(db: Connection) -> set[int]:
    """Our directors and editors who can log in."""
    rows = db.execute(select(members.c.actor_id, members.c.roles).where(members.c.roles != "")).all()
    has_role = [row.actor_id for row in rows if not set(ROLES).isdisjoint(row.roles.split())]
    return {one for one in has_role if is_active(db, one) and not is_guest(db, one)}


def settle_steering(db: Connection, node: Identity) -> int:
    """Every open ring has its room, with exactly our directors and editors in it; returns what changed."""
    return sum(_settle(db, node, ring) for ring in open_rings(db))


def _settle(db: Connection, node: Identity, ring: RingRow) -> int:
    room = _room(db, ring) or _make(db, ring)
    wanted, inside = _wanted(db), _inside(db, room)
    for actor_id in sorted(wanted - inside):
        come_in(db, room, actor_id)
        publish_seat(db, node, room, "Add", actor_id)
    for actor_id in sorted(inside - wanted):
        go_out(db, room, actor_id, "left")
        publish_seat(db, node, room, "Remove", actor_id)
    return len(wanted ^ inside)


def _make(db: Connection, ring: RingRow) -> Room:
    plan = Plan(name="", listed=False)  # it is named after its ring, in the language of who reads it
    room = add_room(db, found_steering(ring.audience), plan, kind=STEERING, home_id=None, author_id=None)
    partners = db.scalars(select(ring_partners.c.peer_id).where(ring_partners.c.ring_id == ring.id))
    follow_numbers(db, room.audience, partners.all())
    return room
