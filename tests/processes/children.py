"""What runs in the processes of these tests; forked from a process that has all code loaded already."""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from node.cli.commands import run

PR_SET_PDEATHSIG = 1


def run_command(words: Sequence[str], typed: Path, said: Path) -> None:
    """One command of the command line: reads `typed`, writes `said`."""
    _redirect(typed, said)
    code = run(words)
    _leave(code)


def serve(home: Path, log: Path) -> None:
    """One node, until somebody ends it."""
    if sys.platform == "linux":  # no node outlives the tests
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _redirect(Path(os.devnull), log)
    _leave(run(["serve", "--home", str(home), "--json"]))


def _redirect(source: Path, target: Path) -> None:
    os.dup2(os.open(source, os.O_RDONLY), 0)
    written = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    # multiprocessing has closed its own standard input
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
