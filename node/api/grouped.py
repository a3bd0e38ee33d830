"""Notifications of version 2: what several people did with one post is one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Row

from node.api.calls import Call, Refused, Reply, get, patch, post, put
from node.api.notifications import TYPES, Told, group_key, kinds_asked, told
from node.api.paging import page
from node.errors import NotFound
from node.notices import count_unread, drop_notices, notices_within
from node.windows import Window
from schemas.mastodon import timestamp

GROUPED = ("favourite", "follow", "reblog")
MOST_SAMPLES = 8
MOST_READ = 400  # notices that are looked through for one page
POLICY = ("for_not_following", "for_not_followers", "for_new_accounts", "for_private_mentions")
NO_FILTERS = "Validation failed: Notices are not kept apart here; limits are set on the pages of servers"

Group = list[Row[Any]]


@dataclass(frozen=True)
class Groups:
    """Some groups, newest first, and what an app hears of their notices."""

    groups: list[Group]
    heard: Told


def show_groups(call: Call) -> Any:
    params = call.params
    wanted = params.many("grouped_types") or GROUPED
    window = call.window(default=40, most=80)
    found = _groups(call, window, [one for one in wanted if one in GROUPED])
    ids = [row.id for group in found.groups for row in group]
    return page(call, _whole(call, found), sorted(ids, reverse=True))


def _groups(call: Call, window: Window, types: Sequence[str]) -> Groups:
    """So many groups, newest first, each with what of it lies in the page."""
    found: dict[str, Group] = {}
    rows = notices_within(
        call.db,
        call.member,
        kinds_asked(call.params),
        Window(MOST_READ, window.max_id, window.since_id, window.min_id),
        from_id=call.params.id("account_id"),
    )
    heard = told(call, rows)
    upward = window.min_id is not None
    for row in reversed(heard.rows) if upward else heard.rows:
        key = group_key(row) if TYPES[row.kind] in types else f"ungrouped-{row.id}"
        if key not in found and len(found) >= window.limit:
            break  # the next page begins here
        found.setdefault(key, []).append(row)
    groups = [sorted(group, key=lambda row: -row.id) for group in found.values()]
    return Groups(sorted(groups, key=lambda group: -group[0].id), heard)


def _whole(call: Call, found: Groups) -> bytes:
    """Accounts and statuses once each, then the lines that name them."""
    groups, heard = found.groups, found.heard
    senders = {row.from_id for group in groups for row in group[:MOST_SAMPLES]}
    named = [group[0].object_id for group in groups]
    statuses = {one: heard.statuses[one] for one in named if one in heard.statuses}
    lines = [_line(call, group, group[0].object_id in statuses) for group in groups]
    return b"".join(
        (
            b'{"accounts":',
            to_json([heard.accounts[one] for one in senders]),
            b',"statuses":[',
            b",".join(statuses.values()),
            b'],"notification_groups":',
            to_json(lines),
            b"}",
        )
    )


def _line(call: Call, group: Group, has_status: bool) -> dict[str, Any]:
    types = call.params.many("grouped_types") or GROUPED
    first, kind = group[0], TYPES[group[0].kind]
    return {
        "group_key": group_key(first) if kind in types else f"ungrouped-{first.id}",
        "notifications_count": len(group),
        "type": kind,
        "most_recent_notification_id": first.id,
        "page_max_id": str(first.id),
        "page_min_id": str(group[-1].id),
        "latest_page_notification_at": timestamp(first.created_at),
        "sample_account_ids": [str(row.from_id) for row in group[:MOST_SAMPLES]],
        "status_id": str(first.object_id) if has_status else None,
    }


def _own_group(call: Call) -> Told:
    rows = notices_within(call.db, call.member, list(TYPES), Window(MOST_READ))
    key = call.places["group_key"]
    heard = told(call, [row for row in rows if key in (group_key(row), f"ungrouped-{row.id}")])
    if not heard.rows:
        raise NotFound
    return heard


def show_group(call: Call) -> Any:
    heard = _own_group(call)
    return Reply(_whole(call, Groups([list(heard.rows)], heard)))


def show_group_accounts(call: Call) -> Any:
    heard = _own_group(call)
    return [heard.accounts[one] for one in dict.fromkeys(row.from_id for row in heard.rows)]


def dismiss_group(call: Call) -> Any:
    for row in _own_group(call).rows:
        drop_notices(call.db, call.member_id, list(TYPES), row.id)
    return {}


def show_unread(call: Call) -> Any:
    most = call.params.whole("limit", default=100, least=1, most=1000)
    return {"count": min(most, count_unread(call.db, call.member, list(TYPES)))}


# --- what is kept apart: nothing -----------------------------------------------------------------------


def show_policy(_call: Call) -> Any:
    summary = {"pending_requests_count": 0, "pending_notifications_count": 0}
    return {**dict.fromkeys((*POLICY, "for_limited_accounts"), "accept"), "summary": summary}


def show_old_policy(_call: Call) -> Any:
    names = [one.replace("for_", "filter_", 1) for one in POLICY]
    summary = {"pending_requests_count": 0, "pending_notifications_count": 0}
    return {**dict.fromkeys(names, False), "summary": summary}


def keep_policy(call: Call) -> Any:
    """Everything is accepted, and stays so."""
    if any(call.params.line(one) not in ("", "accept") for one in (*POLICY, "for_limited_accounts")):
        raise Refused(422, NO_FILTERS)
    return show_policy(call)


def keep_old_policy(call: Call) -> Any:
    if any(call.params.flag(one.replace("for_", "filter_", 1)) for one in POLICY):
        raise Refused(422, NO_FILTERS)
    return show_old_policy(call)


def show_requests(_call: Call) -> Any:
    return []


def show_merged(_call: Call) -> Any:
    return {"merged": True}


V1, V2 = "/api/v1/notifications", "/api/v2/notifications"
ENDPOINTS = [
    get(V2, show_groups, "read:notifications"),
    get(f"{V2}/unread_count", show_unread, "read:notifications"),
    get(f"{V2}/policy", show_policy, "read:notifications"),
    patch(f"{V2}/policy", keep_policy, "write:notifications"),
    get(f"{V2}/{{group_key}}", show_group, "read:notifications"),
    get(f"{V2}/{{group_key}}/accounts", show_group_accounts, "read:notifications"),
    post(f"{V2}/{{group_key}}/dismiss", dismiss_group, "write:notifications"),
    get(f"{V1}/unread_count", show_unread, "read:notifications"),
    get(f"{V1}/policy", show_old_policy, "read:notifications"),
    put(f"{V1}/policy", keep_old_policy, "write:notifications"),
    get(f"{V1}/requests", show_requests, "read:notifications"),
    get(f"{V1}/requests/merged", show_merged, "read:notifications"),
]
