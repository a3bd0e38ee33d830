"""Brings a home's database to this version's tables; also what alembic runs itself through."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

FOLDER = Path(__file__).parent


def config_for(engine: Engine) -> Config:
    """An alembic configuration without an ini file, for this very engine."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Apply what is missing; nothing at all on an up-to-date database."""
    config = config_for(engine)
    if current_revision(engine) != head_revision(config):
        command.upgrade(config, "head")


def current_revision(engine: Engine) -> str | None:
    with engine.connect() as db:
        return MigrationContext.configure(db).get_current_revision()


def head_revision(config: Config) -> str | None:
    return ScriptDirectory.from_config(config).get_current_head()
