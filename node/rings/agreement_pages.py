"""Pages of agreements: propose one, read it whole, sign it, remind the others, say no, leave a ring."""

from datetime import timedelta
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.logins import confirm_password
from node.errors import NotFound
from node.i18n import msg, translate
from node.ids import now
from node.rings import agreements, leaving
from node.rings.agreement_rows import find_agreement, get_ring_row
from node.rings.agreements import KEEP_DAYS, RING_DAYS, SIGN_DAYS, Share, Terms
from node.rings.overview import current_agreement, paired_firms, view_agreement
from node.rings.pairing_pages import attempt
from node.rings.partner_rosters import PARTNERS
from node.rings.queries import RingRow, find_ring
from node.rings.sector.rows import find_terms
from node.web.context import shell_of
from node.web.days import day_text, end_of_day
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Visit, page, see_other
from schemas.agreement import Agreement, moment

PURPOSE = msg("We learn from each other: we share questions, solutions and mistakes from our daily work.")
CONFIDENTIALITY = msg(
    "What we read here stays between our firms. Prices, customers and personal matters do not belong here."
)
GATES = ("none", "checklist", "hold", "four_eyes")
MOST_MINUTES, MOST_DAYS = 1440, 365
FIRST_GATE = {"gate": "none", "gate_minutes": "10", "gate_days": "30"}
GOAL = msg("Ask one question and share one experience each month.")


# --- proposing -------------------------------------------------------------------------------------


def show_new(visit: Visit) -> Response:
    visit.require_role("director")
    return _proposal_page(visit, blank_form(_first_values(visit)))


def _first_values(visit: Visit) -> dict[str, str]:
    """A low threshold: everything is filled in, in plain words, and can be changed."""
    language = shell_of(visit.request).language
    values = {
        "purpose": translate(language, PURPOSE),
        "confidentiality": translate(language, CONFIDENTIALITY),
        "no_poaching": "on",
        **FIRST_GATE,
        "retention_days": str(KEEP_DAYS),
        "deadline": day_text(now() + timedelta(days=SIGN_DAYS)),
        "ends_at": day_text(now() + timedelta(days=RING_DAYS)),
    }
    for key in _firm_keys(visit):
        values |= {f"goal_{key}": translate(language, GOAL), f"hours_{key}": "2"}
    return values


def _firm_keys(visit: Visit) -> dict[str, str]:
    """The part of field names → domain; ours is `own`."""
    return {"own": visit.node.domain} | {str(peer.id): peer.domain for peer in paired_firms(visit.db)}


def _proposal_page(visit: Visit, form: Form, ring: RingRow | None = None, status_code: int = 200) -> Response:
    return render(
        visit.request,
        "rings/propose.html",
        status_code=status_code,
        form=form,
        firms=paired_firms(visit.db),
        own_name=visit.node.name,
        ring=ring,
    )


def take_new(visit: Visit) -> Response:
    return _propose(visit, None)


def show_renew(visit: Visit) -> Response:
    visit.require_role("director")
    ring = find_ring(visit.db, visit.request.path_params["handle"])
    view = current_agreement(visit.db, ring.id, visit.node.domain)
    if view is None:
        raise NotFound
    values = _first_values(visit) | _values_of(visit, view.document)
    values["ends_at"] = day_text(max(now(), moment(view.document.ends_at)) + timedelta(days=RING_DAYS))
    return _proposal_page(visit, blank_form(values), ring)


def _values_of(visit: Visit, document: Agreement) -> dict[str, str]:
    values = {
        "name": document.name,
        "purpose": document.purpose,
        "confidentiality": document.confidentiality,
        "no_poaching": "on" if document.no_poaching else "",
        "titles_in_mail": "on" if document.titles_in_mail else "",
        "retention_days": str(document.retention_days),
        "gate": document.gate.kind,
        "gate_minutes": str(document.gate.minutes or FIRST_GATE["gate_minutes"]),
        "gate_days": str(document.gate.days or FIRST_GATE["gate_days"]),
    }
    for key, domain in _firm_keys(visit).items():
        firm = document.firm_of(domain)
        if firm is not None:
            values |= {f"firm_{key}": "on", f"goal_{key}": firm.goal}
            values |= {f"hours_{key}": str(firm.hours), f"contact_{key}": firm.contact}
    return values


def take_renew(visit: Visit) -> Response:
    visit.require_role("director")
    ring = find_ring(visit.db, visit.request.path_params["handle"])
    if ring.kind != PARTNERS:  # a sector's terms never change
        raise NotFound
    return _propose(visit, ring)


def _propose(visit: Visit, ring: RingRow | None) -> Response:
    director, form = visit.require_role("director"), visit.form
    terms, handle = _read_terms(visit, form), form.line("handle", required=ring is None).removeprefix("@")
    form.fail_all(agreements.time_faults(terms))
    password, made = form.secret("password"), list[str]()

    def act() -> None:
        ring_id = ring.id if ring is not None else None
        made.append(
            agreements.propose(
                visit.db, visit.node, director.actor_id, password, terms, handle=handle, ring_id=ring_id
            )
        )

    if not form.ok:  # then the password is looked at too, so that everything is said at once
        attempt(visit, form, lambda: confirm_password(visit.db, director.actor_id, password))
        return _proposal_page(visit, form, ring, 422)
    if not attempt(visit, form, act):
        return _proposal_page(visit, form, ring, 422)
    return _to_agreement(
        visit, made[0], msg("Sent to the other firm. You have signed; now it is their turn.")
    )


def _read_terms(visit: Visit, form: Form) -> Terms:
    keys = _firm_keys(visit)
    chosen = {key: domain for key, domain in keys.items() if key == "own" or form.flag(f"firm_{key}")}
    if len(chosen) < 2:
        form.fail("firms", msg("Choose at least one other firm."))
    return Terms(
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
        deadline=end_of_day(form, "deadline"),
        shares={domain: _read_share(form, key) for key, domain in chosen.items()},
    )


def read_gate(form: Form) -> str:
    """A form of before there were gates asks none."""
    return form.choice("gate", GATES) if form.value("gate") else "none"


def read_minutes(form: Form) -> int:
    return form.whole("gate_minutes", least=1, most=MOST_MINUTES) if form.value("gate") == "hold" else 0


def read_days(form: Form) -> int | None:
    return form.whole("gate_days", least=1, most=MOST_DAYS) if form.value("gate") == "checklist" else None


def _read_share(form: Form, key: str) -> Share:
    return Share(
        goal=form.text(f"goal_{key}", longest=5000),
        hours=form.whole(f"hours_{key}", least=0, most=200),
        contact=form.line(f"contact_{key}", longest=200),
    )


# --- reading and signing ---------------------------------------------------------------------------


def show_agreement(visit: Visit) -> Response:
    visit.require_role("director", "admin")
    return _agreement_page(visit, blank_form())


def _agreement_page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    row = find_agreement(visit.db, visit.request.path_params["hash"])
    if row is None:
        raise NotFound
    view = view_agreement(visit.db, row, visit.node.domain)
    ring = get_ring_row(visit.db, row.ring_id)
    return render(
        visit.request,
        "rings/agreement.html",
        status_code=status_code,
        form=form,
        view=view,
        ring=ring,
        own_domain=visit.node.domain,
        is_director="director" in visit.member.roles,
    )


def take_sign(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    password, agreement_hash = form.secret("password"), visit.request.path_params["hash"]
    handle = form.line("handle", required=False).removeprefix("@")
    if not form.flag("read"):
        form.fail("read", msg("Read the agreement first, then tick this."))

    def act() -> None:
        agreements.sign(visit.db, visit.node, director.actor_id, password, agreement_hash, handle=handle)

    if not form.ok or not attempt(visit, form, act):
        return _agreement_page(visit, form, 422)
    return _to_agreement(visit, agreement_hash, msg("Signed. The other firms are told."))


def take_withdraw(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    password, agreement_hash = form.secret("password"), visit.request.path_params["hash"]

    def act() -> None:
        agreements.withdraw(visit.db, visit.node, director.actor_id, password, agreement_hash)

    if not form.ok or not attempt(visit, form, act):
        return _agreement_page(visit, form, 422)
    return _to_agreement(visit, agreement_hash, msg("Withdrawn. The other firms are told."))


def take_remind(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    agreement_hash, domain = visit.request.path_params["hash"], form.line("domain", required=False)

    def act() -> None:
        agreements.remind(visit.db, visit.node, director.actor_id, agreement_hash, domain)

    if not attempt(visit, form, act):
        return _agreement_page(visit, form, 422)
    return _to_agreement(visit, agreement_hash, msg("Sent again. A phone call helps too."))


def _to_agreement(visit: Visit, agreement_hash: str, words: str) -> Response:
    response = see_other(f"/agreements/{agreement_hash}")
    flash(visit.request, response, "done", words)
    return response


# --- leaving ---------------------------------------------------------------------------------------


def show_leave(visit: Visit) -> Response:
    visit.require_role("director")
    return _leave_page(visit, blank_form())


def _leave_page(visit: Visit, form: Form, status_code: int = 200) -> Response:
    ring = find_ring(visit.db, visit.request.path_params["handle"])
    view = current_agreement(visit.db, ring.id, visit.node.domain)
    terms = find_terms(visit.db, ring.id)
    days = terms.retention_days if terms else view.document.retention_days if view else 0
    values: dict[str, Any] = {"ring": ring, "retention_days": days, "form": form}
    return render(visit.request, "rings/leave.html", status_code=status_code, **values)


def take_leave(visit: Visit) -> Response:
    director, form = visit.require_role("director"), visit.form
    ring, password = find_ring(visit.db, visit.request.path_params["handle"]), form.secret("password")

    def act() -> None:
        leaving.leave(visit.db, visit.node, director.actor_id, password, ring.id)

    if not form.ok or not attempt(visit, form, act):
        return _leave_page(visit, form, 422)
    response = see_other(f"/rings/{ring.handle}/about")
    flash(visit.request, response, "done", msg("Your firm has left this ring. Nothing goes there any more."))
    return response


ROUTES: list[BaseRoute] = [
    page("/proposals/new", show_new),
    page("/proposals/new", take_new, method="POST"),
    page("/rings/{handle}/renew", show_renew),
    page("/rings/{handle}/renew", take_renew, method="POST"),
    page("/agreements/{hash}", show_agreement),
    page("/agreements/{hash}/sign", take_sign, method="POST"),
    page("/agreements/{hash}/withdraw", take_withdraw, method="POST"),
    page("/agreements/{hash}/remind", take_remind, method="POST"),
    page("/rings/{handle}/leave", show_leave),
    page("/rings/{handle}/leave", take_leave, method="POST"),
]
