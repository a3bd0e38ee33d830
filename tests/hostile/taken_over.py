"""Somebody else has Kwaad's domain now: its name and its people, but not its key."""

from datetime import timedelta

import time_machine

from federation import keys
from node import identity
from node.ids import now
from tests.factories import leave_ring
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick


@trick("8", "take over the lapsed domain with a new key: wait for what is sent, ask for the rest", ends=True)
async def come_with_a_new_key(stage: Stage) -> str:
    made = stage.post("Van voor de overname")
    await stage.settle()
    stage.kwaad.write(lambda db: identity.change(db, ed25519_private=keys.new_ed25519()))
    with time_machine.travel(now() + timedelta(minutes=61), tick=True):
        before = len(stage.bakker.sender.log)
        stage.post("Na de overname geschreven")
        await stage.settle()
        sent = [r for r, _ in stage.bakker.sender.log[before:] if r.url.startswith(stage.kwaad.base)]
        asked = await stage.ask(f"/o/{made}")
        answer = await stage.say("Create", stage.note("Onder de nieuwe sleutel"))
    posted = {request.url for request in sent if request.method == "POST"}
    assert posted == {f"{stage.kwaad.base}/node/prove"}
    assert not any(b"Na de overname" in request.body for request in sent)
    assert stage.kept("Na de overname geschreven", stage.kwaad) is None
    assert asked.status_code == 404
    assert stage.kept("Onder de nieuwe sleutel") is None
    return f"asked to prove itself and nothing more; 404 to its reads; {answer.status} to what it sends"


@trick(
    "9",
    "take over the domain and ask Bakker's agreement, people and numbers as a firm that had left",
    ends=True,
)
async def come_after_leaving(stage: Stage) -> str:
    await leave_ring(stage.kwaad, "monteurs")
    await stage.settle()
    stage.kwaad.write(lambda db: identity.change(db, ed25519_private=keys.new_ed25519()))
    ring = stage.ring.removeprefix("ring:")
    paths = [
        f"/node/rings/{ring}/people",
        f"/node/rings/{ring}/activities?epoch=1&after=0",
        "/rings/monteurs/about",
    ]
    statuses = [(await stage.ask(path)).status_code for path in paths]
    assert statuses == [404, 404, 404] or statuses[:2] == [404, 404]
    return "404, as to anybody"
