"""`leerkring departures`: the log of everything that left this node."""

from enum import StrEnum
from typing import Annotated

import typer

from node.admin.exports import export_departures
from node.cli.options import Home, Json
from node.cli.site import opened
from node.departures import verify_departures
from node.i18n import msg

commands = typer.Typer(help="The log of what left: check it, save it.", no_args_is_help=True)


class Form(StrEnum):
    jsonl = "jsonl"
    csv = "csv"


@commands.command()
def verify(home: Home = None, as_json: Json = False) -> None:
    """Check the chain of the log: a line changed, cut out or put in between is found."""
    with opened(home) as site, site.reading() as db:
        found = verify_departures(db)
    is_whole = found.broken_at is None
    text = (
        msg("%(lines)s lines, unbroken. The last is %(head)s.", lines=found.lines, head=found.head)
        if is_whole
        else msg("The log of what left is broken at line %(line)s.", line=found.broken_at)
    )
    data = {"ok": is_whole, "lines": found.lines, "head": found.head, "broken_at": found.broken_at}
    site.answer(as_json, data, text)
    if not is_whole:
        raise typer.Exit(1)


@commands.command()
def export(
    form: Annotated[Form, typer.Option("--format", help="JSON lines or CSV.")] = Form.jsonl,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write every line to standard output."""
    with opened(home) as site, site.reading() as db:
        for line in export_departures(db, "jsonl" if as_json else form.value):
            typer.echo(line, nl=False)
