"""The pages of rooms: all that one may know of, what each is, and what members and hosts do there."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.boundary import is_guest
from node.errors import Conflict, Forbidden, Invalid
from node.i18n import msg
from node.objects import COMPANY
from node.rings.queries import open_rings
from node.rooms import actions, answers, returning
from node.rooms.actions import LONGEST_ANSWER, LONGEST_NAME, LONGEST_PURPOSE, LONGEST_QUESTION, Plan
from node.rooms.places import MOST_PEOPLE
from node.rooms.queries import IN, INVITED, Room, get_room, is_host, place_of, rooms_for
from node.rooms.shown import (
    entry,
    invitable,
    invited_views,
    line_views,
    people_views,
    request_views,
    resting_views,
    within_name,
)
from node.web.flashes import flash
from node.web.formats import AMSTERDAM
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.views import AudienceChoice, AudienceView
from node.web.visits import Visit, page, see_other

PATH = "/rooms"
LENGTHS: dict[str, Any] = {
    "longest_name": LONGEST_NAME,
    "longest_purpose": LONGEST_PURPOSE,
    "longest_question": LONGEST_QUESTION,
}


def show_rooms(visit: Visit) -> Response:
    entries = [entry(visit.db, visit.member, room) for room in rooms_for(visit.db, visit.member)]
    return render(
        visit.request,
        "rooms/list.html",
        mine=[one for one in entries if one.state == IN],
        waiting=[one for one in entries if one.state not in ("", IN)],
        others=[one for one in entries if not one.state],
        resting=resting_views(visit.db, visit.node, visit.member),
        may_make=not is_guest(visit.db, visit.member.actor_id),
    )


def take_reopen(visit: Visit) -> Response:
    room_id = visit.request.path_params["id"]
    returning.reopen(visit.db, visit.node, visit.member, room_id)
    return _back(visit, f"{PATH}/{room_id}/about", msg("The room is open again. Everybody in it is told."))


# --- make and change ---------------------------------------------------------------------------------


def show_new(visit: Visit) -> Response:
    start = {"within": visit.request.query_params.get("within", COMPANY), "found": "listed"}
    return _new_page(visit, blank_form(start))


def _new_page(visit: Visit, form: Form) -> Response:
    _refuse_guest(visit)
    status = 200 if form.ok else 422
    choices = _choices(visit)
    return render(visit.request, "rooms/new.html", status_code=status, form=form, choices=choices, **LENGTHS)


def _refuse_guest(visit: Visit) -> None:
    if is_guest(visit.db, visit.member.actor_id):
        raise Forbidden(msg("A guest cannot do this."))


def _choices(visit: Visit) -> list[AudienceChoice]:
    own = AudienceChoice(
        value=COMPANY, audience=AudienceView(kind="company"), reach=msg("Only colleagues can be in it.")
    )
    rings = [
        AudienceChoice(
            value=ring.audience,
            audience=AudienceView(kind="ring", label=ring.name),
            reach=msg("Only people of the firms in this ring can be in it."),
        )
        for ring in open_rings(visit.db)
    ]
    return [own, *rings]


def take_new(visit: Visit) -> Response:
    _refuse_guest(visit)
    form, made = visit.form, list[int]()
    within = form.choice("within", {choice.value for choice in _choices(visit)})
    plan = _read_plan(form, listed=form.choice("found", ("listed", "hidden")) == "listed")
    confined = form.flag("confined")

    def act() -> None:
        made.append(actions.make_room(visit.db, visit.node, visit.member, within, plan, confined=confined))

    if not _done(visit, act):
        return _new_page(visit, form)
    return _back(visit, f"{PATH}/{made[0]}/invite", msg("The room is there. Invite people now, or later."))


def _read_plan(form: Form, *, listed: bool) -> Plan:
    capacity = form.whole("capacity", least=2, most=MOST_PEOPLE) if form.value("capacity").strip() else None
    return Plan(
        name=form.line("name", longest=LONGEST_NAME),
        purpose=form.text("purpose", required=False, longest=LONGEST_PURPOSE),
        question=form.line("question", required=False, longest=LONGEST_QUESTION),
        begins_at=_day(form, "begins_at", time(0, 0)),
        until_at=_day(form, "until_at", time(23, 59, 59)),
        capacity=capacity,
        listed=listed,
    )


def _day(form: Form, name: str, at: time) -> datetime | None:
    typed = form.line(name, required=False, longest=10)
    if not typed:
        return None
    try:
        return datetime.combine(date.fromisoformat(typed), at, AMSTERDAM)
    except ValueError:
        form.fail(name, msg("Fill in a date."))
        return None


def _done(visit: Visit, act: Callable[[], object]) -> bool:
    """Do it whole or not at all; what was wrong goes into the form."""
    if not visit.form.ok:
        return False
    try:
        with visit.db.begin_nested():
            act()
    except Invalid as wrong:
        visit.form.fail_all(wrong.fields)
    except Conflict as wrong:
        visit.form.fail("", wrong.args[0])
    return visit.form.ok


def show_edit(visit: Visit) -> Response:
    room = _hosted(visit)
    start = {
        "name": room.name,
        "purpose": room.purpose,
        "question": room.question,
        "begins_at": _typed(room.begins_at),
        "until_at": _typed(room.until_at),
        "capacity": str(room.capacity or ""),
    }
    return _edit_page(visit, room, blank_form(start))


def _hosted(visit: Visit) -> Room:
    return actions.hosted_room(visit.db, visit.member, visit.request.path_params["id"])


def _typed(moment: datetime | None) -> str:
    return moment.astimezone(AMSTERDAM).date().isoformat() if moment is not None else ""


def _edit_page(visit: Visit, room: Room, form: Form) -> Response:
    status = 200 if form.ok else 422
    return render(visit.request, "rooms/edit.html", status_code=status, form=form, room=room, **LENGTHS)


def take_edit(visit: Visit) -> Response:
    room = _hosted(visit)
    plan = _read_plan(visit.form, listed=room.listed)
    if not _done(visit, lambda: actions.edit_room(visit.db, visit.node, visit.member, room.id, plan)):
        return _edit_page(visit, room, visit.form)
    return _back(visit, f"{PATH}/{room.id}/about", msg("Saved."))


# --- one room ----------------------------------------------------------------------------------------


def _room(visit: Visit) -> Room:
    return get_room(visit.db, visit.member, visit.request.path_params["id"])


def show_about(visit: Visit) -> Response:
    return _about_page(visit, _room(visit), blank_form())


def _about_page(visit: Visit, room: Room, form: Form) -> Response:
    """Who may only know of a room sees its card; who is in sees the others and what changed."""
    place = place_of(visit.db, room.audience, visit.member.actor_id)
    is_in, hosts = place is not None and place.state == IN, is_host(visit.db, room, visit.member.actor_id)
    return render(
        visit.request,
        "rooms/about.html",
        status_code=200 if form.ok else 422,
        form=form,
        room=room,
        within="" if is_guest(visit.db, visit.member.actor_id) else within_name(visit.db, room),
        state=place.state if place is not None else "",
        me=visit.member.actor_id,
        is_in=is_in,
        is_host=hosts,
        people=people_views(visit.db, visit.node, room) if is_in else [],
        lines=line_views(visit.db, visit.node, visit.member, room) if is_in else [],
        requests=request_views(visit.db, visit.node, room) if hosts else [],
        invited=invited_views(visit.db, visit.node, room) if hosts else [],
        longest_answer=LONGEST_ANSWER,
    )


def take_join(visit: Visit) -> Response:
    room, came_in = _room(visit), list[bool]()
    place = place_of(visit.db, room.audience, visit.member.actor_id)
    answer = visit.form.text("answer", required=False, longest=LONGEST_ANSWER)

    def act() -> None:
        came_in.append(actions.join(visit.db, visit.node, visit.member, room.id, answer))

    if not _done(visit, act):
        return _about_page(visit, room, visit.form)
    if came_in[0]:
        return _back(visit, f"{PATH}/{room.id}", msg("You are in this room now."))
    asked = msg("Asked. You get a notification when there is an answer.")
    accepted = msg("You said yes. The node of the host lets you in; you get a notification in a moment.")
    was_invited = place is not None and place.state == INVITED
    return _back(visit, f"{PATH}/{room.id}/about", accepted if was_invited else asked)


def take_leave(visit: Visit) -> Response:
    room = _room(visit)
    if not _done(visit, lambda: actions.leave_room(visit.db, visit.node, visit.member, room.id)):
        return _about_page(visit, room, visit.form)
    home = "/" if is_guest(visit.db, visit.member.actor_id) else PATH
    return _back(visit, home, msg("Done. You are not in this room."))


def show_invite(visit: Visit) -> Response:
    return _invite_page(visit, _hosted(visit), blank_form())


def _invite_page(visit: Visit, room: Room, form: Form) -> Response:
    return render(
        visit.request,
        "rooms/invite.html",
        status_code=200 if form.ok else 422,
        form=form,
        room=room,
        people=invitable(visit.db, visit.node, room),
    )


def take_invite(visit: Visit) -> Response:
    room = _hosted(visit)
    chosen = [int(one) for one in visit.form.values.get("people", []) if one.isascii() and one.isdigit()]
    if not chosen:
        visit.form.fail("people", msg("Choose from these."))
    if not _done(visit, lambda: actions.invite(visit.db, visit.node, visit.member, room.id, chosen)):
        return _invite_page(visit, room, visit.form)
    return _back(visit, f"{PATH}/{room.id}/about", msg("Invited. They come in when they accept."))


def take_approve(visit: Visit) -> Response:
    return _decide(visit, actions.approve, msg("This person is in now."))


def take_refuse(visit: Visit) -> Response:
    return _decide(visit, actions.refuse, msg("Done. This person is told."))


def take_remove(visit: Visit) -> Response:
    return _decide(visit, actions.remove, msg("This person is out now."))


def _decide(visit: Visit, act: Callable[..., object], said: str) -> Response:
    room = _hosted(visit)
    person = visit.request.path_params["person"]
    if not _done(visit, lambda: act(visit.db, visit.node, visit.member, room.id, person)):
        return _about_page(visit, room, visit.form)
    return _back(visit, f"{PATH}/{room.id}/about", said)


def take_host(visit: Visit) -> Response:
    room, person = _hosted(visit), visit.request.path_params["person"]
    is_one = visit.form.flag("host")

    def act() -> None:
        actions.make_host(visit.db, visit.node, visit.member, room.id, person, is_one=is_one)

    if not _done(visit, act):
        return _about_page(visit, room, visit.form)
    return _back(visit, f"{PATH}/{room.id}/about", msg("Saved."))


def show_end(visit: Visit) -> Response:
    return render(visit.request, "rooms/end.html", room=_hosted(visit))


def take_end(visit: Visit) -> Response:
    actions.end_room(visit.db, visit.node, visit.member, _hosted(visit).id)
    return _back(visit, PATH, msg("The room has ended."))


def _back(visit: Visit, target: str, text: str) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", text)
    return response


ONE = f"{PATH}/{{id:id}}"
ROUTES: list[BaseRoute] = [
    *answers.ROUTES,
    page(PATH, show_rooms),
    page(f"{PATH}/new", show_new),
    page(f"{PATH}/new", take_new, method="POST"),
    page(f"{ONE}/about", show_about, guests=True),
    page(f"{ONE}/edit", show_edit),
    page(f"{ONE}/edit", take_edit, method="POST"),
    page(f"{ONE}/join", take_join, method="POST"),
    page(f"{ONE}/leave", take_leave, method="POST", guests=True),
    page(f"{ONE}/invite", show_invite),
    page(f"{ONE}/invite", take_invite, method="POST"),
    page(f"{ONE}/people/{{person:id}}/approve", take_approve, method="POST"),
    page(f"{ONE}/people/{{person:id}}/refuse", take_refuse, method="POST"),
    page(f"{ONE}/people/{{person:id}}/remove", take_remove, method="POST"),
    page(f"{ONE}/people/{{person:id}}/host", take_host, method="POST"),
    page(f"{ONE}/reopen", take_reopen, method="POST"),
    page(f"{ONE}/end", show_end),
    page(f"{ONE}/end", take_end, method="POST"),
]
