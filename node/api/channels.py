"""What can be streamed: each channel shows what its page of the API shows, asked anew for every event.

A channel knows no reader and keeps nothing: the page's own function says whether a post stands there for this
member now, and renders it. So a stream can never show what the page does not.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from node.access.oauth.scopes import covers
from node.api import lists, notifications, timelines
from node.api.calls import Call, Refused, Reply
from node.boundary import could_read
from node.changes import EDITED, FILTERS, GONE, NEW, NOTICE, Change
from node.objects import COMPANY, PUBLIC, is_closed
from node.posts.rendering import fold_hashtag
from node.web.bodies import Params


@dataclass(frozen=True)
class Channel:
    """One thing to listen to, in Mastodon's words; `value` is a tag or the number of a list."""

    name: str
    value: str = ""

    @property
    def words(self) -> list[str]:
        return [self.name, self.value] if self.value else [self.name]


@dataclass(frozen=True)
class Event:
    """What is sent; a payload is JSON already, or the bare id of what is gone."""

    channel: Channel
    name: str
    payload: str | None


@dataclass(frozen=True)
class _Kind:
    """`page` answers the list in which a post of this channel stands; `gone` says whose end is told."""

    scope: str
    page: Callable[[Call], Any] | None = None
    asked: Mapping[str, str] | None = None
    gone: Callable[[str], bool] | None = None
    media: bool = False
    local: bool = False
    takes: str = ""  # the parameter that its value comes from
    notices: bool = False


def _is_open(audience: str) -> bool:
    return audience == PUBLIC


def _of_company(audience: str) -> bool:
    return audience == COMPANY


def _any(_audience: str) -> bool:
    return True


_OPEN = _Kind("read:statuses", timelines.show_public, {}, _is_open)
_LOCAL = _Kind("read:statuses", timelines.show_public, {"local": "true"}, _of_company)
_REMOTE = _Kind("read:statuses", timelines.show_public, {"remote": "true"}, _is_open)
_TAG = _Kind("read:statuses", timelines.show_tag, {}, _any, takes="tag")
KINDS: dict[str, _Kind] = {
    "user": _Kind("read:statuses", timelines.show_home, {}, _any, notices=True),
    "user:notification": _Kind("read:notifications", notices=True),
    "public": _OPEN,
    "public:media": replace(_OPEN, media=True),
    "public:local": _LOCAL,
    "public:local:media": replace(_LOCAL, media=True),
    "public:remote": _REMOTE,
    "public:remote:media": replace(_REMOTE, media=True),
    "hashtag": _TAG,
    "hashtag:local": replace(_TAG, local=True),
    "list": _Kind("read:lists", lists.show_timeline, {}, is_closed, takes="list"),
    "direct": _Kind("read:statuses"),
}


def read_channel(call: Call, name: str, values: Mapping[str, str]) -> Channel:
    """The channel that is asked for; raises Refused, and NotFound for a list that is not this member's."""
    kind = KINDS.get(name)
    if kind is None:
        raise Refused(400, "Unknown stream type")
    if call.caller is None or not covers(call.caller.scopes, kind.scope):
        raise Refused(403, "Access token does not have the required scopes")
    if kind.takes == "tag":
        return Channel(name, _tag(values.get("tag", "")))
    if kind.takes == "list":
        number = values.get("list", "")
        lists.show_list(replace(call, places={"id": number}))
        return Channel(name, number)
    return Channel(name)


def _tag(text: str) -> str:
    folded = fold_hashtag(text)
    if not folded:
        raise Refused(400, "Missing tag name parameter")
    return folded


def events_of(call: Call, channels: list[Channel], change: Change) -> Iterator[Event]:
    """What this member hears of a change now, on each of these channels."""
    held = call.caller.scopes if call.caller else frozenset()
    for channel in channels:
        kind = KINDS[channel.name]
        if not covers(held, kind.scope):
            continue
        if change.kind in (NEW, EDITED):
            yield from _post_events(call, channel, kind, change)
        elif change.kind == GONE:
            yield from _end_events(call, channel, kind, change)
        elif kind.notices and change.member_id == call.member_id:
            yield from _own_events(call, channel, change, covers(held, "read:notifications"))


def _post_events(call: Call, channel: Channel, kind: _Kind, change: Change) -> Iterator[Event]:
    if kind.page is None or change.subject_id is None:
        return
    places = {"tag": channel.value, "id": channel.value}
    found = _only(kind.page, call, change.subject_id, kind.asked or {}, places)
    if found is None or not _fits(kind, found):
        return
    yield Event(channel, "update" if change.kind == NEW else "status.update", found)


def _fits(kind: _Kind, rendered: str) -> bool:
    if not kind.media and not kind.local:
        return True
    status = json.loads(rendered)
    has_media = bool(status["media_attachments"]) or not kind.media
    return has_media and ("@" not in status["account"]["acct"] or not kind.local)


def _end_events(call: Call, channel: Channel, kind: _Kind, change: Change) -> Iterator[Event]:
    if change.subject_id is None or kind.gone is None:
        return
    row = could_read(call.db, call.member, change.subject_id)
    if row is not None and kind.gone(row.audience):
        yield Event(channel, "delete", str(change.subject_id))


def _own_events(call: Call, channel: Channel, change: Change, hears_notices: bool) -> Iterator[Event]:
    if change.kind == FILTERS:
        yield Event(channel, "filters_changed", None)
    elif change.kind == NOTICE and change.subject_id is not None and hears_notices:
        found = _only(notifications.show_notifications, call, change.subject_id, {}, {})
        if found is not None:
            yield Event(channel, "notification", found)


def _only(
    page: Callable[[Call], Any],
    call: Call,
    number: int,
    asked: Mapping[str, str],
    places: Mapping[str, str],
) -> str | None:
    """The one thing of this number as its page shows it, or None where it does not stand there."""
    window = {"max_id": str(number + 1), "since_id": str(number - 1), "limit": "1", **asked}
    params = Params({name: [value] for name, value in window.items()})
    answer = page(replace(call, params=params, places=places))
    body = (answer if isinstance(answer, Reply) else Reply(answer)).body
    return body[1:-1].decode() or None
