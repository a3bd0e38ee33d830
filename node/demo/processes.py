"""The processes of the demo, one per node: started again when killed, ended with the demo."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

import typer

from node.demo.errors import DemoFailed
from node.demo.firms import Place
from node.demo.visitors import is_answering

LOG_NAME = "serve.log"
START_SECONDS, END_SECONDS = 60, 8
MOST_STARTS = 20  # of one node; one that cannot live is not started for ever
PR_SET_PDEATHSIG = 1


class Nodes:
    """The running nodes. Made and used by one thread: Linux ends a child with the thread that started it."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starts = dict.fromkeys((place.firm.key for place in places), 0)

    def __enter__(self) -> Self:
        try:
            for place in self._places:
                self._start(place)
            for place in self._places:
                self._wait(place)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + END_SECONDS
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            process.kill()
            process.wait()

    def watch(self) -> None:
        """Start again what ended; to be called every moment."""
        for place in self._places:
            process = self._running[place.firm.key]
            if process.poll() is None:
                continue
            typer.echo(f"{place.firm.name} ended ({_ending(process.returncode)}); started again.")
            self._start(place)
            self._wait(place)
            typer.echo(f"{place.firm.name} runs at {place.url} again, process {self.pid(place)}.")

    def pid(self, place: Place) -> int:
        return self._running[place.firm.key].pid

    def _start(self, place: Place) -> None:
        self._starts[place.firm.key] += 1
        if self._starts[place.firm.key] > MOST_STARTS:
            raise DemoFailed(f"{place.firm.name} does not stay up. Read {place.home / LOG_NAME}.")
        with (place.home / LOG_NAME).open("ab") as log:
            self._running[place.firm.key] = subprocess.Popen(  # noqa: S603 - our own interpreter and nobody's input
                [sys.executable, "-m", "node", "serve", "--home", str(place.home)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=partial(_end_with_parent, os.getpid()),
            )

    def _wait(self, place: Place) -> None:
        process, deadline = self._running[place.firm.key], time.monotonic() + START_SECONDS
        while not is_answering(place):
            if process.poll() is not None or time.monotonic() > deadline:
                raise DemoFailed(f"{place.firm.name} does not start:\n{_last_lines(place)}")
            time.sleep(0.1)


def _end_with_parent(parent: int) -> None:
    """Also when the demo itself is killed by SIGKILL; where the system has no such thing, nothing happens."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _last_lines(place: Place) -> str:
    return "\n".join((place.home / LOG_NAME).read_text("utf-8", "replace").splitlines()[-5:])


def check_ports(places: Sequence[Place]) -> None:
    """Raises DemoFailed before anything is removed or made."""
    taken = [str(place.port) for place in places if not _is_free(place.port)]
    if taken:
        raise DemoFailed(
            f"Port {' and '.join(taken)} on this computer is in use. Stop what uses it (another demo?) "
            "or choose others: python -m node.demo --ports 8101 8102 8103"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
