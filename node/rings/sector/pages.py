"""Pages of sector rings: a firm reads and signs terms, its steward admits, refuses and removes firms."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from federation.errors import FederationError
from node.errors import Invalid, NotFound
from node.i18n import msg, translate
from node.ids import now
from node.peers import BY_ROSTER, PAIRED, find_peer, get_peer
from node.rings.agreement_pages import (
    CONFIDENTIALITY,
    FIRST_GATE,
    GOAL,
    PURPOSE,
    read_days,
    read_gate,
    read_minutes,
)
from node.rings.agreement_rows import get_ring_row
from node.rings.agreements import KEEP_DAYS, RING_DAYS, Share
from node.rings.overview import paired_firms
from node.rings.pairing import clean_domain
from node.rings.pairing_pages import attempt
from node.rings.queries import RingRow, count_own_people
from node.rings.sector import joining as sector_joining
from node.rings.sector import steward as sector_steward
from node.rings.sector.checks import agreeing
from node.rings.sector.outgoing import TERMS_PATH
from node.rings.sector.overview import view_firms, view_history, view_sector, view_sectors, view_waiting
from node.rings.sector.rows import find_sector
from node.rings.sector.steward import Draft
from node.rings.signed import ask_node
from node.web.context import shell_of
from node.web.days import day_text, end_of_day
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Errand, Visit, errand, page, see_other

READERS = ("director", "editor", "admin")
DECIDERS = ("director", "editor")


# --- all of them; asking a steward -----------------------------------------------------------------


def show_sectors(visit: Visit) -> Response:
    visit.require_role(*READERS)
    return _sectors_page(visit, blank_form())


def _sectors_page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    return render(
        visit.request,
        "rings/sectors.html",
        status_code=status_code,
        form=form,
        views=view_sectors(visit.db, visit.node),
        firms=paired_firms(visit.db),
        is_director="director" in visit.member.roles,
    )


async def take_read(asked: Errand) -> Response:
    """Ask a paired steward which sector rings it keeps; what was found is shown with the others."""
    peer = await asked.read(_steward_to_ask)
    if isinstance(peer, Response):
        return peer
    try:
        answer = await ask_node(asked.network, peer, TERMS_PATH)
    except FederationError:
        answer = {}

    def keep(visit: Visit) -> Response:
        found = sector_joining.keep_shown_terms(visit.db, get_peer(visit.db, peer.id), answer)
        if not found:
            visit.form.fail("domain", msg("They do not answer, or show no terms of a sector ring."))
            return _sectors_page(visit, visit.form, 422)
        return see_other("/sectors")

    return await asked.write(keep)


def _steward_to_ask(visit: Visit) -> Row[Any] | Response:
    visit.require_role("director")
    form = visit.form
    typed = form.line("domain")
    try:
        domain = clean_domain(typed) if typed else ""
    except Invalid as wrong:
        form.fail_all(wrong.fields)
        domain = ""
    peer = find_peer(visit.db, domain) if domain else None
    if domain and (peer is None or peer.state != PAIRED or peer.pinned_by == BY_ROSTER):
        form.fail("domain", msg("You are not paired with this firm yet. Pair first."))
    return peer if peer is not None and form.ok else _sectors_page(visit, form, 422)


# --- making one ------------------------------------------------------------------------------------


def show_new(visit: Visit) -> Response:
    visit.require_role("director")
    language = shell_of(visit.request).language
    values = {
        "purpose": translate(language, PURPOSE),
        "confidentiality": translate(language, CONFIDENTIALITY),
        "no_poaching": "on",
        "retention_days": str(KEEP_DAYS),
        **FIRST_GATE,
        "ends_at": day_text(now() + timedelta(days=RING_DAYS)),
    }
    return _new_page(visit, blank_form(values))


def _new_page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    return render(visit.request, "rings/sector_new.html", status_code=status_code, form=form)


def take_new(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    draft, handle = _read_draft(form), form.line("handle", longest=21).removeprefix("@")
    password, made = form.secret("password"), list[int]()

    def act() -> None:
        made.append(
            sector_steward.create(visit.db, visit.node, director.actor_id, password, draft, handle=handle)
        )

    if not form.ok or not attempt(visit, form, act):
        return _new_page(visit, form, 422)
    ring_hash = get_ring_row(visit.db, made[0]).hash
    return _to_sector(visit, ring_hash, msg("The ring is made. Firms that are paired with you can sign now."))


def _read_draft(form: Form) -> Draft:
    return Draft(
        name=form.line("name", longest=80),
        purpose=form.text("purpose", longest=5000),
        confidentiality=form.text("confidentiality", longest=5000),
        no_poaching=form.flag("no_poaching"),
        retention_days=form.whole("retention_days", least=0, most=3650),
        titles_in_mail=form.flag("titles_in_mail"),
        gate=read_gate(form),
        gate_minutes=read_minutes(form),
        gate_days=read_days(form),
        ends_at=end_of_day(form, "ends_at"),
    )


# --- one of them -----------------------------------------------------------------------------------


def show_sector(visit: Visit) -> Response:
    visit.require_role(*READERS)
    return _sector_page(visit, blank_form(_first_values(visit)))


def _first_values(visit: Visit) -> dict[str, str]:
    return {"goal": translate(shell_of(visit.request).language, GOAL), "hours": "2"}


def _sector(visit: Visit) -> Row[Any]:
    sector = find_sector(visit.db, visit.request.path_params["hash"])
    if sector is None:
        raise NotFound
    return sector


def _sector_page(visit: Visit, form: Form, status_code: int = 200, wrong: str = "") -> Response:
    """`wrong` names the form on the page that the errors are of."""
    sector, roles = _sector(visit), visit.member.roles
    view = view_sector(visit.db, visit.node, sector)
    return render(
        visit.request,
        "rings/sector.html",
        status_code=status_code,
        form=form,
        blank=blank_form(_first_values(visit)),
        wrong=wrong,
        view=view,
        firms=view_firms(visit.db, visit.node, sector),
        waiting=view_waiting(visit.db, visit.node, sector) if view.is_steward else [],
        history=view_history(visit.db, sector),
        told=agreeing(visit.db, sector.ring_id),
        why_not=sector_steward.why_not(visit.db, sector) if view.is_steward else "",
        why_not_sign=sector_joining.why_not_apply(visit.db, sector),
        is_director="director" in roles,
        is_decider=not roles.isdisjoint(DECIDERS),
    )


def take_sign(visit: Visit) -> Response:
    director, form, sector = visit.require_role("director"), visit.form, _sector(visit)
    share = Share(
        goal=form.text("goal", longest=1000),
        hours=form.whole("hours", least=0, most=200),
        contact=form.line("contact", longest=200),
    )
    handle = form.line("handle", required=sector.handle is None, longest=21).removeprefix("@")
    password = form.secret("password")
    if not form.flag("read"):
        form.fail("read", msg("Read the terms first, then tick this."))

    def act() -> None:
        sector_joining.apply(
            visit.db, visit.node, director.actor_id, password, sector.ring_id, share, handle=handle
        )

    return _done(visit, "sign", act, msg("Signed and sent to the steward, who decides."))


def take_withdraw(visit: Visit) -> Response:
    director, sector, password = visit.require_role("director"), _sector(visit), visit.form.secret("password")

    def act() -> None:
        sector_joining.withdraw(visit.db, visit.node, director.actor_id, password, sector.ring_id)

    return _done(visit, "withdraw", act, msg("Withdrawn. The steward is told."))


def take_admit(visit: Visit) -> Response:
    member, sector, form = visit.require_role(*DECIDERS), _sector(visit), visit.form
    chosen, password = form.values.get("application", []), form.secret("password")

    def act() -> None:
        sector_steward.admit(visit.db, visit.node, member.actor_id, password, sector.ring_id, chosen)

    return _done(visit, "admit", act, msg("Let in. Every firm gets the new roster."))


def take_refuse(visit: Visit) -> Response:
    member, sector, form = visit.require_role(*DECIDERS), _sector(visit), visit.form
    chosen, why = form.value("application"), form.line("why", longest=200)
    password = form.secret("password")

    def act() -> None:
        sector_steward.refuse(visit.db, visit.node, member.actor_id, password, sector.ring_id, chosen, why)

    return _done(visit, "refuse", act, msg("Refused. The firm reads why."))


def take_remove(visit: Visit) -> Response:
    member, sector, form = visit.require_role(*DECIDERS), _sector(visit), visit.form
    domain, password = form.line("domain"), form.secret("password")

    def act() -> None:
        try:
            sector_steward.remove(visit.db, visit.node, member.actor_id, password, sector.ring_id, domain)
        except NotFound as error:
            raise Invalid(domain=msg("Choose one of these.")) from error

    return _done(visit, "remove", act, msg("Removed. Every firm gets the new roster."))


def _done(visit: Visit, name: str, act: Callable[[], None], words: str) -> Response:
    """Do it and say so, or show the page again with what was wrong in that form."""
    if not visit.form.ok or not attempt(visit, visit.form, act):
        return _sector_page(visit, visit.form, 422, name)
    return _to_sector(visit, _sector(visit).hash, words)


def _to_sector(visit: Visit, ring_hash: str, words: str) -> Response:
    response = see_other(f"/sectors/{ring_hash}")
    flash(visit.request, response, "done", words)
    return response


# --- what every member reads -----------------------------------------------------------------------


def show_about_sector(visit: Visit, ring: RingRow) -> Response:
    """What the ring is about and who is in; the caller found the ring by this node's own name."""
    sector, roles = find_sector(visit.db, ring.hash), visit.member.roles
    if sector is None:
        raise NotFound
    firms = view_firms(visit.db, visit.node, sector)
    return render(
        visit.request,
        "rings/sector_about.html",
        ring=ring,
        view=view_sector(visit.db, visit.node, sector),
        firms=firms,
        inside=sum(firm.is_in for firm in firms),
        people=sum(firm.reach.people or 0 for firm in firms if firm.reach is not None),
        own_people=count_own_people(visit.db),
        closed_why=get_ring_row(visit.db, ring.id).closed_why,
        is_director="director" in roles,
        sees_all=not roles.isdisjoint(READERS),
    )


ROUTES: list[BaseRoute] = [
    page("/sectors", show_sectors),
    errand("/sectors/read", take_read),
    page("/sectors/new", show_new),
    page("/sectors/new", take_new, method="POST"),
    page("/sectors/{hash}", show_sector),
    page("/sectors/{hash}/sign", take_sign, method="POST"),
    page("/sectors/{hash}/withdraw", take_withdraw, method="POST"),
    page("/sectors/{hash}/admit", take_admit, method="POST"),
    page("/sectors/{hash}/refuse", take_refuse, method="POST"),
    page("/sectors/{hash}/remove", take_remove, method="POST"),
]
