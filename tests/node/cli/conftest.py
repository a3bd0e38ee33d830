"""A home with two members, and the command line to use it."""

import shutil
from pathlib import Path

import pytest

from tests.node.cli.command import Command, call


@pytest.fixture
def leerkring(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(tmp_path / "home", capsys, monkeypatch)


@pytest.fixture
def bakker(leerkring: Command, bakker_template: Path) -> Command:
    """A trial, bakker.localhost:8001, with director anna and member carla."""
    shutil.copytree(bakker_template, leerkring.home)
    return leerkring


@pytest.fixture(scope="session")
def bakker_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, made once: keys take their time."""
    home = tmp_path_factory.mktemp("bakker") / "home"
    roles = ("--role", "admin", "--role", "director", "--role", "editor")
    call(home, "init", "--domain", "bakker.localhost:8001", "--name", "Bakker", "--local")
    call(home, "member", "add", "anna", "--name", "Anna", *roles, "--password-stdin")
    call(home, "member", "add", "carla", "--name", "Carla", "--password-stdin")
    return home
