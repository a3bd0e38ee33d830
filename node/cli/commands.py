"""All commands together, and how their errors are said: 2 for wrong use, 1 for what failed."""

from collections.abc import Sequence

import typer
from sqlalchemy.exc import OperationalError

from federation.errors import FederationError
from node.cli import (
    check,
    departures,
    gate,
    homes,
    keeping,
    key,
    member,
    pair,
    peer,
    post,
    restored,
    ring,
    roster,
    serving,
    topic,
)
from node.cli.site import WrongUse, words_of
from node.errors import NodeError
from node.i18n import DEFAULT_LANGUAGE, msg, translate
from node.migrations.upgrade import UpgradeFailed

FAILED, WRONG_USE = 1, 2

commands = typer.Typer(
    name="leerkring",
    help="A learning-community node that a company hosts itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for function in (
    homes.init,
    homes.domain,
    serving.serve,
    serving.work,
    post.post,
    keeping.backup,
    keeping.restore,
    keeping.doctor,
):
    commands.command()(function)
ring.commands.command()(roster.roster)
ring.commands.command()(roster.renew)
ring.commands.command()(roster.remind)
commands.command("check-rings")(check.check_rings_)
for noun in (member, pair, peer, ring, gate, topic, departures, key, restored):
    commands.add_typer(noun.commands, name=noun.__name__.rpartition(".")[2])


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        commands(args=list(arguments), prog_name="leerkring")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else FAILED
    except WrongUse as error:
        return _complain(str(error), WRONG_USE)
    except NodeError as error:
        return _complain(words_of(error, DEFAULT_LANGUAGE), WRONG_USE)
    except FederationError as error:
        return _complain(msg("The other server: %(why)s", why=error), FAILED)
    except OperationalError as error:
        return _complain(msg("The database does not answer: %(why)s", why=type(error.orig).__name__), FAILED)
    except UpgradeFailed:
        text = msg("The database was made by a newer version of Leerkring. Update Leerkring first.")
        return _complain(text, FAILED)
    except OSError as error:
        return _complain(f"{error.filename or type(error).__name__}: {error.strerror}", FAILED)
    return 0


def _complain(text: str, code: int) -> int:
    typer.echo(translate(DEFAULT_LANGUAGE, text), err=True)
    return code
