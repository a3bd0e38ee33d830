"""Pages of gates: what the node asks beside the agreements, and the questions apart from a post."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.boundary import is_guest
from node.errors import Invalid, NotFound
from node.gates.checklists import Question, answer, has_answered, questions_for
from node.gates.rules import (
    LONGEST_HOLD,
    SETTERS,
    Rules,
    agreed_rules,
    own_rules,
    rules_of,
    rules_words,
    set_rules,
)
from node.i18n import msg
from node.objects import PUBLIC
from node.rings.queries import find_ring, open_rings
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other

PATH, OPEN = "/gates", "/gates/open"


@dataclass(frozen=True)
class GateView:
    """A gate in the list: before what, and what it asks."""

    name: str
    is_open: bool
    words: str
    url: str


def show_gates(visit: Visit) -> Response:
    visit.require_role(*SETTERS)
    everyone = _gate_view(visit, PUBLIC, "", OPEN)
    rings = [
        _gate_view(visit, ring.audience, ring.name, f"/rings/{ring.handle}/gate")
        for ring in open_rings(visit.db)
    ]
    return render(visit.request, "gates/list.html", gates=[everyone, *rings])


def _gate_view(visit: Visit, audience: str, name: str, url: str) -> GateView:
    return GateView(name, audience == PUBLIC, rules_words(rules_of(visit.db, audience)), url)


# --- setting ---------------------------------------------------------------------------------------


def show_open(visit: Visit) -> Response:
    return _show(visit, PUBLIC)


def show_of_ring(visit: Visit) -> Response:
    visit.require_role(*SETTERS)
    return _show(visit, _ring(visit))


def _ring(visit: Visit) -> str:
    """A ring's audience; of rings a guest knows none (rule 14)."""
    if is_guest(visit.db, visit.member.actor_id):
        raise NotFound
    return find_ring(visit.db, visit.request.path_params["handle"]).audience


def _show(visit: Visit, audience: str) -> Response:
    visit.require_role(*SETTERS)
    rules = own_rules(visit.db, audience)
    start = {
        "checklist": "on" if rules.checklist else "",
        "minutes": str(rules.minutes),
        "four_eyes": "on" if rules.four_eyes else "",
    }
    return _page(visit, audience, blank_form(start))


def _page(visit: Visit, audience: str, form: Form) -> Response:
    return render(
        visit.request,
        "gates/edit.html",
        status_code=200 if form.ok else 422,
        form=form,
        ring=None if audience == PUBLIC else find_ring(visit.db, visit.request.path_params["handle"]),
        agreed=rules_words(agreed_rules(visit.db, audience)),
        together=rules_words(rules_of(visit.db, audience)),
        longest=LONGEST_HOLD,
    )


def take_open(visit: Visit) -> Response:
    return _take(visit, PUBLIC)


def take_of_ring(visit: Visit) -> Response:
    visit.require_role(*SETTERS)
    return _take(visit, _ring(visit))


def _take(visit: Visit, audience: str) -> Response:
    member, form = visit.require_role(*SETTERS), visit.form
    minutes = form.whole("minutes", least=0, most=LONGEST_HOLD)
    if not form.ok:
        return _page(visit, audience, form)
    rules = Rules(form.flag("checklist"), minutes, form.flag("four_eyes"))
    set_rules(visit.db, audience, rules, member.actor_id)
    response = see_other(PATH)
    flash(visit.request, response, "done", msg("Saved. It counts for everything that goes out from now on."))
    return response


# --- the questions, apart from a post --------------------------------------------------------------


def show_open_check(visit: Visit) -> Response:
    return _check_page(visit, PUBLIC, blank_form())


def show_ring_check(visit: Visit) -> Response:
    return _check_page(visit, _ring(visit), blank_form())


def _check_page(visit: Visit, audience: str, form: Form) -> Response:
    return render(
        visit.request,
        "gates/check.html",
        status_code=200 if form.ok else 422,
        form=form,
        questions=questions_for(visit.db, audience),
        is_asked=rules_of(visit.db, audience).checklist,
        is_answered=has_answered(visit.db, visit.member.actor_id, audience),
        ring=None if audience == PUBLIC else find_ring(visit.db, visit.request.path_params["handle"]),
    )


def take_open_check(visit: Visit) -> Response:
    return _take_check(visit, PUBLIC)


def take_ring_check(visit: Visit) -> Response:
    return _take_check(visit, _ring(visit))


def _take_check(visit: Visit, audience: str) -> Response:
    member, form = visit.member, visit.form
    try:
        answer(visit.db, member.actor_id, audience, read_answers(form, questions_for(visit.db, audience)))
    except Invalid as error:
        form.fail_all(error.fields)
        return _check_page(visit, audience, form)
    response = see_other("/")
    flash(visit.request, response, "done", msg("Kept. You can now post there from elsewhere too."))
    return response


def read_answers(form: Form, questions: Sequence[Question]) -> dict[str, str]:
    return {question.name: form.value(question.name) for question in questions}


ROUTES: list[BaseRoute] = [
    page(PATH, show_gates),
    page(OPEN, show_open),
    page(OPEN, take_open, method="POST"),
    page("/rings/{handle}/gate", show_of_ring),
    page("/rings/{handle}/gate", take_of_ring, method="POST"),
    page("/gates/open/check", show_open_check),
    page("/gates/open/check", take_open_check, method="POST"),
    page("/rings/{handle}/check", show_ring_check),
    page("/rings/{handle}/check", take_ring_check, method="POST"),
]
