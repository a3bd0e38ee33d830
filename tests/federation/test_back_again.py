"""A partner that was away and asks what it missed gets at once all that waits for it, retry or not."""

import shutil
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from node.boundary import Receiver
from node.db import writing
from node.ids import now
from node.outbox import publish
from node.peers import change_peer, find_peer
from node.queue import deliveries
from node.workers.rings import RingsWorker
from tests.factories import make_ring, pair
from tests.network import RunningNode, fediverse


async def test_a_partner_that_asks_is_sent_at_once_what_waits_for_it(
    tmp_path: Path, sqlite_template: Path
) -> None:
    domains = {}
    for domain in ("bakker.localhost:8001", "smit.localhost:8002"):
        copy = tmp_path / f"{domain.partition('.')[0]}.sqlite3"
        domains[domain] = f"sqlite:///{shutil.copy(sqlite_template, copy)}"
    async with fediverse(tmp_path / "homes", domains) as nodes:
        bakker, smit = nodes["bakker"], nodes["smit"]
        await pair(bakker, smit)
        audience = await make_ring(bakker, smit)
        queue_for_later(bakker, smit.domain, audience)
        await bakker.run_once()
        assert waiting(bakker) == 1
        await RingsWorker()(smit.work)
        await bakker.run_once()
        assert waiting(bakker) == 0


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
