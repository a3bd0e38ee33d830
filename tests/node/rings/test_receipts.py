"""Receipts: only the partner's own proof, for what was really sent to it, counts."""

from typing import Any

import pytest

from federation.proofs import add_proof
from node.boundary import ring_nodes
from node.ids import now
from node.incoming import Dropped, Incoming
from node.objects import holders
from node.queue import activities
from node.rings.activities import accept_receipt
from node.rings.receipts import receipt_summary
from tests.factories import make_ring, pair, post
from tests.network import settle
from tests.node.rings.conftest import Firms


async def test_a_receipt_that_proves_nothing_changes_nothing(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    object_id = post(firms.bakker, "directeur", audience, "nog niet aangekomen")
    ours, theirs = firms.bakker.identity, firms.smit.identity
    (partner,) = firms.bakker.read(lambda db: ring_nodes(db, audience))
    created = activities.select().where(activities.c.object_id == object_id)
    uri = ours.base + firms.bakker.read(lambda db: db.execute(created).one()).uri

    def take(receipt: dict[str, Any]) -> bool:
        activity = {"type": "Accept", "actor": theirs.actor_uri, "object": uri, "result": receipt}
        incoming = Incoming(ours, activity, theirs.actor_uri, partner.id, True, now())
        return firms.bakker.write(lambda db: accept_receipt(db, incoming))

    receipt = {"type": "Receipt", "actor": theirs.actor_uri, "object": uri, "result": "stored"}
    forged = add_proof(receipt, ours.ed25519_private, theirs.node_key_id, now())
    gone = add_proof({**receipt, "result": "gone"}, theirs.ed25519_private, theirs.node_key_id, now())
    for wrong in (receipt, forged, gone):
        with pytest.raises(Dropped):
            take(wrong)
    assert firms.bakker.read(lambda db: receipt_summary(db, [object_id])) == {
        object_id: [("Smit", "waiting")]
    }
    real = add_proof(receipt, theirs.ed25519_private, theirs.node_key_id, now())
    firms.bakker.write(lambda db: db.execute(holders.delete()))
    with pytest.raises(Dropped):
        take(real)
    assert not take({"type": "Note"})
