"""Statuses as apps see them: what is the same for all readers is rendered once and kept, the rest behind it.

A kept status is named by its post, its last change and the words before it (its ring, in the reader's
language). It lives for half a minute, because names of people and firms stand in it. Addresses of closed
files differ by token, so they are put in last.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Collection, Sequence
from html import escape
from secrets import token_hex
from threading import Lock
from typing import Any, cast

from pydantic_core import to_json
from sqlalchemy import Connection, Row

from node.access.oauth.queries import Caller
from node.api.accounts_shown import accounts_by_id, mention
from node.api.calls import Call
from node.api.filtering import Matches, left_after_hiding, matches_of, shown_matches
from node.api.queries import (
    count_boosts,
    files_of,
    mentions_of,
    reacted_to,
    readable_parents,
    tags_of,
)
from node.boundary import Member
from node.db import absolute
from node.i18n import msg, translate
from node.identity import SELF, Identity
from node.media.app_links import PARAMETER, app_key
from node.media.queries import MOST_FAILURES
from node.objects import COMPANY, LIVE, PEOPLE, PUBLIC, is_closed, is_room
from node.posts.queries import count_likes, count_replies
from node.posts.rendering import absolute_links
from node.posts.saved import bookmarked_of, muted_of, pinned_of
from node.posts.shown import ring_names
from schemas.mastodon import Account, MediaAttachment, StatusBody, StatusTail, Visibility, timestamp

KEPT_SECONDS = 30
MOST_BYTES = 16 * 1024 * 1024
VISIBILITY: dict[str, Visibility] = {PUBLIC: "public", PEOPLE: "direct"}
_PLACE = token_hex(8)  # nobody can write it in a post
_PLACES = re.compile(rf"\?{_PLACE}(\d+)".encode())

Key = tuple[int, str, bool, str, Any]
Parts = list[bytes]  # JSON without its last brace; at odd places stands a file's number


class Fragments:
    """Rendered statuses, the latest rendered last, never more than MOST_BYTES; many threads ask it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Key, tuple[float, Parts]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Key) -> Parts | None:
        until, parts = self._kept.get(key, (0.0, None))
        return parts if time.monotonic() < until else None

    def keep(self, key: Key, parts: Parts) -> None:
        with self._lock:
            self._drop(key)
            self._kept[key] = (time.monotonic() + KEPT_SECONDS, parts)
            self._bytes += _size(parts)
            while self._bytes > MOST_BYTES:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        _, parts = self._kept.pop(key, (0.0, []))
        self._bytes -= _size(parts)


def _size(parts: Parts) -> int:
    return sum(map(len, parts)) + 200 if parts else 0


def visibility_of(audience: str) -> Visibility:
    return VISIBILITY.get(audience, "private")


# --- many statuses for one reader ------------------------------------------------------------------


def render_statuses(call: Call, rows: Sequence[Row[Any]], place: str = "") -> dict[int, bytes]:
    """JSON of posts that this reader was already allowed to see, by id.

    With a `place` (home, public, thread …) what the reader wants hidden there is left out.
    """
    matches = matches_of(call, rows)
    rows = left_after_hiding(rows, matches, place) if place else rows
    fragments = cast("Fragments", call.scope["app"].state.fragments)
    words = audience_lines(call, rows)
    for_members = isinstance(call.reader, Member)
    keys: dict[int, Key] = {
        row.id: (row.id, row.state, for_members, words[row.id], row.edited_at) for row in rows
    }
    found = {row.id: fragments.get(keys[row.id]) for row in rows}
    missing = [row for row in rows if found[row.id] is None]
    for post_id, parts in _render(call, missing, words, for_members).items():
        found[post_id] = parts
        fragments.keep(keys[post_id], parts)
    tails = _tails(call, rows, matches)
    return {row.id: _whole(kept, tails[row.id], call.caller) for row in rows if (kept := found[row.id])}


def render_list(call: Call, rows: Sequence[Row[Any]], place: str = "") -> bytes:
    rendered = render_statuses(call, rows, place)
    return b"[" + b",".join(rendered[row.id] for row in rows if row.id in rendered) + b"]"


def render_status(call: Call, row: Row[Any]) -> bytes:
    return render_statuses(call, [row])[row.id]


def _whole(parts: Parts, tail: bytes, caller: Caller | None) -> bytes:
    if len(parts) == 1:
        return parts[0] + b"," + tail[1:]
    filled = [_key_of(part, caller) if place % 2 else part for place, part in enumerate(parts)]
    return b"".join(filled) + b"," + tail[1:]


def _key_of(file_id: bytes, caller: Caller | None) -> bytes:
    return b"" if caller is None else f"?{PARAMETER}={app_key(caller, int(file_id))}".encode()


# --- what is each reader's own -----------------------------------------------------------------------


def _tails(call: Call, rows: Sequence[Row[Any]], matches: Matches) -> dict[int, bytes]:
    ids = [row.id for row in rows]
    db, reader = call.db, call.reader
    parents = readable_parents(db, reader, {row.parent_id for row in rows if row.parent_id is not None})
    replies, likes = count_replies(db, reader, ids), count_likes(db, reader, ids)
    boosts = count_boosts(db, reader, ids)
    mine = _own_flags(db, reader, ids) if isinstance(reader, Member) else None
    filtered = {row.id: shown_matches(row.id, matches) for row in rows}
    return {row.id: _tail(row, parents, replies, likes, boosts, mine, filtered[row.id]) for row in rows}


def _own_flags(db: Connection, member: Member, ids: Collection[int]) -> dict[str, set[int]]:
    """By flag: the posts that have it for this member."""
    liked, boosted = reacted_to(db, member, ids)
    return {
        "favourited": liked,
        "reblogged": boosted,
        "muted": muted_of(db, member, ids),
        "bookmarked": bookmarked_of(db, member, ids),
        "pinned": pinned_of(db, member, ids),
    }


def _tail(
    row: Row[Any],
    parents: dict[int, int | None],
    replies: dict[int, int],
    likes: dict[int, int],
    boosts: dict[int, int],
    mine: dict[str, set[int]] | None,
    filtered: list[dict[str, Any]],
) -> bytes:
    author = parents.get(row.parent_id)
    tail: StatusTail = {
        "in_reply_to_id": str(row.parent_id) if row.parent_id in parents else None,
        "in_reply_to_account_id": str(author) if author is not None else None,
        "replies_count": replies.get(row.id, 0),
        "reblogs_count": boosts.get(row.id, 0),
        "favourites_count": likes.get(row.id, 0),
    }
    flags: dict[str, Any] = {name: row.id in having for name, having in (mine or {}).items()}
    return to_json({**tail, **flags, **({} if mine is None else {"filtered": filtered})})


# --- what is the same for all ----------------------------------------------------------------------


def audience_lines(call: Call, rows: Sequence[Row[Any]]) -> dict[int, str]:
    """Before every post that is not open: for whom it is, in words (rule 10), and that it waits."""
    member = call.reader if isinstance(call.reader, Member) else None
    is_named = member is not None and any(is_closed(row.audience) for row in rows)
    names = ring_names(call.db, member) if member is not None and is_named else {}
    return {row.id: translate(call.language, _line(row, names)) for row in rows}


def _line(row: Row[Any], names: dict[str, str]) -> str:
    line = _audience_words(row.audience, names.get(row.audience, ""))
    if row.state == LIVE:
        return line
    return msg("%(audience)s (waits)", audience=line) if line else msg("Open, but it waits")


def _audience_words(audience: str, name: str) -> str:
    if audience == PUBLIC:
        return ""
    if audience == COMPANY:
        return msg("Our company only")
    if audience == PEOPLE:
        return msg("Personal message")
    return msg("Room: %(name)s", name=name) if is_room(audience) else msg("Ring: %(name)s", name=name)


def _render(
    call: Call, rows: Sequence[Row[Any]], words: dict[int, str], for_members: bool
) -> dict[int, Parts]:
    """Rows that are not kept, in a fixed number of statements."""
    if not rows:
        return {}
    db, node, ids = call.db, call.node, [row.id for row in rows]
    authors = {row.author_id for row in rows if row.author_id is not None}
    accounts = accounts_by_id(db, node, authors, for_members=for_members)
    named, tags, pictures = mentions_of(db, ids), tags_of(db, ids), files_of(db, ids)
    return {
        row.id: _split(
            _body(
                node,
                row,
                accounts[row.author_id],
                words[row.id],
                [mention(node, one) for one in named.get(row.id, ())],
                [one.tag for one in tags.get(row.id, ())],
                [attachment(node, one, row.audience) for one in pictures.get(row.id, ())],
            )
        )
        for row in rows
        if row.author_id in accounts
    }


def _split(body: StatusBody) -> Parts:
    return _PLACES.split(to_json(body)[:-1])


def _body(
    node: Identity,
    row: Row[Any],
    account: Account,
    words: str,
    named: list[Any],
    tags: list[str],
    pictures: list[MediaAttachment],
) -> StatusBody:
    here = f"{node.base}/o/{row.id}"
    is_open = row.audience == PUBLIC
    return {
        "id": str(row.id),
        "created_at": timestamp(row.published),
        "sensitive": bool(row.warning),
        "spoiler_text": row.warning,
        "visibility": visibility_of(row.audience),
        "language": row.language.partition("-")[0] or None,
        "uri": absolute(node.base, row.uri),
        "url": (row.url or absolute(node.base, row.uri)) if is_open and row.origin != SELF else here,
        "edited_at": timestamp(row.edited_at) if row.edited_at is not None else None,
        "content": content_of(node, row.title, row.html, words),
        "reblog": None,
        "account": account,
        "media_attachments": pictures,
        "mentions": named,
        "tags": [{"name": tag, "url": f"{node.base}/tags/{tag}"} for tag in tags],
        "emojis": [],
        "card": None,
        "poll": None,
        "quote": None,
        "quotes_count": 0,
        "application": None,
    }


def content_of(node: Identity, title: str, html: str, words: str) -> str:
    """The words of its audience, its title, its text; only the text is stored."""
    first = f"<p><em>{escape(words)}</em></p>" if words else ""
    headed = f"<p><strong>{escape(title)}</strong></p>" if title else ""
    return first + headed + absolute_links(html, node.base)


def attachment(node: Identity, row: Row[Any], audience: str) -> MediaAttachment:
    """A picture; for one that is not open, a place for the key of the token that reads it."""
    key = "" if audience == PUBLIC else f"?{_PLACE}{row.id}"
    url = f"{node.base}/media/{row.id}"
    is_here = row.name is not None
    size = {"width": row.width, "height": row.height, "size": f"{row.width}x{row.height}"}
    meta = {**size, "aspect": row.width / row.height} if row.width and row.height else None
    return {
        "id": str(row.id),
        "type": "image" if is_here or row.failures < MOST_FAILURES else "unknown",
        "url": url + key,
        "preview_url": f"{url}/thumb{key}",
        "remote_url": None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": {"original": meta, "small": meta} if meta else {},
        "description": row.alt or None,
        "blurhash": None,
    }


def attachment_for(call: Call, row: Row[Any], audience: str) -> MediaAttachment:
    """One picture for whoever asks now."""
    shown = attachment(call.node, row, audience)
    key = _key_of(str(row.id).encode(), call.caller).decode()
    for name in ("url", "preview_url"):
        shown[name] = str(shown[name]).partition("?")[0] + ("" if audience == PUBLIC else key)
    return shown
