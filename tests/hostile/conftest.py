"""Databases for the stages."""

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def new_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes a new database with all tables."""
    folder, numbers = tmp_path_factory.mktemp("databases"), count(1)

    def make() -> str:
        path = folder / f"{next(numbers)}.sqlite3"
        shutil.copy(sqlite_template, path)
        return f"sqlite:///{path}"

    return make
