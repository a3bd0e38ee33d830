"""The admin's page of other servers: what is exchanged with each, the list, importing and exporting."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from node.admin.lists import (
    ALLOWS,
    BLOCKS,
    MOST_BYTES,
    Plan,
    apply_import,
    count_left_out,
    export_list,
    plan_import,
)
from node.admin.servers import (
    CHOICES,
    LONGEST_REASON,
    check_forgettable,
    count_ending,
    forget_server,
    server_named,
    set_federation,
    set_standing,
    standing,
    ties_with,
)
from node.errors import Conflict, Invalid, NotFound
from node.i18n import msg
from node.identity import ALLOW_LIST, OPEN_FEDERATION
from node.peers import ALLOWED, BLOCKED, LIMITED, NORMAL, PAIRED, RINGS_ONLY, list_peers, peers
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other, upload_page

PATH = "/admin/servers"
PAGE = 50
SHOWN: dict[str, Callable[[Row[Any]], bool]] = {
    "": lambda _: True,
    "partners": lambda row: row.state == PAIRED,
    "ruled": lambda row: standing(row) != NORMAL,
    "trouble": lambda row: row.failures > 0,
}
NAMES = {
    NORMAL: msg("Normal"),
    ALLOWED: msg("On the list"),
    LIMITED: msg("Limited"),
    RINGS_ONLY: msg("Rings only"),
    BLOCKED: msg("Blocked"),
}
MEANINGS = {
    NORMAL: msg(
        "As all servers: what is open goes there and comes from there, unless only servers on the list count."
    ),
    ALLOWED: msg("What is open goes there and comes from there, also when only servers on the list count."),
    LIMITED: msg(
        "What is open there is shown only to those who follow its author, and nobody else hears of it. "
        "They must ask before they follow somebody here, and cannot follow your open topics."
    ),
    RINGS_ONLY: msg(
        "Nothing open goes there or comes from there, and follows end. What is shared in rings goes on. "
        "What came before stays."
    ),
    BLOCKED: msg(
        "Nothing comes from there and nothing goes there but deletions. It is out of every ring at once. "
        "What is here of it is hidden."
    ),
}


def show_servers(visit: Visit) -> Response:
    visit.require_role("admin")
    return _list_page(visit, blank_form(), blank_form())


def _list_page(visit: Visit, form: Form, import_form: Form) -> Response:
    asked = visit.request.query_params
    words, show = asked.get("q", "").strip().lower()[:200], asked.get("show", "")
    start = int(asked["from"]) if asked.get("from", "").isdecimal() and len(asked["from"]) < 8 else 0
    wanted = SHOWN.get(show, SHOWN[""])
    rows = [row for row in list_peers(visit.db) if wanted(row) and _mentions(row, words)]
    return render(
        visit.request,
        "admin/servers.html",
        status_code=200 if form.ok and import_form.ok else 422,
        form=form,
        import_form=import_form,
        rows=[(row, NAMES[standing(row)]) for row in rows[start : start + PAGE]],
        found=len(rows),
        start=start,
        page=PAGE,
        words=words,
        show=show if show in SHOWN else "",
        has_list=visit.node.federation == ALLOW_LIST,
        ending=count_ending(visit.db),
        left_out=count_left_out(visit.db),
    )


def _mentions(row: Row[Any], words: str) -> bool:
    return words in f"{row.domain} {row.name or ''} {row.reason} {row.comment}".lower()


def take_find(visit: Visit) -> Response:
    """Any server, also one never met: its page, where a rule is made."""
    visit.require_role("admin")
    form = visit.form
    domain = form.line("domain")
    try:
        if form.ok:
            return see_other(f"{PATH}/{server_named(visit.db, visit.node, domain)}")
    except Invalid as error:
        form.fail_all(error.fields)
    return _list_page(visit, form, blank_form())


# --- one server ----------------------------------------------------------------------------------


def show_server(visit: Visit) -> Response:
    visit.require_role("admin")
    row = _server(visit)
    start = {"choice": standing(row), "reason": row.reason, "comment": row.comment}
    return _server_page(visit, row, blank_form(start))


def _server(visit: Visit) -> Row[Any]:
    row = visit.db.execute(peers.select().where(peers.c.id == visit.request.path_params["id"])).one_or_none()
    if row is None:
        raise NotFound
    return row


def _server_page(visit: Visit, row: Row[Any], form: Form, *, asks: bool = False) -> Response:
    return render(
        visit.request,
        "admin/server.html",
        status_code=200 if form.ok else 422,
        row=row,
        form=form,
        asks=asks,
        chosen=form.value("choice"),
        standing=standing(row),
        names=NAMES,
        choices=[(choice, NAMES[choice], MEANINGS[choice]) for choice in CHOICES],
        ties=ties_with(visit.db, row),
        longest=LONGEST_REASON,
        may_forget=_may_forget(visit, row),
    )


def _may_forget(visit: Visit, row: Row[Any]) -> bool:
    try:
        check_forgettable(visit.db, row)
    except Conflict:
        return False
    return True


def take_standing(visit: Visit) -> Response:
    """First shows what will change; the second time, when `sure` says the same, it is done."""
    visit.require_role("admin")
    row, form = _server(visit), visit.form
    choice = form.choice("choice", CHOICES)
    reason = form.line("reason", required=False, longest=LONGEST_REASON)
    comment = form.line("comment", required=False, longest=LONGEST_REASON)
    if not form.ok or (choice != standing(row) and form.value("sure") != f"{choice}!"):
        return _server_page(visit, row, form, asks=form.ok)
    set_standing(visit.db, visit.node, row.id, choice, reason=reason, comment=comment)
    return _back(visit, f"{PATH}/{row.id}", msg("Saved. It holds from now on."))


def take_forget(visit: Visit) -> Response:
    visit.require_role("admin")
    row = _server(visit)
    forget_server(visit.db, visit.node, row.id)
    return _back(visit, PATH, msg("%(domain)s is forgotten.", domain=row.domain))


# --- the list, in and out ------------------------------------------------------------------------


def take_federation(visit: Visit) -> Response:
    visit.require_role("admin")
    wanted = visit.form.choice("federation", (OPEN_FEDERATION, ALLOW_LIST))
    if wanted == ALLOW_LIST and not visit.form.flag("sure"):
        return render(visit.request, "admin/federation.html", ending=count_ending(visit.db))
    set_federation(visit.db, visit.node, wanted)
    return _back(visit, PATH, msg("Saved. It holds from now on."))


def take_list(visit: Visit, data: bytes) -> Response:
    """What an import would change, as a page; the list goes along in its form."""
    visit.require_role("admin")
    form = visit.form
    kind = form.choice("kind", (BLOCKS, ALLOWS))
    if not data:
        form.fail("list", msg("Choose a file."))
    try:
        if form.ok:
            return _plan_page(visit, plan_import(visit.db, visit.node, kind, data), data)
    except Invalid as error:
        form.fail_all(error.fields)
    return _list_page(visit, blank_form(), form)


def _plan_page(visit: Visit, plan: Plan, data: bytes) -> Response:
    text = data.decode("utf-8-sig")
    return render(visit.request, "admin/import.html", plan=plan, names=NAMES, text=text, most=200)


def _sent_file(form: Form) -> bytes:
    sent = form.files("list", most=1)
    return sent[0].data if sent else b""


def take_import(visit: Visit, data: bytes) -> Response:
    visit.require_role("admin")
    kind = visit.form.choice("kind", (BLOCKS, ALLOWS))
    partners = visit.form.values.get("partner", [])
    plan = apply_import(visit.db, visit.node, kind, data, partners=partners)
    touched = len(plan.changes) + sum(change.line.domain in partners for change in plan.partners)
    return _back(visit, PATH, msg("The list is imported: %(count)s servers changed.", count=touched))


def _sent_text(form: Form) -> bytes:
    return form.value("list").encode()


def show_export(visit: Visit) -> Response:
    visit.require_role("admin")
    kind = visit.request.path_params["kind"]
    if kind not in (BLOCKS, ALLOWS):
        raise NotFound
    headers = {
        "content-disposition": f'attachment; filename="{kind}.csv"',
        "cache-control": "no-store",
    }
    return PlainTextResponse(export_list(visit.db, kind), headers=headers, media_type="text/csv")


def _back(visit: Visit, target: str, text: str) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(PATH, show_servers),
    page(f"{PATH}/find", take_find, method="POST"),
    page(f"{PATH}/federation", take_federation, method="POST"),
    upload_page(f"{PATH}/list", _sent_file, take_list, max_bytes=MOST_BYTES + 16_384),
    upload_page(f"{PATH}/import", _sent_text, take_import, max_bytes=4 * MOST_BYTES),
    page(f"{PATH}/{{kind}}.csv", show_export),
    page(f"{PATH}/{{id:id}}", show_server),
    page(f"{PATH}/{{id:id}}", take_standing, method="POST"),
    page(f"{PATH}/{{id:id}}/forget", take_forget, method="POST"),
]
