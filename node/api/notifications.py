"""Notifications: those notices of a member that apps have a word for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Row

from node.api.accounts_shown import accounts_by_id
from node.api.calls import Call, Reply, get, post
from node.api.paging import page
from node.api.statuses_shown import render_statuses
from node.errors import NotFound
from node.notices import drop_notices, find_notice, notices_within
from node.posts.queries import readable_posts
from node.web.bodies import Params
from schemas.mastodon import Account, timestamp

TYPES = {
    "mention": "mention",
    "reply": "mention",
    "post": "status",
    "like": "favourite",
    "boost": "reblog",
    "follow": "follow",
    "follow_request": "follow_request",
}
WITH_STATUS = ("mention", "status", "favourite", "reblog")


def show_notifications(call: Call) -> Any:
    kinds, from_id = kinds_asked(call.params), call.params.id("account_id")
    rows = notices_within(call.db, call.member, kinds, call.window(default=40, most=80), from_id=from_id)
    return page(call, b"[" + b",".join(_render(call, rows)) + b"]", [row.id for row in rows])


def kinds_asked(params: Params) -> list[str]:
    wanted, unwanted = set(params.many("types")), set(params.many("exclude_types"))
    return [kind for kind, name in TYPES.items() if (not wanted or name in wanted) and name not in unwanted]


def group_key(row: Row[Any]) -> str:
    """What several people did with one post, and all who follow, are one line in newer apps."""
    if row.kind in ("like", "boost"):
        return f"{TYPES[row.kind]}-{row.object_id}"
    return "follow" if row.kind == "follow" else f"ungrouped-{row.id}"


def show_notification(call: Call) -> Any:
    found = _render(call, [_own(call)])
    if not found:
        raise NotFound
    return Reply(found[0])


def dismiss(call: Call) -> Any:
    drop_notices(call.db, call.member_id, list(TYPES), _own(call).id)
    return {}


def clear(call: Call) -> Any:
    drop_notices(call.db, call.member_id, list(TYPES))
    return {}


def _own(call: Call) -> Row[Any]:
    row = find_notice(call.db, call.member, call.id())
    if row is None or row.kind not in TYPES:
        raise NotFound
    return row


@dataclass(frozen=True)
class Told:
    """What an app hears of some notices: `rows` are those it has a word for, with what they name."""

    rows: Sequence[Row[Any]]
    accounts: Mapping[int, Account]
    statuses: Mapping[int, bytes]


def told(call: Call, rows: Sequence[Row[Any]]) -> Told:
    """Without those whose post the member may not read, or does not want to come across here."""
    posts = readable_posts(call.db, call.member, {row.object_id for row in rows if row.object_id is not None})
    statuses = render_statuses(call, posts, "notifications")
    senders = {row.from_id for row in rows if row.from_id is not None}
    accounts = accounts_by_id(call.db, call.node, senders, for_members=True)
    heard = [
        row
        for row in rows
        if row.from_id in accounts and (TYPES[row.kind] not in WITH_STATUS or row.object_id in statuses)
    ]
    return Told(heard, accounts, statuses)


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[bytes]:
    heard = told(call, rows)
    return [_whole(row, heard.accounts[row.from_id], heard.statuses.get(row.object_id)) for row in heard.rows]


def _whole(row: Row[Any], account: Any, status: bytes | None) -> bytes:
    head = {
        "id": str(row.id),
        "type": TYPES[row.kind],
        "created_at": timestamp(row.created_at),
        "group_key": group_key(row),
        "account": account,
    }
    rendered = to_json(head)
    return rendered if status is None else rendered[:-1] + b',"status":' + status + b"}"


PATH = "/api/v1/notifications"
ENDPOINTS = [
    get(PATH, show_notifications, "read:notifications"),
    get(f"{PATH}/{{id}}", show_notification, "read:notifications"),
    post(f"{PATH}/clear", clear, "write:notifications"),
    post(f"{PATH}/{{id}}/dismiss", dismiss, "write:notifications"),
]
