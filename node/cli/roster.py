"""`leerkring ring roster`, `renew` and `remind`: who is in, a next version, and who must still sign."""

from datetime import datetime
from typing import Annotated

import typer
from sqlalchemy import Connection

from node.cli.options import By, Home, Json, PasswordStdin, read_password
from node.cli.ring import Wanted, answer_agreement, find_wanted, shares_of
from node.cli.site import acting, opened, ring_named
from node.cli.terms import Day, Handle, PerFirm, moment_of
from node.errors import Conflict
from node.i18n import Message, msg
from node.rings import agreements
from node.rings.agreement_lines import heads_of
from node.rings.agreement_rows import document_of
from node.rings.agreements import RING_DAYS, SIGN_DAYS, Share, Terms
from node.rings.queries import RingRow
from node.rings.roster_lists import FirmInside, VersionShown, as_data, list_inside, list_versions
from schemas.agreement import Agreement


def roster(handle: Handle, home: Home = None, as_json: Json = False) -> None:
    """Show who is in a ring now: since when, until when, by which agreement, with which key."""
    with opened(home) as site, site.reading() as db:
        ring = ring_named(db, handle)
        inside, versions = list_inside(db, site.node(db), ring), list_versions(db, ring)
        data = {
            "handle": ring.handle,
            "ring": ring.hash,
            "firms": [as_data(one) for one in inside],
            "versions": [as_data(one) for one in versions],
        }
        lines = [_firm_line(one) for one in inside] or [msg("Nobody is in this ring now.")]
        site.answer(as_json, data, *lines, *_version_lines(versions))


def _firm_line(one: FirmInside) -> Message:
    values = {"name": one.name, "domain": one.domain, "since": f"{one.since:%Y-%m-%d}", "key": one.key}
    if one.until is None:
        return msg("%(name)s (%(domain)s): in since %(since)s, key %(key)s", **values)
    return msg(
        "%(name)s (%(domain)s): in since %(since)s until %(until)s, key %(key)s",
        **values,
        until=f"{one.until:%Y-%m-%d}",
    )


def _version_lines(versions: list[VersionShown]) -> list[Message]:
    if len(versions) > 1:
        lines = [msg("There are two versions. What is shared goes only to firms in both.")]
    else:
        lines = []
    for one in versions:
        values = {"hash": one.hash, "firms": ", ".join(one.firms), "ends": f"{one.ends_at:%Y-%m-%d}"}
        lines.append(msg("By agreement %(hash)s of %(firms)s, until %(ends)s", **values))
        if one.state == "late":
            lines.append(msg("That one did not reach us in time with all signatures."))
        if one.late_at:
            lines.append(
                msg("At %(names)s not all signatures of it came in time.", names=", ".join(one.late_at))
            )
    return lines


def renew(
    handle: Handle,
    add: Annotated[
        list[str] | None, typer.Option("--with", metavar="DOMAIN", help="A paired firm that comes in.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--without", metavar="DOMAIN", help="A firm that goes out.")
    ] = None,
    goal: PerFirm = None,
    hours: PerFirm = None,
    contact: PerFirm = None,
    deadline: Day = None,
    ends: Day = None,
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Propose the next version of a ring's agreement, with the same words and other firms or dates."""
    with opened(home) as site:
        with site.reading() as db:
            director, ring = acting(db, by, "director"), ring_named(db, handle)
            before = _holding(db, ring)
        given = (goal or [], hours or [], contact or [])
        shares = _next_shares(before, add or [], remove or [], director.name, given)
        terms = _next_terms(before, shares, deadline, ends)
        password = read_password(password_stdin)
        with site.writing() as db:
            made = agreements.propose(db, site.node(db), director.actor_id, password, terms, ring_id=ring.id)
            answer_agreement(site, db, made, as_json)


def _holding(db: Connection, ring: RingRow) -> Agreement:
    heads = heads_of(db, ring.id)
    if not heads:
        raise Conflict(msg("No version of this ring's agreement holds yet."))
    return document_of(heads[-1])


def _next_shares(
    before: Agreement,
    add: list[str],
    remove: list[str],
    contact: str,
    given: tuple[list[str], list[str], list[str]],
) -> dict[str, Share]:
    """What each firm brings: as before, but where it is given anew."""
    stay = [firm for firm in before.firms if firm.domain not in remove]
    domains = [*(firm.domain for firm in stay), *add]
    goals, hours, contacts = (dict(line.partition("=")[::2] for line in lines) for lines in given)
    as_before = (
        [f"{firm.domain}={goals.get(firm.domain, firm.goal)}" for firm in stay],
        [f"{firm.domain}={hours.get(firm.domain, firm.hours)}" for firm in stay],
        [f"{firm.domain}={contacts.get(firm.domain, firm.contact)}" for firm in stay],
    )
    goal_lines, hour_lines, contact_lines = (
        [*kept, *fresh] for kept, fresh in zip(as_before, given, strict=True)
    )
    return shares_of(domains, before.purpose, contact, (goal_lines, hour_lines, contact_lines))


def _next_terms(
    before: Agreement, shares: dict[str, Share], deadline: datetime | None, ends: datetime | None
) -> Terms:
    return Terms(
        name=before.name,
        purpose=before.purpose,
        confidentiality=before.confidentiality,
        no_poaching=before.no_poaching,
        retention_days=before.retention_days,
        titles_in_mail=before.titles_in_mail,
        gate=before.gate.kind,
        gate_minutes=before.gate.minutes,
        gate_days=before.gate.days,
        deadline=moment_of(deadline, SIGN_DAYS),
        ends_at=moment_of(ends, RING_DAYS),
        shares=shares,
    )


def remind(
    wanted: Wanted,
    firm: Annotated[str, typer.Option(metavar="DOMAIN", help="This firm only.")] = "",
    by: By = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Send a proposal again to firms that have not signed; once an hour each."""
    with opened(home) as site:
        with site.reading() as db:
            director, row = acting(db, by, "director"), find_wanted(db, wanted)
        with site.writing() as db:
            agreements.remind(db, site.node(db), director.actor_id, row.hash, firm)
            answer_agreement(site, db, row.hash, as_json)
