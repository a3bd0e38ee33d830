"""The members' page of an admin: invite by link, give roles, disable, help somebody back in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.ends import read_end_or_none, set_end
from node.access.guests import get_guest, host_names
from node.access.logins import get_member, has_ended, is_out, list_guests, list_members
from node.access.members import (
    INVITE,
    disable_member,
    enable_member,
    list_invitations,
    make_link,
    make_reset,
    set_roles,
    withdraw_link,
)
from node.access.tables import ROLES
from node.errors import Conflict, Invalid, NotFound
from node.i18n import msg
from node.web.flashes import flash
from node.web.formats import day_digits, last_day
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.qr import qr_svg
from node.web.visits import Visit, page, see_other

PATH = "/members"


def show_members(visit: Visit) -> Response:
    visit.require_role("admin")
    return _page(visit, blank_form())


def _page(visit: Visit, form: Form, link: str = "", link_for: str = "") -> Response:
    return render(
        visit.request,
        "access/members.html",
        form=form,
        members=list_members(visit.db),
        invitations=list_invitations(visit.db),
        roles=ROLES,
        link=link,
        link_for=link_for,
        qr=qr_svg(link) if link else "",
    )


def take_invite(visit: Visit) -> Response:
    """The link is shown once, on the answer itself: it is stored as a hash only."""
    admin, form = visit.require_role("admin"), visit.form
    note, roles, until = form.line("note", longest=100), form.choices("roles", ROLES), _read_until(form)
    if not form.ok:
        return _page(visit, form)
    token = make_link(visit.db, INVITE, made_by=admin.actor_id, roles=roles, note=note, ends_at=until)
    return _page(visit, blank_form(), f"{visit.node.base}/invite/{token}", note)


def _read_until(form: Form) -> datetime | None:
    try:
        return read_end_or_none(form.line("until", required=False, longest=10))
    except Invalid as error:
        form.fail_all(error.fields)
        return None


def take_withdraw(visit: Visit) -> Response:
    visit.require_role("admin")
    withdraw_link(visit.db, visit.request.path_params["id"])
    return _back(visit, msg("The invitation no longer works."))


def show_member(visit: Visit) -> Response:
    visit.require_role("admin")
    return _member_page(visit, _member(visit))


def _member_page(
    visit: Visit, member: Row[Any], *, link: str = "", until_form: Form | None = None
) -> Response:
    until = last_day(member.ends_at).isoformat() if member.ends_at is not None else ""
    return render(
        visit.request,
        "access/member.html",
        status_code=422 if until_form is not None else 200,
        form=blank_form({"roles": member.roles.split()}),
        until_form=until_form or blank_form({"until": until}),
        member=member,
        has_ended=has_ended(member),
        roles=ROLES,
        link=link,
    )


def _member(visit: Visit) -> Row[Any]:
    wanted = visit.request.path_params["id"]
    if wanted not in {row.actor_id for row in list_members(visit.db)}:
        raise NotFound
    return get_member(visit.db, wanted)


def take_roles(visit: Visit) -> Response:
    visit.require_role("admin")
    member = _member(visit)
    set_roles(visit.db, member.actor_id, visit.form.choices("roles", ROLES))
    return _back(visit, msg("%(name)s has these roles now.", name=member.name))


def take_disable(visit: Visit) -> Response:
    admin = visit.require_role("admin")
    member = _member(visit)
    if member.actor_id == admin.actor_id:
        raise Conflict(msg("You cannot disable yourself. Ask another admin."))
    disable_member(visit.db, member.actor_id)
    return _back(visit, msg("%(name)s is logged out everywhere and cannot log in.", name=member.name))


def show_guests(visit: Visit) -> Response:
    """Guests by name, host and end date; where they are is not an admin's business (rule 16)."""
    visit.require_role("admin")
    return render(
        visit.request,
        "access/guests.html",
        guests=[(row, is_out(row)) for row in list_guests(visit.db)],
        hosts=host_names(visit.db),
    )


def take_guest_disable(visit: Visit) -> Response:
    visit.require_role("admin")
    guest = get_guest(visit.db, visit.request.path_params["id"])
    disable_member(visit.db, guest.actor_id)
    return _back(visit, msg("%(name)s is logged out everywhere and cannot log in.", name=guest.name))


def take_guest_enable(visit: Visit) -> Response:
    visit.require_role("admin")
    guest = get_guest(visit.db, visit.request.path_params["id"])
    enable_member(visit.db, guest.actor_id)
    return _back(visit, msg("%(name)s can log in again.", name=guest.name))


def take_enable(visit: Visit) -> Response:
    visit.require_role("admin")
    member = _member(visit)
    enable_member(visit.db, member.actor_id)
    return _back(visit, msg("%(name)s can log in again.", name=member.name))


def take_reset_link(visit: Visit) -> Response:
    admin = visit.require_role("admin")
    member = _member(visit)
    token = make_reset(visit.db, member.actor_id, admin.actor_id)
    return _member_page(visit, member, link=f"{visit.node.base}/reset/{token}")


def take_until(visit: Visit) -> Response:
    """Set, change or clear the day on which somebody's time here ends."""
    visit.require_role("admin")
    member, form = _member(visit), visit.form
    until = _read_until(form)
    if not form.ok:
        return _member_page(visit, member, until_form=form)
    set_end(visit.db, member.actor_id, until)
    if until is None:
        return _back(visit, msg("%(name)s stays without an end date.", name=member.name))
    day = day_digits(last_day(until))
    return _back(visit, msg("%(name)s can come in until the end of %(day)s.", name=member.name, day=day))


def _back(visit: Visit, text: str) -> Response:
    response = see_other(PATH)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(PATH, show_members),
    page(f"{PATH}/invite", take_invite, method="POST"),
    page(f"{PATH}/invitations/{{id:id}}/withdraw", take_withdraw, method="POST"),
    page(f"{PATH}/guests", show_guests),
    page(f"{PATH}/guests/{{id:id}}/disable", take_guest_disable, method="POST"),
    page(f"{PATH}/guests/{{id:id}}/enable", take_guest_enable, method="POST"),
    page(f"{PATH}/{{id:id}}", show_member),
    page(f"{PATH}/{{id:id}}/roles", take_roles, method="POST"),
    page(f"{PATH}/{{id:id}}/disable", take_disable, method="POST"),
    page(f"{PATH}/{{id:id}}/enable", take_enable, method="POST"),
    page(f"{PATH}/{{id:id}}/reset", take_reset_link, method="POST"),
    page(f"{PATH}/{{id:id}}/until", take_until, method="POST"),
]
