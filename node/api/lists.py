"""Lists: every ring of ours and every room that a member is in, so that any app can pin it."""

from typing import Any

from node.api.calls import Call, Refused, delete, get, post, put
from node.api.timelines import show_rows
from node.errors import NotFound
from node.posts.queries import audience_within
from node.rings.queries import RingRow, open_rings
from node.rooms.queries import Room, own_rooms

FIXED = "Validation failed: Rings and rooms are lists that cannot be changed here"


def show_lists(call: Call) -> Any:
    return [_shown(one) for one in _places(call)]


def show_list(call: Call) -> Any:
    return _shown(_get(call))


def show_timeline(call: Call) -> Any:
    """What was written in the ring or room."""
    return show_rows(call, audience_within(call.db, call.member, _get(call).audience, call.window()), "home")


def refuse(call: Call) -> Any:
    """Who is in a ring is in its agreement, who is in a room is said on its page."""
    _get(call)
    raise Refused(422, FIXED)


def refuse_new(_call: Call) -> Any:
    raise Refused(422, FIXED)


def show_people(call: Call) -> Any:
    """Not who is in: that stands on the pages of the ring or room."""
    _get(call)
    return []


def _places(call: Call) -> list[RingRow | Room]:
    return [*open_rings(call.db), *own_rooms(call.db, call.member)]


def _get(call: Call) -> RingRow | Room:
    for one in _places(call):
        if one.id == call.id():
            return one
    raise NotFound


def _shown(one: RingRow | Room) -> dict[str, Any]:
    return {"id": str(one.id), "title": one.name, "replies_policy": "list", "exclusive": False}


PATH = "/api/v1/lists"
ENDPOINTS = [
    get(PATH, show_lists, "read:lists"),
    post(PATH, refuse_new, "write:lists"),
    get(f"{PATH}/{{id}}", show_list, "read:lists"),
    put(f"{PATH}/{{id}}", refuse, "write:lists"),
    delete(f"{PATH}/{{id}}", refuse, "write:lists"),
    get(f"{PATH}/{{id}}/accounts", show_people, "read:lists"),
    post(f"{PATH}/{{id}}/accounts", refuse, "write:lists"),
    delete(f"{PATH}/{{id}}/accounts", refuse, "write:lists"),
    get("/api/v1/timelines/list/{id}", show_timeline, "read:lists"),
]
