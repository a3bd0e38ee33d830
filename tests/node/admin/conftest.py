"""A home on either database, with one admin and director."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from node import identity
from node.access.members import add_member
from node.admin.copying import set_revision
from node.app import open_home
from node.db import open_engine, writing
from node.migrations.running import config_for, head_revision
from node.settings import Settings, load

PASSWORD = "een lang wachtwoord"


@pytest.fixture
def settings(tmp_path: Path, database_kind: str, database_url: str) -> Settings:
    """Settings of a trial; its tables are made already, so they are marked as this version's."""
    home = tmp_path / "home"
    home.mkdir()
    if database_kind == "sqlite":
        Path(database_url.removeprefix("sqlite:///")).rename(home / "leerkring.sqlite3")
    database = database_url if database_kind == "postgresql" else ""
    (home / "leerkring.toml").write_text(f"local = true\ndatabase = {json.dumps(database)}\n")
    made = load(home)
    _mark(made)
    return made


def _mark(settings: Settings) -> None:
    engine = open_engine(settings.database_url)
    with writing(engine) as db:
        set_revision(db, head_revision(config_for(engine)))
    engine.dispose()


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_home(settings)
    with writing(engine) as db:
        identity.create(db, name="Bakker", domain="bakker.localhost:8001", kind="firm")
        add_member(db, handle="anna", name="Anna", password=PASSWORD, roles=("admin", "director"))
    yield engine
    engine.dispose()
