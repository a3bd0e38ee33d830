"""`leerkring topic`: subjects that people follow."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from node.cli.options import By, Home, Json
from node.cli.site import acting, as_reader, audience_named, audience_words, columns, opened
from node.topics.actions import create_topic
from node.topics.queries import find_topic, list_topics

commands = typer.Typer(help="Topics: make one, list them.", no_args_is_help=True)


@commands.command()
def create(
    handle: Annotated[str, typer.Argument(help="Its handle: 2 to 20 small letters, digits or underscores.")],
    name: Annotated[str, typer.Option(help="Its name.")],
    audience: Annotated[str, typer.Option(help="company, public or ring:NAME; stays so for good.")],
    summary: Annotated[str, typer.Option(help="What it is about.")] = "",
    by: By = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make a topic with one audience."""
    with opened(home) as site, site.writing() as db:
        maker = acting(db, by, "editor")
        node = site.node(db)
        made = create_topic(db, node, maker.actor_id, audience_named(db, audience), handle, name, summary)
        data = _described(db, find_topic(db, made), node.base)
    site.answer(as_json, data, data["url"])


@commands.command("list")
def list_all(by: By = None, home: Home = None, as_json: Json = False) -> None:
    """Show the topics that a member sees."""
    with opened(home) as site, site.reading() as db:
        node, reader = site.node(db), as_reader(acting(db, by, "editor"))
        rows = [_described(db, row, node.base) for row in list_topics(db, reader)]
    lines = [columns(row, "handle", "name", "audience", "url") for row in rows]
    site.answer(as_json, rows, *lines)


def _described(db: Connection, row: Row[Any], base: str) -> dict[str, Any]:
    return {
        "id": str(row.object_id),
        "handle": row.handle,
        "name": row.name,
        "audience": audience_words(db, row.audience),
        "url": f"{base}/topics/{row.object_id}",
    }
