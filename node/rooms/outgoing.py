"""The activities of rooms as they go out: the room itself, invitations, who is in, joining and leaving."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document
from node.access.logins import end_of_stay
from node.actors import get_actor
from node.boundary import Receiver, is_inside, people_inside, receivers
from node.db import absolute
from node.identity import SELF, Identity
from node.ids import now
from node.objects import urn_of
from node.outbox import publish
from node.peers import get_peer
from node.rooms.queries import ASKED, IN, INVITED, Room, places_in
from schemas.agreement import moment_text

ROOM, SEAT, LINE = "Room", "Seat", "Line"
NOBODY: Document = {"automaticApproval": [], "manualApproval": []}
# As GoToSocial names it: in a confined room nothing is passed on.
CONFINED_POLICY: Document = {"canAnnounce": NOBODY, "canQuote": NOBODY}


def stamp(moment: datetime) -> str:
    """To the microsecond: what was said in the same second before somebody came in is not for them."""
    return moment.isoformat().replace("+00:00", "Z")


def confined_fields(*, confined: bool) -> Document:
    """What the documents of a confined room say for who keeps it: nothing of it is passed on."""
    return {"confined": True, "interactionPolicy": CONFINED_POLICY} if confined else {}


def room_document(room: Room) -> Document:
    """A Group without inbox, on nobody's domain; only nodes of its ring ever get it."""
    urn = urn_of(room.audience)
    document: Document = {
        "id": urn,
        "type": [ROOM, "Group"],
        "name": room.name,
        "summary": room.purpose,
        "question": room.question,
        "within": urn_of(room.within),
        "founding": room.founding,
        "listed": room.listed,
        **confined_fields(confined=room.confined),
    }
    times = {"startTime": room.begins_at, "endTime": room.until_at}
    document |= {name: moment_text(at) for name, at in times.items() if at is not None}
    return document | ({"capacity": room.capacity} if room.capacity is not None else {})


def person_entry(node: Identity, row: Row[Any]) -> Document:
    """A person as rings name them: `row` has uri, handle and name."""
    uri = absolute(node.base, row.uri)
    return {"id": uri, "type": "Person", "preferredUsername": row.handle, "name": row.name}


def seat(
    db: Connection, node: Identity, room: Room, actor_id: int, person: Row[Any], **more: object
) -> Document:
    """Somebody's place in a room; of a guest of ours with the end of their stay."""
    entry = person_entry(node, person)
    stay = end_of_stay(db, actor_id)
    if stay is not None:
        entry |= {"guest": True, "endTime": moment_text(stay)}
    return {"type": SEAT, "room": urn_of(room.audience), "person": entry, **more}


# --- to everybody of the ring, or of the room ------------------------------------------------------


def publish_room(db: Connection, node: Identity, room: Room, kind: str) -> None:
    """Create or Update: a listed room is told to its ring, a hidden one to who is in it."""
    audience = room.within if room.listed else room.audience
    activity = {"type": kind, "object": room_document(room)}
    _publish(db, node, audience, activity, object_id=room.object_id if room.listed else None)


def publish_seat(
    db: Connection, node: Identity, room: Room, kind: str, actor_id: int, **more: object
) -> None:
    """Add or Remove, told to the nodes of who is in; of a steering room to its ring, by each node itself."""
    audience = room.within if room.home_id is None else room.audience
    person = get_actor(db, actor_id)
    told = seat(db, node, room, actor_id, person, published=stamp(now()), **more)
    _publish(db, node, audience, {"type": kind, "object": told})


def publish_line(db: Connection, node: Identity, room: Room, actor_id: int, kind: str) -> None:
    """Something happened to one of ours that the room must know."""
    line: Document = {"type": LINE, "room": urn_of(room.audience), "kind": kind}
    line |= {"person": person_entry(node, get_actor(db, actor_id))}
    _publish(db, node, room.audience, {"type": "Create", "object": line})


def _publish(
    db: Connection, node: Identity, audience: str, activity: Document, *, object_id: int | None = None
) -> None:
    to = receivers(db, audience=audience, author_id=0)
    urn = urn_of(audience)
    addressed = {"actor": node.actor_uri, "to": [urn], "audience": urn, **activity}
    publish(db, node, addressed, audience=audience, receivers=to, object_id=object_id, holds=False)


# --- to one node -----------------------------------------------------------------------------------


def publish_invitation(db: Connection, node: Identity, room: Room, place: Row[Any], by: int) -> None:
    """Numbered in the ring, for the node of the one invited alone; every other node is answered `none`."""
    person, peer = get_actor(db, place.actor_id), get_peer(db, place.peer_id)
    activity = {
        "type": "Invite",
        "actor": node.actor_uri,
        "to": [person.uri],
        "audience": urn_of(room.within),
        "object": room_document(room),
        "target": person.uri,
        "attributedTo": absolute(node.base, get_actor(db, by).uri),
    }
    to = [Receiver(peer.id, peer.inbox)]
    publish(db, node, activity, audience=room.within, receivers=to, object_id=place.object_id)


def publish_to_node(
    db: Connection, node: Identity, room: Room, kind: str, peer_id: int, actor_id: int, **more: object
) -> None:
    """Join, Leave and Reject: between one node and another, without a number."""
    peer, person = get_peer(db, peer_id), get_actor(db, actor_id)
    activity = {
        "type": kind,
        "actor": node.actor_uri,
        "to": [peer.actor_uri],
        "object": seat(db, node, room, actor_id, person, **more),
    }
    to = [Receiver(peer.id, peer.inbox)]
    publish(db, node, activity, audience=room.within, receivers=to, numbered=False)


def publish_leave(db: Connection, node: Identity, room: Room, actor_id: int, peer_ids: Sequence[int]) -> None:
    """Our own person is out: said by us to every node of who is in, so that nobody waits for the home."""
    for peer_id in peer_ids:
        publish_to_node(db, node, room, "Leave", peer_id, actor_id)


# --- asked for -------------------------------------------------------------------------------------


def people_collection(db: Connection, node: Identity, room: Room) -> Document:
    """Who is in, as the room's home says; of a steering room our own people."""
    rows: Iterable[Row[Any]] = places_in(db, room.audience, IN)
    if room.home_id is None:
        rows = [row for row in rows if row.peer_id == SELF]
    items = [
        seat(db, node, room, row.actor_id, row, host=bool(row.host), published=stamp(row.changed_at))
        for row in rows
    ]
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{node.base}{people_path(room)}",
        "type": "OrderedCollection",
        "totalItems": len(items),
        "orderedItems": items,
    }


def told_to(db: Connection, node: Identity, room: Room, peer_id: int) -> Document:
    """What one node hears of it: who is in only while somebody of it is; which of its people wait for a yes.

    So it finds out what it missed, also that nobody of it is in any more.
    """
    waiting = [row for row in places_in(db, room.audience, INVITED, ASKED) if row.peer_id == peer_id]
    told: Document = {"waiting": [absolute(node.base, row.uri) for row in waiting]}
    if room.rests_at is not None:
        return told | {"rests": True, "totalItems": 0, "orderedItems": []}
    if is_inside(db, room.audience, peer_id):
        return told
    shown = len(people_inside(db, room.audience)) if room.listed and not room.has_ended else 0
    return told | {"totalItems": shown, "orderedItems": []}


def people_path(room: Room) -> str:
    return f"/node/rooms/{room.audience.removeprefix('room:')}/people"
