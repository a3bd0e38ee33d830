"""Pictures: sent before their post, described, asked for."""

from typing import Any

from node.api.calls import Call, Refused, get, post, put
from node.api.statuses_shown import attachment_for
from node.errors import NotFound
from node.media.actions import describe_upload, draw_upload, keep_upload
from node.media.images import MAX_BYTES, Picture
from node.media.queries import own_file
from node.objects import COMPANY
from node.web.bodies import Params

ROOM_FOR_FORM = 64 * 1024


def draw(params: Params) -> Picture:
    """Drawn anew before the transaction begins."""
    upload = params.upload("file")
    if upload is None:
        raise Refused(422, "Validation failed: File can't be blank")
    return draw_upload(upload)


def take(call: Call) -> Any:
    """Ready at once, so both versions answer alike."""
    alt = call.params.text("description") or ""
    file_id = keep_upload(call.db, call.services.settings, call.member_id, call.prepared, alt)
    return _shown(call, file_id)


def show(call: Call) -> Any:
    return _shown(call, call.id())


def describe(call: Call) -> Any:
    if "description" in call.params:
        describe_upload(call.db, call.member_id, call.id(), call.params.text("description") or "")
    return _shown(call, call.id())


def _shown(call: Call, file_id: int) -> Any:
    """Only of what is not posted yet: afterwards it belongs to its post."""
    row = own_file(call.db, call.member_id, file_id)
    if row is None or row.object_id is not None:
        raise NotFound
    return attachment_for(call, row, COMPANY)


_TAKES = {"prepare": draw, "max_bytes": MAX_BYTES + ROOM_FOR_FORM, "most": 120}
ENDPOINTS = [
    post("/api/v1/media", take, "write:media", **_TAKES),
    post("/api/v2/media", take, "write:media", **_TAKES),
    get("/api/v1/media/{id}", show, "write:media"),
    put("/api/v1/media/{id}", describe, "write:media"),
]
