"""Rosters of a sector ring: forged by a firm, and shown in two shapes by the steward that signs them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import Connection, select

from federation.documents import Document
from node.boundary import is_in_ring, ring_nodes
from node.identity import SELF
from node.ids import new_id, now
from node.notices import notices
from node.rings.sector.outgoing import ROSTER
from node.rings.sector.rows import applications_in, last_roster, roster_of
from node.rings.signed_documents import canonical, hash_of, prove
from schemas.activitystreams import ring_urn
from schemas.agreement import moment_text
from schemas.sector import Roster
from tests.factories import pair
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick
from tests.network import RunningNode
from tests.sector import join_sector, make_terms, number_held, sector_id


def _inside(node: RunningNode, ring: str) -> set[str]:
    """The other nodes that this one would send to."""

    def look(db: Connection) -> set[str]:
        audience = f"ring:{ring}"
        return {peer.domain for peer in ring_nodes(db, audience)} if is_in_ring(db, audience, SELF) else set()

    return node.read(look)


def _roster(node: RunningNode, ring: str, change: Callable[[Roster], dict[str, Any]]) -> Roster:
    """The next roster after the one that this node holds, changed."""
    last = node.read(lambda db: last_roster(db, sector_id(node, ring)))
    assert last is not None
    held = roster_of(last)
    after = {"number": held.number + 1, "previous": last.hash, "at": moment_text(now())}
    return Roster.model_validate(held.model_dump() | after | change(held))


def _activity(stage: Stage, ring: str, roster: Roster) -> Document:
    shown = {
        "id": f"urn:leerkring:roster:{hash_of(roster)}",
        "type": ROSTER,
        "ring": ring_urn(ring),
        "content": canonical(roster),
        "proof": prove(stage.kwaad.identity, roster),
        "applications": [],
    }
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{stage.kwaad.base}/a/{new_id()}",
        "type": "Update",
        "to": [ring_urn(ring)],
        "object": shown,
    }


def _without(domain: str) -> Callable[[Roster], dict[str, Any]]:
    def change(roster: Roster) -> dict[str, Any]:
        return {"firms": [firm.model_dump() for firm in roster.firms if firm.domain != domain]}

    return change


@trick(
    "sector", "as a firm of a sector ring, send a roster of its own making that leaves Smit out", ends=True
)
async def forge_a_roster(stage: Stage) -> str:
    ring = make_terms(stage.bakker)
    await join_sector(stage.bakker, ring, stage.smit, stage.kwaad, paired=True)
    before = number_held(stage.smit, ring), _inside(stage.smit, ring)
    for change in (
        _without(stage.smit.domain),
        lambda _: {"number": 9},
        lambda _: {"number": 1, "previous": None},
    ):
        forged = _roster(stage.kwaad, ring, change)
        for node in stage.honest:
            await stage.say_as_node(_activity(stage, ring, forged), node)
    assert (number_held(stage.smit, ring), _inside(stage.smit, ring)) == before
    known = stage.smit.read(lambda db: applications_in(db, [entry.application for entry in forged.firms]))
    assert known
    return "dropped: only the steward's key signs rosters, one number after the other"


@trick(
    "sector",
    "as the steward, show Bakker a roster without Jansen and Smit one with, both number 2",
    ends=True,
)
async def show_two_rosters(stage: Stage) -> str:
    ring = make_terms(stage.kwaad)
    await join_sector(stage.kwaad, ring, stage.bakker, stage.smit, paired=True)
    await pair(stage.kwaad, stage.jansen)
    await join_sector(stage.kwaad, ring, stage.jansen, paired=True)
    await stage.settle()
    everybody = {stage.bakker.domain, stage.smit.domain, stage.jansen.domain}
    assert _inside(stage.bakker, ring) == everybody - {stage.bakker.domain}
    for node, change in ((stage.bakker, _without(stage.jansen.domain)), (stage.smit, lambda _: {})):
        await stage.say_as_node(_activity(stage, ring, _roster(stage.kwaad, ring, change)), node)
    assert _inside(stage.bakker, ring) != _inside(stage.smit, ring)
    with time_machine.travel(now() + timedelta(hours=25), tick=True):
        await stage.settle()
        told = select(notices.c.kind).where(notices.c.kind == "roster_split")
        assert stage.bakker.read(lambda db: db.scalars(told).first())
        assert stage.smit.read(lambda db: db.scalars(told).first())
        assert stage.jansen.domain not in _inside(stage.smit, ring) | _inside(stage.bakker, ring)
    return (
        "found when the two compare, within the day: both directors are told, both send to firms in both only"
    )
