"""`leerkring ring sector`: rings of many firms; signing and deciding ask the password of who does it."""

import asyncio
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from federation.documents import Document
from node.cli.options import By, Home, Json, PasswordStdin, read_password
from node.cli.site import Site, acting, columns, member_named, opened
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
    Purpose,
    RetentionDays,
    RingName,
    TitlesInMail,
    moment_of,
)
from node.errors import NotFound
from node.i18n import msg
from node.identity import SELF
from node.peers import find_peer
from node.rings.agreements import KEEP_DAYS, RING_DAYS, Share
from node.rings.sector import joining as sector_joining
from node.rings.sector import steward as sector_steward
from node.rings.sector.outgoing import TERMS_PATH
from node.rings.sector.overview import view_firms, view_sector, view_waiting
from node.rings.sector.rows import all_sectors, find_sector_of
from node.rings.sector.steward import Draft
from node.rings.signed import ask_node
from schemas.agreement import moment_text

commands = typer.Typer(help="Sector rings: terms, applications, rosters.", no_args_is_help=True)

Wanted = Annotated[
    str, typer.Argument(metavar="RING", help="This node's name for it, or first characters of its hash.")
]
Firm = Annotated[str, typer.Argument(metavar="DOMAIN", help="The firm.")]
LEAST_HASH = 6
SHOWN = ("hash", "name", "steward", "standing", "roster")


@commands.command()
def create(
    handle: Handle,
    name: RingName,
    purpose: Purpose,
    confidentiality: Confidentiality,
    no_poaching: NoPoaching = True,
    retention_days: RetentionDays = KEEP_DAYS,
    titles_in_mail: TitlesInMail = False,
    gate: Gate = GateKind.none,
    gate_minutes: GateMinutes = 10,
    gate_days: GateDays = 30,
    ends: Day = None,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the terms of a new sector ring; your node keeps its roster."""
    draft = Draft(
        name=name,
        purpose=purpose,
        confidentiality=confidentiality,
        no_poaching=no_poaching,
        retention_days=retention_days,
        titles_in_mail=titles_in_mail,
        gate=gate.value,
        gate_minutes=gate_minutes if gate is GateKind.hold else 0,
        gate_days=gate_days,
        ends_at=moment_of(ends, RING_DAYS),
    )
    with opened(home) as site:
        with site.reading() as db:
            director = acting(db, by, "director")
        password = read_password(password_stdin)
        with site.writing() as db:
            node = site.node(db)
            made = sector_steward.create(db, node, director.actor_id, password, draft, handle=handle)
            _answer(site, db, made, as_json)


@commands.command()
def terms(
    steward: Annotated[
        str, typer.Argument(metavar="[DOMAIN]", help="Ask this paired steward for its terms first.")
    ] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the sector rings that this node knows of."""
    with opened(home) as site:
        if steward:
            asyncio.run(_ask(site, steward))
        with site.reading() as db:
            rows = [_described(db, site, row) for row in all_sectors(db)]
            site.answer(as_json, rows, *(columns(row, *SHOWN) for row in rows))


async def _ask(site: Site, domain: str) -> None:
    async with site.sender as sender:
        with site.reading() as db:
            peer = find_peer(db, domain)
        if peer is None:
            raise NotFound(msg("You are not paired with this firm yet. Pair first."))
        answer: Document = await ask_node(site.network(sender), peer, TERMS_PATH)
        with site.writing() as db:
            sector_joining.keep_shown_terms(db, peer, answer)


@commands.command()
def show(wanted: Wanted, home: Home = None, as_json: Json = False) -> None:
    """Show a sector ring: its terms, who is on the roster, which firms wait."""
    with opened(home) as site, site.reading() as db:
        _answer(site, db, _find(db, wanted).ring_id, as_json)


@commands.command("apply")
def sign(
    wanted: Wanted,
    goal: Annotated[str, typer.Option(help="What your firm brings and wants to learn.")],
    contact: Annotated[str, typer.Option(help="Whom the other firms can call or write.")],
    hours: Annotated[int, typer.Option(min=0, max=200, help="Hours a month of your director.")] = 0,
    handle: OwnHandle = "",
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Sign the terms for your firm; the steward then decides."""
    with opened(home) as site:
        with site.reading() as db:
            director, sector = acting(db, by, "director"), _find(db, wanted)
        password, share = read_password(password_stdin), Share(goal, hours, contact)
        with site.writing() as db:
            sector_joining.apply(
                db, site.node(db), director.actor_id, password, sector.ring_id, share, handle=handle
            )
            _answer(site, db, sector.ring_id, as_json)


@commands.command()
def withdraw(
    wanted: Wanted,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take back a signature that the steward has not decided on. Out of a ring: `ring leave`."""
    with opened(home) as site:
        with site.reading() as db:
            director, sector = acting(db, by, "director"), _find(db, wanted)
        password = read_password(password_stdin)
        with site.writing() as db:
            sector_joining.withdraw(db, site.node(db), director.actor_id, password, sector.ring_id)
            _answer(site, db, sector.ring_id, as_json)


@commands.command()
def admit(
    wanted: Wanted,
    domains: Annotated[list[str], typer.Argument(metavar="DOMAIN...", help="Firms that wait.")],
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Let firms in: one next roster for all of them."""
    with opened(home) as site:
        with site.reading() as db:
            member, sector = _decider(db, by), _find(db, wanted)
            hashes = [_waiting(db, site, sector, domain) for domain in domains]
        password = read_password(password_stdin)
        with site.writing() as db:
            sector_steward.admit(db, site.node(db), member.actor_id, password, sector.ring_id, hashes)
            _answer(site, db, sector.ring_id, as_json)


@commands.command()
def refuse(
    wanted: Wanted,
    domain: Firm,
    why: Annotated[str, typer.Option(help="What the firm's directors read.")],
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say no to a firm that signed your terms."""
    with opened(home) as site:
        with site.reading() as db:
            member, sector = _decider(db, by), _find(db, wanted)
            chosen = _waiting(db, site, sector, domain)
        password = read_password(password_stdin)
        with site.writing() as db:
            sector_steward.refuse(db, site.node(db), member.actor_id, password, sector.ring_id, chosen, why)
            _answer(site, db, sector.ring_id, as_json)


@commands.command()
def remove(
    wanted: Wanted,
    domain: Firm,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Put a firm out by the next roster."""
    with opened(home) as site:
        with site.reading() as db:
            member, sector = _decider(db, by), _find(db, wanted)
        password = read_password(password_stdin)
        with site.writing() as db:
            sector_steward.remove(db, site.node(db), member.actor_id, password, sector.ring_id, domain)
            _answer(site, db, sector.ring_id, as_json)


def _decider(db: Connection, by: str | None) -> Row[Any]:
    """A director, or the editor who is named."""
    named = member_named(db, by) if by is not None else None
    is_editor = named is not None and "editor" in named.roles.split()
    return acting(db, by, "editor" if is_editor else "director")


def _find(db: Connection, wanted: str) -> Row[Any]:
    rows = all_sectors(db)
    named = [row for row in rows if row.handle == wanted]
    found = named or [row for row in rows if len(wanted) >= LEAST_HASH and row.hash.startswith(wanted)]
    if len(found) != 1:
        text = msg("There is no sector ring %(wanted)s. See `leerkring ring sector terms`.", wanted=wanted)
        raise NotFound(text)
    return found[0]


def _waiting(db: Connection, site: Site, sector: Row[Any], domain: str) -> str:
    found = [one.hash for one in view_waiting(db, site.node(db), sector) if one.application.domain == domain]
    if not found:
        raise NotFound(msg("%(domain)s does not wait to come in.", domain=domain))
    return found[0]


def _answer(site: Site, db: Connection, ring_id: int, as_json: bool) -> None:
    sector = find_sector_of(db, ring_id)
    if sector is None:
        raise NotFound
    node = site.node(db)
    firms = [
        {"name": one.name, "domain": one.domain, "since": one.since, "is_in": one.is_in}
        for one in view_firms(db, node, sector)
    ]
    waiting = [
        {"domain": one.application.domain, "name": one.name, "goal": one.application.goal}
        for one in (view_waiting(db, node, sector) if sector.steward == SELF else [])
    ]
    described = _described(db, site, sector)
    data = {**described, "terms": view_sector(db, node, sector).terms.model_dump()}
    lines = [columns(described, *SHOWN)]
    lines += [msg("%(name)s (%(domain)s), in since roster %(since)s.", **firm) for firm in firms]
    lines += [msg("%(name)s (%(domain)s) wants to come in.", **one) for one in waiting]
    site.answer(as_json, {**data, "firms": firms, "waiting": waiting}, *lines)


def _described(db: Connection, site: Site, sector: Row[Any]) -> dict[str, Any]:
    view = view_sector(db, site.node(db), sector)
    return {
        "hash": sector.hash,
        "handle": sector.handle,
        "name": view.terms.name,
        "steward": view.terms.steward.domain,
        "standing": view.standing,
        "roster": view.number,
        "ends_at": moment_text(sector.ends_at),
    }
