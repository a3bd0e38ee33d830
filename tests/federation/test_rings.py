"""The rules of a ring, seen on whole nodes: who gets what, in which order, by which key, until when."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select, update

from node.app import workers
from node.errors import Conflict, Invalid
from node.identity import change
from node.media.tables import files
from node.objects import HANDED, PUBLIC, STORED, holders, objects
from node.posts.actions import edit_post
from node.posts.reactions import like
from node.queue import deliveries, received
from tests.factories import log_in, make_member, picture, post
from tests.federation.circle import Circle
from tests.federation.readers import DOCUMENT
from tests.federation.strangers import Stranger
from tests.federation.traffic import (
    activity_of,
    deliver_as_node,
    deliver_as_person,
    find_text,
    find_texts,
    get_text,
    ring_note,
    sent_to,
)
from tests.network import RunningNode, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- readers and replies ---------------------------------------------------------------------------


async def test_a_mention_adds_no_reader(circle: Circle) -> None:
    circle.post("Vraag het @hilde@branche.localhost zeker")
    await circle.settle()
    assert find_text(circle.smit, "zeker") is not None
    assert find_text(circle.branche, "zeker") is None
    assert not any(b"zeker" in request.body for request in sent_to(circle.bakker, circle.branche))


async def test_an_answer_keeps_the_ring_and_is_never_wider(circle: Circle) -> None:
    circle.post("Wie weet dit")
    await circle.settle()
    parent = get_text(circle.smit, "Wie weet dit").id
    post(circle.smit, "sara", "", "Ik weet het", parent_id=parent)
    await circle.settle()
    answer = get_text(circle.bakker, "Ik weet het")
    assert (answer.audience, answer.parent_id) == (circle.ring, get_text(circle.bakker, "Wie weet dit").id)
    with pytest.raises(Invalid):
        post(circle.smit, "sara", PUBLIC, "Aan iedereen", parent_id=parent)


async def test_an_open_answer_by_a_stranger_is_not_put_under_a_ring_post(circle: Circle) -> None:
    made, olga = circle.post("Alleen voor de ring"), make_member(circle.bakker, "olga", has_face=True)
    mia = Stranger(circle.bakker.sender, "mia.localhost", "mia")
    tag = {"type": "Mention", "href": f"{circle.bakker.base}/p/{olga}", "name": "@olga"}
    note = mia.note("Ik raad maar wat", inReplyTo=f"{circle.bakker.base}/o/{made}", tag=[tag])
    answer = await mia.deliver(f"{circle.bakker.base}/inbox", mia.activity("Create", note))
    await circle.settle()
    assert answer.status == 202
    assert get_text(circle.bakker, "Ik raad maar wat").parent_id is None


async def test_an_update_with_another_audience_is_refused(circle: Circle) -> None:
    note = ring_note(circle.smit, circle.sara, circle.ring, "Eerste tekst")
    await deliver_as_node(circle.smit, circle.bakker, activity_of(circle.smit, circle.sara, "Create", note))
    await circle.settle()
    wider = {**note, "content": "<p>Tweede tekst</p>", "to": ["as:Public"]}
    wider.pop("audience")
    sent = activity_of(circle.smit, circle.sara, "Update", wider)
    await deliver_as_person(circle.smit, circle.sara, circle.bakker, sent)
    await circle.settle()
    assert get_text(circle.bakker, "Eerste tekst").audience == circle.ring
    assert find_text(circle.bakker, "Tweede tekst") is None


async def test_an_edit_reaches_those_who_have_it(circle: Circle) -> None:
    made = circle.post("Oude woorden")
    await circle.settle()
    circle.bakker.write(
        lambda db: edit_post(
            db,
            circle.bakker.identity,
            circle.anna,
            made,
            source="Nieuwe woorden",
            title="",
            warning="",
            language="nl",
        )
    )
    await circle.settle()
    assert get_text(circle.smit, "Nieuwe woorden").edited_at is not None
    assert find_text(circle.smit, "Oude woorden") is None


async def test_a_like_travels_within_the_ring(circle: Circle) -> None:
    circle.post("Goed idee")
    await circle.settle()
    there = get_text(circle.smit, "Goed idee").id
    circle.smit.write(lambda db: like(db, circle.smit.identity, circle.sara, there))
    await circle.settle()
    kinds = circle.bakker.read(lambda db: [row.kind for row in db.execute(_of_audience(circle.ring))])
    assert "like" in kinds


def _of_audience(audience: str) -> Any:
    return select(objects).where(objects.c.audience == audience)


# --- keys and origins ------------------------------------------------------------------------------


async def test_ring_content_under_a_persons_key_is_taken_and_dropped(circle: Circle) -> None:
    note = ring_note(circle.smit, circle.sara, circle.ring, "Met mijn eigen sleutel")
    sent = activity_of(circle.smit, circle.sara, "Create", note)
    answer = await deliver_as_person(circle.smit, circle.sara, circle.bakker, sent)
    await circle.settle()
    assert answer.status == 202
    assert find_text(circle.bakker, "Met mijn eigen sleutel") is None


async def test_a_node_that_is_in_no_ring_with_us_puts_nothing_into_one(circle: Circle) -> None:
    henk = make_member(circle.branche, "henk")
    note = ring_note(circle.branche, henk, circle.ring, "Laat mij erin")
    answer = await deliver_as_node(
        circle.branche, circle.bakker, activity_of(circle.branche, henk, "Create", note)
    )
    await circle.settle()
    assert answer.status == 202
    assert find_text(circle.bakker, "Laat mij erin") is None


@pytest.mark.parametrize("field", ["id", "attributedTo"])
async def test_an_object_of_another_origin_is_refused(circle: Circle, field: str) -> None:
    note = ring_note(circle.smit, circle.sara, circle.ring, "Van een ander")
    note[field] = f"{circle.branche.base}/p/77"
    await deliver_as_node(circle.smit, circle.bakker, activity_of(circle.smit, circle.sara, "Create", note))
    await circle.settle()
    assert find_text(circle.bakker, "Van een ander") is None


async def test_an_activity_id_of_another_origin_is_refused(circle: Circle) -> None:
    note = ring_note(circle.smit, circle.sara, circle.ring, "Met een vreemd id")
    sent = activity_of(circle.smit, circle.sara, "Create", note) | {"id": f"{circle.branche.base}/a/5"}
    answer = await deliver_as_node(circle.smit, circle.bakker, sent)
    await circle.settle()
    assert answer.status == 202
    assert find_text(circle.bakker, "Met een vreemd id") is None


async def test_a_file_of_ring_content_comes_from_the_authors_node_only(circle: Circle) -> None:
    elsewhere = {"type": "Image", "mediaType": "image/png", "url": f"{circle.branche.base}/media/1"}
    note = ring_note(circle.smit, circle.sara, circle.ring, "Met plaatje", attachment=[elsewhere])
    await deliver_as_node(circle.smit, circle.bakker, activity_of(circle.smit, circle.sara, "Create", note))
    await circle.settle()
    object_id = get_text(circle.bakker, "Met plaatje").id
    wanted = select(func.count()).select_from(files).where(files.c.object_id == object_id)
    assert circle.bakker.read(lambda db: db.scalar(wanted)) == 0
    assert not any(request.url == elsewhere["url"] for request, _ in circle.bakker.sender.log)


async def test_a_file_of_a_ring_post_comes_over(circle: Circle) -> None:
    circle.post("Kijk", pictures=[picture()], alts=["Een ketel"])
    await circle.settle()
    object_id = get_text(circle.smit, "Kijk").id
    row = circle.smit.read(lambda db: db.execute(select(files).where(files.c.object_id == object_id)).one())
    assert row.alt == "Een ketel"
    assert (circle.smit.settings.media_folder / row.name).exists()


async def test_a_delivery_sent_again_has_no_second_effect(circle: Circle) -> None:
    circle.post("Maar een keer")
    await circle.settle()
    recorded = next(
        request for request in sent_to(circle.bakker, circle.smit) if b"Maar een keer" in request.body
    )
    before = rows_of(circle.smit)
    answer = await circle.bakker.sender(recorded)
    await circle.settle()
    assert answer.status == 202
    assert rows_of(circle.smit) == before


def rows_of(node: RunningNode) -> tuple[int, int]:
    count = select(func.count()).select_from(received)
    return len(find_texts(node, "")), node.read(lambda db: int(db.scalar(count) or 0))


# --- receipts, order, deletes ----------------------------------------------------------------------


def state_at(circle: Circle, object_id: int) -> str:
    query = select(holders.c.state).where(holders.c.object_id == object_id)
    return str(circle.bakker.read(lambda db: db.scalar(query)))


async def test_stored_is_said_only_after_the_partners_own_word(circle: Circle) -> None:
    made = circle.post("Is het daar")
    await circle.bakker.run_once()
    assert state_at(circle, made) == HANDED
    assert find_text(circle.smit, "Is het daar") is None
    await circle.settle()
    assert find_text(circle.smit, "Is het daar") is not None
    assert state_at(circle, made) == STORED


async def test_a_forged_receipt_counts_for_nothing(circle: Circle) -> None:
    made = circle.post("Nog onderweg")
    await circle.bakker.run_once()
    activity = json.loads(sent_to(circle.bakker, circle.smit)[-1].body)["id"]
    receipt = {
        "type": "Receipt",
        "actor": circle.smit.identity.actor_uri,
        "object": activity,
        "result": "stored",
        "published": "2026-11-22T00:00:00Z",
        "proof": {"type": "DataIntegrityProof", "proofValue": "z" + "1" * 60},
    }
    forged = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{circle.smit.base}/a/99",
        "type": "Accept",
        "actor": circle.smit.identity.actor_uri,
        "object": activity,
        "result": receipt,
    }
    await deliver_as_node(circle.smit, circle.bakker, forged)
    await settle(circle.bakker)
    assert state_at(circle, made) == HANDED


async def test_a_partner_that_was_down_gets_all_posts_in_order_without_the_queue(circle: Circle) -> None:
    circle.bakker.sender.down.add(circle.smit.domain)
    for number in range(50):
        circle.post(f"Bericht nummer {number:02d}")
    await settle(circle.bakker)
    waiting = update(deliveries).where(deliveries.c.state == "waiting").values(state="dropped")
    assert circle.bakker.write(lambda db: db.execute(waiting).rowcount) >= 50
    circle.bakker.sender.down.clear()
    circle.smit.runners[:] = workers()  # started again
    await circle.settle()
    arrived = [row.html.strip() for row in find_texts(circle.smit, "Bericht nummer")]
    assert arrived == [f"<p>Bericht nummer {number:02d}</p>" for number in range(50)]


async def test_a_delete_that_comes_first_wins(circle: Circle) -> None:
    note = ring_note(circle.smit, circle.sara, circle.ring, "Te laat")
    create = activity_of(circle.smit, circle.sara, "Create", note)
    gone = {"id": note["id"], "type": "Tombstone"}
    delete = activity_of(circle.smit, circle.sara, "Delete", gone, to=note["to"], audience=note["audience"])
    for activity in (delete, create):
        assert (await deliver_as_node(circle.smit, circle.bakker, activity)).status == 202
        await circle.settle()
    assert find_text(circle.bakker, "Te laat") is None


# --- what the outside sees ---------------------------------------------------------------------------


async def test_the_domain_is_fixed_after_the_first_pairing(circle: Circle) -> None:
    with pytest.raises(Conflict):
        circle.bakker.write(lambda db: change(db, domain="anders.localhost"))


async def test_nobody_has_a_face_before_their_first_open_act(circle: Circle) -> None:
    fien = make_member(circle.bakker, "fien")
    finger = "/.well-known/webfinger?resource=acct:fien@bakker.localhost"
    outside, accept = circle.bakker.client(), {"accept": DOCUMENT}
    assert (await outside.get(finger)).status_code == 404
    assert (await outside.get(f"/p/{fien}", headers=accept)).status_code == 404
    browser = await log_in(circle.bakker, "fien")
    assert (await browser.post("/settings/face")).status_code == 303
    assert (await outside.get(finger)).status_code == 200
    assert (await outside.get(f"/p/{fien}", headers=accept)).status_code == 200


async def test_ring_nodes_see_people_without_a_face_and_others_do_not(circle: Circle) -> None:
    gea = make_member(circle.bakker, "gea")
    assert await circle.ask(circle.smit, f"/p/{gea}") == 200
    assert await circle.ask(circle.branche, f"/p/{gea}") == 404
