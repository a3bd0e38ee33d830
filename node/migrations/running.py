"""Runs alembic from code, without an ini file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from node.migrations.upgrade import UpgradeFailed

FOLDER = Path(__file__).parent


def config_for(engine: Engine) -> Config:
    """An alembic configuration for this very engine."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    return config


def run_upgrade(engine: Engine) -> None:
    try:
        command.upgrade(config_for(engine), "head")
    except CommandError as error:
        raise UpgradeFailed(str(error)) from error


def head_revision(config: Config) -> str | None:
    return ScriptDirectory.from_config(config).get_current_head()
