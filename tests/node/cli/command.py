"""The command line as a test uses it: in this process, or as a running node."""

import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import pytest

from node.cli.commands import run

PASSWORD = "een lang wachtwoord"


class Command:
    """`leerkring` in a home; what it said is kept."""

    def __init__(
        self, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.home, self.capsys, self.monkeypatch = home, capsys, monkeypatch
        self.out = self.err = ""

    def __call__(self, *arguments: str, stdin: str = f"{PASSWORD}\n", home: bool = True) -> int:
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        where = ["--home", str(self.home)] if home else []
        self.capsys.readouterr()
        code = run([*arguments, *where])
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str) -> Any:
        assert self(*arguments, "--json") == 0, self.err
        return json.loads(self.out)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A running `leerkring serve` and what it announced; ended by SIGTERM."""
    words = [sys.executable, "-m", "node", "serve", "--json", "--home", str(home), *options]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            announced: dict[str, str] = json.loads(line)
            wait_for(announced["url"])
            yield process, announced
        finally:
            process.terminate()
            process.communicate(timeout=20)


def wait_for(url: str) -> None:
    """The socket listens before the address is printed, so the first request waits by itself."""
    port = httpx.URL(url).port
    httpx.get(
        f"http://127.0.0.1:{port}/nodeinfo/2.1", headers={"host": httpx.URL(url).netloc.decode()}, timeout=20
    )


def call(home: Path, *arguments: str) -> Any:
    """One command beside running nodes; returns its JSON."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))
        assert run([*arguments, "--json", "--home", str(home)]) == 0
    return json.loads(said.getvalue())


def until(look: Any, wanted: Any, seconds: float = 30) -> None:
    """Look again until it is so."""
    end = time.monotonic() + seconds
    while (found := look()) != wanted:
        assert time.monotonic() < end, found
