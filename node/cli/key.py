"""`leerkring key`: the key that partners know this node by, and a new one."""

import typer

from node import identity
from node.cli.options import By, Home, Json, PasswordStdin, read_password
from node.cli.site import acting, opened
from node.i18n import msg
from node.identity import SELF
from node.rings import rotation
from node.rings.keys import former

commands = typer.Typer(help="The key that partners know this node by.", no_args_is_help=True)


@commands.command()
def show(home: Home = None, as_json: Json = False) -> None:
    """Show the key, and which partners do not know it yet."""
    with opened(home) as site, site.reading() as db:
        node = site.node(db)
        before = [{"key": row.key, "until": row.until_at} for row in former(db, SELF)]
        behind = [peer.domain for peer, knows in rotation.knowers(db, node) if not knows]
        lines = [msg("This node's key is %(key)s.", key=node.multikey)]
        lines += [msg("%(domain)s does not know it yet.", domain=domain) for domain in behind]
        site.answer(as_json, {"key": node.multikey, "former": before, "untold": behind}, *lines)


@commands.command()
def rotate(
    by: By = None, password_stdin: PasswordStdin = False, home: Home = None, as_json: Json = False
) -> None:
    """Make a new key, signed for by the old one; asks your password. Stolen? Then also pair again."""
    with opened(home) as site:
        with site.reading() as db:
            director = acting(db, by, "director")
        password = read_password(password_stdin)
        with site.writing() as db:
            made = rotation.rotate(db, site.node(db), director.actor_id, password)
        site.answer(
            as_json,
            {"key": made["new"], "old": made["old"]},
            msg("This node's key is %(key)s.", key=made["new"]),
            msg("The partners are told by leerkring serve. Was it stolen? Then also pair again with each."),
        )


@commands.command("rotate-rsa")
def rotate_rsa(
    by: By = None, password_stdin: PasswordStdin = False, home: Home = None, as_json: Json = False
) -> None:
    """Make a new RSA key, which this node shows to other software; that reads it anew by itself."""
    with opened(home) as site:
        with site.reading() as db:
            director = acting(db, by, "director")
        password = read_password(password_stdin)
        with site.writing() as db:
            rotation.rotate_rsa(db, director.actor_id, password)
            made = identity.load(db, site.settings.scheme).rsa_public_pem
        site.answer(as_json, {"key": made}, msg("This node has a new RSA key."))
