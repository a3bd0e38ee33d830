"""Two nodes that share a ring: made once from the command line, copied for each test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from node.actors import actors
from node.identity import SELF
from node.queue import count_queue
from node.rings.queries import find_ring
from node.rings.tables import ring_people
from tests.processes.nodes import Node, make_node, make_ring, pair, wait_until

RING = "monteurs"


@dataclass
class Pair:
    """Bakker and Smit, who share a ring; neither runs yet."""

    bakker: Node
    smit: Node

    @property
    def nodes(self) -> tuple[Node, Node]:
        return self.bakker, self.smit

    @property
    def audience(self) -> str:
        return self.bakker.read(lambda db: find_ring(db, RING).audience)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The two homes, stopped; tests work on copies."""
    return prepare(tmp_path_factory.mktemp("prepared"))


def prepare(folder: Path) -> Pair:
    """Two homes that share a ring, set up from the command line; neither runs."""
    bakker = make_node(folder, "bakker", ("henk", "admin", "director"), ("fatima",))
    smit = make_node(folder, "smit", ("marjan", "admin", "director"), ("sanne",))
    try:
        for node in (bakker, smit):
            node.start_and_wait()
        pair(bakker, smit)
        make_ring(bakker, smit, RING)
        for node in (bakker, smit):
            wait_until(partial(_knows_people, node), f"{node.domain} to know whom it can name")
        wait_until(lambda: _is_quiet(bakker) and _is_quiet(smit), "both nodes to have nothing left to do")
    finally:
        for node in (bakker, smit):
            node.stop()
    return Pair(bakker, smit)


def _knows_people(node: Node) -> bool:
    elsewhere = (
        select(func.count()).select_from(ring_people.join(actors)).where(ring_people.c.peer_id != SELF)
    )
    return bool(node.rows(elsewhere)[0][0] >= 2)


def _is_quiet(node: Node) -> bool:
    counts = node.read(count_queue)
    return not counts["deliveries"] and not counts["received"]


@pytest.fixture
def two(prepared: Pair, tmp_path: Path) -> Iterator[Pair]:
    """Fresh copies of both homes; whatever runs at the end is ended."""
    made = copies(prepared, tmp_path)
    yield made
    for node in made.nodes:
        node.kill()


def copies(prepared: Pair, folder: Path) -> Pair:
    """The same two nodes with homes of their own; only one copy of a node can run at a time."""
    made = Pair(*(Node(node.domain, folder / node.home.name) for node in prepared.nodes))
    for source, copy in zip(prepared.nodes, made.nodes, strict=True):
        shutil.copytree(source.home, copy.home)
    return made
