"""The page behind a guest's link: a GET only shows it, so that a preview uses nothing up; a POST comes in."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.guests import LONGEST_NAME, Pass, find_pass, use_entry
from node.access.logins import GUEST_HOURS
from node.access.pages import logged_in
from node.access.visitors import client_address
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.guests.actions import come_in
from node.i18n import LANGUAGES, msg
from node.web.context import shell_of
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page

TRIES = "link of a guest"  # what wrong links of one address are counted under
PRIVATE = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


def show_pass(visit: Visit) -> Response:
    try:
        held = _find(visit)
    except NotFound:
        return _unusable(visit)
    return _page(visit, held, blank_form({"name": held.name, "language": shell_of(visit.request).language}))


def _find(visit: Visit) -> Pass:
    """The link in the address; who tries many that do not work has to wait."""
    tries, address = visit.services.tries, client_address(visit.request)
    tries.check(TRIES, address)
    try:
        return find_pass(visit.db, visit.request.path_params["token"])
    except NotFound:
        tries.count_failure(TRIES, address)
        raise


def _unusable(visit: Visit) -> Response:
    """Used, too old or never there: one page."""
    return render(visit.request, "guests/unusable.html", status_code=404, headers=PRIVATE)


def _page(visit: Visit, held: Pass, form: Form) -> Response:
    return render(
        visit.request,
        "guests/entry.html" if held.guest_id is not None else "guests/invitation.html",
        status_code=200 if form.ok else 422,
        headers=PRIVATE,
        held=held,
        form=form,
        longest_name=LONGEST_NAME,
    )


def take_pass(visit: Visit) -> Response:
    try:
        held = _find(visit)
    except NotFound:
        return _unusable(visit)
    if held.guest_id is not None:
        return logged_in(visit, use_entry(visit.db, held), "/", GUEST_HOURS)
    return _take_invitation(visit, held)


def _take_invitation(visit: Visit, held: Pass) -> Response:
    form = visit.form
    name, language = form.line("name", longest=LONGEST_NAME), form.choice("language", LANGUAGES)
    if not form.flag("rules"):
        form.fail("rules", msg("Tick this to come in."))
    if not form.ok:
        return _page(visit, held, form)
    try:
        with visit.db.begin_nested():
            guest_id = come_in(visit.db, visit.node, held, name=name, language=language)
    except (Forbidden, NotFound):  # the room is over, or who invited is no host of it any more
        return _unusable(visit)
    except Invalid as error:
        form.fail_all(error.fields)
        return _page(visit, held, form)
    except Conflict as error:
        form.fail("", error.args[0])
        return _page(visit, held, form)
    response = logged_in(visit, guest_id, "/", GUEST_HOURS)
    flash(visit.request, response, "done", msg("Welcome! You are in."))
    return response


ROUTES: list[BaseRoute] = [
    page("/guest/{token}", show_pass, guests=True),
    page("/guest/{token}", take_pass, method="POST", guests=True),
]
