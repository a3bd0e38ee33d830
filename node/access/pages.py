"""Log in and out; come in by an invitation or by a link for a forgotten password."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.logins import LOGIN_DAYS, check_password, end_login, get_member, start_login
from node.access.members import INVITE, RESET, get_link, use_invitation, use_reset
from node.access.visitors import client_address, device_name, give_cookie, login_token, take_cookie
from node.boundary import Member
from node.errors import Invalid
from node.i18n import msg
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.language import local_path
from node.web.pages import render
from node.web.visits import Visit, page, see_other


def login_routes() -> list[BaseRoute]:
    return [
        page("/login", show_login, guests=True),
        page("/login", take_login, method="POST", guests=True),
        page("/logout", take_logout, method="POST", guests=True),
        page("/invite/{token}", show_invitation),
        page("/invite/{token}", take_invitation, method="POST"),
        page("/reset/{token}", show_reset),
        page("/reset/{token}", take_reset, method="POST"),
    ]


def show_login(visit: Visit) -> Response:
    target = local_path(visit.request.query_params.get("next", "/"))
    if isinstance(visit.reader, Member):
        return see_other(target)
    return _login_page(visit, blank_form({"next": target}))


def _login_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return render(visit.request, "access/login.html", form=form, status_code=status)


def take_login(visit: Visit) -> Response:
    form, tries = visit.form, visit.services.tries
    handle, password = form.line("handle"), form.secret("password")
    if not form.ok:
        return _login_page(visit, form, 422)
    address = client_address(visit.request)
    tries.check(handle, address)
    try:
        member = check_password(visit.db, handle, password)
    except Invalid as error:
        tries.count_failure(handle, address)
        form.errors |= error.fields
        return _login_page(visit, form, 422)
    return logged_in(visit, member.actor_id, local_path(form.value("next")))


def logged_in(visit: Visit, member_id: int, target: str, hours: int = LOGIN_DAYS * 24) -> Response:
    """A fresh log-in; the one that this browser had ends."""
    response = see_other(target)
    before = login_token(visit.request)
    if before:
        end_login(visit.db, before)
    token = start_login(visit.db, member_id, device_name(visit.request))
    give_cookie(visit.request, response, token, hours)
    return response


def take_logout(visit: Visit) -> Response:
    token = login_token(visit.request)
    if token:
        end_login(visit.db, token)
    response = see_other("/login")
    take_cookie(visit.request, response)
    return response


def show_invitation(visit: Visit) -> Response:
    link = get_link(visit.db, INVITE, visit.request.path_params["token"])
    return render(visit.request, "access/invitation.html", form=blank_form(), link=link)


def take_invitation(visit: Visit) -> Response:
    form, token = visit.form, visit.request.path_params["token"]
    link = get_link(visit.db, INVITE, token)
    try:
        member_id = use_invitation(
            visit.db,
            token,
            handle=form.line("handle").lower(),
            name=form.line("name", longest=80),
            password=form.secret("password"),
            mail=form.line("mail", required=False),
        )
    except Invalid as error:
        form.errors |= error.fields
        return render(visit.request, "access/invitation.html", form=form, link=link, status_code=422)
    response = logged_in(visit, member_id, "/")
    flash(visit.request, response, "done", msg("Welcome! You are in."))
    return response


def show_reset(visit: Visit) -> Response:
    link = get_link(visit.db, RESET, visit.request.path_params["token"])
    member = get_member(visit.db, link.member_id)
    return render(visit.request, "access/reset.html", form=blank_form(), member=member)


def take_reset(visit: Visit) -> Response:
    form, token = visit.form, visit.request.path_params["token"]
    member = get_member(visit.db, get_link(visit.db, RESET, token).member_id)
    try:
        member_id = use_reset(visit.db, token, form.secret("password"))
    except Invalid as error:
        form.errors |= error.fields
        return render(visit.request, "access/reset.html", form=form, member=member, status_code=422)
    response = logged_in(visit, member_id, "/")
    flash(visit.request, response, "done", msg("Your new password works from now on."))
    return response
