"""`leerkring pair`: two nodes come to trust each other's keys, by a code and two words over the phone."""

import asyncio
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from node.cli.options import By, Home, Json, PasswordStdin, read_password
from node.cli.site import Site, acting, columns, opened
from node.errors import Invalid, NotFound
from node.i18n import msg, translate
from node.identity import Identity
from node.rings import pairing
from node.rings.pairing_talks import advance
from node.web.formats import format_local

commands = typer.Typer(help="Pair with another node; its directors do the same there.", no_args_is_help=True)

Domain = Annotated[str, typer.Argument(help="The other node's domain.")]
Name = Annotated[str, typer.Option(help="What you call that firm.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the pairing (`leerkring pair list`).")]


@commands.command()
def invite(domain: Domain, name: Name, by: By = None, home: Home = None, as_json: Json = False) -> None:
    """Make a code of 8 characters, good for 24 hours; read it to the other director over the phone."""
    with opened(home) as site:
        with site.writing() as db:
            made = pairing.invite(db, site.node(db), acting(db, by, "director").actor_id, domain, name)
        until = format_local(made.expires_at, site.settings.language)
        site.answer(
            as_json,
            {"id": str(made.id), "domain": made.domain, "code": made.code, "expires_at": made.expires_at},
            msg("Pairing %(id)s with %(domain)s.", id=made.id, domain=made.domain),
            msg("Code: %(code)s, until %(until)s. Read it over the phone.", code=made.code, until=until),
        )


@commands.command()
def accept(
    domain: Domain,
    code: Annotated[str, typer.Argument(help="The code that the other director reads out.")],
    name: Name,
    by: By = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take an invitation of another node."""
    with opened(home) as site:
        with site.writing() as db:
            director = acting(db, by, "director")
            made = pairing.accept(db, site.node(db), director.actor_id, domain, name, code)
        asyncio.run(_advance(site, made))
        with site.reading() as db:
            _answer(site, db, made, as_json)


@commands.command()
def words(pairing_id: Number, home: Home = None, as_json: Json = False) -> None:
    """Show your six words, and which two of theirs to type."""
    with opened(home) as site, site.reading() as db:
        row = _pairing(db, pairing_id)
        pairing.our_words(site.node(db), row)
        _answer(site, db, pairing_id, as_json)


@commands.command()
def confirm(
    pairing_id: Number,
    first: Annotated[str, typer.Argument(help="The first word asked for.")],
    second: Annotated[str, typer.Argument(help="The second word asked for.")],
    by: By = None,
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Type the two words that the other director reads out; asks your password."""
    with opened(home) as site:
        with site.reading() as db:
            director = acting(db, by, "director")
            _pairing(db, pairing_id)
        password = read_password(password_stdin)
        with site.writing() as db:
            are_right = pairing.confirm(
                db, site.node(db), director.actor_id, password, pairing_id, (first, second)
            )
        if not are_right:
            raise Invalid(words=msg("These are not the words. Ask the other director to read them again."))
        asyncio.run(_advance(site, pairing_id))
        with site.reading() as db:
            _answer(site, db, pairing_id, as_json)


@commands.command("list")
def list_all(home: Home = None, as_json: Json = False) -> None:
    """Show pairings, the newest first."""
    with opened(home) as site, site.reading() as db:
        node = site.node(db)
        rows = [_described(site, node, row) for row in pairing.list_pairings(db)]
    lines = [columns(row, "id", "domain", "name", "state", "error") for row in rows]
    site.answer(as_json, rows, *lines)


@commands.command()
def withdraw(pairing_id: Number, by: By = None, home: Home = None, as_json: Json = False) -> None:
    """Stop a pairing before it is done."""
    with opened(home) as site:
        with site.writing() as db:
            _pairing(db, pairing_id)
            pairing.withdraw(db, acting(db, by, "director").actor_id, pairing_id)
        asyncio.run(_advance(site, pairing_id))
        with site.reading() as db:
            _answer(site, db, pairing_id, as_json)


async def _advance(site: Site, pairing_id: int) -> None:
    """Tell the other node at once; what does not work now is told again by the workers."""
    async with site.sender as sender:
        await advance(site.network(sender), pairing_id)


def _pairing(db: Connection, pairing_id: int) -> Row[Any]:
    try:
        return pairing.get_pairing(db, pairing_id)
    except NotFound as error:
        text = msg("There is no pairing %(id)s. See `leerkring pair list`.", id=pairing_id)
        raise NotFound(text) from error


def _answer(site: Site, db: Connection, pairing_id: int, as_json: bool) -> None:
    found = _described(site, site.node(db), pairing.get_pairing(db, pairing_id))
    lines = [msg("Pairing %(id)s with %(domain)s: %(state)s.", **found)]
    if found["words"]:
        lines.append(msg("Read these words out: %(words)s", words=" ".join(found["words"])))
    if found["state"] == pairing.WORDS:
        places = " ".join(str(place) for place in found["asked"])
        lines.append(msg("Type their words number %(places)s: leerkring pair confirm", places=places))
    site.answer(as_json, found, *lines, *filter(None, [found["error"]]))


def _described(site: Site, node: Identity, row: Row[Any]) -> dict[str, Any]:
    state = pairing.state_of(row)
    shown = pairing.our_words(node, row) if state in (pairing.WORDS, pairing.CONFIRMED) else ()
    return {
        "id": str(row.id),
        "domain": row.domain,
        "name": row.name,
        "state": state,
        "words": list(shown),
        "asked": [int(place) for place in (row.asked_places or "").split()],
        "error": translate(site.settings.language, row.error) if row.error else "",
        "expires_at": row.expires_at,
    }
