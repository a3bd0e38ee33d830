"""A partner that was away, or seemed to refuse, gets all that waits for it."""

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import time_machine
from sqlalchemy import select
from starlette.applications import Starlette

from node.access.members import disable_member
from node.boundary import Receiver
from node.db import writing
from node.ids import now
from node.objects import PUBLIC
from node.outbox import publish
from node.peers import change_peer, find_peer
from node.queue import deliveries
from node.workers.rings import RingsWorker
from tests.factories import make_member, make_ring, pair, post
from tests.federation.traffic import find_text
from tests.network import RunningNode, fediverse, settle


class Partners(NamedTuple):
    """Two nodes with a ring between them."""

    bakker: RunningNode
    smit: RunningNode
    audience: str


@pytest.fixture
async def partners(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Partners]:
    domains = {}
    for domain in ("bakker.localhost:8001", "smit.localhost:8002"):
        copy = tmp_path / f"{domain.partition('.')[0]}.sqlite3"
        domains[domain] = f"sqlite:///{shutil.copy(sqlite_template, copy)}"
    async with fediverse(tmp_path / "homes", domains) as nodes:
        bakker, smit = nodes["bakker"], nodes["smit"]
        await pair(bakker, smit)
        yield Partners(bakker, smit, await make_ring(bakker, smit))


async def test_a_partner_that_asks_is_sent_at_once_what_waits_for_it(partners: Partners) -> None:
    bakker, smit, audience = partners
    queue_for_later(bakker, smit.domain, audience)
    await bakker.run_once()
    assert waiting(bakker) == 1
    await RingsWorker()(smit.work)
    await bakker.run_once()
    assert waiting(bakker) == 0


async def test_a_partner_whose_proxy_answers_404_for_a_while_misses_nothing(partners: Partners) -> None:
    bakker, smit, audience = partners
    bakker.sender.apps[smit.domain] = Starlette()
    post(bakker, "directeur", audience, "Hallo partner")
    await bakker.run_once()
    assert waiting(bakker) == 1
    bakker.sender.apps[smit.domain] = smit.app
    with time_machine.travel(now() + timedelta(seconds=2), tick=True):
        await settle(bakker, smit)
    assert waiting(bakker) == 0


async def test_an_open_post_of_somebody_who_is_gone_holds_up_nothing(partners: Partners) -> None:
    bakker, smit, audience = partners
    member_id = make_member(bakker, "anna", has_face=True)
    smit.sender.down.add(smit.domain)
    post(bakker, "anna", PUBLIC, f"Dag @directeur@{smit.domain}")
    post(bakker, "directeur", audience, "En dit komt erachter")
    await settle(bakker)
    bakker.write(lambda db: disable_member(db, member_id))
    smit.sender.down.clear()
    with time_machine.travel(now() + timedelta(minutes=1), tick=True):
        await settle(bakker, smit)
    assert waiting(bakker) == 0
    assert find_text(smit, "En dit komt erachter") is not None


def queue_for_later(node: RunningNode, domain: str, audience: str) -> None:
    """Something without a number, for a server that failed so often that its next try is far away."""
    with writing(node.engine) as db:
        peer = find_peer(db, domain)
        assert peer is not None
        receivers = [Receiver(peer.id, peer.inbox)]
        like = {"type": "Like", "actor": node.identity.actor_uri, "object": f"http://{domain}/o/1"}
        publish(db, node.identity, like, audience=audience, receivers=receivers, numbered=False)
        change_peer(db, peer.id, retry_at=now() + timedelta(hours=12))


def waiting(node: RunningNode) -> int:
    query = select(deliveries.c.id).where(deliveries.c.state == "waiting")
    return len(node.read(lambda db: db.execute(query).all()))
