"""`leerkring gate`: what posts pass before they go to a ring or to everyone."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from node.cli.acts import note_act
from node.cli.options import Home, Json
from node.cli.site import audience_named, audience_words, columns, opened
from node.gates.rules import Rules, own_rules, rules_of, set_rules
from node.objects import PUBLIC
from node.rings.queries import open_rings

commands = typer.Typer(help="Gates: what posts pass before they go out.", no_args_is_help=True)


@commands.command("list")
def list_all(home: Home = None, as_json: Json = False) -> None:
    """Show what is asked before open posts and each ring: by the agreement and this node together."""
    with opened(home) as site, site.reading() as db:
        audiences = [PUBLIC, *(ring.audience for ring in open_rings(db))]
        rows = [_described(db, audience) for audience in audiences]
    lines = [columns(row, "audience", "checklist", "minutes", "four_eyes") for row in rows]
    site.answer(as_json, rows, *lines)


@commands.command("set")
def set_one(
    audience: Annotated[str, typer.Argument(help="public or ring:NAME.")],
    checklist: Annotated[bool | None, typer.Option(help="Questions first.")] = None,
    minutes: Annotated[int | None, typer.Option(min=0, max=1440, help="How long a post waits.")] = None,
    four_eyes: Annotated[bool | None, typer.Option(help="An editor reads it first.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Set this node's own gate; what is not named stays, and what an agreement asks stays asked."""
    with opened(home) as site:
        with site.writing() as db:
            wanted = audience_named(db, audience)
            now_set = own_rules(db, wanted)
            rules = Rules(
                now_set.checklist if checklist is None else checklist,
                now_set.minutes if minutes is None else minutes,
                now_set.four_eyes if four_eyes is None else four_eyes,
            )
            set_rules(db, wanted, rules, None)
            data = _described(db, wanted)
        note_act(site.settings.home, "gate set", audience=audience)
        site.answer(as_json, data, columns(data, "audience", "checklist", "minutes", "four_eyes"))


def _described(db: Connection, audience: str) -> dict[str, Any]:
    rules = rules_of(db, audience)
    return {
        "audience": audience_words(db, audience),
        "checklist": rules.checklist,
        "minutes": rules.minutes,
        "four_eyes": rules.four_eyes,
    }
