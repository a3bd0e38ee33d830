"""Hashtags: one by its name, following it and those that are followed."""

from typing import Any

from node.api.calls import ANYONE, Call, get, post
from node.api.paging import page
from node.boundary import Member
from node.errors import NotFound
from node.posts.rendering import fold_hashtag
from node.posts.tags import follow_tag, follows_tag, tags_within, unfollow_tag


def show_tag(call: Call) -> Any:
    """Also one that nothing carries: no figures, since they would tell what others write."""
    tag = _tag(call)
    if not isinstance(call.reader, Member):
        return tag_shown(call, tag)
    return tag_shown(call, tag) | {"following": follows_tag(call.db, call.reader, tag)}


def tag_shown(call: Call, tag: str) -> dict[str, Any]:
    return {"id": tag, "name": tag, "url": f"{call.node.base}/tags/{tag}", "history": []}


def follow_one(call: Call) -> Any:
    follow_tag(call.db, call.member, _tag(call))
    return show_tag(call)


def unfollow_one(call: Call) -> Any:
    unfollow_tag(call.db, call.member, _tag(call))
    return show_tag(call)


def show_followed(call: Call) -> Any:
    rows = tags_within(call.db, call.member, call.window(default=100, most=200))
    shown = [tag_shown(call, row.tag) | {"following": True} for row in rows]
    return page(call, shown, [row.id for row in rows])


def _tag(call: Call) -> str:
    tag = fold_hashtag(call.places["tag"])
    if not tag:
        raise NotFound
    return tag


PATH = "/api/v1/tags/{tag}"
ENDPOINTS = [
    get(PATH, show_tag, "read:follows", "read", who=ANYONE),
    post(f"{PATH}/follow", follow_one, "write:follows", "follow"),
    post(f"{PATH}/unfollow", unfollow_one, "write:follows", "follow"),
    get("/api/v1/followed_tags", show_followed, "read:follows", "follow"),
]
