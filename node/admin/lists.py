"""Lists of servers as Mastodon's admins exchange them: read, looked over before anything happens, written."""

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from node.admin.servers import (
    clean_reason,
    reached_from,
    rule_server,
    settle_below,
    standing,
    wide_rules,
)
from node.errors import Invalid
from node.i18n import msg
from node.identity import Identity
from node.ids import new_id, now
from node.peers import (
    ALLOWED,
    BLOCKED,
    KNOWN,
    LIMITED,
    NORMAL,
    PAIRED,
    RINGS_ONLY,
    has_own_rule,
    peers,
    wider_domains,
)
from node.rings.pairing import clean_domain

BLOCKS, ALLOWS = "blocks", "allows"
MOST_BYTES, MOST_LINES = 2 * 1024 * 1024, 20_000
DOMAIN, SEVERITY, COMMENT = "#domain", "#severity", "#public_comment"
HEADER = (DOMAIN, SEVERITY, "#reject_media", "#reject_reports", COMMENT, "#obfuscate")
SEVERITIES = {"suspend": BLOCKED, "silence": LIMITED, "noop": NORMAL}
STRICTNESS = {NORMAL: 0, ALLOWED: 0, LIMITED: 1, RINGS_ONLY: 2, BLOCKED: 3}


@dataclass(frozen=True)
class Line:
    """One server of a list, as it stood there."""

    number: int
    domain: str
    choice: str
    reason: str = ""


@dataclass(frozen=True)
class Bad:
    """A line that cannot be used, and why."""

    number: int
    text: str
    why: str


@dataclass(frozen=True)
class Change:
    """What a line does; `reaches` are servers below it that we know and that follow its rule."""

    line: Line
    before: str
    is_partner: bool
    reaches: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All that an import will do, and all that it will not."""

    kind: str
    changes: tuple[Change, ...]
    partners: tuple[Change, ...]  # only when named again by who imports
    kept: tuple[Line, ...]  # has a rule as strict already
    own: tuple[Line, ...]
    idle: tuple[Line, ...]  # a line that asks for nothing
    bad: tuple[Bad, ...]


# --- reading -------------------------------------------------------------------------------------


def read_list(data: bytes, kind: str) -> tuple[list[Line], list[Bad]]:
    """The lines of a file; raises Invalid when it is no such list at all."""
    if len(data) > MOST_BYTES:
        raise Invalid(list=msg("The list is larger than 2 MB. Split it."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(list=msg("This is no text in UTF-8. Save the list as CSV in UTF-8.")) from error
    rows = _read_rows(text)
    if len(rows) > MOST_LINES:
        raise Invalid(list=msg("The list has more than %(most)s lines. Split it.", most=MOST_LINES))
    header = _header_of(rows, kind)
    return _read_lines(rows[1:] if header else rows, header or [DOMAIN], kind)


def _read_rows(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        number = reader.line_num
        raise Invalid(
            list=msg("Line %(number)s is not CSV: %(why)s", number=number, why=str(error))
        ) from error
    return [(number, row) for number, row in rows if any(cell.strip() for cell in row)]


def _header_of(rows: Sequence[tuple[int, list[str]]], kind: str) -> list[str] | None:
    """Mastodon reads a list without a header as domains alone, and so do we."""
    first = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    if DOMAIN not in first:
        return None
    if kind == ALLOWS and SEVERITY in first:
        raise Invalid(list=msg("This is a list of blocks. Choose blocks, or another file."))
    return first


def _read_lines(
    rows: Sequence[tuple[int, list[str]]], header: Sequence[str], kind: str
) -> tuple[list[Line], list[Bad]]:
    lines: dict[str, Line] = {}
    bad: list[Bad] = []
    for number, row in rows:
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        try:
            line = _read_line(number, cells, kind)
            if lines.setdefault(line.domain, line).choice != line.choice:
                raise Invalid(domain=msg("This domain stands in the list twice, with different words."))
        except Invalid as error:
            shown = clean_reason(" ".join(row))[:60]
            bad.append(Bad(number, shown, next(iter(error.fields.values()))))
    return list(lines.values()), bad


def _read_line(number: int, cells: dict[str, str], kind: str) -> Line:
    domain = _read_domain(cells.get(DOMAIN, ""))
    if kind == ALLOWS:
        return Line(number, domain, ALLOWED)
    severity = cells.get(SEVERITY, "suspend").lower() or "suspend"
    if severity not in SEVERITIES:
        raise Invalid(domain=msg("The severity is suspend, silence or noop."))
    return Line(number, domain, SEVERITIES[severity], clean_reason(cells.get(COMMENT, "")))


def _read_domain(text: str) -> str:
    if "*" in text:
        raise Invalid(
            domain=msg("A star hides part of the domain. A domain covers what is below it by itself.")
        )
    if not text or any(sign in "/\\@?#" or sign.isspace() for sign in text):
        raise Invalid(domain=msg("This is no domain."))
    try:
        return clean_domain(text.rstrip("."))
    except Invalid as error:
        raise Invalid(domain=msg("This is no domain.")) from error


# --- before it happens ---------------------------------------------------------------------------


def plan_import(db: Connection, node: Identity, kind: str, data: bytes) -> Plan:
    """What a list would change; nothing is changed. Rules that are there are never made weaker."""
    lines, bad = read_list(data, kind)
    known = {row.domain: row for row in db.execute(select(peers))}
    rules = wide_rules(db)
    own = [line for line in lines if line.domain == node.domain]
    idle = [line for line in lines if line.choice == NORMAL and line not in own]
    rest = [line for line in lines if line not in own and line.choice != NORMAL] if own or idle else lines
    kept = [line for line in rest if _is_kept(line, known.get(line.domain), rules)]
    dropped = {line.number for line in kept}
    left = [line for line in rest if line.number not in dropped]
    reached = {} if kind == ALLOWS else reached_from(db, {line.domain for line in left})
    changes = [_change(line, known.get(line.domain), reached) for line in left]
    return Plan(
        kind=kind,
        changes=tuple(change for change in changes if not change.is_partner),
        partners=tuple(change for change in changes if change.is_partner),
        kept=tuple(kept),
        own=tuple(own),
        idle=tuple(idle),
        bad=tuple(bad),
    )


def _is_kept(line: Line, peer: Row[Any] | None, rules: dict[str, str]) -> bool:
    """There is a rule at least as strict, its own or a wider domain's; a rule is no reason to allow."""
    now_is = NORMAL if peer is None else standing(peer)
    wider = [] if peer is not None and peer.state == PAIRED else wider_domains(line.domain)
    above = next((rules[name] for name in wider if name in rules), NORMAL)
    if line.choice == ALLOWED:
        return now_is != NORMAL or above != NORMAL
    return max(STRICTNESS[now_is], STRICTNESS[above]) >= STRICTNESS[line.choice]


def _change(line: Line, peer: Row[Any] | None, reached: dict[str, list[str]]) -> Change:
    before = NORMAL if peer is None else standing(peer)
    is_partner = peer is not None and peer.state == PAIRED
    return Change(line, before, is_partner, tuple(reached.get(line.domain, ())))


def apply_import(
    db: Connection, node: Identity, kind: str, data: bytes, *, partners: Collection[str] = ()
) -> Plan:
    """Do what the plan says, in the caller's transaction; partners only those named here once more."""
    plan = plan_import(db, node, kind, data)
    wanted = [*plan.changes, *(change for change in plan.partners if change.line.domain in partners)]
    known = {row.domain: row for row in db.execute(select(peers))}
    fresh = [change.line for change in wanted if change.line.domain not in known]
    if fresh:
        db.execute(insert(peers), [_row(line) for line in fresh])
    for change in wanted:
        peer = known.get(change.line.domain)
        if peer is not None:
            reason = change.line.reason or peer.reason
            rule_server(db, node, peer.id, change.line.choice, reason=reason, comment=peer.comment)
    settle_below(db, node)
    return plan


def _row(line: Line) -> dict[str, Any]:
    moment = now()
    return {
        "id": new_id(),
        "domain": line.domain,
        "state": BLOCKED if line.choice == BLOCKED else KNOWN,
        "policy": NORMAL if line.choice == BLOCKED else line.choice,
        "reason": line.reason,
        "ruled_at": moment,
        "created_at": moment,
    }


# --- writing -------------------------------------------------------------------------------------


def export_list(db: Connection, kind: str) -> str:
    """Our own rules as Mastodon writes them. It has no word for rings only: such servers are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    rows = db.execute(select(peers).where(has_own_rule()).order_by(peers.c.domain)).all()
    words = {choice: severity for severity, choice in SEVERITIES.items()}
    if kind == ALLOWS:
        writer.writerow([DOMAIN])
        writer.writerows([row.domain] for row in rows if standing(row) == ALLOWED)
        return text.getvalue()
    writer.writerow(HEADER)
    for row in rows:
        if standing(row) in (BLOCKED, LIMITED):
            severity = words[standing(row)]
            writer.writerow([row.domain, severity, "false", "false", row.reason, "false"])
    return text.getvalue()


def count_left_out(db: Connection) -> int:
    """How many servers with rings only an export does not hold."""
    return len(db.execute(select(peers.c.id).where(has_own_rule(), peers.c.policy == RINGS_ONLY)).all())
