"""Alembic's entry: runs the migrations on the engine that `upgrade` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Engine

from node.db import Id, UtcDateTime, metadata, writing
from node.migrations.tables import MODULES

assert MODULES  # imported: every table is known to the metadata


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Our two column types by name: they differ per database."""
    if kind != "type" or not (item is Id or isinstance(item, UtcDateTime)):
        return False
    autogen.imports.add("from node.db import Id, UtcDateTime")
    return "Id" if item is Id else "UtcDateTime()"


def run() -> None:
    engine: Engine = context.config.attributes["engine"]
    with writing(engine) as db:
        context.configure(connection=db, target_metadata=metadata, render_item=render_item)
        with context.begin_transaction():
            context.run_migrations()


run()
