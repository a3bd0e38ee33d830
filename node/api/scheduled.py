"""Scheduled statuses: posts that wait for their time."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from node.api.calls import Call, Refused, delete, get, put
from node.api.paging import page
from node.api.statuses_shown import attachment_for
from node.media.queries import own_file
from node.objects import COMPANY
from node.posts.from_apps import AppPost
from node.posts.planned import (
    change_planned,
    drop_planned,
    find_by_key,
    get_planned,
    plan_post,
    planned_within,
    uploads_of,
)
from schemas.mastodon import timestamp


def schedule(call: Call, wish: AppPost, key: str) -> Any:
    """Instead of publishing at once; the same key within an hour means the same post."""
    known = find_by_key(call.db, call.member_id, key) if key else None
    if known is None:
        settings = call.services.settings
        known = plan_post(call.db, call.node, settings, call.member, wish, _moment(call), key=key)
    return _shown(call, get_planned(call.db, call.member_id, known))


def _moment(call: Call) -> datetime:
    try:
        found = datetime.fromisoformat(call.params.line("scheduled_at"))
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except ValueError:
        raise Refused(422, "Validation failed: Scheduled at is invalid") from None


def show_all(call: Call) -> Any:
    rows = planned_within(call.db, call.member_id, call.window())
    return page(call, [_shown(call, row) for row in rows], [row.id for row in rows])


def show(call: Call) -> Any:
    return _shown(call, _own(call))


def _own(call: Call) -> Row[Any]:
    return get_planned(call.db, call.member_id, call.id())


def change(call: Call) -> Any:
    """Another time."""
    row = _own(call)
    change_planned(call.db, call.node, call.services.settings, call.member, row.id, at=_moment(call))
    return show(call)


def remove(call: Call) -> Any:
    drop_planned(call.db, call.member_id, call.id())
    return {}


def _shown(call: Call, row: Row[Any]) -> dict[str, Any]:
    files = [own_file(call.db, call.member_id, one) for one in uploads_of(row)]
    return {
        "id": str(row.id),
        "scheduled_at": timestamp(row.at),
        "params": {
            "text": row.text,
            "visibility": row.visibility or "private",
            "spoiler_text": row.warning,
            "sensitive": bool(row.warning),
            "language": row.language,
            "in_reply_to_id": str(row.parent_id) if row.parent_id is not None else None,
            "media_ids": row.uploads.split() or None,
            "poll": None,
            "idempotency": None,
            "with_rate_limit": False,
            "application_id": None,
            "scheduled_at": None,
        },
        "media_attachments": [attachment_for(call, one, COMPANY) for one in files if one is not None],
    }


PATH = "/api/v1/scheduled_statuses"
ENDPOINTS = [
    get(PATH, show_all, "read:statuses"),
    get(f"{PATH}/{{id}}", show, "read:statuses"),
    put(f"{PATH}/{{id}}", change, "write:statuses"),
    delete(f"{PATH}/{{id}}", remove, "write:statuses"),
]
