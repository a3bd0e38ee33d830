"""The notifications page: each kind of notice a sentence, by day, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.i18n import Message, msg
from node.notices import list_notices, mark_read
from node.people.queries import author_views
from node.web.formats import AMSTERDAM
from node.web.pages import render
from node.web.views import AuthorView, PageLinks
from node.web.visits import Visit, page, see_other

PATH = "/notices"
PER_PAGE = 40

# %(name)s: who did it; %(what)s: the name that the notice carries.
SENTENCES = {
    "mention": msg("%(name)s mentions you."),
    "reply": msg("%(name)s replies to you."),
    "answer_inside": msg("Your answer is for your company only. Open it here to place it openly too."),
    "post": msg("%(name)s wrote something."),
    "like": msg("%(name)s likes your post."),
    "boost": msg("%(name)s shares your post."),
    "follow": msg("%(name)s follows you."),
    "follow_request": msg("%(name)s wants to follow you. You decide."),
    "follow_accepted": msg("You follow %(name)s now."),
    "follow_refused": msg("%(name)s does not want you as a follower."),
    "posted_for_you": msg("A post was made in your name on the command line."),
    "reset_made": msg("%(name)s made a one-time link with which somebody can choose a new password for you."),
    "password_changed": msg("Your password was changed. Was that not you? Then tell your admin at once."),
    "own_end_soon": msg("Your time here ends after %(what)s. Your admin can give you a later date."),
    "member_end_soon": msg("The time of a member ends within a week: %(what)s."),
    "member_end_ended": msg("The time of a member has ended: %(what)s. What was posted stays."),
    "guest_end_soon": msg("The stay of a guest ends within a week: %(what)s."),
    "guest_end_ended": msg("The stay of a guest has ended: %(what)s."),
    "pairing_wrong_code": msg("Somebody at %(what)s typed a wrong code."),
    "pairing_words": msg("%(what)s has typed the code. Call each other and compare the words."),
    "pairing_done": msg("Your node is paired with %(what)s."),
    "pairing_ended": msg("The pairing with %(what)s did not succeed."),
    "ring_open": msg("The ring %(what)s is open. You can post in it."),
    "ring_closed": msg("The ring %(what)s is closed."),
    "ring_joined": msg("A company joined the ring: %(what)s."),
    "ring_left": msg("A company left the ring: %(what)s."),
    "ring_expired": msg("The agreement of the ring %(what)s has ended. The ring is closed."),
    "ring_ends_30": msg("The agreement of the ring %(what)s ends within a month. Renew it in time."),
    "ring_ends_7": msg("The agreement of the ring %(what)s ends within a week. Then the ring closes."),
    "ring_fork": msg("There are two agreements for the ring %(what)s. Talk with the other directors."),
    "ring_removed": msg("The steward took our firm off the roster of %(what)s."),
    "ring_blocked": msg("A firm of a ring is blocked here, so nothing goes there any more: %(what)s."),
    "ring_without_us": msg("The other firms of %(what)s go on without us. All of them signed that."),
    "roster_split": msg("The steward of %(what)s signed two different rosters. Talk with the other firms."),
    "roster_unsigned": msg("A firm is on the roster without a signature, and stays out: %(what)s."),
    "sector_applied": msg("A firm signed the terms and wants to come in: %(what)s."),
    "sector_refused": msg("The steward did not let our firm in: %(what)s."),
    "agreement_proposed": msg("There is an agreement to sign: %(what)s."),
    "agreement_signed": msg("Somebody signed the agreement: %(what)s."),
    "agreement_complete": msg("Everybody signed the agreement: %(what)s."),
    "agreement_reminder": msg("The others are waiting for your signature: %(what)s."),
    "agreement_withdrawn": msg("The agreement was withdrawn: %(what)s."),
    "agreement_lapsed": msg("Not everybody signed in time: %(what)s."),
    "key_made": msg("This node has a new key. The partners are told."),
    "key_changed": msg("%(what)s has a new key. Their old key signed for it."),
    "key_conflict": msg("Two new keys are signed for %(what)s. Nothing goes there until you pair again."),
    "departures_differ": msg("The log of what left is not as it was told to %(what)s."),
    "gate_waits": msg("A post of %(name)s waits for an editor."),
    "gate_let_go": msg("%(name)s read what you wrote and let it go out."),
    "gate_sent_back": msg("%(name)s sent back what you wrote, with a reason."),
    "gate_no_editor": msg("What you wrote waits for an editor, but nobody else here is one. Ask your admin."),
    "gate_needs_editor": msg("A post waits for an editor, but there is none. Make somebody editor."),
    "planned_stuck": msg("What you had planned did not go out. Look why."),
    "gate_stuck": msg("What you wrote could not go out. Look why."),
    "room_invited": msg("%(name)s invites you to a room."),
    "room_asked": msg("%(name)s asks to come into a room of which you are host."),
    "room_in": msg("You are in a room now."),
    "room_refused": msg("A host did not let you into a room."),
    "room_removed": msg("You were taken out of a room."),
    "room_ended": msg("A room that you were in has ended."),
    "restored": msg("A backup was put back. The rings open once the partners have told what we forgot."),
    "restored_copy": msg("An older copy of this node was put back. The rings are closed for now."),
    "restore_silent": msg("%(what)s has been silent for 7 days since this node was put back. You decide."),
}
ICONS = {"mention": "topic", "post": "write", "reply": "reply", "like": "heart", "boost": "open"}
ICONS |= dict.fromkeys(("follow", "follow_request", "follow_accepted", "follow_refused"), "follow")
ICONS |= dict.fromkeys(("gate_waits", "gate_no_editor", "gate_needs_editor", "gate_stuck"), "clock")
ICONS |= {"planned_stuck": "clock", "gate_let_go": "done", "gate_sent_back": "left"}
ICONS |= dict.fromkeys(("reset_made", "password_changed"), "lock")
ICONS |= dict.fromkeys(("key_made", "key_changed", "key_conflict", "departures_differ"), "lock")
ICONS |= dict.fromkeys((kind for kind in SENTENCES if kind.startswith("room_")), "room")


@dataclass(frozen=True)
class NoticeView:
    sentence: str
    icon: str
    link: str
    at: datetime
    is_new: bool


@dataclass(frozen=True)
class Day:
    at: datetime
    notices: tuple[NoticeView, ...]


def show_notices(visit: Visit) -> Response:
    before = _number(visit.request.query_params.get("before", ""))
    rows = list_notices(visit.db, visit.member, before=before, limit=PER_PAGE + 1)
    shown = rows[:PER_PAGE]
    people = author_views(visit.db, visit.node, {row.from_id for row in shown if row.from_id is not None})
    views = [_view(row, people.get(row.from_id)) for row in shown]
    older = f"{PATH}?before={shown[-1].id}" if len(rows) > PER_PAGE else ""
    newer = PATH if before is not None else ""
    links = PageLinks(newer_url=newer, older_url=older)
    has_new = any(view.is_new for view in views)
    return render(visit.request, "people/notices.html", days=_by_day(views), links=links, has_new=has_new)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _view(row: Any, who: AuthorView | None) -> NoticeView:
    name = msg("Somebody") if who is None else f"{who.name} ({who.firm})" if who.firm else who.name
    return NoticeView(
        sentence=sentence(row.kind, name, row.text),
        icon=ICONS.get(row.kind) or ("ring" if row.kind.startswith(("ring", "pair", "agree")) else "bell"),
        link=row.link or (f"/o/{row.object_id}" if row.object_id else who.url if who else ""),
        at=row.created_at,
        is_new=row.read_at is None,
    )


def sentence(kind: str, name: str, text: str) -> Message:
    """What a notice says; one that this page does not know yet says at least what it is about."""
    known = SENTENCES.get(kind)
    if known is not None:
        return msg(known.msgid, name=name, what=text)
    if text:
        return msg("There is news about: %(what)s.", what=text)
    return msg("There is news for you.")


def _by_day(views: Iterable[NoticeView]) -> list[Day]:
    grouped = groupby(views, key=lambda view: view.at.astimezone(AMSTERDAM).date())
    found = [tuple(notices) for _, notices in grouped]
    return [Day(notices[0].at, notices) for notices in found]


def take_read(visit: Visit) -> Response:
    mark_read(visit.db, visit.member)
    return see_other(PATH)


ROUTES: list[BaseRoute] = [
    page(PATH, show_notices, guests=True),
    page(f"{PATH}/read", take_read, method="POST", guests=True),
]
