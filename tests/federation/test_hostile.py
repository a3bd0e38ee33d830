"""What a clever enemy tries at the edges of the rules: other keys, shapes, hosts and moments."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import event, func, insert, select, update

from federation.messages import Request
from federation.proofs import make_proof
from federation.signatures import sign_cavage
from node.actors import actors, find_actor
from node.departures import departures
from node.ids import new_id, now
from node.media.images import read_picture
from node.media.tables import files
from node.memberships import memberships
from node.objects import PUBLIC, holders, objects
from node.peers import find_peer
from node.posts.actions import delete_post, edit_post
from node.posts.storing import find_post
from node.rings.agreement_rows import find_agreement
from node.rings.catching_up import Due, keep_answer
from node.rings.offers import Offer, take_offer
from node.rings.outgoing import publish_people_change
from node.rings.rosters import block_peer
from node.workers import deliveries
from schemas.activitystreams import AS_CONTEXT, CONTENT_TYPE, ring_urn
from schemas.activitystreams import PUBLIC as AS_PUBLIC
from schemas.agreement import Agreement
from tests.factories import (
    leave_ring,
    make_member,
    make_ring,
    member_row,
    pair,
    picture,
    post,
)
from tests.federation.readers import by_node_key
from tests.federation.strangers import Stranger, sign_as
from tests.network import RunningNode, fediverse, settle

DOCUMENT = {"accept": CONTENT_TYPE}


@dataclass
class Stage:
    """Bakker and Smit share a ring; Eva is somebody with a server of her own."""

    bakker: RunningNode
    smit: RunningNode
    branche: RunningNode
    eva: Stranger
    ring: str

    @property
    def anna(self) -> str:
        return self.uri(self.bakker, "anna")

    def uri(self, node: RunningNode, handle: str) -> str:
        return f"{node.base}{member_row(node, handle).uri}"

    @property
    def urn(self) -> str:
        return ring_urn(self.ring.removeprefix("ring:"))


@pytest_asyncio.fixture
async def nodes(
    database_kind: str, databases: Callable[[str], Callable[[], str]], tmp_path: Path
) -> AsyncIterator[dict[str, RunningNode]]:
    """Three empty nodes, bakker, smit and the hub branche, for one test."""
    new_url = databases(database_kind)
    domains = {f"{name}.localhost": new_url() for name in ("bakker", "smit", "branche")}
    async with fediverse(tmp_path / "homes", domains, kinds={"branche.localhost": "hub"}) as made:
        yield made


@pytest_asyncio.fixture
async def stage(nodes: dict[str, RunningNode]) -> AsyncIterator[Stage]:
    bakker, smit, branche = nodes["bakker"], nodes["smit"], nodes["branche"]
    make_member(bakker, "anna", has_face=True)
    make_member(bakker, "bert")
    make_member(smit, "jan", has_face=True)
    await pair(bakker, smit)
    ring = await make_ring(bakker, smit)
    yield Stage(bakker, smit, branche, Stranger(bakker.sender, "elders.localhost", "eva"), ring)


async def hear(node: RunningNode, stranger: Stranger, activity: dict[str, Any]) -> None:
    assert (await stranger.deliver(f"{node.base}/inbox", activity)).status == 202
    await settle(node)


def person_key(node: RunningNode, handle: str) -> tuple[str, str]:
    row = node.read(lambda db: find_actor(db, member_row(node, handle).uri))
    assert row is not None
    return f"{node.base}{row.uri}#main-key", str(row.rsa_private)


async def say_as_person(sender: RunningNode, handle: str, to: RunningNode, activity: dict[str, Any]) -> None:
    """Delivered under the person's own key, as somebody could who got hold of a lapsed domain."""
    key_id, private = person_key(sender, handle)
    base = {"@context": AS_CONTEXT, "id": f"{sender.base}/a/{new_id()}", "actor": key_id.partition("#")[0]}
    body = json.dumps(base | activity).encode()
    request = Request("POST", f"{to.base}/inbox", {"content-type": CONTENT_TYPE}, body)
    answer = await sender.sender(sign_as(request, key_id, private, sign_cavage))
    assert answer.status == 202
    await settle(to)


async def ask(asker: RunningNode, node: RunningNode, path: str) -> httpx.Response:
    """A GET under the asker's node key."""
    signed = by_node_key(asker)("GET", node.base + path)
    return await node.client().get(path, headers=DOCUMENT | signed)


# --- whose document it is --------------------------------------------------------------------------


async def test_an_actor_cannot_change_another_one_behind_its_own_id(stage: Stage) -> None:
    victim = Stranger(stage.bakker.sender, "slachtoffer.localhost", "otto")
    for one in (stage.eva, victim):
        await hear(stage.bakker, one, one.activity("Create", one.note("Hallo", cc=[stage.anna])))
    forged = victim.document | {"publicKey": victim.document["publicKey"] | stage_key(stage.eva)}
    update_ = stage.eva.activity("Update", [stage.eva.actor, forged], to=[AS_PUBLIC])
    await hear(stage.bakker, stage.eva, update_)
    known = stage.bakker.read(lambda db: find_actor(db, victim.actor))
    assert known is not None
    assert known.public_key == victim.document["publicKey"]["publicKeyPem"]


def stage_key(stranger: Stranger) -> dict[str, str]:
    return {"publicKeyPem": stranger.document["publicKey"]["publicKeyPem"]}


# --- a person's key opens nothing that is not open (rule 8) ----------------------------------------


async def test_a_persons_key_cannot_answer_in_a_ring_thread_of_its_own_node(stage: Stage) -> None:
    asked = post(stage.smit, "jan", stage.ring, "Ringvraag")
    await settle(stage.smit, stage.bakker)
    jan = stage.uri(stage.smit, "jan")
    note = {
        "id": f"{stage.smit.base}/o/{new_id()}",
        "type": "Note",
        "attributedTo": jan,
        "content": "<p>verzonnen</p>",
        "inReplyTo": f"{stage.smit.base}/o/{asked}",
        "to": [AS_PUBLIC],
        "cc": [stage.anna],
    }
    await say_as_person(
        stage.smit, "jan", stage.bakker, {"type": "Create", "object": note, "to": [AS_PUBLIC]}
    )
    kept = stage.bakker.read(lambda db: find_post(db, str(note["id"])))
    assert kept is None or (kept.audience == PUBLIC and kept.parent_id is None)


async def test_a_persons_key_cannot_like_in_a_ring(stage: Stage) -> None:
    asked = post(stage.smit, "jan", stage.ring, "Ringvraag")
    await settle(stage.smit, stage.bakker)
    like = {"type": "Like", "object": f"{stage.smit.base}/o/{asked}", "to": [AS_PUBLIC]}
    await say_as_person(stage.smit, "jan", stage.bakker, like)
    likes = select(func.count()).where(objects.c.kind == "like")
    assert stage.bakker.read(lambda db: db.scalar(likes)) == 0


@pytest.mark.parametrize("kind", ["Update", "Delete"])
async def test_a_persons_key_changes_no_personal_message_of_a_paired_node(stage: Stage, kind: str) -> None:
    note = await personal_note(stage)
    changed = note | {"content": "<p>vervalst</p>", "updated": "2099-01-01T00:00:00Z"}
    about = changed if kind == "Update" else note["id"]
    for to in ([stage.anna], [AS_PUBLIC]):
        await say_as_person(stage.smit, "jan", stage.bakker, {"type": kind, "object": about, "to": to})
    kept = stage.bakker.read(lambda db: find_post(db, str(note["id"])))
    assert kept is not None
    assert (kept.state, kept.html) == ("live", "<p>Voor jou</p>")


async def personal_note(stage: Stage) -> dict[str, Any]:
    """A message of Jan's to Anna, sent by his node."""
    jan = stage.uri(stage.smit, "jan")
    note: dict[str, Any] = {
        "id": f"{stage.smit.base}/o/{new_id()}",
        "type": "Note",
        "attributedTo": jan,
        "content": "<p>Voor jou</p>",
        "to": [stage.anna],
    }
    activity: dict[str, Any] = {
        "@context": AS_CONTEXT,
        "id": f"{stage.smit.base}/a/{new_id()}",
        "type": "Create",
    }
    activity |= {"id": f"{stage.smit.base}/a/{new_id()}", "actor": jan, "object": note, "to": [stage.anna]}
    request = Request(
        "POST", f"{stage.bakker.base}/inbox", {"content-type": CONTENT_TYPE}, json.dumps(activity).encode()
    )
    signed = sign_as(request, stage.smit.identity.node_key_id, stage.smit.identity.ed25519_private)
    assert (await stage.smit.sender(signed)).status == 202
    await settle(stage.bakker)
    assert stage.bakker.read(lambda db: find_post(db, str(note["id"]))) is not None
    return note


# --- our key in somebody else's hands --------------------------------------------------------------


async def test_an_open_post_cannot_make_us_fetch_a_partners_ring_picture(stage: Stage) -> None:
    post(stage.smit, "jan", stage.ring, "Foto", pictures=[read_picture(picture().data)], alts=["een ketel"])
    file_id = stage.smit.read(lambda db: db.scalar(select(files.c.id)))
    stolen = {"type": "Document", "mediaType": "image/png", "url": f"{stage.smit.base}/media/{file_id}"}
    note = stage.eva.note("Kijk", cc=[stage.anna], attachment=[stolen])
    await hear(stage.bakker, stage.eva, stage.eva.activity("Create", note))
    got = select(files.c.name).where(files.c.remote_url == stolen["url"])
    assert stage.bakker.read(lambda db: db.scalars(got).all()) == [None]


# --- what leaves, and when -------------------------------------------------------------------------


async def test_a_ring_that_ended_by_the_clock_lets_nothing_out_of_the_queue(stage: Stage) -> None:
    post(stage.bakker, "anna", stage.ring, "Te laat")
    ended = update(memberships).values(until_at=now() - timedelta(seconds=1))
    stage.bakker.write(lambda db: db.execute(ended))
    before = len(stage.bakker.sender.log)
    await deliveries.run_once(stage.bakker.work)
    sent = [request.body for request, _ in stage.bakker.sender.log[before:] if request.method == "POST"]
    assert not any(b"Te laat" in body for body in sent)


async def test_what_an_outbox_gave_to_a_partner_is_a_departure_and_its_delete_goes_there(
    stage: Stage,
) -> None:
    stage.bakker.sender.down.add(stage.smit.domain)
    made = post(stage.bakker, "anna", stage.ring, "Uit de outbox")
    stage.bakker.write(lambda db: db.execute(holders.delete()))
    count = select(func.count()).select_from(departures)
    before = stage.bakker.read(lambda db: db.scalar(count)) or 0
    answer = await ask(stage.smit, stage.bakker, f"{member_row(stage.bakker, 'anna').uri}/outbox?page=true")
    assert "Uit de outbox" in answer.text
    assert stage.bakker.read(lambda db: db.scalar(count)) == before + 1
    assert stage.bakker.read(lambda db: db.scalars(select(holders.c.object_id)).all()) == [made]


async def test_a_blocked_partner_is_asked_to_delete_under_the_key_that_it_believes(stage: Stage) -> None:
    made = post(stage.bakker, "anna", stage.ring, "Weg ermee")
    await settle(stage.bakker, stage.smit)
    uri = f"{stage.bakker.base}/o/{made}"
    peer = stage.bakker.read(lambda db: find_peer(db, stage.smit.domain))
    assert peer is not None
    stage.bakker.write(lambda db: block_peer(db, peer.id))
    author = member_row(stage.bakker, "anna").actor_id
    stage.bakker.write(lambda db: delete_post(db, stage.bakker.identity, author, made))
    await settle(stage.bakker, stage.smit)
    there = stage.smit.read(lambda db: find_post(db, uri))
    assert there is not None
    assert (there.state, there.html) == ("deleted", "")


async def test_other_software_is_asked_to_delete_a_personal_answer(stage: Stage) -> None:
    note = stage.eva.note("Vraag", [stage.anna], tag=[{"type": "Mention", "href": stage.anna}])
    await hear(stage.bakker, stage.eva, stage.eva.activity("Create", note))
    asked = stage.bakker.read(lambda db: find_post(db, note["id"]))
    assert asked is not None
    made = post(stage.bakker, "anna", "", "Antwoord", parent_id=asked.id)
    await settle(stage.bakker)
    author = member_row(stage.bakker, "anna").actor_id
    stage.bakker.write(lambda db: delete_post(db, stage.bakker.identity, author, made))
    await settle(stage.bakker)
    assert [one["type"] for one in stage.eva.received] == ["Create", "Delete"]


async def test_words_that_were_edited_away_cannot_be_had_by_the_activitys_id(stage: Stage) -> None:
    await hear(stage.bakker, stage.eva, stage.eva.activity("Follow", stage.anna))
    made = post(stage.bakker, "anna", PUBLIC, "Het wachtwoord is hunter2")
    await settle(stage.bakker)
    create = next(one for one in stage.eva.received if one["type"] == "Create")
    author = member_row(stage.bakker, "anna").actor_id
    words = {"source": "Niets te zien", "title": "", "warning": "", "language": "nl"}
    stage.bakker.write(lambda db: edit_post(db, stage.bakker.identity, author, made, **words))
    answer = await stage.bakker.client().get(create["id"].removeprefix(stage.bakker.base), headers=DOCUMENT)
    assert answer.status_code == 200
    assert answer.json()["id"] == create["id"]
    assert "Niets te zien" in answer.text
    assert "hunter2" not in answer.text


async def test_an_open_post_names_no_colleague_without_a_face(stage: Stage) -> None:
    made = post(stage.bakker, "anna", PUBLIC, "Vraag het @bert")
    answer = await stage.bakker.client().get(f"/o/{made}", headers=DOCUMENT)
    assert stage.uri(stage.bakker, "bert") not in answer.text
    assert "bert@bakker" not in answer.text


# --- catching up -----------------------------------------------------------------------------------


def due_of(stage: Stage) -> Due:
    peer = stage.bakker.read(lambda db: find_peer(db, stage.smit.domain))
    assert peer is not None
    return Due(stage.ring, peer, numbers=True, people=False)


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    "answer",
    [
        {"epoch": 1, "last": 2**53, "items": [{"n": 2**53, "none": True}]},
        {"epoch": 2**53, "last": 1, "items": [{"n": 1, "none": True}]},
        {"epoch": -1, "last": 1, "items": [{"n": 1, "none": True}]},
        {"epoch": 1, "last": 1, "items": [{"n": 1, "none": True}], "next_epoch": 2**53},
        {"epoch": True, "last": 1, "items": []},
        {"epoch": 1, "last": 1, "items": [{"n": -5, "none": True}]},
    ],
)
async def test_numbers_that_no_node_gives_out_stop_nothing(stage: Stage, answer: dict[str, Any]) -> None:
    before = stage.bakker.write(
        lambda db: keep_answer(db, "http", due_of(stage), {"epoch": 1, "last": 0, "items": []})
    )
    assert before is None
    assert stage.bakker.write(lambda db: keep_answer(db, "http", due_of(stage), answer)) is None


@pytest.mark.parametrize("addressed", [{"to": [AS_PUBLIC]}, {"to": [f"urn:leerkring:ring:{'0' * 64}"]}, {}])
async def test_catching_up_brings_nothing_but_that_rings_activities(
    stage: Stage, addressed: dict[str, Any]
) -> None:
    jan = stage.uri(stage.smit, "jan")
    note = {"id": f"{stage.smit.base}/o/1", "type": "Note", "attributedTo": jan, "content": "x", **addressed}
    activity: dict[str, Any] = {
        "@context": AS_CONTEXT,
        "id": f"{stage.smit.base}/a/1",
        "type": "Create",
        "actor": jan,
    }
    activity |= {"actor": jan, "object": note, "epoch": 1, "n": 1, "cc": [stage.anna], **addressed}
    answer = {"epoch": 1, "last": 1, "items": [{"n": 1, "activity": activity}]}
    stage.bakker.write(lambda db: keep_answer(db, "http", due_of(stage), answer))
    await settle(stage.bakker)
    assert stage.bakker.read(lambda db: find_post(db, str(note["id"]))) is None


async def test_a_newcomer_is_not_told_who_came_and_went_before_it(stage: Stage) -> None:
    went = {
        "id": f"{stage.bakker.base}/p/1",
        "type": "Person",
        "preferredUsername": "kees",
        "name": "Kees Geheim",
    }
    ring_hash = stage.ring.removeprefix("ring:")
    stage.bakker.write(lambda db: publish_people_change(db, stage.bakker.identity, ring_hash, "Remove", went))
    later = (
        update(memberships)
        .where(memberships.c.peer_id != 0)
        .values(from_at=now() + timedelta(microseconds=1))
    )
    stage.bakker.write(lambda db: db.execute(later))
    answer = await ask(stage.smit, stage.bakker, f"/node/rings/{ring_hash}/activities?epoch=1&after=0")
    assert answer.status_code == 200
    assert "Geheim" not in answer.text


# --- agreements ------------------------------------------------------------------------------------


def offered(
    stage: Stage, *, by: RunningNode | None = None, firm: dict[str, Any] | None = None, **fields: Any
) -> Any:
    """Smit proposes to Bakker; `firm` is a third one. Returns whether Bakker took it."""
    proposer = by or stage.smit
    agreement = stage.bakker.read(lambda db: first_document(db, stage))
    document = agreement | {"ring": None, "predecessor": None, "salt": "ab" * 16} | fields
    if firm is not None:
        document["firms"] = sorted(
            [*document["firms"], document["firms"][0] | firm], key=lambda one: one["domain"]
        )
    proof = make_proof(document, proposer.identity.ed25519_private, proposer.identity.node_key_id, now())

    def take(db: Any) -> bool:
        try:
            made = Agreement.model_validate(document)
        except ValueError:
            return False
        peer = find_peer(db, proposer.domain)
        assert peer is not None
        return take_offer(db, stage.bakker.identity, Offer(peer, made, [proof], now()))

    return stage.bakker.write(take)


def first_document(db: Any, stage: Stage) -> dict[str, Any]:
    row = find_agreement(db, stage.ring.removeprefix("ring:"))
    assert row is not None
    found: dict[str, Any] = json.loads(row.document)
    return found


def third_firm(stage: Stage, **fields: Any) -> dict[str, Any]:
    node = stage.branche
    about = {"node": node.identity.actor_uri, "inbox": f"{node.base}/inbox", "domain": node.domain}
    return {**about, "key": node.identity.multikey, "name": "Branche", **fields}


async def test_an_agreement_names_each_firm_by_the_node_that_gets_its_content(stage: Stage) -> None:
    assert offered(stage, firm=third_firm(stage))


@pytest.mark.parametrize(
    "fields",
    [
        {"inbox": "http://kwaad.localhost/inbox"},
        {"node": "http://kwaad.localhost/actor"},
        {"domain": "eerlijk.localhost"},
        {"domain": "BRANCHE.localhost"},
        {"name": "Branche\u202etimS"},
        {"goal": "Leren \u202eredna sdnarg"},
    ],
)
async def test_an_agreement_that_shows_another_than_it_sends_to_is_not_taken(
    stage: Stage, fields: dict[str, str]
) -> None:
    assert not offered(stage, firm=third_firm(stage, **fields))


async def test_only_a_firm_of_the_version_before_proposes_the_next(stage: Stage) -> None:
    await pair(stage.bakker, stage.branche)
    ring_hash = stage.ring.removeprefix("ring:")
    first = stage.bakker.read(lambda db: first_document(db, stage))
    ours = next(firm for firm in first["firms"] if firm["domain"] == stage.bakker.domain)
    firms = sorted([ours, ours | third_firm(stage)], key=lambda one: one["domain"])
    assert not offered(stage, by=stage.branche, firms=firms, ring=ring_hash, predecessor=ring_hash)


# --- side channels ---------------------------------------------------------------------------------


def statements(node: RunningNode) -> list[str]:
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        found.append(statement)

    event.listen(node.engine, "before_cursor_execute", note)
    return found


async def test_a_former_partner_learns_nothing_of_who_is_there(stage: Stage) -> None:
    await leave_ring(stage.bakker, "monteurs")
    bert, seen = member_row(stage.bakker, "bert"), statements(stage.bakker)
    lists: list[list[str]] = []
    for path in (bert.uri, "/p/1", f"{bert.uri}/outbox", "/p/1/outbox"):
        seen.clear()
        assert (await ask(stage.smit, stage.bakker, path)).status_code == 404
        lists.append(list(seen))
    assert lists[0] == lists[1]
    assert lists[2] == lists[3]


async def test_a_visitor_learns_nothing_of_who_is_there(stage: Stage) -> None:
    seen, client = statements(stage.bakker), stage.bakker.client()
    await client.get("/help")  # a node just started asks once whether it was set up
    lists: list[list[str]] = []
    for path in ("/@bert", "/@niemand"):
        seen.clear()
        assert (await client.get(path)).status_code == 404
        lists.append(list(seen))
    assert lists[0] == lists[1]


async def test_how_many_follow_a_person_is_told_to_nobody(stage: Stage) -> None:
    await hear(stage.bakker, stage.eva, stage.eva.activity("Follow", stage.anna))
    path = f"{member_row(stage.bakker, 'anna').uri}/followers"
    assert "totalItems" not in (await stage.bakker.client().get(path, headers=DOCUMENT)).json()


async def test_what_only_a_partner_may_see_is_kept_by_no_cache(stage: Stage) -> None:
    path = f"/.well-known/webfinger?resource=acct:bert@{stage.bakker.domain}"
    answer = await ask(stage.smit, stage.bakker, path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"


# --- requests of another shape ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/help/", "/company/", "/actor/"])
async def test_no_header_names_the_host_that_was_asked(stage: Stage, path: str) -> None:
    answer = await stage.bakker.client().get(path, headers={"host": "kwaad.example"})
    assert "kwaad.example" not in str(answer.headers)


@pytest.mark.parametrize("number", [2**63, 10**19 - 1, 10**25])
@pytest.mark.parametrize("path", ["/o/{}", "/topics/{}", "/media/{}", "/p/{}", "/o/{}/reply", "/?before={}"])
async def test_numbers_too_large_for_a_database_are_numbers_of_nothing(
    stage: Stage, path: str, number: int
) -> None:
    answer = await stage.bakker.client().get(path.format(number))
    assert answer.status_code in (200, 404)


async def test_an_outbox_page_before_a_huge_number_is_nothing(stage: Stage) -> None:
    path = f"{member_row(stage.bakker, 'anna').uri}/outbox?page=true&max_id={10**19 - 1}"
    assert (await stage.bakker.client().get(path, headers=DOCUMENT)).status_code == 404


async def test_the_same_host_by_another_spelling_is_the_same_peer(stage: Stage) -> None:
    def look(db: Any) -> list[str]:
        return list(db.scalars(select(actors.c.peer_id).where(actors.c.uri.like("%/users/%")).distinct()))

    eva = stage.eva
    eva.sender.apps["elders.localhost:80"] = eva.app
    for base in ("http://elders.localhost", "http://elders.localhost:80"):
        eva.base, eva.actor = base, f"{base}/users/eva"
        await hear(stage.bakker, eva, eva.activity("Create", eva.note("Hallo", cc=[stage.anna])))
    assert len(stage.bakker.read(look)) == 1


async def test_a_database_error_never_quotes_what_was_written(stage: Stage) -> None:
    with pytest.raises(Exception, match="UNIQUE") as caught:
        stage.bakker.write(lambda db: db.execute(insert(objects), [geheim(), geheim()]))
    assert "geheime tekst" not in str(caught.value)


def geheim() -> dict[str, Any]:
    row = {"id": 1, "uri": "geheime tekst", "kind": "post", "audience": "company", "origin": 0}
    return row | {"state": "live", "published": now()}
