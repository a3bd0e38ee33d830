"""A host's page of guests: invite one to a room, make a new link, change the end date, put out."""

from collections.abc import Callable
from datetime import timedelta

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.ends import GUEST_DAYS, read_end
from node.access.guests import LONGEST_NAME, invitations_of, withdraw_invitation
from node.access.logins import is_out
from node.errors import Conflict, Invalid
from node.guests import actions
from node.i18n import msg
from node.ids import now
from node.web.flashes import flash
from node.web.formats import last_day
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.qr import qr_svg
from node.web.visits import Visit, page, see_other

PATH = "/guests"


def show_guests(visit: Visit) -> Response:
    return _page(visit, _start(visit.request.query_params.get("room", "")))


def _start(room: str) -> Form:
    until = last_day(now() + timedelta(days=GUEST_DAYS)).isoformat()
    return blank_form({"until": until, "room": room})


def _page(visit: Visit, form: Form, *, link: str = "", link_for: str = "", wrong_for: int = 0) -> Response:
    """A link is shown once, on the answer itself: it is stored as a hash only."""
    member = visit.member
    rooms = actions.hosted_rooms(visit.db, member)
    return render(
        visit.request,
        "guests/list.html",
        status_code=200 if form.ok else 422,
        form=form,
        rooms=[(str(room.id), room.name) for room in rooms],
        room_names={room.audience: room.name for room in rooms},
        guests=[(row, is_out(row)) for row in actions.guests_for(visit.db, member)],
        invitations=invitations_of(visit.db, member.actor_id),
        link=link,
        link_for=link_for,
        qr=qr_svg(link) if link else "",
        wrong_for=wrong_for,
        longest_name=LONGEST_NAME,
    )


def take_invite(visit: Visit) -> Response:
    member, form = visit.member, visit.form
    rooms = {str(room.id) for room in actions.hosted_rooms(visit.db, member)}
    name, room = form.line("name", longest=LONGEST_NAME), form.choice("room", rooms)
    until, mail = form.line("until", longest=10), form.line("mail", required=False)
    made: list[str] = []

    def act() -> None:
        ends_at = read_end(until)
        made.append(actions.invite(visit.db, member, int(room), name=name, ends_at=ends_at, mail=mail))

    if not _done(visit, act):
        return _page(visit, form)
    return _page(visit, _start(room), link=f"{visit.node.base}/guest/{made[0]}", link_for=name)


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


def take_link(visit: Visit) -> Response:
    guest_id = visit.request.path_params["id"]
    token = actions.make_entry(visit.db, visit.member, guest_id)
    [name] = [row.name for row in actions.guests_for(visit.db, visit.member) if row.actor_id == guest_id]
    return _page(visit, _start(""), link=f"{visit.node.base}/guest/{token}", link_for=name)


def take_until(visit: Visit) -> Response:
    form, guest_id = visit.form, visit.request.path_params["id"]
    until = form.line("until", longest=10)
    if not _done(
        visit, lambda: actions.extend(visit.db, visit.node, visit.member, guest_id, read_end(until))
    ):
        return _page(visit, form, wrong_for=guest_id)
    return _back(visit, msg("Saved."))


def take_end(visit: Visit) -> Response:
    actions.end(visit.db, visit.node, visit.member, visit.request.path_params["id"])
    return _back(visit, msg("This guest is out. What they wrote stays."))


def take_withdraw(visit: Visit) -> Response:
    withdraw_invitation(visit.db, visit.member.actor_id, visit.request.path_params["id"])
    return _back(visit, msg("The invitation no longer works."))


def _back(visit: Visit, text: str) -> Response:
    response = see_other(PATH)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(PATH, show_guests),
    page(PATH, take_invite, method="POST"),
    page(f"{PATH}/invitations/{{id:id}}/withdraw", take_withdraw, method="POST"),
    page(f"{PATH}/{{id:id}}/link", take_link, method="POST"),
    page(f"{PATH}/{{id:id}}/until", take_until, method="POST"),
    page(f"{PATH}/{{id:id}}/end", take_end, method="POST"),
]
