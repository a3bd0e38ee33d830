"""Three firms in a ring with rooms, as whole nodes: what the tests of rooms stand on."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.actors import find_actor
from node.boundary import Member, people_inside
from node.rooms import actions
from node.rooms.actions import Plan
from node.rooms.queries import Room, find_room, lines_of, open_rooms, rooms_for
from tests.factories import make_member, make_ring, member_row, pair
from tests.network import RunningNode, fediverse, settle

QUESTION = "Wat wil je leren?"


@dataclass(frozen=True)
class Firms:
    """Bakker, Smit and Jansen share a ring; Bakker's Anna makes rooms there."""

    bakker: RunningNode
    smit: RunningNode
    jansen: RunningNode
    ring: str

    @property
    def all(self) -> tuple[RunningNode, RunningNode, RunningNode]:
        return self.bakker, self.smit, self.jansen

    async def settle(self) -> None:
        await settle(*self.all)

    def member(self, node: RunningNode, handle: str) -> Member:
        row = member_row(node, handle)
        return Member(row.actor_id, frozenset(row.roles.split()))

    def room(self, node: RunningNode, audience: str) -> Room:
        found = node.read(lambda db: find_room(db, audience))
        assert found is not None, f"the room is not at {node.domain}"
        return found

    def make(self, *, confined: bool = False, within: str = "", **plan: Any) -> str:
        """A room of Anna's in the ring; returns its audience."""
        node, anna = self.bakker, self.member(self.bakker, "anna")
        wanted = Plan(**{"name": "Lekkages", "question": QUESTION, **plan})
        made = node.write(
            lambda db: actions.make_room(
                db, node.identity, anna, within or self.ring, wanted, confined=confined
            )
        )
        return node.read(lambda db: next(room.audience for room in open_rooms(db) if room.id == made))

    def act(self, node: RunningNode, handle: str, audience: str, act: Callable[..., Any], *more: Any) -> Any:
        """What a member does with a room at their own node."""
        member, room = self.member(node, handle), self.room(node, audience)
        return node.write(lambda db: act(db, node.identity, member, room.id, *more))

    def known_as(self, node: RunningNode, other: RunningNode, handle: str) -> int:
        """The number that a node gave to somebody of another node."""
        uri = f"{other.base}{member_row(other, handle).uri}"
        row = node.read(
            lambda db: find_actor(db, uri if node is not other else member_row(other, handle).uri)
        )
        assert row is not None, f"{handle} is not known at {node.domain}"
        return int(row.id)

    async def bring_in(self, audience: str, node: RunningNode, handle: str) -> None:
        """Anna invites somebody, who accepts."""
        person = self.known_as(self.bakker, node, handle)
        self.act(self.bakker, "anna", audience, actions.invite, [person])
        await self.settle()
        self.act(node, handle, audience, actions.join, "")
        await self.settle()

    def sees(self, node: RunningNode, handle: str) -> list[str]:
        """The names of the rooms that a member may know of."""
        member = self.member(node, handle)
        return [room.name for room in node.read(lambda db: rooms_for(db, member))]

    def knows(self, node: RunningNode, audience: str) -> bool:
        return node.read(lambda db: find_room(db, audience)) is not None

    def inside(self, node: RunningNode, audience: str) -> set[str]:
        return {row.handle for row in node.read(lambda db: people_inside(db, audience))}

    def lines(self, node: RunningNode, handle: str, audience: str) -> list[str]:
        member, room = self.member(node, handle), self.room(node, audience)
        return [row.kind for row in node.read(lambda db: lines_of(db, member, room))]


@asynccontextmanager
async def three_firms(folder: Path, new_url: Callable[[], str]) -> AsyncIterator[Firms]:
    domains = {f"{name}.localhost": new_url() for name in ("bakker", "smit", "jansen")}
    async with fediverse(folder, domains) as nodes:
        bakker, smit, jansen = nodes["bakker"], nodes["smit"], nodes["jansen"]
        for node, handle in (
            (bakker, "anna"),
            (bakker, "bert"),
            (smit, "sara"),
            (smit, "sjef"),
            (jansen, "jan"),
        ):
            make_member(node, handle)
        for one, other in ((bakker, smit), (bakker, jansen), (smit, jansen)):
            await pair(one, other)
        made = Firms(bakker, smit, jansen, await make_ring(bakker, smit, jansen))
        await made.settle()
        yield made


def steering(firms: Firms, node: RunningNode) -> str:
    return node.read(lambda db: next(room.audience for room in open_rooms(db) if room.kind == "steering"))
