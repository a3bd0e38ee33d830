"""The page after a copy was put back: who told what we forgot, and going on without who stays silent."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.i18n import msg
from node.rings import restoring
from node.rings.pairing_pages import attempt
from node.rings.restore_rows import COPY, SILENT, is_silent, restores_with_names
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other

PATH = "/restored"


def show_restored(visit: Visit) -> Response:
    return _page(visit, blank_form())


def _page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    visit.require_role("director", "admin")
    rows = restores_with_names(visit.db)
    return render(
        visit.request,
        "rings/restored.html",
        status_code=status_code,
        form=form,
        rows=rows,
        is_copy=any(row.why == COPY for row in rows),
        since=min((row.since_at for row in rows), default=None),
        waiting=sum(row.answered_at is None and row.passed_at is None for row in rows),
        silent=[row for row in rows if is_silent(row)],
        days=SILENT.days,
        is_director="director" in visit.member.roles,
    )


def take_go_on(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    password = form.secret("password")
    chosen = [int(text) for text in form.values.get("peer", []) if text.isascii() and text.isdigit()]

    def act() -> None:
        restoring.go_on_without(visit.db, visit.node, director.actor_id, password, chosen)

    if not form.ok or not attempt(visit, form, act):
        return _page(visit, form, 422)
    response = see_other(PATH)
    words = msg("You go on without them. Nothing goes there until they answer.")
    flash(visit.request, response, "done", words)
    return response


ROUTES: list[BaseRoute] = [page(PATH, show_restored), page(PATH, take_go_on, method="POST")]
