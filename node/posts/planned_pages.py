"""The page of planned posts: what waits for its time, changed and thrown away there."""

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from node.errors import Invalid
from node.i18n import msg
from node.posts.actions import LONGEST_SOURCE, LONGEST_WARNING
from node.posts.planned import PAGE, change_planned, drop_planned, get_planned, list_planned, uploads_of
from node.posts.shown import audience_choice, ring_names
from node.web.days import moment_text, read_moment
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other

FIELDS = {"text": "text", "visibility": "text", "scheduled_at": "at", "spoiler_text": "warning"}
OWN_FIELDS = ("text", "warning", "at")


def show_planned(visit: Visit) -> Response:
    rows = list_planned(visit.db, visit.member.actor_id)
    return render(visit.request, "posts/planned.html", planned=[_view(visit, row) for row in rows])


def _view(visit: Visit, row: Row[Any]) -> dict[str, Any]:
    choice = audience_choice(visit.db, row.audience, ring_names(visit.db, visit.member))
    return {"row": row, "choice": choice, "pictures": len(uploads_of(row))}


def show_one(visit: Visit) -> Response:
    row = _own(visit)
    start = {"text": row.text, "warning": row.warning, "at": moment_text(row.at)}
    return _page(visit, row, blank_form(start))


def _own(visit: Visit) -> Row[Any]:
    return get_planned(visit.db, visit.member.actor_id, int(visit.request.path_params["id"]))


def _page(visit: Visit, row: Row[Any], form: Form) -> Response:
    return render(
        visit.request,
        "posts/planned_one.html",
        status_code=200 if form.ok else 422,
        form=form,
        one=_view(visit, row),
    )


def take_change(visit: Visit) -> Response:
    row, form = _own(visit), visit.form
    text = form.text("text", required=not row.uploads, longest=LONGEST_SOURCE)
    warning = form.line("warning", required=False, longest=LONGEST_WARNING)
    at = read_moment(form, "at")
    if form.ok:
        _change(visit, row, {"at": at, "text": text, "warning": warning})
    if not form.ok:
        return _page(visit, row, form)
    response = see_other(PAGE)
    flash(visit.request, response, "done", msg("Changed. It goes out at its time."))
    return response


def _change(visit: Visit, row: Row[Any], values: dict[str, Any]) -> None:
    """What publishing it now would refuse is told beside what was typed."""
    try:
        settings = visit.services.settings
        change_planned(visit.db, visit.node, settings, visit.member, row.id, **values)
    except Invalid as error:
        for name, why in error.fields.items():
            field = FIELDS.get(name, name)
            visit.form.fail(field if field in OWN_FIELDS else "", why)


def take_drop(visit: Visit) -> Response:
    drop_planned(visit.db, visit.member.actor_id, _own(visit).id)
    response = see_other(PAGE)
    flash(visit.request, response, "done", msg("Deleted."))
    return response


ROUTES: list[BaseRoute] = [
    page(PAGE, show_planned),
    page(f"{PAGE}/{{id:id}}", show_one),
    page(f"{PAGE}/{{id:id}}", take_change, method="POST"),
    page(f"{PAGE}/{{id:id}}/delete", take_drop, method="POST"),
]
