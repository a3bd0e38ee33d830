"""`leerkring check-rings`: does anybody outside get what is not theirs?"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import typer

from node.admin.check_rings import Check, Difference, check_rings, note_check
from node.app import build_app
from node.cli.options import Home, Json
from node.cli.site import Site, opened
from node.i18n import msg


def check_rings_(
    sample: Annotated[int | None, typer.Option(min=1, help="Look at this many things only.")] = None,
    seed: Annotated[int | None, typer.Option(help="Pick the same ones as an earlier time.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read all that is here as anonymous, as a stranger and as each partner; nothing is changed or sent.

    One line for each answer that is not as the table says; exit code 1 when there is one.
    """
    with opened(home) as site:
        check = asyncio.run(
            check_rings(site.settings, build_app, sample=sample, seed=seed, tell=_teller(site))
        )
        note_check(site.settings.home, check)
        site.answer(as_json, asdict(check), *map(_line, check.differences), _summary(check))
    if check.found:
        raise typer.Exit(1)


def _teller(site: Site) -> Callable[[Check], None]:
    def tell(check: Check) -> None:
        if not check.ended_at and sys.stderr.isatty():
            site.say(
                msg("%(done)s of %(total)s things looked at.", done=check.done, total=check.total), err=True
            )

    return tell


def _line(found: Difference) -> str:
    return f"!!  {found.asker}\t{found.path}\t{found.accept}\t{found.expected} → {found.got}"


def _summary(check: Check) -> str:
    return msg(
        "%(done)s things, %(asked)s questions, %(found)s answers not as they should be.",
        done=check.done,
        asked=check.asked,
        found=check.found,
    )
