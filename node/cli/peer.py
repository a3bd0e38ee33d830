"""`leerkring peer`: other nodes and fediverse servers."""

from typing import Annotated, Any

import typer
from sqlalchemy import Row

from node.cli.options import Home, Json
from node.cli.site import columns, opened
from node.i18n import msg
from node.peers import keep_peer, list_peers
from node.rings.pairing import clean_domain
from node.rings.rosters import block_peer

commands = typer.Typer(help="Other servers: list them, block one.", no_args_is_help=True)


@commands.command()
def block(
    domain: Annotated[str, typer.Argument(help="The server's domain.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Refuse everything from a server and send it nothing but deletions; it is out of every ring at once."""
    with opened(home) as site, site.writing() as db:
        name = clean_domain(domain)
        block_peer(db, keep_peer(db, name))
    site.answer(as_json, {"domain": name, "state": "blocked"}, msg("%(domain)s is blocked.", domain=name))


@commands.command("list")
def list_all(home: Home = None, as_json: Json = False) -> None:
    """Show the servers that this node knows, and how sending to them goes."""
    with opened(home) as site, site.reading() as db:
        rows = [_described(row) for row in list_peers(db)]
    lines = [columns(row, "domain", "state", "name", "trouble") for row in rows]
    site.answer(as_json, rows, *lines)


def _described(row: Row[Any]) -> dict[str, Any]:
    return {
        "domain": row.domain,
        "name": row.name or "",
        "state": row.state,
        "succeeded_at": row.succeeded_at,
        "failures": row.failures,
        "trouble": row.last_error or "",
    }
