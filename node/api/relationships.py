"""How a member stands to others: follow, block, mute, shut out a server, a note; for themselves alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from node.actors import GROUP
from node.api.accounts_shown import accounts_by_id
from node.api.calls import Call, Refused, delete, get, post
from node.api.paging import page
from node.api.queries import follows_between, follows_within, get_account
from node.boundary import Member
from node.errors import NotFound
from node.identity import SELF
from node.ids import now
from node.memberships import ACCEPTED, PENDING
from node.people.followers import find_follow
from node.people.follows import approve_follow, change_follow, follow, refuse_follow, unfollow
from node.people.silencing import (
    block,
    keep_note,
    mute,
    notes_about,
    remove_follower,
    servers_within,
    silence_server,
    silenced_within,
    unsilence,
    unsilence_server,
)
from node.silences import BLOCK, MUTE, silences_between, silent_servers_of
from node.topics.remote import keep_remote_topic
from schemas.mastodon import Relationship, timestamp

LONGEST_MUTE = 10 * 365 * 24 * 3600


# --- how one stands ---------------------------------------------------------------------------------


def relationships(db: Connection, member: Member, ids: Sequence[int]) -> list[Relationship]:
    """In the order asked; whether somebody else blocked the member is not told."""
    mine, theirs = follows_between(db, member.actor_id, ids)
    silent = {(row.actor_id, row.kind): row for row in silences_between(db, member.actor_id, ids)}
    notes = notes_about(db, member.actor_id, ids)
    shut_out = silent_servers_of(db, member.actor_id, ids)
    return [
        _relationship(
            one,
            mine.get(one),
            theirs.get(one),
            is_blocked=(one, BLOCK) in silent,
            mute=silent.get((one, MUTE)),
            note=notes.get(one, ""),
            is_shut_out=one in shut_out,
        )
        for one in ids
    ]


def _relationship(
    actor_id: int,
    mine: Row[Any] | None,
    theirs: Row[Any] | None,
    *,
    is_blocked: bool,
    mute: Row[Any] | None,
    note: str,
    is_shut_out: bool,
) -> Relationship:
    follows_them = mine is not None and mine.state == ACCEPTED
    return {
        "id": str(actor_id),
        "following": follows_them,
        "showing_reblogs": follows_them and mine is not None and mine.boosts,
        "notifying": follows_them and mine is not None and mine.notify,
        "languages": [],
        "followed_by": theirs is not None and theirs.state == ACCEPTED,
        "blocking": is_blocked,
        "blocked_by": False,
        "muting": mute is not None,
        "muting_notifications": mute is not None and mute.notices,
        "muting_expires_at": timestamp(mute.until_at) if mute is not None and mute.until_at else None,
        "requested": mine is not None and mine.state == PENDING,
        "requested_by": theirs is not None and theirs.state == PENDING,
        "domain_blocking": is_shut_out,
        "endorsed": False,
        "note": note,
    }


def _account(call: Call) -> Row[Any]:
    """Somebody that the member may know of."""
    return get_account(call.db, call.member, call.id())


def _stands(call: Call) -> Any:
    return relationships(call.db, call.member, [call.id()])[0]


# --- following --------------------------------------------------------------------------------------


def follow_one(call: Call) -> Any:
    """Again: what they pass on is shown or not, each post is told or not."""
    row, params = _account(call), call.params
    if row.type == GROUP and row.peer_id != SELF:
        keep_remote_topic(call.db, row.id)
    follow(call.db, call.node, call.member_id, row)
    wanted = {"boosts": params.flag("reblogs"), "notify": params.flag("notify")}
    change_follow(call.db, call.member_id, row.id, **wanted)
    return _stands(call)


def unfollow_one(call: Call) -> Any:
    unfollow(call.db, call.node, call.member_id, _account(call))
    return _stands(call)


def remove_from_followers(call: Call) -> Any:
    remove_follower(call.db, call.node, call.member_id, _account(call).id)
    return _stands(call)


def show_followers(call: Call) -> Any:
    return _own_list(call, "followers")


def show_following(call: Call) -> Any:
    return _own_list(call, "following")


def _own_list(call: Call, which: str) -> Any:
    """One's own; who follows whom else is nobody's business (rule 12)."""
    if _account(call).id != call.member_id:
        return []
    return _show_follows(call, which)


def show_requests(call: Call) -> Any:
    return _show_follows(call, "requests")


def _show_follows(call: Call, which: str) -> Any:
    rows = follows_within(call.db, call.member, which, call.window(default=40, most=80))
    return show_people(call, rows, [row.other_id for row in rows])


def show_people(call: Call, rows: Sequence[Row[Any]], ids: Sequence[int]) -> Any:
    """Accounts in this order, paged by the ids of the rows they come from."""
    accounts = accounts_by_id(call.db, call.node, ids, for_members=True)
    return page(call, [accounts[one] for one in ids if one in accounts], [row.id for row in rows])


def authorize(call: Call) -> Any:
    approve_follow(call.db, call.node, call.member_id, _asked(call))
    return _stands(call)


def reject(call: Call) -> Any:
    refuse_follow(call.db, call.node, call.member_id, _asked(call))
    return _stands(call)


def _asked(call: Call) -> int:
    """The follow that this account asked for."""
    row = find_follow(call.db, call.id(), call.member_id)
    if row is None:
        raise NotFound
    return int(row.id)


# --- not to see ---------------------------------------------------------------------------------------


def block_one(call: Call) -> Any:
    block(call.db, call.node, call.member_id, _account(call))
    return _stands(call)


def unblock_one(call: Call) -> Any:
    unsilence(call.db, call.member_id, _account(call).id, BLOCK)
    return _stands(call)


def mute_one(call: Call) -> Any:
    """With `duration` for so many seconds; their notices go along unless `notifications` is off."""
    params = call.params
    hides = params.flag("notifications") is not False
    mute(call.db, call.member_id, _account(call), notices=hides, until=_until(call))
    return _stands(call)


def _until(call: Call) -> datetime | None:
    seconds = call.params.whole("duration", default=0, least=0, most=LONGEST_MUTE)
    return now() + timedelta(seconds=seconds) if seconds else None


def unmute_one(call: Call) -> Any:
    unsilence(call.db, call.member_id, _account(call).id, MUTE)
    return _stands(call)


def show_blocked(call: Call) -> Any:
    rows = silenced_within(call.db, call.member, BLOCK, call.window(default=40, most=80))
    return show_people(call, rows, [row.actor_id for row in rows])


def show_muted(call: Call) -> Any:
    rows = silenced_within(call.db, call.member, MUTE, call.window(default=40, most=80))
    ends = {str(row.actor_id): timestamp(row.until_at) if row.until_at else None for row in rows}
    reply = show_people(call, rows, [row.actor_id for row in rows])
    for account in reply.content:
        account["mute_expires_at"] = ends[account["id"]]
    return reply


def show_servers(call: Call) -> Any:
    rows = servers_within(call.db, call.member, call.window(default=100, most=200))
    return page(call, [row.domain for row in rows], [row.id for row in rows])


def add_server(call: Call) -> Any:
    silence_server(call.db, call.node, call.member_id, _domain(call))
    return {}


def remove_server(call: Call) -> Any:
    unsilence_server(call.db, call.member_id, _domain(call))
    return {}


def _domain(call: Call) -> str:
    domain = call.params.line("domain")
    if not domain:
        raise Refused(422, "Validation failed: Domain can't be blank")
    return domain


def take_note(call: Call) -> Any:
    keep_note(call.db, call.member_id, _account(call).id, call.params.text("comment") or "")
    return _stands(call)


ONE, ASKED, SERVERS = "/api/v1/accounts/{id}", "/api/v1/follow_requests", "/api/v1/domain_blocks"
ENDPOINTS = [
    post(f"{ONE}/follow", follow_one, "write:follows", "follow"),
    post(f"{ONE}/unfollow", unfollow_one, "write:follows", "follow"),
    post(f"{ONE}/remove_from_followers", remove_from_followers, "write:follows", "follow"),
    get(f"{ONE}/followers", show_followers, "read:accounts"),
    get(f"{ONE}/following", show_following, "read:accounts"),
    get(ASKED, show_requests, "read:follows", "follow"),
    post(f"{ASKED}/{{id}}/authorize", authorize, "write:follows", "follow"),
    post(f"{ASKED}/{{id}}/reject", reject, "write:follows", "follow"),
    post(f"{ONE}/block", block_one, "write:blocks", "follow"),
    post(f"{ONE}/unblock", unblock_one, "write:blocks", "follow"),
    post(f"{ONE}/mute", mute_one, "write:mutes", "follow"),
    post(f"{ONE}/unmute", unmute_one, "write:mutes", "follow"),
    post(f"{ONE}/note", take_note, "write:accounts"),
    get("/api/v1/blocks", show_blocked, "read:blocks", "follow"),
    get("/api/v1/mutes", show_muted, "read:mutes", "follow"),
    get(SERVERS, show_servers, "read:blocks", "follow"),
    post(SERVERS, add_server, "write:blocks", "follow"),
    delete(SERVERS, remove_server, "write:blocks", "follow"),
]
