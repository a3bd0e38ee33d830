"""Timelines: home, what is open, the company, a tag, a list."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from node.api.calls import ANYONE, Call, get
from node.api.paging import page
from node.api.statuses_shown import render_list
from node.boundary import Member
from node.objects import COMPANY
from node.posts.queries import audience_within, home_within, open_within, tag_within
from node.posts.rendering import fold_hashtag


def show_home(call: Call) -> Any:
    """What I follow, my company, my rings and rooms."""
    return show_rows(call, home_within(call.db, call.member, call.window()), "home")


def show_public(call: Call) -> Any:
    """What is open; `local` is for a member their company, for anybody else what this node wrote openly."""
    params = call.params
    if params.flag("local") and isinstance(call.reader, Member):
        return show_rows(call, audience_within(call.db, call.reader, COMPANY, call.window()), "public")
    origin = "local" if params.flag("local") else "remote" if params.flag("remote") else ""
    return show_rows(call, open_within(call.db, call.reader, call.window(), origin=origin), "public")


def show_tag(call: Call) -> Any:
    tag = fold_hashtag(call.places["tag"])
    return show_rows(call, tag_within(call.db, call.reader, tag, call.window()) if tag else [], "public")


def show_rows(call: Call, rows: Sequence[Row[Any]], place: str = "") -> Any:
    """Posts, newest first, with the way to older and newer ones."""
    return page(call, render_list(call, rows, place), [row.id for row in rows])


ENDPOINTS = [
    get("/api/v1/timelines/home", show_home, "read:statuses"),
    get("/api/v1/timelines/public", show_public, "read:statuses", who=ANYONE),
    get("/api/v1/timelines/tag/{tag}", show_tag, "read:statuses", who=ANYONE),
]
