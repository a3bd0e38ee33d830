"""How a feed is answered: its type, its validators, and a 304 when the reader has it already."""

import hashlib
from email.utils import format_datetime

from starlette.datastructures import Headers
from starlette.responses import Response

from node.feeds.formats import Feed, Format

OPEN = {"cache-control": "public, max-age=300"}
# Whoever has the address of a private feed can read it: no cache keeps it and no link tells it.
PRIVATE = {
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}


def answer_feed(
    asked: Headers, feed: Feed, how: Format, headers: dict[str, str], *, by_date: bool = True
) -> Response:
    """The feed, or 304; `by_date` when the moment of its last change may tell that too."""
    body = how.write(feed)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    changed = format_datetime(feed.changed.replace(microsecond=0), usegmt=True)
    headers = {**headers, "etag": etag, "last-modified": changed}
    if _has_it(asked, etag, changed if by_date else ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=f"{how.media_type}; charset=utf-8")


def _has_it(asked: Headers, etag: str, changed: str) -> bool:
    """By RFC 9110 a tag counts before a date; the date must be the very one that we gave."""
    named = asked.get("if-none-match")
    if named is None:
        return bool(changed) and asked.get("if-modified-since") == changed
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in named.split(","))
