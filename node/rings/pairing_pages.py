"""Pages of pairing: invite a firm, take an invitation, compare the words. Directors act, admins see."""

from collections.abc import Callable

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.visitors import client_address
from node.errors import Conflict, Forbidden, Invalid
from node.i18n import msg
from node.rings import pairing
from node.rings.pairing_talks import advance
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render, render_block, wants_fragment
from node.web.visits import Errand, Visit, errand, page, see_other

WAITING = (pairing.INVITED, pairing.ASKED, pairing.CONFIRMED)


def attempt(visit: Visit, form: Form, act: Callable[[], object]) -> bool:
    """Do it whole or not at all; what was wrong goes into the form. Only a password can be forbidden."""
    name, address = str(visit.member.actor_id), client_address(visit.request)
    visit.services.tries.check(name, address)
    try:
        with visit.db.begin_nested():
            act()
    except Invalid as wrong:
        form.fail_all(wrong.fields)
    except Forbidden as wrong:
        visit.services.tries.count_failure(name, address)
        form.fail("password", wrong.args[0])
    except Conflict as wrong:
        form.fail("", wrong.args[0])
    return form.ok


def show_invite(visit: Visit) -> Response:
    visit.require_role("director")
    return render(visit.request, "rings/invite.html", form=blank_form())


def take_invite(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    domain, name = form.line("domain"), form.line("name", longest=80)
    made: list[int] = []

    def act() -> None:
        made.append(pairing.invite(visit.db, visit.node, director.actor_id, domain, name).id)

    if not form.ok or not attempt(visit, form, act):
        return render(visit.request, "rings/invite.html", form=form, status_code=422)
    return see_other(f"/pairings/{made[0]}")


def show_accept(visit: Visit) -> Response:
    visit.require_role("director")
    return render(visit.request, "rings/accept.html", form=blank_form())


async def take_accept(asked: Errand) -> Response:
    """Write it down, then ask their node; if that fails the page says so and it is tried again."""
    found = await asked.write(_accept)
    if isinstance(found, Response):
        return found
    await advance(asked.network, found)
    return see_other(f"/pairings/{found}")


def _accept(visit: Visit) -> Response | int:
    director, form = visit.require_role("director"), visit.form
    domain, name, code = form.line("domain"), form.line("name", longest=80), form.line("code", longest=20)
    made: list[int] = []

    def act() -> None:
        made.append(pairing.accept(visit.db, visit.node, director.actor_id, domain, name, code))

    if not form.ok or not attempt(visit, form, act):
        return render(visit.request, "rings/accept.html", form=form, status_code=422)
    return made[0]


def show_pairing(visit: Visit) -> Response:
    visit.require_role("director", "admin")
    return _pairing_page(visit, blank_form())


def _pairing_page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    row = pairing.get_pairing(visit.db, visit.request.path_params["id"])
    state = pairing.state_of(row)
    has_words = state in (pairing.WORDS, pairing.CONFIRMED) and row.their_nonce
    values = {
        "form": form,
        "row": row,
        "state": state,
        "is_waiting": state in WAITING,
        "is_director": "director" in visit.member.roles,
        "words": pairing.our_words(visit.node, row) if has_words else (),
        "places": [int(place) for place in (row.asked_places or "").split()],
        "tries_left": pairing.MOST_WRONG_WORDS - row.wrong_words,
        "own_domain": visit.node.domain,
    }
    if wants_fragment(visit.request):
        return render_block(visit.request, "rings/pairing.html", "state", **values)
    return render(visit.request, "rings/pairing.html", status_code=status_code, **values)


async def take_words(asked: Errand) -> Response:
    found = await asked.write(_confirm)
    if isinstance(found, Response):
        return found
    await advance(asked.network, found)
    return see_other(f"/pairings/{found}")


def _confirm(visit: Visit) -> Response | int:
    director, form = visit.require_role("director"), visit.form
    pairing_id = int(visit.request.path_params["id"])
    typed, password = (form.line("first"), form.line("second")), form.secret("password")
    right: list[bool] = []

    def act() -> None:
        right.append(pairing.confirm(visit.db, visit.node, director.actor_id, password, pairing_id, typed))

    if not form.ok or not attempt(visit, form, act):
        return _pairing_page(visit, form, 422)
    if not right[0]:
        form.fail("first", msg("These are not the words. Ask the other director to read them again."))
        return _pairing_page(visit, form, 422)
    return pairing_id


async def take_again(asked: Errand) -> Response:
    """Try the next step now; without JavaScript this is the refresh button."""
    pairing_id = await asked.read(_director_pairing)
    await advance(asked.network, pairing_id)
    return see_other(f"/pairings/{pairing_id}")


def _director_pairing(visit: Visit) -> int:
    visit.require_role("director")
    return int(pairing.get_pairing(visit.db, visit.request.path_params["id"]).id)


async def take_withdraw(asked: Errand) -> Response:
    pairing_id = await asked.write(_withdraw)
    await advance(asked.network, pairing_id)
    response = see_other("/rings")
    flash(asked.request, response, "done", msg("The pairing is stopped."))
    return response


def _withdraw(visit: Visit) -> int:
    pairing_id = _director_pairing(visit)
    pairing.withdraw(visit.db, visit.member.actor_id, pairing_id)
    return pairing_id


ROUTES: list[BaseRoute] = [
    page("/pairings/new", show_invite),
    page("/pairings/new", take_invite, method="POST"),
    page("/pairings/accept", show_accept),
    errand("/pairings/accept", take_accept),
    page("/pairings/{id:id}", show_pairing),
    errand("/pairings/{id:id}/words", take_words),
    errand("/pairings/{id:id}/again", take_again),
    errand("/pairings/{id:id}/withdraw", take_withdraw),
]
