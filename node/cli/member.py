"""`leerkring member`: who may come in."""

from typing import Annotated, Any

import typer
from sqlalchemy import Row

from node.access.ends import read_end, read_end_or_none, set_end
from node.access.logins import find_member, list_members
from node.access.members import (
    INVITE,
    add_member,
    disable_member,
    enable_member,
    finish_setup,
    make_link,
    make_reset,
    set_roles,
)
from node.cli.options import Home, Json, PasswordStdin, read_password
from node.cli.site import columns, member_named, opened
from node.i18n import msg
from node.web.formats import last_day

commands = typer.Typer(help="Members: invite, add, list, disable, help back in.", no_args_is_help=True)

Handle = Annotated[str, typer.Argument(help="Handle of the member.")]
NEVER = "never"
SHOWN = "handle", "name", "roles", "disabled", "until"
Until = Annotated[str, typer.Option(help="The last day here, as 2027-03-31; without it there is none.")]
Roles = Annotated[
    list[str] | None, typer.Option("--role", help="admin, director, editor, moderator or ambassador.")
]


@commands.command()
def invite(
    role: Roles = None,
    note: Annotated[str, typer.Option(help="For whom it is, in your own words.")] = "",
    until: Until = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a link with which one person becomes a member within 7 days."""
    with opened(home) as site, site.writing() as db:
        end = read_end_or_none(until)
        token = make_link(db, INVITE, made_by=None, roles=role or (), note=note, ends_at=end)
        url = f"{site.node(db).base}/invite/{token}"
    site.answer(as_json, {"url": url}, url)


@commands.command()
def add(
    handle: Handle,
    name: Annotated[str, typer.Option(help="First and last name.")],
    mail: Annotated[str | None, typer.Option(help="Mail address.")] = None,
    role: Roles = None,
    until: Until = "",
    password_stdin: PasswordStdin = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a member at once, with a password. The first admin finishes the set-up."""
    with opened(home) as site:
        password = read_password(password_stdin, twice=True)
        with site.writing() as db:
            made = add_member(
                db,
                handle=handle,
                name=name,
                password=password,
                mail=mail,
                roles=role or (),
                ends_at=read_end_or_none(until),
            )
            if "admin" in (role or ()) and site.node(db).ready_at is None:
                finish_setup(db)
    site.answer(as_json, {"id": str(made), "handle": handle}, msg("%(handle)s is a member.", handle=handle))


@commands.command("list")
def list_all(home: Home = None, as_json: Json = False) -> None:
    """Show all members with their roles."""
    with opened(home) as site, site.reading() as db:
        rows = [_described(row) for row in list_members(db)]
    site.answer(as_json, rows, *(columns(row, *SHOWN) for row in rows))


def _described(row: Row[Any]) -> dict[str, Any]:
    return {
        "handle": row.handle,
        "name": row.name,
        "roles": row.roles.split(),
        "disabled": row.disabled_at is not None,
        "until": last_day(row.ends_at).isoformat() if row.ends_at is not None else "",
    }


@commands.command()
def disable(handle: Handle, home: Home = None, as_json: Json = False) -> None:
    """Shut a member out at once: all log-ins end."""
    with opened(home) as site, site.writing() as db:
        disable_member(db, member_named(db, handle).actor_id)
    site.answer(as_json, {"handle": handle, "disabled": True}, msg("%(handle)s is out.", handle=handle))


@commands.command()
def enable(handle: Handle, home: Home = None, as_json: Json = False) -> None:
    """Let a disabled member in again."""
    with opened(home) as site, site.writing() as db:
        enable_member(db, member_named(db, handle).actor_id)
    site.answer(as_json, {"handle": handle, "disabled": False}, msg("%(handle)s may come in.", handle=handle))


@commands.command()
def until(
    handle: Handle,
    day: Annotated[str, typer.Argument(help="The last day, as 2027-03-31, or never.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Set the day after which a member or guest cannot come in; a later one lets them in again."""
    with opened(home) as site, site.writing() as db:
        set_end(db, member_named(db, handle).actor_id, None if day == NEVER else read_end(day))
    text = msg("%(handle)s stays without an end date.", handle=handle)
    if day != NEVER:
        text = msg("%(handle)s can come in until the end of %(day)s.", handle=handle, day=day)
    site.answer(as_json, {"handle": handle, "until": "" if day == NEVER else day}, text)


@commands.command()
def reset(handle: Handle, home: Home = None, as_json: Json = False) -> None:
    """Make a one-time link for a forgotten password; the member is told."""
    with opened(home) as site, site.writing() as db:
        url = f"{site.node(db).base}/reset/{make_reset(db, member_named(db, handle).actor_id, None)}"
    site.answer(as_json, {"handle": handle, "url": url}, url)


@commands.command()
def roles(
    handle: Handle,
    role: Annotated[
        list[str] | None, typer.Argument(help="All the roles this member has from now on.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Give a member exactly these roles; none takes them all away."""
    with opened(home) as site, site.writing() as db:
        set_roles(db, member_named(db, handle).actor_id, role or ())
        row = find_member(db, handle)
    given = row.roles.split() if row is not None else []
    text = msg("%(handle)s has these roles: %(roles)s.", handle=handle, roles=", ".join(given) or "-")
    site.answer(as_json, {"handle": handle, "roles": given}, text)
