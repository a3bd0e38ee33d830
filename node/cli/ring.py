"""`leerkring ring`: firms that share content under one agreement; signing asks a director's password."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from node.cli import sector
from node.cli.options import By, Home, Json, PasswordStdin, read_password
from node.cli.site import Site, acting, columns, opened, ring_named
from node.cli.terms import (
    Confidentiality,
    Day,
    Gate,
    GateDays,
    GateKind,
    GateMinutes,
    Handle,
    NoPoaching,
    OwnHandle,
    PerFirm,
    Purpose,
    RetentionDays,
    RingName,
    TitlesInMail,
    moment_of,
)
from node.errors import Invalid, NotFound
from node.i18n import msg
from node.rings import agreements
from node.rings.agreement_rows import agreements_of, document_of, signatures_of, signing_agreements
from node.rings.agreements import KEEP_DAYS, RING_DAYS, SIGN_DAYS, Share, Terms
from node.rings.leaving import leave as leave_ring
from node.rings.partner_rosters import PARTNERS
from node.rings.queries import RingRow, describe_reach, known_rings
from node.rings.roster_lists import promised_hours

commands = typer.Typer(help="Rings: agree on one, sign, leave, look.", no_args_is_help=True)
commands.add_typer(sector.commands, name="sector")

Wanted = Annotated[
    str, typer.Argument(metavar="AGREEMENT", help="First characters of its hash, or the name of its ring.")
]

SHOWN = ("handle", "name", "kind", "state")


@commands.command()
def create(
    handle: Handle,
    name: RingName,
    partner: Annotated[
        list[str], typer.Option("--with", metavar="DOMAIN", help="A paired firm; repeatable.")
    ],
    purpose: Purpose,
    confidentiality: Confidentiality,
    goal: PerFirm = None,
    hours: PerFirm = None,
    contact: PerFirm = None,
    no_poaching: NoPoaching = True,
    retention_days: RetentionDays = KEEP_DAYS,
    titles_in_mail: TitlesInMail = False,
    gate: Gate = GateKind.none,
    gate_minutes: GateMinutes = 10,
    gate_days: GateDays = 30,
    deadline: Day = None,
    ends: Day = None,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Propose an agreement and sign it; there is a ring once every firm has signed."""
    with opened(home) as site:
        with site.reading() as db:
            director, node = acting(db, by, "director"), site.node(db)
        domains = [node.domain, *partner]
        terms = Terms(
            name=name,
            purpose=purpose,
            confidentiality=confidentiality,
            no_poaching=no_poaching,
            retention_days=retention_days,
            titles_in_mail=titles_in_mail,
            gate=gate.value,
            gate_minutes=gate_minutes,
            gate_days=gate_days,
            deadline=moment_of(deadline, SIGN_DAYS),
            ends_at=moment_of(ends, RING_DAYS),
            shares=shares_of(domains, purpose, director.name, (goal or [], hours or [], contact or [])),
        )
        password = read_password(password_stdin)
        with site.writing() as db:
            made = agreements.propose(db, node, director.actor_id, password, terms, handle=handle)
            answer_agreement(site, db, made, as_json)


def shares_of(
    domains: list[str], goal: str, contact: str, given: tuple[list[str], list[str], list[str]]
) -> dict[str, Share]:
    goals, hours, contacts = (per_firm(lines, domains) for lines in given)
    if not all(text.isdecimal() for text in hours.values()):
        raise Invalid(hours=msg("Give the hours as DOMAIN=NUMBER."))
    return {
        domain: Share(goals.get(domain, goal), int(hours.get(domain, "0")), contacts.get(domain, contact))
        for domain in domains
    }


def per_firm(lines: list[str], domains: list[str]) -> dict[str, str]:
    pairs = dict(line.partition("=")[::2] for line in lines)
    for domain in pairs:
        if domain not in domains:
            raise Invalid(firms=msg("%(domain)s is not a firm of this ring (--with).", domain=domain))
    return pairs


@commands.command()
def agreement(wanted: Wanted, home: Home = None, as_json: Json = False) -> None:
    """Show an agreement: what it says, and who has signed."""
    with opened(home) as site, site.reading() as db:
        answer_agreement(site, db, find_wanted(db, wanted).hash, as_json)


@commands.command()
def sign(
    wanted: Wanted,
    handle: OwnHandle = "",
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Sign for your firm what another firm proposed."""
    with opened(home) as site:
        with site.reading() as db:
            director, row = acting(db, by, "director"), find_wanted(db, wanted)
        password = read_password(password_stdin)
        with site.writing() as db:
            agreements.sign(db, site.node(db), director.actor_id, password, row.hash, handle=handle)
            answer_agreement(site, db, row.hash, as_json)


@commands.command()
def withdraw(
    wanted: Wanted,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say no to an agreement that not every firm has signed, yours or theirs."""
    with opened(home) as site:
        with site.reading() as db:
            director, row = acting(db, by, "director"), find_wanted(db, wanted)
        password = read_password(password_stdin)
        with site.writing() as db:
            agreements.withdraw(db, site.node(db), director.actor_id, password, row.hash)
            answer_agreement(site, db, row.hash, as_json)


@commands.command()
def leave(
    handle: Handle,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Leave a ring with your firm; it closes here at once."""
    with opened(home) as site:
        with site.reading() as db:
            director, ring = acting(db, by, "director"), ring_named(db, handle)
        password = read_password(password_stdin)
        with site.writing() as db:
            leave_ring(db, site.node(db), director.actor_id, password, ring.id)
            found = ring_named(db, handle)
        site.answer(as_json, _described(found), msg("Your firm has left %(name)s.", name=ring.name))


@commands.command()
def show(handle: Handle, home: Home = None, as_json: Json = False) -> None:
    """Show a ring: who is in it, and how many people a post there reaches."""
    with opened(home) as site, site.reading() as db:
        ring = ring_named(db, handle)
        reach = describe_reach(db, ring.audience)
        nodes = [
            {"name": one.name, "domain": one.domain, "people": one.people, "approximate": one.approximate}
            for one in reach.nodes
        ]
        hours = promised_hours(db, ring)
        data = {**_described(ring), "own_people": reach.own_people, "nodes": nodes, "hours": hours}
        lines = [columns(_described(ring), *SHOWN)]
        lines.append(msg("%(count)s people of your own firm", count=reach.own_people))
        lines += [
            msg("%(people)s people of %(name)s (%(domain)s)", **{**one, "people": one["people"] or "?"})
            for one in nodes
        ]
        lines += [
            msg("The director of %(domain)s gives %(hours)s hours a month.", domain=domain, hours=promised)
            for domain, promised in hours.items()
        ]
        if hours:
            lines.append(
                msg("Together the directors give %(hours)s hours a month.", hours=sum(hours.values()))
            )
        site.answer(as_json, data, *lines)


@commands.command("list")
def list_all(home: Home = None, as_json: Json = False) -> None:
    """Show the rings of this firm, and proposals that can be signed."""
    with opened(home) as site, site.reading() as db:
        rings = [_described(ring) for ring in known_rings(db)]
        proposals = [_agreement(db, row) for row in signing_agreements(db)]
        lines = [columns(ring, *SHOWN) for ring in rings]
        lines += [msg("To sign: %(name)s, agreement %(hash)s", **proposal) for proposal in proposals]
        site.answer(as_json, {"rings": rings, "proposals": proposals}, *lines)


def find_wanted(db: Connection, wanted: str) -> Row[Any]:
    """An agreement by the beginning of its hash; by the name of its ring the last one."""
    known = known_rings(db)
    for ring in known:
        if ring.handle == wanted and ring.kind == PARTNERS:
            return agreements_of(db, ring.id)[-1]
    rows = {row.hash: row for ring in known for row in agreements_of(db, ring.id)}
    rows |= {row.hash: row for row in signing_agreements(db)}
    found = [row for row in rows.values() if len(wanted) >= 6 and row.hash.startswith(wanted)]
    if len(found) != 1:
        raise NotFound(msg("There is no agreement %(wanted)s. See `leerkring ring list`.", wanted=wanted))
    return found[0]


def answer_agreement(site: Site, db: Connection, agreement_hash: str, as_json: bool) -> None:
    data = _agreement(db, find_wanted(db, agreement_hash))
    lines = [
        msg("%(name)s: %(state)s, agreement %(hash)s", **data),
        msg("To be signed before %(deadline)s, ends %(ends_at)s.", **data["document"]),
    ]
    for firm in data["document"]["firms"]:
        has_signed = firm["domain"] in data["signed"]
        text = msg("%(name)s (%(domain)s) has signed.", **firm)
        waits = msg("%(name)s (%(domain)s) has not signed yet.", **firm)
        lines.append(text if has_signed else waits)
    site.answer(as_json, data, *lines)


def _agreement(db: Connection, row: Row[Any]) -> dict[str, Any]:
    document = document_of(row)
    return {
        "hash": row.hash,
        "name": document.name,
        "state": row.state,
        "signed": [signature.domain for signature in signatures_of(db, row.hash)],
        "document": document.model_dump(),
    }


def _described(ring: RingRow) -> dict[str, Any]:
    return {
        "handle": ring.handle,
        "name": ring.name,
        "kind": ring.kind,
        "state": ring.state,
        "hash": ring.hash,
    }
