"""Nodes as their owners run them: homes made by the command line, `serve` in a process of its own."""

import io
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from sqlalchemy import Connection

from node.cli.commands import run
from node.cli.site import Site, opened
from node.db import relative
from node.identity import Identity
from node.posts.storing import find_post

Found = TypeVar("Found")

PASSWORD = "vier losse woorden samen"
STOP_SECONDS = 15
LOOK_SECONDS, MOST_LOOKS = 0.2, 200


@dataclass
class ServedNode:
    """One node; what its people do goes by the command line or by the actions behind it."""

    home: Path
    domain: str
    member_id: int = 0

    @property
    def base(self) -> str:
        return f"http://{self.domain}"

    @property
    def log(self) -> str:
        return (self.home / "serve.log").read_text()

    def cli(self, *words: str, typed: str = "") -> Any:
        """Run one command; returns what it answers in JSON."""
        said, complained = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained):
            patch.setattr(sys, "stdin", io.StringIO(typed))
            code = run([*words, "--home", str(self.home), "--json"])
        assert code == 0, complained.getvalue() or said.getvalue()
        return json.loads(said.getvalue().splitlines()[-1])

    def sign(self, *words: str) -> Any:
        """A command that asks the director's password."""
        return self.cli(*words, "--password-stdin", typed=f"{PASSWORD}\n")

    def write(self, work: Callable[[Connection, Identity, Site], Found]) -> Found:
        with opened(self.home) as site, site.writing() as db:
            return work(db, site.node(db), site)

    def read(self, work: Callable[[Connection], Found]) -> Found:
        with opened(self.home) as site, site.reading() as db:
            return work(db)

    def post(self, url: str) -> Any:
        """The stored post of that address, its own or from elsewhere."""
        row = self.read(lambda db: find_post(db, relative(self.base, url)))
        assert row is not None, url
        return row

    def wait_until_it_answers(self) -> None:
        wait_until(lambda: _answers(self))

    def wait_for(self, find: Callable[[Connection], object]) -> None:
        """Until `find` finds something: what the node does in its own time has no event to wait for here."""
        wait_until(lambda: self.read(find))


@contextmanager
def served_node(home: Path, name: str, handle: str) -> Iterator[ServedNode]:
    """A node that is being started, with one member who may do everything; see `wait_until_it_answers`."""
    node = ServedNode(home, f"localhost:{_free_port()}")
    node.cli("init", "--local", "--domain", node.domain, "--name", name)
    roles = [word for role in ("admin", "director", "editor") for word in ("--role", role)]
    node.member_id = int(node.sign("member", "add", handle, "--name", handle.title(), *roles)["id"])
    command = [sys.executable, "-m", "node", "serve", "--home", str(home)]
    with (home / "serve.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield node
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _answers(node: ServedNode) -> bool:
    try:
        return httpx.get(f"{node.base}/.well-known/nodeinfo").is_success
    except httpx.TransportError:
        return False


def pair(one: ServedNode, other: ServedNode) -> None:
    """Both directors, with the words that the other one reads out."""
    made = one.cli("pair", "invite", other.domain, "--name", "De ander")
    theirs = other.cli("pair", "accept", one.domain, made["code"], "--name", "De een")
    ours = one.cli("pair", "words", made["id"])
    one.sign("pair", "confirm", made["id"], *(theirs["words"][place - 1] for place in ours["asked"]))
    other.sign("pair", "confirm", theirs["id"], *(ours["words"][place - 1] for place in theirs["asked"]))


def make_ring(founder: ServedNode, partner: ServedNode, handle: str) -> str:
    """A ring of two nodes that are paired; returns its hash once both have opened it."""
    words = ["--name", "Onze kring", "--purpose", "Van elkaar leren", "--confidentiality", "Onder ons"]
    made = founder.sign("ring", "create", handle, "--with", partner.domain, *words)
    wait_until(lambda: partner.cli("ring", "list")["proposals"])
    partner.sign("ring", "sign", made["hash"], "--handle", handle)
    wait_until(lambda: founder.cli("ring", "show", handle)["nodes"])
    wait_until(lambda: partner.cli("ring", "show", handle)["nodes"])
    return str(founder.cli("ring", "show", handle)["hash"])


def wait_until(find: Callable[[], object]) -> None:
    pause = threading.Event()
    for _ in range(MOST_LOOKS):
        if find():
            return
        pause.wait(LOOK_SECONDS)
    raise AssertionError("it did not come")
