"""The page of this node's key: what it is, which partners know it, and how a director makes another one."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.i18n import msg
from node.identity import SELF
from node.rings import rotation
from node.rings.keys import former
from node.rings.pairing_pages import attempt
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other

PATH = "/keys"


def show_keys(visit: Visit) -> Response:
    return _page(visit, blank_form())


def _page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    visit.require_role("director", "admin")
    return render(
        visit.request,
        "rings/keys.html",
        status_code=status_code,
        form=form,
        key=visit.node.multikey,
        former=former(visit.db, SELF),
        partners=rotation.knowers(visit.db, visit.node),
        is_director="director" in visit.member.roles,
    )


def take_new_key(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    password = form.secret("password")

    def act() -> None:
        rotation.rotate(visit.db, visit.node, director.actor_id, password)

    if not form.ok or not attempt(visit, form, act):
        return _page(visit, form, 422)
    response = see_other(PATH)
    flash(visit.request, response, "done", msg("Your node has a new key. The partners are told now."))
    return response


ROUTES: list[BaseRoute] = [page(PATH, show_keys), page(PATH, take_new_key, method="POST")]
