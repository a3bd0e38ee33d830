"""A sector ring of three hundred firms: its roster is checked, a post goes to all, pages stay short."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import event, func, select

from federation import keys
from federation.documents import Document
from federation.messages import Request, Response, Sender
from federation.proofs import make_proof
from node.boundary import ring_nodes
from node.ids import now
from node.notices import notices
from node.queue import deliveries
from node.rings.sector.rosters import take_roster
from node.rings.sector.rows import last_roster, roster_of
from node.rings.signed_documents import canonical, hash_of, prove
from node.workers import lanes
from node.workers import rings as ring_workers
from schemas.agreement import moment_text
from schemas.sector import Application, Roster
from tests.factories import log_in, post
from tests.network import RunningNode
from tests.node.rings.conftest import Sector
from tests.sector import sector_id

FIRMS = 300


def signed_application(ring: str, number: int) -> tuple[Application, Document]:
    """A firm that exists by its signature only: its node is down."""
    private = keys.new_ed25519()
    domain = f"firma{number:03}.localhost"
    made = Application(
        version=1,
        kind="application",
        ring=ring,
        node=f"http://{domain}/actor",
        domain=domain,
        inbox=f"http://{domain}/inbox",
        name=f"Firma {number}",
        key=keys.ed25519_multikey(private),
        goal="Elke maand een vraag stellen en een ervaring delen.",
        hours=2,
        contact=f"Directeur {number}, 06-12345678",
        made_at=moment_text(now()),
        salt=secrets.token_hex(16),
    )
    proof = make_proof(made.model_dump(), private, f"{made.node}#ed25519-key", now())
    return made, {"content": canonical(made), "proof": proof}


def grow(sector: Sector) -> tuple[Document, list[Document]]:
    """The next roster, of 300 firms, as its steward signs it, with all signatures."""
    last = sector.bakker.read(lambda db: last_roster(db, sector_id(sector.bakker, sector.ring)))
    assert last is not None
    held = roster_of(last)
    made = [signed_application(sector.ring, number) for number in range(FIRMS - len(held.firms))]
    fresh = [{"domain": one.domain, "application": hash_of(one), "since": 3} for one, _ in made]
    entries = [*(entry.model_dump() for entry in held.firms), *fresh]
    firms = sorted(entries, key=lambda one: str(one["domain"]))
    fields = held.model_dump() | {"number": 3, "previous": last.hash, "firms": firms}
    roster = Roster.model_validate(fields)
    signed = {"content": canonical(roster), "proof": prove(sector.branche.identity, roster)}
    return signed, [shown for _, shown in made]


def take(node: RunningNode, sector: Sector, signed: Document, signatures: list[Document]) -> bool:
    ring_id = sector_id(node, sector.ring)
    return node.write(lambda db: take_roster(db, node.identity, ring_id, 0, signed, signatures))


def statements_of(node: RunningNode, work: Callable[[], object]) -> int:
    """How many statements some work causes."""
    found = [0]

    def count(*_: object) -> None:
        found[0] += 1

    event.listen(node.engine, "before_cursor_execute", count)
    try:
        work()
    finally:
        event.remove(node.engine, "before_cursor_execute", count)
    return found[0]


async def test_a_roster_of_three_hundred_firms_is_checked_and_posted_to(sector: Sector) -> None:
    bakker = sector.bakker
    signed, signatures = grow(sector)
    print("bytes of the roster", len(signed["content"]))
    print("bytes with all signatures", len(json.dumps([signed, *signatures])))
    begun, used = time.perf_counter(), time.process_time()
    causes = statements_of(bakker, lambda: take(bakker, sector, signed, signatures))
    print("seconds to check and hold to it", round(time.perf_counter() - begun, 2))
    print("of the processor", round(time.process_time() - used, 2), "and statements", causes)
    assert causes < 150, "none for each firm"
    partners = bakker.read(lambda db: ring_nodes(db, sector.audience))
    assert len(partners) == FIRMS - 1

    begun = time.perf_counter()
    causes = statements_of(bakker, lambda: post(bakker, "anna", sector.audience, "Voor driehonderd firma's."))
    print("seconds to post", round(time.perf_counter() - begun, 2))
    waiting = select(func.count()).where(deliveries.c.state == "waiting")
    assert bakker.read(lambda db: db.scalar(waiting)) == FIRMS - 1
    assert causes < 100

    client = await log_in(bakker, "anna")
    for path in ("/write", "/rings/sector", "/rings/sector/about"):
        begun = time.perf_counter()
        answer = await client.get(path, headers={"accept-language": "en"})
        assert answer.status_code == 200
        print(f"seconds for {path}", round(time.perf_counter() - begun, 2))
        print(f"bytes of {path}", len(answer.content))
    shown = (await client.get("/write", headers={"accept-language": "en"})).text
    assert "people at 299 firms" in shown
    sentence = shown.partition("people at 299 firms")[0].rpartition("<small>")[2]
    assert "Firma" not in sentence


async def test_many_that_came_at_once_are_one_notice_for_each_member(sector: Sector) -> None:
    signed, signatures = grow(sector)
    take(sector.bakker, sector, signed, signatures)
    joined = select(notices.c.text).where(notices.c.kind == "ring_joined")
    texts = sector.bakker.read(lambda db: list(db.scalars(joined)))
    assert len(texts) == len({*texts}) * 2  # the member and the director, each once
    assert all(len(text) < 200 for text in texts)


@dataclass
class Counting:
    """The way out of a node, which notes how many questions are under way at once."""

    sender: Sender
    busy: int = 0
    most: int = 0

    async def __call__(self, request: Request) -> Response:
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            await asyncio.sleep(0)
            return await self.sender(request)
        finally:
            self.busy -= 1


async def test_hundreds_of_partners_are_asked_a_few_at_a_time(sector: Sector) -> None:
    signed, signatures = grow(sector)
    take(sector.bakker, sector, signed, signatures)
    way_out, work = Counting(sector.bakker.sender), sector.bakker.work
    await ring_workers.run_once(replace(work, network=replace(work.network, sender=way_out)))
    assert 1 < way_out.most <= lanes.AT_ONCE
