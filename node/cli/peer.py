"""`leerkring peer`: other nodes and fediverse servers, and what this node does with each."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Row

from node.admin.lists import (
    ALLOWS,
    BLOCKS,
    Bad,
    Change,
    Plan,
    apply_import,
    count_left_out,
    export_list,
    plan_import,
)
from node.admin.servers import (
    check_forgettable,
    count_ending,
    forget_server,
    server_named,
    set_federation,
    set_standing,
    standing,
    ties_with,
)
from node.cli.options import Home, Json
from node.cli.site import columns, opened
from node.errors import Conflict, Invalid
from node.i18n import Message, msg
from node.identity import ALLOW_LIST, OPEN_FEDERATION
from node.peers import ALLOWED, BLOCKED, LIMITED, NORMAL, PAIRED, RINGS_ONLY, get_peer, list_peers

commands = typer.Typer(
    help="Other servers: list them, allow, limit or block one, forget one.", no_args_is_help=True
)

Domain = Annotated[str, typer.Argument(help="The server's domain.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; goes along in an export.")]
Comment = Annotated[str, typer.Option("--comment", help="For your own admins only.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this you only see what would happen.")]
Kind = Annotated[str, typer.Option("--kind", help="blocks or allows.")]


def _rule(home: Path | None, domain: str, choice: str, text: Message, as_json: bool, **words: str) -> None:
    with opened(home) as site, site.writing() as db:
        node = site.node(db)
        peer_id = server_named(db, node, domain)
        set_standing(db, node, peer_id, choice, **words)
        peer = get_peer(db, peer_id)
        found = {"domain": peer.domain, "standing": standing(peer) or "normal", "ruled_by": peer.ruled_by}
    site.answer(as_json, found, text)


@commands.command()
def block(
    domain: Domain, reason: Reason = "", comment: Comment = "", home: Home = None, as_json: Json = False
) -> None:
    """Refuse everything from a server and what is below its domain; it is out of every ring at once.

    Nothing goes there any more but deletions, and what is here of it is hidden.
    """
    text = msg("%(domain)s is blocked.", domain=domain)
    _rule(home, domain, BLOCKED, text, as_json, reason=reason, comment=comment)


@commands.command()
def unblock(domain: Domain, home: Home = None, as_json: Json = False) -> None:
    """End a block. Rings with it do not come back: for that both directors pair again."""
    _rule(home, domain, NORMAL, msg("%(domain)s is not blocked any more.", domain=domain), as_json)


@commands.command()
def normal(domain: Domain, home: Home = None, as_json: Json = False) -> None:
    """No rule of its own any more: a server like all others."""
    _rule(home, domain, NORMAL, msg("%(domain)s is a server like all others.", domain=domain), as_json)


@commands.command()
def allow(
    domain: Domain, reason: Reason = "", comment: Comment = "", home: Home = None, as_json: Json = False
) -> None:
    """Put a server on the list of those that open posts are exchanged with, also below a blocked domain."""
    text = msg("%(domain)s is on the list.", domain=domain)
    _rule(home, domain, ALLOWED, text, as_json, reason=reason, comment=comment)


@commands.command()
def limit(
    domain: Domain, reason: Reason = "", comment: Comment = "", home: Home = None, as_json: Json = False
) -> None:
    """Show what is open there only to those who follow its author, and ask before it follows somebody."""
    text = msg("%(domain)s is limited.", domain=domain)
    _rule(home, domain, LIMITED, text, as_json, reason=reason, comment=comment)


@commands.command("rings-only")
def rings_only(
    domain: Domain, reason: Reason = "", comment: Comment = "", home: Home = None, as_json: Json = False
) -> None:
    """Exchange nothing open with a server; what is shared in rings goes on."""
    text = msg("With %(domain)s only what is in rings is exchanged.", domain=domain)
    _rule(home, domain, RINGS_ONLY, text, as_json, reason=reason, comment=comment)


@commands.command()
def forget(domain: Domain, yes: Yes = False, home: Home = None, as_json: Json = False) -> None:
    """Remove what is known of a server that is no partner: its people, the follows, what waits for it."""
    with opened(home) as site, site.writing() as db:
        node = site.node(db)
        peer = get_peer(db, server_named(db, node, domain))
        check_forgettable(db, peer)
        ties = ties_with(db, peer)
        if yes:
            forget_server(db, node, peer.id)
    about = {"domain": peer.domain, "follows": ties.follows, "people": ties.people, "posts": ties.posts}
    text = msg(
        "%(domain)s: %(people)s people are forgotten, %(follows)s follows end, %(posts)s posts stay.", **about
    )
    site.answer(as_json, {**about, "done": yes}, text, *([] if yes else [_ASK]))


_ASK = msg("Nothing has been done yet. Add --yes to do it.")


@commands.command()
def federation(
    mode: Annotated[str, typer.Argument(help="open, or list; nothing: what it is now.")] = "",
    yes: Yes = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """With whom open posts are exchanged: every server, or those on the list. Rings stay as they are."""
    wanted = {"": "", "open": OPEN_FEDERATION, "list": ALLOW_LIST}.get(mode)
    if wanted is None:
        raise Invalid(mode=msg("Say open or list."))
    with opened(home) as site, site.writing() as db:
        node = site.node(db)
        ending = count_ending(db) if wanted == ALLOW_LIST and node.federation != ALLOW_LIST else 0
        if wanted and yes:
            set_federation(db, node, wanted)
    now_is = wanted if wanted and yes else node.federation
    found = {"federation": now_is, "follows_ending": ending, "done": bool(wanted) and yes}
    lines = [FEDERATIONS[now_is]]
    if wanted and not yes:
        lines += [msg("%(follows)s follows end.", follows=ending), _ASK]
    site.answer(as_json, found, *lines)


FEDERATIONS = {
    OPEN_FEDERATION: msg("Open posts are exchanged with every server."),
    ALLOW_LIST: msg("Open posts are exchanged with the servers on the list only."),
}


@commands.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A CSV file as Mastodon's.")],
    kind: Kind = BLOCKS,
    yes: Yes = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Pass over lines that are wrong.")] = False,
    partner: Annotated[list[str] | None, typer.Option(help="A partner it may touch; repeat it.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Import a list of blocks or of allowed servers. Rules that are there never become weaker."""
    _check_kind(kind)
    partners = partner or []
    with opened(home) as site, site.writing() as db:
        data = source.read_bytes()
        plan = plan_import(db, site.node(db), kind, data)
        if plan.bad and yes and not skip_bad:
            lines = "\n".join(_bad_words(line) for line in plan.bad)
            raise Conflict(
                msg("Nothing has been done, these lines are wrong (--skip-bad):\n%(lines)s", lines=lines)
            )
        if yes:
            apply_import(db, site.node(db), kind, data, partners=partners)
    site.answer(as_json, _plan_data(plan, yes), *_plan_lines(plan, partners), *([] if yes else [_ASK]))


def _check_kind(kind: str) -> None:
    if kind not in (BLOCKS, ALLOWS):
        raise Invalid(kind=msg("The kind is blocks or allows."))


def _bad_words(line: Bad) -> Message:
    return msg("Line %(number)s (%(words)s): %(why)s", number=line.number, words=line.text, why=line.why)


def _plan_data(plan: Plan, done: bool) -> dict[str, Any]:
    return {
        "done": done,
        "changes": [_change_data(change) for change in plan.changes],
        "partners": [_change_data(change) for change in plan.partners],
        "kept": [line.domain for line in plan.kept],
        "own": [line.domain for line in plan.own],
        "nothing_asked": [line.domain for line in plan.idle],
        "bad": [{"line": line.number, "text": line.text, "why": str(line.why)} for line in plan.bad],
    }


def _change_data(change: Change) -> dict[str, Any]:
    return {
        "domain": change.line.domain,
        "from": change.before or "normal",
        "to": change.line.choice,
        "reaches": change.reaches,
    }


def _plan_lines(plan: Plan, partners: list[str]) -> list[str]:
    lines = [f"{change.line.choice}\t{change.line.domain}" for change in plan.changes]
    for change in plan.partners:
        name = change.line.domain
        touched = name in partners
        text = msg("%(domain)s is a partner: it changes too.", domain=name)
        lines.append(
            text if touched else msg("%(domain)s is a partner and stays as it is (--partner).", domain=name)
        )
    lines += [msg("%(domain)s is your own node and stays as it is.", domain=line.domain) for line in plan.own]
    lines += [_bad_words(line) for line in plan.bad]
    kept = len(plan.kept) + len(plan.idle)
    return [*lines, msg("%(count)s lines change nothing.", count=kept)]


@commands.command()
def export(kind: Kind = BLOCKS, home: Home = None, as_json: Json = False) -> None:
    """Print your own rules as a CSV file that Mastodon reads too."""
    _check_kind(kind)
    with opened(home) as site, site.reading() as db:
        made = export_list(db, kind)
        site.answer(as_json, list(csv.DictReader(io.StringIO(made))), made.rstrip("\n"))
        left_out = count_left_out(db) if kind == BLOCKS else 0
        if left_out:
            text = msg(
                "Left out, for Mastodon has no word for it: %(count)s with rings only.", count=left_out
            )
            site.say(text, err=True)


@commands.command("list")
def list_all(home: Home = None, as_json: Json = False) -> None:
    """Show the servers that this node knows, what it does with each, and how sending goes."""
    with opened(home) as site, site.reading() as db:
        rows = [_described(row) for row in list_peers(db)]
    lines = [columns(row, "domain", "state", "standing", "name", "trouble") for row in rows]
    site.answer(as_json, rows, *lines)


def _described(row: Row[Any]) -> dict[str, Any]:
    return {
        "domain": row.domain,
        "name": row.name or "",
        "state": row.state,
        "is_partner": row.state == PAIRED,
        "standing": standing(row) or "normal",
        "ruled_by": row.ruled_by,
        "reason": row.reason,
        "succeeded_at": row.succeeded_at,
        "failures": row.failures,
        "trouble": row.last_error or "",
    }
