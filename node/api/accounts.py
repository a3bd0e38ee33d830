"""Accounts: oneself, others, looked up and searched, and how one stands to them."""

from typing import Any

from node.access.logins import get_member
from node.actors import GROUP
from node.api.accounts_shown import account_with_numbers, own_account, show_accounts
from node.api.calls import ANYONE, Call, get
from node.api.paging import page
from node.api.queries import get_account, search_accounts
from node.api.relationships import relationships
from node.api.statuses_shown import render_list
from node.errors import NotFound
from node.people.queries import find_person
from node.posts.queries import person_within, topic_within
from node.posts.rendering import fold_hashtag

MOST_RELATED = 100
MOST_ASKED = 40


def show_own(call: Call) -> Any:
    return own_account(call)


def show_account(call: Call) -> Any:
    return account_with_numbers(call, call.id())


def show_accounts_asked(call: Call) -> Any:
    """Several at once; unknown ones are left out."""
    known = [one for one in list(dict.fromkeys(call.params.ids("id")))[:MOST_ASKED] if _is_known(call, one)]
    return [account_with_numbers(call, one) for one in known]


def look_up(call: Call) -> Any:
    """By `acct`; only whom we know."""
    found = find_person(call.db, call.node, call.params.line("acct"))
    if found is None:
        raise NotFound
    return account_with_numbers(call, found.id)


def search(call: Call) -> Any:
    params, member = call.params, call.member
    most, skip = (
        params.whole("limit", default=40, least=1, most=80),
        params.whole("offset", default=0, most=10_000),
    )
    rows = search_accounts(call.db, member, params.line("q"), most=most, skip=skip)
    shown = show_accounts(call.db, call.node, {row.id: row for row in rows}, for_members=True)
    return [shown[row.id] for row in rows]


def show_relationships(call: Call) -> Any:
    """How the member stands to accounts, in the order asked; unknown ones are left out."""
    ids = list(dict.fromkeys(call.params.ids("id")))[:MOST_RELATED]
    known = [one for one in ids if _is_known(call, one)]
    return relationships(call.db, call.member, known)


def _is_known(call: Call, actor_id: int) -> bool:
    try:
        get_account(call.db, call.reader, actor_id)
    except NotFound:
        return False
    return True


def show_posts(call: Call) -> Any:
    """What somebody wrote, or what stands in a topic, as far as this reader may read it."""
    row, params = get_account(call.db, call.reader, call.id()), call.params
    window, pinned = call.window(), bool(params.flag("pinned"))
    if row.type == GROUP:
        rows = [] if pinned else topic_within(call.db, call.reader, row.id, window)
    else:
        rows = person_within(
            call.db,
            call.reader,
            row.id,
            window,
            answers=not params.flag("exclude_replies"),
            media=bool(params.flag("only_media")),
            pinned=pinned,
            tag=fold_hashtag(params.line("tagged")),
        )
    return page(call, render_list(call, rows, "account"), [one.id for one in rows])


def show_preferences(call: Call) -> Any:
    return {
        "posting:default:visibility": "private",
        "posting:default:sensitive": False,
        "posting:default:language": get_member(call.db, call.member_id).language,
        "posting:default:quote_policy": "nobody",
        "reading:expand:media": "default",
        "reading:expand:spoilers": False,
        "reading:autoplay:gifs": False,
    }


ENDPOINTS = [
    get("/api/v1/accounts/verify_credentials", show_own, "profile", "read:accounts", keeps=True),
    get("/api/v1/accounts", show_accounts_asked, "read:accounts", who=ANYONE),
    get("/api/v1/accounts/lookup", look_up, "read:accounts", who=ANYONE),
    get("/api/v1/accounts/search", search, "read:accounts"),
    get("/api/v1/accounts/relationships", show_relationships, "read:follows"),
    get("/api/v1/accounts/{id}", show_account, "read:accounts", who=ANYONE),
    get("/api/v1/accounts/{id}/statuses", show_posts, "read:statuses", who=ANYONE),
    get("/api/v1/preferences", show_preferences, "read:accounts"),
]
