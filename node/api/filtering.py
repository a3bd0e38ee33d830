"""Filters at work: which of a reader's filters a post meets, and what a list leaves out because of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from node.api.calls import Call
from node.api.queries import files_of
from node.people.filters import HIDE, Filter
from node.posts.rendering import plain_text
from schemas.mastodon import timestamp

Matches = dict[int, list[tuple[Filter, list[str]]]]


def matches_of(call: Call, rows: Sequence[Row[Any]]) -> Matches:
    """By post: the filters it meets, with their words in it; never the reader's own posts."""
    if not call.filters:
        return {}
    others = [row for row in rows if row.author_id != call.member_id]
    pictures = files_of(call.db, [row.id for row in others])
    found: Matches = {}
    for row in others:
        alts = [one.alt for one in pictures.get(row.id, ())]
        text = "\n".join([row.title, row.warning, plain_text(row.html), *alts])
        met = [(one, one.words_in(text)) for one in call.filters]
        found[row.id] = [(one, words) for one, words in met if words or one.names(row.id)]
    return found


def shown_matches(row_id: int, matches: Matches) -> list[dict[str, Any]]:
    """The `filtered` of a status."""
    return [
        {
            "filter": filter_head(one),
            "keyword_matches": words or None,
            "status_matches": [str(row_id)] if one.names(row_id) else None,
        }
        for one, words in matches.get(row_id, ())
    ]


def filter_head(one: Filter) -> dict[str, Any]:
    return {
        "id": str(one.row.id),
        "title": one.row.title,
        "context": one.places,
        "expires_at": timestamp(one.row.expires_at) if one.row.expires_at is not None else None,
        "filter_action": one.row.action,
    }


def left_after_hiding(rows: Sequence[Row[Any]], matches: Matches, place: str) -> list[Row[Any]]:
    """What a list in this place shows; an app that knows no filters hides it all the same."""
    return [
        row
        for row in rows
        if not any(one.row.action == HIDE and place in one.places for one, _ in matches.get(row.id, ()))
    ]
