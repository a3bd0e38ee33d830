"""`leerkring departures`: the log of everything that left this node."""

import asyncio
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from node.admin.exports import export_departures
from node.admin.witnessed import described
from node.cli.options import Home, Json
from node.cli.site import Site, opened
from node.departures import Verdict, verify_departures
from node.i18n import msg
from node.rings import witnesses
from node.rings.witnesses import Comparison

commands = typer.Typer(help="The log of what left: check it, save it.", no_args_is_help=True)


class Form(StrEnum):
    jsonl = "jsonl"
    csv = "csv"


@commands.command()
def verify(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the partners.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Check the chain of the log: what changed is found, by partners also a rewritten chain."""
    with opened(home) as site:
        with site.reading() as db:
            found = verify_departures(db)
        compared = [] if offline else asyncio.run(_compare(site))
        _tell(site, found, compared, as_json)
    if found.broken_at is not None or any(one is not None and one.differs_at for _, one in compared):
        raise typer.Exit(1)


async def _compare(site: Site) -> list[tuple[str, Comparison | None]]:
    """By partner: our chain beside the heads that it holds; None when it did not say."""
    with site.reading() as db:
        partners = witnesses.witnesses(db)
    async with site.sender as sender:
        shown = [await witnesses.ask_heads(site.network(sender), peer) for peer in partners]
    with site.writing() as db:
        found = [None if heads is None else witnesses.compare(db, heads) for heads in shown]
        for peer, one in zip(partners, found, strict=True):
            if one is not None:
                witnesses.keep_comparison(db, peer, one)
    return [(str(peer.domain), one) for peer, one in zip(partners, found, strict=True)]


def _tell(site: Site, found: Verdict, compared: list[tuple[str, Comparison | None]], as_json: bool) -> None:
    is_whole = found.broken_at is None
    text = (
        msg("%(lines)s lines, unbroken. The last is %(head)s.", lines=found.lines, head=found.head)
        if is_whole
        else msg("The log of what left is broken at line %(line)s.", line=found.broken_at)
    )
    data = {"ok": is_whole, "lines": found.lines, "head": found.head, "broken_at": found.broken_at}
    partners = {domain: None if one is None else asdict(one) for domain, one in compared}
    lines = [_compared(domain, one) for domain, one in compared]
    site.answer(as_json, {**data, "partners": partners}, text, *lines)


def _compared(domain: str, found: Comparison | None) -> str:
    if found is None:
        return msg("%(domain)s did not answer, so its heads were not compared.", domain=domain)
    return described(domain, found.heads, found.differs_at, found.is_restored)


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
