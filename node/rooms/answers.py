"""What other nodes may ask of a room under their node key: who is in it, and its numbered activities."""

import json
from typing import Any

from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from federation.documents import Document
from node.boundary import may_ask_about
from node.departures import record_departure
from node.errors import NotFound
from node.identity import Identity
from node.rings.answers import answer_activities, answer_partner
from node.rooms.outgoing import people_collection, told_to
from node.rooms.queries import find_room, may_know


def _audience(request: Request) -> str:
    return f"room:{request.path_params['room_hash']}"


async def show_people(request: Request) -> Response:
    return await answer_partner(request, _audience(request), serve_people, may=may_ask_about)


def serve_people(db: Connection, node: Identity, audience: str, peer: Row[Any]) -> Document:
    """For who may know of a room that we keep, or is in the ring of a steering room; a departure."""
    room = find_room(db, audience)
    if room is None or not (room.home_id is None or (room.is_ours and may_know(db, room, int(peer.id)))):
        raise NotFound
    document = people_collection(db, node, room)
    if room.home_id is not None:
        document |= told_to(db, node, room, int(peer.id))
    body = json.dumps(document).encode()
    record_departure(db, "collection", ids=[document["id"]], receivers=[peer.domain], content=body)
    return document


async def show_activities(request: Request) -> Response:
    return await answer_activities(request, _audience(request))


ROUTES: list[BaseRoute] = [
    Route("/node/rooms/{room_hash}/people", show_people, methods=["GET"]),
    Route("/node/rooms/{room_hash}/activities", show_activities, methods=["GET"]),
]
