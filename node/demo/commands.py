"""`leerkring …` for one home: each in a process of its own that need not load the code anew."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

from node.cli.commands import run
from node.demo.errors import DemoFailed
from node.demo.firms import Place


def leerkring(home: Path, *words: str, typed: str = "") -> Any:
    """Run one command with `--json`; returns its answer, raises DemoFailed with what it complained."""
    argv = [*words, "--home", str(home), "--json"]
    sys.stdout.flush()
    with TemporaryFile() as given, TemporaryFile() as said, TemporaryFile() as complained:
        given.write(typed.encode())
        given.seek(0)
        code = _fork(argv, (given, said, complained))
        said.seek(0)
        complained.seek(0)
        if code:
            why = complained.read().decode(errors="replace").strip()
            raise DemoFailed(f"leerkring {' '.join(words)}: {why or f'ended with {code}'}")
        return json.loads(said.read() or b"null")


def _fork(argv: Sequence[str], streams: tuple[IO[bytes], ...]) -> int:
    child = os.fork()
    if not child:
        _become(argv, streams)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _become(argv: Sequence[str], streams: tuple[IO[bytes], ...]) -> NoReturn:
    code = 1
    try:
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream.fileno(), number)
        code = run(argv)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def as_director(place: Place, *words: str) -> Any:
    """A command that asks the director's password."""
    director = place.firm.first_with("director")
    return leerkring(
        place.home, *words, "--as", director.handle, "--password-stdin", typed=director.password + "\n"
    )
