"""The admin's pages: how the node is, and the log of what left; counts and names of nodes only."""

import asyncio

from starlette.datastructures import State
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from node.admin.check_rings import check_and_note, last_check
from node.admin.check_words import advice_on, plain_words
from node.admin.doctor import Finding, examine
from node.admin.exports import FORMATS, export_departures
from node.admin.reach import check_address
from node.boundary import Member
from node.errors import NotFound
from node.i18n import msg
from node.identity import Identity
from node.queue import count_queue
from node.web.context import shell_of
from node.web.pages import render
from node.web.visits import Errand, Visit, errand, page, see_other

MOST_SECONDS = 8  # a page is not kept waiting for a server that does not answer


async def show_admin(errand: Errand) -> Response:
    node, findings, counts = await errand.read(_look)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            address = await check_address(errand.network.sender, node)
    except TimeoutError:
        advice = msg("Check that leerkring serve runs, and the proxy in front of it (README, Settings).")
        address = Finding(msg("Address"), False, msg("%(base)s does not answer.", base=node.base), advice)
    everything, check = [*findings, address], last_check(errand.services.settings.home)
    return render(
        errand.request,
        "admin/index.html",
        findings=sorted(everything, key=lambda finding: finding.ok),
        faults=sum(not finding.ok for finding in everything),
        counts=counts,
        check=check,
        lines=[(plain_words(one), one) for one in check.differences] if check is not None else [],
        what_to_do=advice_on(check.differences) if check is not None else "",
        is_checking=_is_running(errand.request.app.state),
    )


def _look(visit: Visit) -> tuple[Identity, list[Finding], dict[str, int]]:
    visit.require_role("admin")
    services, language = visit.services, shell_of(visit.request).language
    return visit.node, examine(services.engine, services.settings, language), count_queue(visit.db)


async def start_check(errand: Errand) -> Response:
    """check-rings beside everything else; the page shows how far it is."""
    await errand.read(_require_admin)
    services, state = errand.services, errand.request.app.state
    if not _is_running(state):
        state.check = asyncio.create_task(check_and_note(services.settings, state.build))
    return see_other("/admin#rings")


def _require_admin(visit: Visit) -> Member:
    return visit.require_role("admin")


def _is_running(state: State) -> bool:
    task: asyncio.Task[None] | None = getattr(state, "check", None)
    return task is not None and not task.done()


def show_departures(visit: Visit) -> Response:
    """The whole log as a file."""
    visit.require_role("admin")
    form = visit.request.path_params["form"]
    if form not in FORMATS:
        raise NotFound
    headers = {
        "content-disposition": f'attachment; filename="departures.{form}"',
        "cache-control": "no-store",
    }
    text = "".join(export_departures(visit.db, form))
    return PlainTextResponse(text, headers=headers, media_type=FORMATS[form])


ROUTES: list[BaseRoute] = [
    errand("/admin", show_admin, method="GET"),
    errand("/admin/check-rings", start_check),
    page("/admin/departures.{form}", show_departures),
]
