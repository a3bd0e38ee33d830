"""A home with one admin, and the command line to use it."""

from pathlib import Path

import pytest

from tests.node.cli.command import Command


@pytest.fixture
def leerkring(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(tmp_path / "home", capsys, monkeypatch)


@pytest.fixture
def bakker(leerkring: Command) -> Command:
    """A trial, bakker.localhost:8001, with director anna."""
    assert leerkring("init", "--domain", "bakker.localhost:8001", "--name", "Bakker", "--local") == 0
    roles = ("--role", "admin", "--role", "director", "--role", "editor")
    assert leerkring("member", "add", "anna", "--name", "Anna", *roles, "--password-stdin") == 0
    return leerkring
