"""What members do with rooms: make one, invite, join, decide, leave, remove, hand over, end."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from node.actors import PERSON, actors, get_actor
from node.boundary import Member, is_guest, is_in_ring, is_within, room_nodes
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import new_id, now
from node.memberships import rooms
from node.objects import COMPANY, add_object, is_ring, mark_deleted, mark_updated
from node.people.queries import is_active
from node.rings.queries import ring_of_audience
from node.rings.tables import ring_people
from node.rooms.founding import Founding, found
from node.rooms.outgoing import (
    publish_invitation,
    publish_leave,
    publish_line,
    publish_room,
    publish_seat,
    publish_to_node,
)
from node.rooms.places import MOST_PEOPLE, add_line, come_in, go_out, keep_place, set_host, tell
from node.rooms.queries import (
    ASKED,
    ENDED,
    IN,
    INVITED,
    OPEN,
    ROOM,
    Room,
    count_inside,
    find_room,
    get_room,
    hosts_of,
    is_host,
    place_of,
    places_in,
)
from node.rooms.tables import room_details
from node.text import clean_name

LONGEST_NAME, LONGEST_PURPOSE, LONGEST_QUESTION, LONGEST_ANSWER = 80, 1000, 200, 1000


@dataclass(frozen=True)
class Plan:
    """What a host fills in for a room; with an end it is a learning network."""

    name: str
    purpose: str = ""
    question: str = ""
    begins_at: datetime | None = None
    until_at: datetime | None = None
    capacity: int | None = None
    listed: bool = True


# --- a room ----------------------------------------------------------------------------------------


def make_room(
    db: Connection, node: Identity, member: Member, within: str, plan: Plan, *, confined: bool
) -> int:
    """A new room in a ring or the company, with its maker in it as host. Returns its id."""
    _refuse_guest(db, member.actor_id)
    if within != COMPANY and not (is_ring(within) and is_in_ring(db, within)):
        raise Invalid(within=msg("Choose one of these."))
    plan = checked_plan(plan)
    founding = found(node, within, plan.name, confined=confined)
    room = add_room(db, founding, plan, kind=ROOM, home_id=SELF, author_id=member.actor_id)
    come_in(db, room, member.actor_id, host=True)
    if room.within != COMPANY and room.listed:
        publish_room(db, node, room, "Create")
    return room.id


def add_room(
    db: Connection, founding: Founding, plan: Plan, *, kind: str, home_id: int | None, author_id: int | None
) -> Room:
    """The rows of a room, ours or another node's; a listed one has a card in its ring or company."""
    values = {"within": founding.within, "confined": founding.confined, "home_id": home_id}
    db.execute(insert(rooms).values(audience=founding.audience, until_at=plan.until_at, **values))
    origin = SELF if home_id is None else home_id
    card = _add_card(db, founding, author_id, origin) if plan.listed and kind == ROOM else None
    details = {name: getattr(plan, name) for name in ("name", "purpose", "question", "begins_at")}
    details |= {"capacity": plan.capacity, "listed": plan.listed, "kind": kind, "state": OPEN}
    db.execute(
        insert(room_details).values(
            id=new_id(),
            audience=founding.audience,
            object_id=card,
            founding=founding.text,
            created_at=now(),
            **details,
        )
    )
    return require_room(db, founding.audience)


def _add_card(db: Connection, founding: Founding, author_id: int | None, origin: int) -> int:
    uri = None if origin == SELF else f"urn:leerkring:{founding.audience}"
    return add_object(db, kind="room", audience=founding.within, author_id=author_id, origin=origin, uri=uri)


def require_room(db: Connection, audience: str) -> Room:
    room = find_room(db, audience)
    if room is None:
        raise NotFound
    return room


def checked_plan(plan: Plan) -> Plan:
    """The plan with clean words; raises Invalid with a sentence for each field."""
    name = clean_name(plan.name)
    wrong: dict[str, str] = {}
    if not name or len(name) > LONGEST_NAME:
        wrong["name"] = msg("Fill in a name of at most 80 characters.")
    if plan.until_at is not None and plan.until_at <= now():
        wrong["until_at"] = msg("Choose a day that is still to come.")
    if plan.begins_at is not None and plan.until_at is not None and plan.begins_at > plan.until_at:
        wrong["begins_at"] = msg("It begins before it ends.")
    if plan.capacity is not None and not 2 <= plan.capacity <= MOST_PEOPLE:
        wrong["capacity"] = msg("Fill in a number from %(least)s to %(most)s.", least=2, most=MOST_PEOPLE)
    if wrong:
        raise Invalid(**wrong)
    purpose, question = plan.purpose.strip()[:LONGEST_PURPOSE], plan.question.strip()[:LONGEST_QUESTION]
    return Plan(name, purpose, question, plan.begins_at, plan.until_at, plan.capacity, plan.listed)


def edit_room(db: Connection, node: Identity, member: Member, room_id: int, plan: Plan) -> None:
    """New words and dates; where it is, whether it is confined, and who may find it stay as they were."""
    room = hosted_room(db, member, room_id)
    plan = checked_plan(plan)
    keep_plan(db, room, plan)
    if room.within != COMPANY:
        publish_room(db, node, require_room(db, room.audience), "Update")


def keep_plan(db: Connection, room: Room, plan: Plan) -> None:
    words = {"name": plan.name, "purpose": plan.purpose, "question": plan.question}
    details = update(room_details).where(room_details.c.id == room.id)
    db.execute(details.values(**words, begins_at=plan.begins_at, capacity=plan.capacity))
    db.execute(update(rooms).where(rooms.c.audience == room.audience).values(until_at=plan.until_at))
    if room.object_id is not None:
        mark_updated(db, room.object_id)


def end_room(db: Connection, node: Identity, member: Member, room_id: int) -> None:
    """A host ends it now: everybody is out and told, here and on the other nodes."""
    room = hosted_room(db, member, room_id)
    db.execute(update(rooms).where(rooms.c.audience == room.audience).values(until_at=now()))
    if room.within != COMPANY:
        _say_ended(db, node, require_room(db, room.audience))
    close_room(db, room)


def _say_ended(db: Connection, node: Identity, room: Room) -> None:
    """A listed room to its ring; to the nodes of who had a place in any case."""
    if room.listed:
        publish_room(db, node, room, "Update")
    for place in places_in(db, room.audience, INVITED, ASKED, IN):
        if place.peer_id != SELF:
            publish_to_node(db, node, room, "Reject", place.peer_id, place.actor_id)


def close_room(db: Connection, room: Room) -> None:
    """A room that has ended: no places, no card; its members are told."""
    for place in places_in(db, room.audience, INVITED, ASKED, IN):
        if place.peer_id == SELF and place.state == IN:
            tell(db, room, "room_ended", place.actor_id)
        go_out(db, room, place.actor_id, "ended")
    if room.object_id is not None:
        mark_deleted(db, room.object_id)
    db.execute(update(room_details).where(room_details.c.id == room.id).values(state=ENDED))


# --- coming in -------------------------------------------------------------------------------------


def invite(db: Connection, node: Identity, member: Member, room_id: int, actor_ids: Iterable[int]) -> int:
    """A host invites named people of the ring or company; each accepts or not. Returns how many are new."""
    room = hosted_room(db, member, room_id)
    count = 0
    for actor_id in dict.fromkeys(actor_ids):
        if not may_be_invited(db, room, actor_id):
            raise Invalid(people=msg("Choose from these."))
        known = place_of(db, room.audience, actor_id)
        if known is None:
            _invite(db, node, room, member.actor_id, actor_id)
            count += 1
        elif known.state == ASKED:
            let_in(db, node, room, actor_id)
    return count


def _invite(db: Connection, node: Identity, room: Room, by: int, actor_id: int) -> None:
    place = keep_place(db, room, actor_id, INVITED)
    if place.peer_id == SELF:
        tell(db, room, "room_invited", actor_id, from_id=by)
    else:
        publish_invitation(db, node, room, place, by)


def may_be_invited(db: Connection, room: Room, actor_id: int) -> bool:
    """Our own active people, no guests; of a partner those whom it told us of, while it is in the ring."""
    actor = db.execute(select(actors).where(actors.c.id == actor_id, actors.c.type == PERSON)).one_or_none()
    if actor is None:
        return False
    if actor.peer_id == SELF:
        return is_active(db, actor_id) and not is_guest(db, actor_id)
    return is_in_ring(db, room.within, actor.peer_id) and is_of_ring(db, room.within, actor_id)


def is_of_ring(db: Connection, within: str, actor_id: int) -> bool:
    """Whether somebody's own node told us that they are one of the ring's people."""
    ring = ring_of_audience(db, within)
    if ring is None:
        return False
    told = ring_people.c.ring_id == ring.id, ring_people.c.actor_id == actor_id
    return db.execute(select(ring_people.c.actor_id).where(*told)).first() is not None


def add_person(db: Connection, node: Identity, member: Member, room_id: int, actor_id: int) -> None:
    """A host puts somebody of this node in at once, such as a guest with a link made for this room."""
    room = hosted_room(db, member, room_id)
    if get_actor(db, actor_id).peer_id != SELF or not is_active(db, actor_id):
        raise NotFound
    let_in(db, node, room, actor_id)


def join(db: Connection, node: Identity, member: Member, room_id: int, answer: str) -> bool:
    """Accept an invitation, or ask to come in. Returns whether they are in now."""
    room = get_room(db, member, room_id)
    known = place_of(db, room.audience, member.actor_id)
    if room.has_ended or room.kind != ROOM or (known is not None and known.state == IN):
        raise Conflict(msg("You cannot join this room now."))
    if len(answer) > LONGEST_ANSWER or (room.question and not answer.strip() and known is None):
        raise Invalid(answer=msg("Answer the question, in at most %(most)s characters.", most=LONGEST_ANSWER))
    invited = known is not None and known.state == INVITED
    if known is None:
        _refuse_guest(db, member.actor_id)
    keep_place(db, room, member.actor_id, ASKED, answer=answer.strip())
    if not room.is_ours:
        return _ask_home(db, node, room, member.actor_id, answer.strip())
    if invited and not is_full(db, room):
        let_in(db, node, room, member.actor_id)
        return True
    tell_hosts(db, room, member.actor_id)
    return False


def _ask_home(db: Connection, node: Identity, room: Room, actor_id: int, answer: str) -> bool:
    if room.home_id is None:
        raise NotFound
    publish_to_node(db, node, room, "Join", room.home_id, actor_id, answer=answer)
    return False


def tell_hosts(db: Connection, room: Room, asker_id: int) -> None:
    for host_id in hosts_of(db, room):
        tell(db, room, "room_asked", host_id, from_id=asker_id)


def is_full(db: Connection, room: Room) -> bool:
    return count_inside(db, room) >= min(room.capacity or MOST_PEOPLE, MOST_PEOPLE)


def let_in(db: Connection, node: Identity, room: Room, actor_id: int) -> None:
    """Somebody is in: a line, a notice to one of ours, and the nodes of all who are in hear it."""
    if is_full(db, room):
        raise Conflict(msg("This room is full."))
    if not come_in(db, room, actor_id):
        return
    if get_actor(db, actor_id).peer_id == SELF:
        tell(db, room, "room_in", actor_id)
    if room.within != COMPANY:
        publish_seat(db, node, room, "Add", actor_id)


def approve(db: Connection, node: Identity, member: Member, room_id: int, actor_id: int) -> None:
    """A host lets in somebody who asked; a node that has left the ring since sends nobody."""
    room = hosted_room(db, member, room_id)
    place = _place(db, room, actor_id, ASKED)
    if not is_within(db, room.audience, place.peer_id):
        raise Conflict(msg("This firm is not in the ring any more."))
    let_in(db, node, room, actor_id)


def refuse(db: Connection, node: Identity, member: Member, room_id: int, actor_id: int) -> None:
    """A host says no to somebody who asked, or takes an invitation back."""
    room = hosted_room(db, member, room_id)
    place = _place(db, room, actor_id, ASKED, INVITED)
    go_out(db, room, actor_id, "refused")
    if place.peer_id != SELF:
        publish_to_node(db, node, room, "Reject", place.peer_id, actor_id)
    elif place.state == ASKED:
        tell(db, room, "room_refused", actor_id)


# --- going out -------------------------------------------------------------------------------------


def leave_room(db: Connection, node: Identity, member: Member, room_id: int) -> None:
    """A member goes out, takes back their request, or does not want the invitation; at once, and told."""
    room = get_room(db, member, room_id)
    place = place_of(db, room.audience, member.actor_id)
    if place is None or room.kind != ROOM:
        raise NotFound
    if place.state == IN and hosts_of(db, room) == [member.actor_id] and count_inside(db, room) > 1:
        raise Conflict(msg("You are the only host. Make somebody else host first, or end the room."))
    take_out(db, node, room, member.actor_id, "left")


def take_out(db: Connection, node: Identity, room: Room, actor_id: int, why: str) -> None:
    """One of ours is out, in whichever state they were; the other nodes hear it from us."""
    others = [int(peer.id) for peer in room_nodes(db, room.audience)]
    place = place_of(db, room.audience, actor_id)
    if place is None or not go_out(db, room, actor_id, why) or room.within == COMPANY:
        return
    if room.is_ours and place.state == IN:
        publish_seat(db, node, room, "Remove", actor_id)
    elif not room.is_ours and room.home_id is not None:
        told = others if place.state == IN else [room.home_id]
        publish_leave(db, node, room, actor_id, told)


def remove(db: Connection, node: Identity, member: Member, room_id: int, actor_id: int) -> None:
    """A host puts somebody out: their node is told, and all others."""
    room = hosted_room(db, member, room_id)
    place = _place(db, room, actor_id, IN)
    if actor_id == member.actor_id:
        raise Conflict(msg("To go out yourself, use: Leave this room."))
    put_out(db, node, room, place, "removed")
    if place.peer_id == SELF:
        tell(db, room, "room_removed", actor_id)


def put_out(db: Connection, node: Identity, room: Room, place: Row[Any], why: str) -> None:
    """The home puts somebody out: the nodes of all who stay hear it numbered, their own node for itself."""
    go_out(db, room, place.actor_id, why)
    if room.within == COMPANY:
        return
    publish_seat(db, node, room, "Remove", place.actor_id)
    if place.peer_id != SELF:
        publish_to_node(db, node, room, "Reject", place.peer_id, place.actor_id)


def make_host(
    db: Connection, node: Identity, member: Member, room_id: int, actor_id: int, *, is_one: bool
) -> None:
    """Hosts are people of the room's home node, so that one node decides who is in."""
    room = hosted_room(db, member, room_id)
    place = _place(db, room, actor_id, IN)
    if place.peer_id != SELF or is_guest(db, actor_id):
        raise Conflict(msg("Only people of the firm that made the room can be host."))
    if not is_one and hosts_of(db, room) == [actor_id]:
        raise Conflict(msg("You are the only host. Make somebody else host first, or end the room."))
    set_host(db, room, actor_id, is_one)
    if room.within != COMPANY:
        publish_seat(db, node, room, "Add", actor_id, host=is_one)


def _place(db: Connection, room: Room, actor_id: int, *states: str) -> Row[Any]:
    place = place_of(db, room.audience, actor_id)
    if place is None or place.state not in states:
        raise NotFound
    return place


def hosted_room(db: Connection, member: Member, room_id: int) -> Room:
    """A room that this member is host of; NotFound before Forbidden."""
    room = get_room(db, member, room_id)
    if not is_host(db, room, member.actor_id):
        raise Forbidden(msg("Only a host of this room can do this."))
    return room


def _refuse_guest(db: Connection, actor_id: int) -> None:
    if is_guest(db, actor_id):
        raise Forbidden(msg("A guest cannot do this."))


def note_reset(db: Connection, node: Identity, room: Room, actor_id: int) -> None:
    """An admin reset the password of somebody who is in: the room knows (rule 16)."""
    add_line(db, room, "reset", actor_id)
    if room.within != COMPANY:
        publish_line(db, node, room, actor_id, "reset")
