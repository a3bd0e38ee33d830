"""The options that many commands share."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from node.errors import Invalid
from node.i18n import msg

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="LEERKRING_HOME", file_okay=False, help="The node's folder."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
By = Annotated[str | None, typer.Option("--as", help="Handle of the member who does this.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]


def read_password(from_stdin: bool, *, twice: bool = False) -> str:
    """A password, typed unseen or read from the first line of standard input."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid(password=msg("There is nobody to ask a password. Use --password-stdin."))
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True))
