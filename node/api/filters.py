"""Filters: version 2 with words and posts, and version 1, in which each word is a filter."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from node.api.calls import Call, delete, get, post, put
from node.api.filtering import filter_head
from node.errors import NotFound
from node.ids import now
from node.people.filters import (
    HIDE,
    WARN,
    Filter,
    add_filter,
    add_keyword,
    change_filter,
    change_keyword,
    delete_filter,
    delete_keyword,
    get_filter,
    get_keyword,
    get_named,
    list_filters,
    name_post,
    unname_post,
)
from node.posts.queries import get_readable_post

LONGEST_SECONDS = 10 * 366 * 24 * 3600


# --- version 2 -------------------------------------------------------------------------------------


def show_all(call: Call) -> Any:
    return [_shown(one) for one in list_filters(call.db, call.member_id)]


def show(call: Call) -> Any:
    return _shown(_own(call))


def _own(call: Call) -> Filter:
    return get_filter(call.db, call.member_id, call.id())


def take(call: Call) -> Any:
    params = call.params
    filter_id = add_filter(
        call.db,
        call.member_id,
        title=params.line("title"),
        places=params.many("context"),
        action=params.line("filter_action") or WARN,
        expires_at=_end(call, None),
    )
    _take_keywords(call, filter_id)
    return _shown(get_filter(call.db, call.member_id, filter_id))


def change(call: Call) -> Any:
    """What is not said stays; of the words those that are named."""
    known, params = _own(call), call.params
    change_filter(
        call.db,
        call.member_id,
        known.row.id,
        title=params.line("title") if "title" in params else known.row.title,
        places=params.many("context") or known.places,
        action=params.line("filter_action") or known.row.action,
        expires_at=_end(call, known.row.expires_at),
    )
    _take_keywords(call, known.row.id)
    return show(call)


def _end(call: Call, known: datetime | None) -> datetime | None:
    """In so many seconds; empty is never."""
    if "expires_in" not in call.params:
        return known
    seconds = call.params.whole("expires_in", default=0, most=LONGEST_SECONDS)
    return now() + timedelta(seconds=seconds) if seconds else None


def _take_keywords(call: Call, filter_id: int) -> None:
    for one in call.params.records("keywords_attributes"):
        known = one.id("id")
        if known is None:
            add_keyword(
                call.db,
                call.member_id,
                filter_id,
                one.line("keyword"),
                whole_word=bool(one.flag("whole_word")),
            )
            continue
        owner, row = get_keyword(call.db, call.member_id, known)
        if owner.row.id != filter_id:
            raise NotFound
        if one.flag("_destroy"):
            delete_keyword(call.db, call.member_id, known)
        else:
            word = one.line("keyword") if "keyword" in one else row.keyword
            whole = one.flag("whole_word")
            change_keyword(
                call.db, call.member_id, known, word, whole_word=row.whole_word if whole is None else whole
            )


def remove(call: Call) -> Any:
    delete_filter(call.db, call.member_id, call.id())
    return {}


def _shown(one: Filter) -> dict[str, Any]:
    return {
        **filter_head(one),
        "keywords": [_keyword(row) for row in one.keywords],
        "statuses": [_named(row) for row in one.statuses],
    }


def _keyword(row: Row[Any]) -> dict[str, Any]:
    return {"id": str(row.id), "keyword": row.keyword, "whole_word": row.whole_word}


def _named(row: Row[Any]) -> dict[str, Any]:
    return {"id": str(row.id), "status_id": str(row.object_id)}


def show_keywords(call: Call) -> Any:
    return [_keyword(row) for row in _own(call).keywords]


def take_keyword(call: Call) -> Any:
    params = call.params
    row_id = add_keyword(
        call.db,
        call.member_id,
        call.id(),
        params.line("keyword"),
        whole_word=bool(params.flag("whole_word")),
    )
    return _keyword(get_keyword(call.db, call.member_id, row_id)[1])


def show_keyword(call: Call) -> Any:
    return _keyword(get_keyword(call.db, call.member_id, call.id())[1])


def change_one_keyword(call: Call) -> Any:
    _, row = get_keyword(call.db, call.member_id, call.id())
    whole = call.params.flag("whole_word")
    word = call.params.line("keyword") if "keyword" in call.params else row.keyword
    change_keyword(
        call.db, call.member_id, row.id, word, whole_word=row.whole_word if whole is None else whole
    )
    return show_keyword(call)


def remove_keyword(call: Call) -> Any:
    delete_keyword(call.db, call.member_id, call.id())
    return {}


def show_named(call: Call) -> Any:
    return [_named(row) for row in _own(call).statuses]


def take_named(call: Call) -> Any:
    """Only a post that the member may read."""
    row = get_readable_post(call.db, call.member, call.params.id("status_id") or 0)
    row_id = name_post(call.db, call.member_id, call.id(), row.id)
    return _named(get_named(call.db, call.member_id, row_id)[1])


def show_one_named(call: Call) -> Any:
    return _named(get_named(call.db, call.member_id, call.id())[1])


def remove_named(call: Call) -> Any:
    unname_post(call.db, call.member_id, call.id())
    return {}


# --- version 1: a word with everything of its filter -----------------------------------------------


def show_phrases(call: Call) -> Any:
    return [_phrase(one, row) for one in list_filters(call.db, call.member_id) for row in one.keywords]


def show_phrase(call: Call) -> Any:
    return _phrase(*get_keyword(call.db, call.member_id, call.id()))


def take_phrase(call: Call) -> Any:
    params = call.params
    filter_id = add_filter(
        call.db,
        call.member_id,
        title=params.line("phrase"),
        places=params.many("context"),
        action=HIDE if params.flag("irreversible") else WARN,
        expires_at=_end(call, None),
    )
    whole_word = params.flag("whole_word")
    row_id = add_keyword(
        call.db,
        call.member_id,
        filter_id,
        params.line("phrase"),
        whole_word=whole_word is not False,
    )
    return _phrase(*get_keyword(call.db, call.member_id, row_id))


def change_phrase(call: Call) -> Any:
    params = call.params
    known, row = get_keyword(call.db, call.member_id, call.id())
    hides, whole = params.flag("irreversible"), params.flag("whole_word")
    change_filter(
        call.db,
        call.member_id,
        known.row.id,
        title=known.row.title,
        places=params.many("context") or known.places,
        action=known.row.action if hides is None else HIDE if hides else WARN,
        expires_at=_end(call, known.row.expires_at),
    )
    change_keyword(
        call.db,
        call.member_id,
        row.id,
        params.line("phrase") or row.keyword,
        whole_word=row.whole_word if whole is None else whole,
    )
    return show_phrase(call)


def remove_phrase(call: Call) -> Any:
    """With its last word a filter goes."""
    known, row = get_keyword(call.db, call.member_id, call.id())
    delete_keyword(call.db, call.member_id, row.id)
    if len(known.keywords) == 1 and not known.statuses:
        delete_filter(call.db, call.member_id, known.row.id)
    return {}


def _phrase(one: Filter, row: Row[Any]) -> dict[str, Any]:
    head = filter_head(one)
    return {
        "id": str(row.id),
        "phrase": row.keyword,
        "context": head["context"],
        "whole_word": row.whole_word,
        "expires_at": head["expires_at"],
        "irreversible": one.row.action == HIDE,
    }


PATH, FIRST = "/api/v2/filters", "/api/v1/filters"
READ, WRITE = "read:filters", "write:filters"
ENDPOINTS = [
    get(PATH, show_all, READ),
    post(PATH, take, WRITE),
    get(f"{PATH}/{{id}}", show, READ),
    put(f"{PATH}/{{id}}", change, WRITE),
    delete(f"{PATH}/{{id}}", remove, WRITE),
    get(f"{PATH}/{{id}}/keywords", show_keywords, READ),
    post(f"{PATH}/{{id}}/keywords", take_keyword, WRITE),
    get(f"{PATH}/keywords/{{id}}", show_keyword, READ),
    put(f"{PATH}/keywords/{{id}}", change_one_keyword, WRITE),
    delete(f"{PATH}/keywords/{{id}}", remove_keyword, WRITE),
    get(f"{PATH}/{{id}}/statuses", show_named, READ),
    post(f"{PATH}/{{id}}/statuses", take_named, WRITE),
    get(f"{PATH}/statuses/{{id}}", show_one_named, READ),
    delete(f"{PATH}/statuses/{{id}}", remove_named, WRITE),
    get(FIRST, show_phrases, READ),
    post(FIRST, take_phrase, WRITE),
    get(f"{FIRST}/{{id}}", show_phrase, READ),
    put(f"{FIRST}/{{id}}", change_phrase, WRITE),
    delete(f"{FIRST}/{{id}}", remove_phrase, WRITE),
]
