"""`leerkring init` and `leerkring domain`: a new home, and another name for one that nobody knows yet."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from node import identity
from node.admin.domain import change_domain, checked_domain, is_local_name, port_of
from node.app import open_home
from node.cli.options import Home, Json
from node.cli.site import Site, is_made, load_settings, opened
from node.db import writing
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.settings import write_config

TRIAL_NAME = "Leerkring"


class Kind(StrEnum):
    firm = "firm"
    hub = "hub"


def make_home(home: Path | None, *, domain: str, name: str, kind: str, local: bool, port: int) -> str:
    """A new home with its settings, tables and keys; returns the domain as it is stored."""
    domain = checked_domain(domain, local=local)
    if not name.strip() or len(name) > 80:
        raise Invalid(name=msg("Fill in a name of at most 80 characters."))
    found = load_settings(home, local=local, port=port)
    if is_made(found) and not found.database:
        raise Conflict(msg("There is a node in %(home)s already.", home=found.home))
    found.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_config(found.home, local=local, port=port)
    engine = open_home(found)
    with writing(engine) as db:
        if identity.find_row(db) is not None:
            raise Conflict(msg("There is a node in %(home)s already.", home=found.home))
        identity.create(db, name=name.strip(), domain=domain, kind=kind)
    engine.dispose()
    return domain


def init(
    domain: Annotated[
        str, typer.Option(help="Name it is reached at, e.g. leren.bedrijf.nl; stays for good.")
    ],
    name: Annotated[str, typer.Option(help="Name of the firm or sector body.")],
    kind: Annotated[Kind, typer.Option(help="A firm's node or a sector's hub.")] = Kind.firm,
    local: Annotated[
        bool, typer.Option("--local", help="A trial on this computer only, plain http.")
    ] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a new node in an empty home."""
    domain, port = _with_port(domain, port) if local else (domain, port or 8000)
    stored = make_home(home, domain=domain, name=name, kind=kind, local=local, port=port)
    with opened(home) as site:
        site.answer(
            as_json,
            {"domain": stored, "home": str(site.settings.home)},
            msg("%(domain)s is made in %(home)s.", domain=stored, home=site.settings.home),
            msg("Now make an admin (`leerkring member add HANDLE --name NAME --role admin --role director`)"),
            msg("or run `leerkring serve` and open the address that it prints."),
        )


def _with_port(domain: str, port: int | None) -> tuple[str, int]:
    """A trial is reached at its own port, so that belongs to its name."""
    domain = domain.strip().casefold()
    if ":" not in domain:
        port = port or 8000
        return (domain if port == 80 else f"{domain}:{port}"), port
    if is_local_name(domain) and port not in (None, port_of(domain)):
        raise Invalid(port=msg("The port in --domain and --port differ. Give one of them."))
    return domain, port_of(domain) if is_local_name(domain) else port or 8000


def domain(
    name: Annotated[str, typer.Argument(help="The new name, e.g. leren.bedrijf.nl.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Change the domain; possible until another server has had anything to do with this one."""
    local = is_local_name(name.strip().casefold())
    with opened(home) as site:
        with site.writing() as db:
            changed = change_domain(db, name, local=local)
        write_config(site.settings.home, local=local, **({"port": port_of(changed)} if local else {}))
        _tell(site, changed, local, as_json)


def _tell(site: Site, changed: str, local: bool, as_json: bool) -> None:
    scheme = "http" if local else "https"
    lines = [msg("This node is now %(base)s. Start it again.", base=f"{scheme}://{changed}")]
    if not local:
        lines.append(msg("Put a proxy with a certificate in front of it (README, Behind a proxy)."))
    site.answer(as_json, {"domain": changed, "local": local}, *lines)
