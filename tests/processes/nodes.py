"""Real nodes: processes of their own with homes of their own, reached over loopback sockets."""

import json
import multiprocessing
import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx
from sqlalchemy import Connection, Executable

from node.db import open_engine, reading, writing
from tests.processes import children

Found = TypeVar("Found")

PASSWORD = "een lang wachtwoord"
SECONDS = 60.0
PAUSE = 0.05

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["pytest", "tests.processes.children"])


def wait_until(look: Callable[[], Found | None], what: str, *, seconds: float | None = None) -> Found:
    """The first answer of `look` that is something."""
    seconds = seconds or SECONDS
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(PAUSE)
    raise AssertionError(f"waited {seconds:.0f} seconds for {what}")


def free_port() -> int:
    """Below the ports that systems give out by themselves, so that nobody takes it while its node is down."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def leerkring(home: Path, *words: str, typed: str = "") -> Any:
    """One command with `--json`, in a process of its own; returns its answer."""
    code, said = try_leerkring(home, *words, "--json", typed=typed)
    assert code == 0, f"leerkring {' '.join(words)}: {said}"
    return json.loads(said or "null")


def try_leerkring(home: Path, *words: str, typed: str = "") -> tuple[int | None, str]:
    """Exit code and all that one command said."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "typed"), Path(folder, "said")
        source.write_text(typed, "utf-8")
        arguments = ([*words, "--home", str(home)], source, target)
        process = _forking.Process(target=children.run_command, args=arguments, daemon=True)
        process.start()
        process.join(SECONDS)
        return process.exitcode, target.read_text("utf-8")


@dataclass
class Node:
    """One node: where it lives, and its process while it runs."""

    domain: str
    home: Path
    process: ForkServerProcess | None = field(default=None, repr=False)

    @property
    def port(self) -> int:
        return int(self.domain.partition(":")[2])

    @property
    def url(self) -> str:
        return f"http://{self.domain}"

    @property
    def log(self) -> Path:
        return self.home / "serve.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    def run(self, *words: str, typed: str = "") -> Any:
        return leerkring(self.home, *words, typed=typed)

    def start(self) -> None:
        """Begin; does not wait until it answers."""
        assert self.process is None, f"{self.domain} runs already"
        self.process = _forking.Process(target=children.serve, args=(self.home, self.log), daemon=True)
        self.process.start()

    def start_and_wait(self) -> None:
        self.start_and_wait_for("/login")

    def start_and_wait_for(self, path: str) -> None:
        self.start()
        self.wait_for(path)

    def wait(self) -> None:
        """Until members can come in."""
        self.wait_for("/login")

    def wait_for(self, path: str) -> None:
        """Until that page is there."""
        try:
            wait_until(partial(self._shows, path), f"{self.domain}{path}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._said()}") from error

    def _shows(self, path: str) -> bool:
        if self.process is not None:
            assert self.process.is_alive(), f"{self.domain} ended:\n{self._said()}"
        with suppress(httpx.TransportError), self.browser() as browser:
            return browser.get(path).status_code == 200
        return False

    def _said(self) -> str:
        return self.log.read_text("utf-8")[-3000:] if self.log.exists() else "(no log)"

    def stop(self) -> int | None:
        """Ask it to end (SIGTERM); returns its exit code."""
        return self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """SIGKILL: it does nothing any more."""
        self._end(lambda process: process.kill())

    def _end(self, how: Callable[[ForkServerProcess], None]) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        how(process)
        process.join(20)
        code = process.exitcode
        process.kill()
        process.join()
        return code

    def browser(self) -> httpx.Client:
        """A visitor. By address, because not every system knows names that end in .localhost."""
        headers = {"host": self.domain, "origin": self.url, "accept": "text/html"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=20)

    @contextmanager
    def log_in(self, handle: str) -> Iterator[httpx.Client]:
        with self.browser() as browser:
            answer = browser.post("/login", data={"handle": handle, "password": PASSWORD, "next": "/"})
            assert answer.status_code == 303, answer.text
            yield browser

    def read(self, look: Callable[[Connection], Found]) -> Found:
        """Look into its database, whether it runs or not."""
        return self._with_database(look, writes=False)

    def write(self, change: Callable[[Connection], Found]) -> Found:
        return self._with_database(change, writes=True)

    def _with_database(self, work: Callable[[Connection], Found], *, writes: bool) -> Found:
        engine = open_engine(f"sqlite:///{self.home / 'leerkring.sqlite3'}")
        try:
            with (writing if writes else reading)(engine) as db:
                return work(db)
        finally:
            engine.dispose()

    def rows(self, query: Executable) -> Sequence[Any]:
        return self.read(lambda db: db.execute(query).all())


def make_node(folder: Path, name: str, *members: tuple[str, ...]) -> Node:
    """A new home with its members (handle and roles), set up from the command line; not running."""
    node = Node(f"{name}.localhost:{free_port()}", folder / name)
    node.run("init", "--domain", node.domain, "--name", name.title(), "--local")
    for handle, *roles in members:
        words = [word for role in roles for word in ("--role", role)]
        added = ("member", "add", handle, "--name", handle.title(), *words, "--password-stdin")
        node.run(*added, typed=PASSWORD + "\n")
    return node


def pair(inviter: Node, invited: Node) -> None:
    """Both run; code and words go from one screen to the other."""
    made = inviter.run("pair", "invite", invited.domain, "--name", "De ander")
    code = made["code"]
    taken = invited.run("pair", "accept", inviter.domain, code, "--name", "De ander")
    sides = ((inviter, made["id"]), (invited, taken["id"]))
    screens = [wait_until(partial(_screen, at, one), "the words") for at, one in sides]
    for (node, pairing_id), own, other in zip(sides, screens, reversed(screens), strict=True):
        heard = [other["words"][place - 1] for place in own["asked"]]
        node.run("pair", "confirm", pairing_id, *heard, "--password-stdin", typed=PASSWORD + "\n")
    for node, pairing_id in sides:
        wait_until(partial(_is_paired, node, pairing_id), "the pairing")


def _screen(node: Node, pairing_id: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = next(row for row in node.run("pair", "list") if row["id"] == pairing_id)
    return shown if shown["words"] else None


def _is_paired(node: Node, pairing_id: str) -> bool:
    rows = node.run("pair", "list")
    return any(row["id"] == pairing_id and row["state"] == "paired" for row in rows)


def make_ring(founder: Node, partner: Node, handle: str) -> None:
    """Proposed by the one, signed by the other; open at both afterwards."""
    words = ("--name", handle.title(), "--with", partner.domain, "--purpose", "Leren van storingen")
    secret = ("--confidentiality", "Wat hier staat blijft hier", "--password-stdin")
    founder.run("ring", "create", handle, *words, *secret, typed=PASSWORD + "\n")
    offered = wait_until(lambda: partner.run("ring", "list")["proposals"], "the agreement")
    signed = ("ring", "sign", offered[0]["hash"], "--handle", handle, "--password-stdin")
    partner.run(*signed, typed=PASSWORD + "\n")
    for node in (founder, partner):
        wait_until(partial(_is_open, node, handle), f"the ring at {node.domain}")


def _is_open(node: Node, handle: str) -> bool:
    known = node.run("ring", "list")["rings"]
    return any(one["handle"] == handle and one["state"] == "open" for one in known)
