"""The first visit: a short wizard behind the one-time token that the terminal shows."""

import re
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response
from starlette.routing import BaseRoute

from node import identity
from node.access.logins import hash_token
from node.access.members import add_member, finish_setup
from node.access.pages import logged_in
from node.errors import Invalid, NotFound
from node.i18n import msg
from node.settings import write_config
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other

KINDS = ("firm", "hub")
USES = ("trial", "domain")
DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def show_setup(visit: Visit) -> Response:
    """Without the token: the page that asks for it. With it: the form."""
    if visit.node.ready_at is not None:
        return see_other("/")
    token = visit.request.query_params.get("token", "")
    if not token:
        return render(visit.request, "access/setup_token.html", form=blank_form())
    if not _is_token(visit.db, token):
        form = blank_form({"token": token})
        form.fail(
            "token",
            msg("This is not the code that the terminal shows. Start the program again for a new one."),
        )
        return render(visit.request, "access/setup_token.html", form=form, status_code=422)
    start = {
        "token": token,
        "kind": visit.node.kind,
        "use": "trial" if visit.services.settings.local else "domain",
    }
    start["domain"] = "" if visit.services.settings.local else visit.node.domain
    return _form_page(visit, blank_form(start))


def _is_token(db: Connection, token: str) -> bool:
    row = identity.find_row(db)
    kept = row.setup_token_hash if row is not None else None
    return kept is not None and compare_digest(kept, hash_token(token))


def _form_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return render(visit.request, "access/setup.html", form=form, address=visit.node.base, status_code=status)


def take_setup(visit: Visit) -> Response:
    if visit.node.ready_at is not None:
        raise NotFound
    form = visit.form
    if not _is_token(visit.db, form.value("token")):
        form.fail(
            "token",
            msg("This is not the code that the terminal shows. Start the program again for a new one."),
        )
        return render(visit.request, "access/setup_token.html", form=form, status_code=422)
    name, kind, use = form.line("firm", longest=80), form.choice("kind", KINDS), form.choice("use", USES)
    domain = visit.node.domain if use == "trial" else _domain(form)
    admin: dict[str, Any] = {
        "handle": form.line("handle").lower(),
        "name": form.line("name", longest=80),
        "password": form.secret("password"),
        "mail": form.line("mail", required=False),
    }
    if not form.ok:
        return _form_page(visit, form, 422)
    try:
        member_id = add_member(visit.db, **admin, roles=("admin", "director", "editor"))
    except Invalid as error:
        form.errors |= error.fields
        return _form_page(visit, form, 422)
    identity.change(visit.db, name=name, kind=kind, domain=domain)
    finish_setup(visit.db)
    if domain != visit.node.domain:
        write_config(visit.services.settings.home, local=False)
        return render(visit.request, "access/setup_domain.html", domain=domain)
    response = logged_in(visit, member_id, "/")
    flash(visit.request, response, "done", msg("Your node is ready. Invite your first colleagues."))
    return response


def _domain(form: Form) -> str:
    domain = form.line("domain").lower().removeprefix("https://").rstrip("/")
    if form.ok and not DOMAIN.fullmatch(domain):
        form.fail("domain", msg("Fill in a domain name such as leerkring.example.nl."))
    return domain


ROUTES: list[BaseRoute] = [page("/setup", show_setup), page("/setup", take_setup, method="POST")]
