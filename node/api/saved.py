"""What a member saved, pinned or does not want to hear of; who liked or passed on a status."""

from typing import Any

from node.api.calls import Call, get, post
from node.api.paging import page
from node.api.queries import reactors_within
from node.api.relationships import show_people
from node.api.statuses import get_status, show
from node.api.statuses_shown import render_list
from node.posts.reactions import ANNOUNCE, LIKE
from node.posts.saved import (
    bookmark,
    bookmarked_within,
    liked_within,
    mute_thread,
    pin,
    unbookmark,
    unmute_thread,
    unpin,
)


def show_bookmarks(call: Call) -> Any:
    return _show_saved(call, bookmarked_within(call.db, call.member, call.window()))


def show_favourites(call: Call) -> Any:
    return _show_saved(call, liked_within(call.db, call.member, call.window()))


def _show_saved(call: Call, rows: Any) -> Any:
    """Paged by when it was saved, not by when it was written."""
    return page(call, render_list(call, rows), [row.saved_id for row in rows])


def add_bookmark(call: Call) -> Any:
    bookmark(call.db, call.member, call.id())
    return show(call)


def remove_bookmark(call: Call) -> Any:
    unbookmark(call.db, call.member, call.id())
    return show(call)


def add_pin(call: Call) -> Any:
    pin(call.db, call.member, call.id())
    return show(call)


def remove_pin(call: Call) -> Any:
    unpin(call.db, call.member, call.id())
    return show(call)


def mute_conversation(call: Call) -> Any:
    mute_thread(call.db, call.member, call.id())
    return show(call)


def unmute_conversation(call: Call) -> Any:
    unmute_thread(call.db, call.member, call.id())
    return show(call)


def show_likers(call: Call) -> Any:
    return _show_reactors(call, LIKE)


def show_boosters(call: Call) -> Any:
    return _show_reactors(call, ANNOUNCE)


def _show_reactors(call: Call, kind: str) -> Any:
    target, window = get_status(call, call.id()), call.window(default=40, most=80)
    rows = reactors_within(call.db, call.reader, target, kind, window)
    return show_people(call, rows, [row.other_id for row in rows])


PATH = "/api/v1/statuses/{id}"
ENDPOINTS = [
    get("/api/v1/bookmarks", show_bookmarks, "read:bookmarks"),
    get("/api/v1/favourites", show_favourites, "read:favourites"),
    post(f"{PATH}/bookmark", add_bookmark, "write:bookmarks"),
    post(f"{PATH}/unbookmark", remove_bookmark, "write:bookmarks"),
    post(f"{PATH}/pin", add_pin, "write:accounts"),
    post(f"{PATH}/unpin", remove_pin, "write:accounts"),
    post(f"{PATH}/mute", mute_conversation, "write:mutes"),
    post(f"{PATH}/unmute", unmute_conversation, "write:mutes"),
    get(f"{PATH}/favourited_by", show_likers, "read:accounts"),
    get(f"{PATH}/reblogged_by", show_boosters, "read:accounts"),
]
