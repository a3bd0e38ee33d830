"""Markers: where a member stopped reading."""

from typing import Any

from node.api.calls import Call, get, post
from node.people.markers import TIMELINES, list_markers, set_marker
from schemas.mastodon import timestamp


def show_markers(call: Call) -> Any:
    return _shown(call, [one for one in call.params.many("timeline") if one in TIMELINES])


def take_markers(call: Call) -> Any:
    told = [(name, call.params.part(name).id("last_read_id")) for name in TIMELINES]
    for name, last_read_id in told:
        if last_read_id:
            set_marker(call.db, call.member_id, name, last_read_id)
    return _shown(call, [name for name, last_read_id in told if last_read_id])


def _shown(call: Call, timelines: list[str]) -> dict[str, Any]:
    return {
        row.timeline: {
            "last_read_id": str(row.last_read_id),
            "version": row.version,
            "updated_at": timestamp(row.updated_at),
        }
        for row in list_markers(call.db, call.member_id, timelines)
    }


ENDPOINTS = [
    get("/api/v1/markers", show_markers, "read:statuses"),
    post("/api/v1/markers", take_markers, "write:statuses"),
]
