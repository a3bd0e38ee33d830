"""`leerkring backup`, `restore` and `doctor`: keeping a node whole."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from node.admin.backup import make_backup
from node.admin.doctor import Finding, examine
from node.admin.reach import check_address
from node.admin.restore import restore_backup
from node.app import open_home
from node.cli.options import Home, Json
from node.cli.site import Site, load_settings, opened
from node.i18n import msg, translate


def backup(
    target: Annotated[Path, typer.Argument(help="A new file, or a folder that gets one with the time.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a backup of one moment, media included; the node may keep running."""
    with opened(home) as site:
        made = make_backup(site.engine, site.settings, target)
        lines = [msg("The backup is in %(path)s (%(files)s files).", path=made.path, files=made.files)]
        lines += [msg("Already gone before the backup: media/%(name)s.", name=name) for name in made.missing]
        site.answer(as_json, asdict(made), *lines)


def restore(
    source: Annotated[Path, typer.Argument(help="A backup.")],
    database: Annotated[
        str | None, typer.Option(help="Another database than its settings name; empty for SQLite.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Put a backup into an empty home. The rings open once the partners have told what it forgot."""
    found = load_settings(home)
    manifest = restore_backup(source, found.home, open_home, database=database)
    with opened(home) as site:
        data = {"domain": manifest.domain, "taken_at": manifest.taken_at, "home": str(site.settings.home)}
        site.answer(
            as_json,
            data,
            msg("%(domain)s is back as it was on %(at)s.", domain=manifest.domain, at=manifest.taken_at),
            msg("Everyone must log in again."),
            msg("The rings open once the partners have told what this copy forgot."),
            msg("See `leerkring restored show`, or the page /restored."),
        )


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the node's own address.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Look whether everything works and say what to do; exit code 1 when something needs doing."""
    with opened(home) as site:
        findings = examine(site.engine, site.settings, site.settings.language)
        if not offline:
            findings.append(asyncio.run(_check_address(site)))
        site.answer(as_json, _described(site, findings), *(_line(site, finding) for finding in findings))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def _check_address(site: Site) -> Finding:
    with site.reading() as db:
        node = site.node(db)
    async with site.sender as sender:
        return await check_address(sender, node)


def _described(site: Site, findings: list[Finding]) -> dict[str, object]:
    lines = [
        {
            "about": translate(site.settings.language, finding.about),
            "ok": finding.ok,
            "text": translate(site.settings.language, finding.text),
            "advice": translate(site.settings.language, finding.advice),
        }
        for finding in findings
    ]
    return {"ok": all(finding.ok for finding in findings), "findings": lines}


def _line(site: Site, finding: Finding) -> str:
    words = [translate(site.settings.language, part) for part in (finding.about, finding.text)]
    line = f"{'ok' if finding.ok else '!!'}  {words[0]}: {words[1]}"
    return f"{line}\n    → {translate(site.settings.language, finding.advice)}" if finding.advice else line
