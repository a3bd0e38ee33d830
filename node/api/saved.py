"""What a member saved, pinned or does not want to hear of; who liked or passed on a status."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from node.api.calls import Call, Handler, get, post
from node.api.paging import page
from node.api.queries import reactors_within
from node.api.relationships import show_people
from node.api.statuses import get_status, show
from node.api.statuses_shown import render_list
from node.boundary import Member
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


def _does(act: Callable[[Connection, Member, int], None]) -> Handler:
    """Does it to the status in the path, and shows that."""

    def handle(call: Call) -> Any:
        act(call.db, call.member, call.id())
        return show(call)

    return handle


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
    post(f"{PATH}/bookmark", _does(bookmark), "write:bookmarks"),
    post(f"{PATH}/unbookmark", _does(unbookmark), "write:bookmarks"),
    post(f"{PATH}/pin", _does(pin), "write:accounts"),
    post(f"{PATH}/unpin", _does(unpin), "write:accounts"),
    post(f"{PATH}/mute", _does(mute_thread), "write:mutes"),
    post(f"{PATH}/unmute", _does(unmute_thread), "write:mutes"),
    get(f"{PATH}/favourited_by", show_likers, "read:accounts"),
    get(f"{PATH}/reblogged_by", show_boosters, "read:accounts"),
]
