"""Receipts that are forged, and receipts as something to ask questions with."""

from typing import Any

from sqlalchemy import select

from federation.documents import Document
from federation.proofs import add_proof
from node.ids import new_id, now
from node.objects import holders
from node.queue import activities
from schemas.agreement import moment_text
from tests.factories import post
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick
from tests.network import RunningNode


def _activity_about(node: RunningNode, object_id: int) -> str:
    query = select(activities.c.uri).where(activities.c.object_id == object_id)
    return f"{node.base}{node.read(lambda db: db.scalars(query).one())}"


def _states(node: RunningNode, object_id: int) -> dict[int, str]:
    query = select(holders.c.peer_id, holders.c.state).where(holders.c.object_id == object_id)
    return {row.peer_id: row.state for row in node.read(lambda db: db.execute(query).all())}


def _receipt(stage: Stage, about: str, result: str, *, actor: str, signer: RunningNode) -> Document:
    receipt: dict[str, Any] = {
        "type": "Receipt",
        "actor": actor,
        "object": about,
        "result": result,
        "published": moment_text(now()),
    }
    found = signer.identity
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{stage.kwaad.base}/a/{new_id()}",
        "type": "Accept",
        "to": [f"{stage.bakker.base}/actor"],
        "object": about,
        "result": add_proof(receipt, found.ed25519_private, found.node_key_id, now()),
    }


@trick("receipts", "say in Smit's name that a post is stored or gone, and in its own of what it never got")
async def forge_receipts(stage: Stage) -> str:
    stage.bakker.sender.down.add(stage.smit.domain)
    shared, closer = stage.post("Met bewijs"), stage.post("Zonder Kwaad", stage.closer)
    await stage.settle()
    before = _states(stage.bakker, shared), _states(stage.bakker, closer)
    smit = f"{stage.smit.base}/actor"
    kwaad = stage.kwaad.identity.actor_uri
    for made, result, actor in (
        (shared, "stored", smit),
        (shared, "gone", kwaad),
        (closer, "stored", kwaad),
        (closer, "stored", smit),
    ):
        about = _activity_about(stage.bakker, made)
        await stage.say_as_node(_receipt(stage, about, result, actor=actor, signer=stage.kwaad))
    assert (_states(stage.bakker, shared), _states(stage.bakker, closer)) == before
    stage.bakker.sender.down.discard(stage.smit.domain)
    await stage.settle()
    return "dropped: a receipt counts with the receiver's own proof, for what was really sent there"


@trick("receipts", "use receipts as an oracle: delete and change ids at Bakker and see what is answered")
async def ask_by_receipts(stage: Stage) -> str:
    inside = stage.company_post("Nooit buiten geweest")
    closer = post(stage.smit, "sara", stage.closer, "Tussen Smit en Bakker")
    await stage.settle()
    seen = []
    for target in (
        f"{stage.bakker.base}/o/{inside}",
        f"{stage.bakker.base}/o/7",
        f"{stage.smit.base}/o/{closer}",
        f"{stage.smit.base}/o/7",
    ):
        before = len(stage.kwaad.sender.log)
        statuses = [
            (await stage.say(kind, {"id": target, "type": "Note", "attributedTo": stage.kwaad.base})).status
            for kind in ("Delete", "Update", "Like")
        ]
        answered = [r.url for r, _ in stage.kwaad.sender.log[before:] if r.url == f"{stage.kwaad.base}/inbox"]
        seen.append((statuses, answered))
    assert seen == [seen[0]] * 4
    assert seen[0][1] == []
    return "202 and no receipt, the same for what exists, what does not, and what others share"
