"""Rooms over three nodes: what a node that does not keep the room, or lies, brings about: nothing."""

from typing import Any

import pytest

from node.objects import COMPANY, urn_of
from node.peers import find_peer
from node.rooms.founding import found
from node.rooms.queries import find_room
from node.rooms.told import take_people
from schemas.activitystreams import OBJECT_CONTEXT
from tests.factories import member_row
from tests.federation.firms import Firms
from tests.federation.traffic import deliver_as_node, find_text
from tests.network import RunningNode, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- hostile ---------------------------------------------------------------------------------------


def seat_activity(
    sender: RunningNode, audience: str, kind: str, person: dict[str, Any], **more: Any
) -> dict[str, Any]:
    urn = urn_of(audience)
    return {
        "@context": OBJECT_CONTEXT,
        "id": f"{sender.base}/a/{abs(hash((kind, str(person), str(more)))) % 10**17}",
        "type": kind,
        "actor": sender.identity.actor_uri,
        "to": [urn],
        "audience": urn,
        "object": {"type": "Seat", "room": urn, "person": person, **more},
    }


def entry_of(node: RunningNode, handle: str) -> dict[str, Any]:
    row = member_row(node, handle)
    return {"id": f"{node.base}{row.uri}", "type": "Person", "preferredUsername": handle, "name": row.name}


async def say(sender: RunningNode, to: RunningNode, activity: dict[str, Any]) -> None:
    assert (await deliver_as_node(sender, to, activity)).status == 202
    await settle(to)


async def test_a_node_that_does_not_keep_the_room_adds_and_removes_nobody(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    for node, handle in ((firms.smit, "sara"), (firms.jansen, "jan")):
        await firms.bring_in(audience, node, handle)
    await say(
        firms.smit, firms.jansen, seat_activity(firms.smit, audience, "Add", entry_of(firms.smit, "sjef"))
    )
    await say(
        firms.smit, firms.bakker, seat_activity(firms.smit, audience, "Add", entry_of(firms.smit, "sjef"))
    )
    await say(
        firms.smit,
        firms.jansen,
        seat_activity(firms.smit, audience, "Remove", entry_of(firms.bakker, "anna")),
    )
    await say(
        firms.smit, firms.jansen, seat_activity(firms.smit, audience, "Leave", entry_of(firms.bakker, "anna"))
    )
    assert all(firms.inside(node, audience) == {"anna", "sara", "jan"} for node in firms.all)


async def test_nobody_is_put_into_a_room_without_their_own_word(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await say(
        firms.bakker, firms.smit, seat_activity(firms.bakker, audience, "Add", entry_of(firms.smit, "sjef"))
    )
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}


async def test_somebody_whom_their_own_node_never_named_is_not_in(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    made_up = {
        "id": f"{firms.jansen.base}/p/7",
        "type": "Person",
        "preferredUsername": "spook",
        "name": "Spook",
    }
    elsewhere = {**made_up, "id": "http://elders.localhost/p/7"}
    for person in (made_up, elsewhere):
        await say(firms.bakker, firms.smit, seat_activity(firms.bakker, audience, "Add", person))
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}


async def test_a_room_of_a_ring_that_we_are_not_in_is_not_taken(firms: Firms) -> None:
    node = firms.smit
    for within in ("ring:" + "ab" * 32, COMPANY):
        founding = found(node.identity, within, "Vals", confined=False)
        document = invented(node, founding, urn_of("ring:" + "ab" * 32))
        await say(node, firms.bakker, created(node, firms.ring, document))
        assert not firms.knows(firms.bakker, founding.audience)


async def test_a_room_names_its_own_home(firms: Firms) -> None:
    founding = found(firms.jansen.identity, firms.ring, "Van een ander", confined=False)
    document = invented(firms.smit, founding, urn_of(firms.ring))
    await say(firms.smit, firms.bakker, created(firms.smit, firms.ring, document))
    assert firms.bakker.read(lambda db: find_room(db, founding.audience)) is None
    own = found(firms.smit.identity, firms.ring, "Eigen", confined=True)
    changed = invented(firms.smit, own, urn_of(firms.ring)) | {"founding": own.text.replace("true", "false")}
    await say(firms.smit, firms.bakker, created(firms.smit, firms.ring, changed))
    assert firms.bakker.read(lambda db: find_room(db, own.audience)) is None


def invented(node: RunningNode, founding: Any, within: str) -> dict[str, Any]:
    return {
        "id": urn_of(founding.audience),
        "type": ["Room", "Group"],
        "name": "Verzonnen",
        "within": within,
        "founding": founding.text,
        "listed": True,
    }


def created(node: RunningNode, ring: str, document: dict[str, Any]) -> dict[str, Any]:
    urn = urn_of(ring)
    return {
        "@context": OBJECT_CONTEXT,
        "id": f"{node.base}/a/{abs(hash(str(document))) % 10**17}",
        "type": "Create",
        "actor": node.identity.actor_uri,
        "to": [urn],
        "audience": urn,
        "object": document,
    }


async def test_a_room_of_ten_thousand_people_is_refused(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    people = [
        {
            "id": f"{firms.bakker.base}/p/{number}",
            "type": "Person",
            "preferredUsername": f"p{number}",
            "name": "P",
        }
        for number in range(10_000)
    ]
    seats = [{"type": "Seat", "room": urn_of(audience), "person": person} for person in people]
    peer = firms.smit.read(lambda db: find_peer(db, firms.bakker.domain))
    assert peer is not None
    whole = {"orderedItems": seats}
    firms.smit.write(lambda db: take_people(db, firms.smit.identity, peer, audience, whole))
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}
    for number in range(300):
        await deliver_as_node(
            firms.bakker, firms.smit, seat_activity(firms.bakker, audience, "Add", people[number])
        )
    await settle(firms.smit)
    assert len(firms.inside(firms.smit, audience)) == 300


async def test_a_post_of_somebody_who_is_not_in_is_not_shown(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    urn = urn_of(audience)
    for number, (node, handle) in enumerate(((firms.smit, "sjef"), (firms.jansen, "jan"))):
        author = f"{node.base}{member_row(node, handle).uri}"
        note = {
            "id": f"{node.base}/o/{number + 77}",
            "type": "Note",
            "attributedTo": author,
            "content": f"<p>Van buiten {number}</p>",
            "to": [urn],
            "audience": urn,
        }
        activity = {
            "@context": OBJECT_CONTEXT,
            "id": f"{node.base}/a/{number + 77}",
            "type": "Create",
            "actor": author,
            "to": [urn],
            "audience": urn,
            "object": note,
        }
        await say(node, firms.bakker, activity)
        assert find_text(firms.bakker, f"Van buiten {number}") is None
