"""`leerkring restored`: how it goes with the partners after a copy of this node was put back."""

from typing import Annotated, Any

import typer
from sqlalchemy import Row

from node.cli.options import By, Home, Json, PasswordStdin, read_password
from node.cli.site import Site, acting, columns, opened
from node.errors import NotFound
from node.i18n import msg, translate
from node.rings import restoring
from node.rings.restore_rows import is_silent, restores_with_names

commands = typer.Typer(help="After a restore: which partners answered.", no_args_is_help=True)


@commands.command()
def show(home: Home = None, as_json: Json = False) -> None:
    """Show which partners told what this node forgot."""
    with opened(home) as site, site.reading() as db:
        rows = [_described(site, row) for row in restores_with_names(db)]
        site.answer(as_json, rows, *(columns(row, "domain", "state", "error") for row in rows))


def _described(site: Site, row: Row[Any]) -> dict[str, Any]:
    ended = "open" if row.answered_at is not None else "closed" if row.passed_at is not None else ""
    return {
        "domain": row.domain,
        "state": ended or ("silent" if is_silent(row) else "waiting"),
        "since": row.since_at,
        "lost": row.lost,
        "error": translate(site.settings.language, row.error) if row.error else "",
    }


@commands.command("go-on")
def go_on(
    domains: Annotated[list[str], typer.Argument(help="Partners that were silent for 7 days.")],
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Open the rings without partners that stay silent; those stay closed until they answer."""
    with opened(home) as site:
        with site.reading() as db:
            director = acting(db, by, "director")
            known = {row.domain: int(row.peer_id) for row in restores_with_names(db)}
        if not known.keys() >= set(domains):
            raise NotFound(msg("Nobody is waited for by that name. See `leerkring restored show`."))
        password = read_password(password_stdin)
        with site.writing() as db:
            chosen = [known[domain] for domain in domains]
            restoring.go_on_without(db, site.node(db), director.actor_id, password, chosen)
        text = msg("You go on without them. Nothing goes there until they answer.")
        site.answer(as_json, {"without": domains}, text)
