"""Conversations: personal messages by thread."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Row

from node.api.accounts_shown import accounts_by_id
from node.api.calls import Call, Reply, delete, get, post
from node.api.paging import page
from node.api.statuses_shown import render_statuses
from node.posts.conversations import get_conversation, list_conversations, mark_conversation, people_in
from node.posts.queries import readable_posts


def show_all(call: Call) -> Any:
    rows = list_conversations(call.db, call.member, call.window())
    return page(call, b"[" + b",".join(_render(call, rows)) + b"]", [row.last for row in rows])


def mark_read(call: Call) -> Any:
    mark_conversation(call.db, call.member, call.id())
    return Reply(_render(call, [get_conversation(call.db, call.member, call.id())])[0])


def put_away(call: Call) -> Any:
    mark_conversation(call.db, call.member, call.id(), hide=True)
    return {}


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[bytes]:
    last = {row.id: row for row in readable_posts(call.db, call.member, {row.last for row in rows})}
    statuses = render_statuses(call, list(last.values()))
    people = {row.root_id: people_in(call.db, call.member, row.root_id) for row in rows}
    everybody = set[int]().union(*people.values())
    accounts = accounts_by_id(call.db, call.node, everybody, for_members=True)
    return [
        to_json(
            {
                "id": str(row.first),
                "unread": row.last > row.read and last[row.last].author_id != call.member_id,
                "accounts": [accounts[one] for one in sorted(people[row.root_id]) if one in accounts],
            }
        )[:-1]
        + b',"last_status":'
        + statuses[row.last]
        + b"}"
        for row in rows
    ]


PATH = "/api/v1/conversations"
ENDPOINTS = [
    get(PATH, show_all, "read:statuses"),
    post(f"{PATH}/{{id}}/read", mark_read, "write:conversations"),
    delete(f"{PATH}/{{id}}", put_away, "write:conversations"),
]
