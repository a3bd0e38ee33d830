"""Accounts as apps see them: names made safe, the firm beside who is from elsewhere (rule 12)."""

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from sqlalchemy import Connection, Row

from node.access.logins import get_member
from node.actors import GROUP
from node.api.calls import Call
from node.api.queries import account_rows, count_own_follows, count_posts, get_account
from node.boundary import Member
from node.db import absolute
from node.identity import SELF, Identity
from node.people.queries import author_views, list_follow_requests
from node.web.assets import asset_url
from node.web.views import AuthorView
from schemas.mastodon import Account, CredentialAccount, Mention, timestamp

ROLE_NAMES = {"admin": "Admin", "moderator": "Moderator"}


def accounts_by_id(
    db: Connection, node: Identity, ids: Collection[int], *, for_members: bool
) -> dict[int, Account]:
    """Accounts without numbers: the same for every reader, so a status can be kept with them."""
    rows = account_rows(db, ids)
    return show_accounts(db, node, rows, for_members=for_members)


def show_accounts(
    db: Connection, node: Identity, rows: Mapping[int, Row[Any]], *, for_members: bool
) -> dict[int, Account]:
    views = author_views(db, node, list(rows), for_members=for_members)
    return {actor_id: _account(node, row, views[actor_id]) for actor_id, row in rows.items()}


def account_with_numbers(call: Call, actor_id: int) -> Account:
    """One account for its own page in an app, with the numbers that this reader may know."""
    row = get_account(call.db, call.reader, actor_id)
    for_members = isinstance(call.reader, Member)
    account = show_accounts(call.db, call.node, {row.id: row}, for_members=for_members)[row.id]
    count, last = count_posts(call.db, call.reader, row.id)
    account["statuses_count"] = count
    account["last_status_at"] = last.date().isoformat() if last is not None else None
    if isinstance(call.reader, Member) and call.reader.actor_id == row.id:
        account["followers_count"], account["following_count"] = count_own_follows(call.db, row.id)
    return account


def own_account(call: Call) -> CredentialAccount:
    member = get_member(call.db, call.member_id)
    account = account_with_numbers(call, call.member_id)
    row = get_account(call.db, call.member, call.member_id)
    roles = [name for name in ROLE_NAMES if name in member.roles.split()]
    return {
        **account,
        "source": {
            "privacy": "private",
            "sensitive": False,
            "language": member.language,
            "note": row.summary,
            "fields": [],
            "follow_requests_count": len(list_follow_requests(call.db, call.member_id)),
            "discoverable": account["discoverable"],
            "indexable": False,
            "hide_collections": True,
        },
        "role": {
            "id": "3" if roles else "-99",
            "name": ROLE_NAMES[roles[0]] if roles else "",
            "permissions": "65536" if roles else "0",
            "color": "",
            "highlighted": bool(roles),
        },
    }


def handle_of(row: Row[Any]) -> str:
    """`acct`: without a domain for our own."""
    return str(row.handle) if row.peer_id == SELF else f"{row.handle}@{row.domain}"


def page_of(node: Identity, row: Row[Any]) -> str:
    if row.peer_id != SELF:
        return str(row.url or row.uri)
    return f"{node.base}/topics/{row.id}" if row.type == GROUP else f"{node.base}/@{row.handle}"


def mention(node: Identity, row: Row[Any]) -> Mention:
    return {"id": str(row.id), "username": row.handle, "url": page_of(node, row), "acct": handle_of(row)}


def _account(node: Identity, row: Row[Any], view: AuthorView) -> Account:
    picture = node.base + asset_url("logo.svg")
    return {
        "id": str(row.id),
        "username": row.handle,
        "acct": handle_of(row),
        "display_name": _name(row, view),
        "locked": bool(row.approves_follows),
        "bot": row.type in ("Application", "Service"),
        "discoverable": row.face_at is not None or row.type == GROUP,
        "indexable": False,
        "group": row.type == GROUP,
        "created_at": timestamp(row.created_at.replace(hour=0, minute=0, second=0, microsecond=0)),
        "note": _note(row.summary),
        "url": page_of(node, row),
        "uri": absolute(node.base, row.uri),
        "avatar": picture,
        "avatar_static": picture,
        "header": picture,
        "header_static": picture,
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": 0,
        "last_status_at": None,
        "hide_collections": True,
        "noindex": True,
        "emojis": [],
        "roles": [],
        "fields": [],
    }


def _name(row: Row[Any], view: AuthorView) -> str:
    """Apps show the domain beside it; what we call a paired firm they would not."""
    return f"{view.name} ({view.firm})" if view.firm and view.firm != row.domain else view.name


def _note(summary: str) -> str:
    lines = [escape(line) for line in summary.splitlines() if line.strip()]
    return f"<p>{'<br>'.join(lines)}</p>" if lines else ""
