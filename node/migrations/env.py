"""Alembic's entry: runs the migrations on the engine that `upgrade` hands over."""

from alembic import context
from sqlalchemy import Engine

from node.db import metadata, writing
from node.migrations import tables

assert tables  # every table is known to the metadata


def run() -> None:
    engine: Engine = context.config.attributes["engine"]
    with writing(engine) as db:
        context.configure(connection=db, target_metadata=metadata, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()


run()
