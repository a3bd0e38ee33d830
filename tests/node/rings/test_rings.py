"""A ring of two firms: agreed, open, caught up with, renewed, left, ended by the clock."""

from datetime import timedelta

import httpx
import pytest
import time_machine
from sqlalchemy import delete, select, update

from federation.messages import Request
from federation.signatures import sign_rfc9421
from node.access.members import disable_member
from node.actors import actors
from node.boundary import is_in_ring
from node.errors import Conflict, Forbidden
from node.ids import now
from node.objects import holders, objects
from node.outbox import last_number
from node.peers import BLOCKED, find_peer
from node.queue import deliveries
from node.rings import agreements, leaving
from node.rings.agreement_rows import (
    COMPLETE,
    LAPSED,
    WITHDRAWN,
    get_agreement,
    signatures_of,
    signing_agreements,
)
from node.rings.catching_up import gaps
from node.rings.queries import describe_reach
from node.rings.receipts import receipt_summary
from node.rings.rosters import block_peer, content_to_delete
from tests.factories import (
    PASSWORD,
    director_of,
    leave_ring,
    log_in,
    make_member,
    make_ring,
    make_terms,
    member_row,
    pair,
    post,
    ring_of,
)
from tests.network import RunningNode, settle
from tests.node.rings.conftest import Firms


def proposed(firms: Firms) -> str:
    terms, director = make_terms(firms.bakker, firms.smit), director_of(firms.bakker)
    return firms.bakker.write(
        lambda db: agreements.propose(db, firms.bakker.identity, director, PASSWORD, terms, handle="monteurs")
    )


def sign(node: RunningNode, agreement: str, password: str = PASSWORD) -> None:
    director = director_of(node)
    node.write(
        lambda db: agreements.sign(db, node.identity, director, password, agreement, handle="monteurs")
    )


def state_of(node: RunningNode, agreement: str) -> str:
    return str(node.read(lambda db: get_agreement(db, agreement).state))


def is_open(node: RunningNode, audience: str) -> bool:
    return node.read(lambda db: is_in_ring(db, audience))


def texts(node: RunningNode, audience: str) -> int:
    query = select(objects.c.id).where(objects.c.audience == audience, objects.c.kind == "post")
    return len(node.read(lambda db: db.execute(query).all()))


def peer_id(node: RunningNode, other: RunningNode) -> int:
    peer = node.read(lambda db: find_peer(db, other.domain))
    assert peer is not None
    return int(peer.id)


# --- agreeing --------------------------------------------------------------------------------------


async def test_a_ring_opens_for_both_when_both_directors_signed(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    agreement = proposed(firms)
    await settle(firms.bakker, firms.smit)
    assert not is_open(firms.bakker, f"ring:{agreement}")
    sign(firms.smit, agreement)
    await settle(firms.bakker, firms.smit)
    for node in (firms.bakker, firms.smit):
        assert state_of(node, agreement) == COMPLETE
        assert is_open(node, f"ring:{agreement}")


async def test_no_proof_exists_without_a_directors_password(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    agreement = proposed(firms)
    await settle(firms.bakker, firms.smit)
    with pytest.raises(Forbidden):
        sign(firms.smit, agreement, "niet mijn wachtwoord")
    member = make_member(firms.smit, "monteur")
    with pytest.raises(Forbidden):
        firms.smit.write(
            lambda db: agreements.sign(db, firms.smit.identity, member, PASSWORD, agreement, handle="x1")
        )
    signed = firms.smit.read(lambda db: [row.domain for row in signatures_of(db, agreement)])
    assert signed == [firms.bakker.domain]


async def test_one_open_successor_at_a_time(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    director, ring = director_of(firms.bakker), ring_of(firms.bakker, "monteurs")
    terms = make_terms(firms.bakker, firms.smit, name="Nieuw")

    def renew() -> str:
        return firms.bakker.write(
            lambda db: agreements.propose(
                db, firms.bakker.identity, director, PASSWORD, terms, ring_id=ring.id
            )
        )

    successor = renew()
    with pytest.raises(Conflict):
        renew()
    await settle(firms.bakker, firms.smit)
    assert is_open(firms.smit, audience)
    sign(firms.smit, successor)
    await settle(firms.bakker, firms.smit)
    assert state_of(firms.smit, successor) == COMPLETE
    assert ring_of(firms.smit, "monteurs").name == "Nieuw"
    assert is_open(firms.smit, audience)
    assert is_open(firms.bakker, audience)


async def test_a_withdrawn_proposal_never_opens_a_ring(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    agreement = proposed(firms)
    await settle(firms.bakker, firms.smit)
    director = director_of(firms.bakker)
    firms.bakker.write(
        lambda db: agreements.withdraw(db, firms.bakker.identity, director, PASSWORD, agreement)
    )
    sign(firms.smit, agreement)  # they have not heard of it yet
    await settle(firms.bakker, firms.smit)
    assert state_of(firms.bakker, agreement) == WITHDRAWN
    assert not is_open(firms.smit, f"ring:{agreement}")
    assert not is_open(firms.bakker, f"ring:{agreement}")


async def test_what_is_not_signed_in_time_lapses_and_a_new_one_can_follow(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    agreement = proposed(firms)
    await settle(firms.bakker, firms.smit)
    with time_machine.travel(now() + timedelta(days=15), tick=True):
        await settle(firms.bakker, firms.smit)
        assert state_of(firms.smit, agreement) == state_of(firms.bakker, agreement) == LAPSED
        with pytest.raises(Conflict):
            sign(firms.smit, agreement)
        ring, director = ring_of(firms.bakker, "monteurs"), director_of(firms.bakker)
        terms = make_terms(firms.bakker, firms.smit)
        second = firms.bakker.write(
            lambda db: agreements.propose(
                db, firms.bakker.identity, director, PASSWORD, terms, ring_id=ring.id
            )
        )
        await settle(firms.bakker, firms.smit)
        sign(firms.smit, second)
        await settle(firms.bakker, firms.smit)
        assert is_open(firms.smit, f"ring:{agreement}")
        assert is_open(firms.bakker, f"ring:{agreement}")


async def test_reminding_is_for_directors_and_once_an_hour(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    agreement, director = proposed(firms), director_of(firms.bakker)

    def remind() -> None:
        firms.bakker.write(lambda db: agreements.remind(db, firms.bakker.identity, director, agreement))

    remind()
    with pytest.raises(Conflict):
        remind()


async def test_a_stranger_cannot_propose(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    proposed(firms)
    await settle(firms.bakker, firms.stranger)
    assert firms.stranger.read(signing_agreements) == []


# --- ending ----------------------------------------------------------------------------------------


async def test_leaving_closes_at_once_and_the_partner_is_told(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    post(firms.bakker, "directeur", audience, "nog niet weg")
    await leave_ring(firms.bakker, "monteurs")
    assert not is_open(firms.bakker, audience)
    await settle(firms.bakker, firms.smit)
    assert not is_open(firms.smit, audience)
    assert texts(firms.smit, audience) == 0
    assert ring_of(firms.smit, "monteurs").state == "closed"


async def test_leaving_asks_the_password(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    ring, director = ring_of(firms.bakker, "monteurs"), director_of(firms.bakker)
    with pytest.raises(Forbidden):
        firms.bakker.write(
            lambda db: leaving.leave(db, firms.bakker.identity, director, "fout wachtwoord", ring.id)
        )
    assert is_open(firms.bakker, audience)


async def test_the_clock_closes_a_ring_without_anybody_coming_by(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    with time_machine.travel(now() + timedelta(days=401), tick=True):
        assert not is_open(firms.bakker, audience)
        await settle(firms.bakker, firms.smit)
        assert ring_of(firms.bakker, "monteurs").state == "closed"


async def test_a_block_puts_a_firm_out_of_the_ring(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    blocked = peer_id(firms.bakker, firms.smit)
    post(firms.bakker, "directeur", audience, "wacht")
    firms.bakker.write(lambda db: block_peer(db, blocked))
    assert not is_open(firms.bakker, audience)
    peer = firms.bakker.read(lambda db: find_peer(db, firms.smit.domain))
    assert peer is not None
    assert peer.state == BLOCKED
    await settle(firms.bakker, firms.smit)
    assert texts(firms.smit, audience) == 0
    director = await log_in(firms.bakker, "directeur")
    assert "Smit · Monteurs" in (await director.get("/notices")).text
    await director.aclose()


async def test_a_blocked_firm_is_named_on_the_page_of_a_ring_that_goes_on(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    await pair(firms.bakker, firms.stranger)
    await make_ring(firms.bakker, firms.smit, firms.stranger)
    blocked = peer_id(firms.bakker, firms.smit)
    director = await log_in(firms.bakker, "directeur")
    words = "Onze eigen node blokkeert Smit"
    assert words not in (await director.get("/rings/monteurs/about")).text
    firms.bakker.write(lambda db: block_peer(db, blocked))
    assert words in (await director.get("/rings/monteurs/about")).text
    await director.aclose()


async def test_content_of_a_parted_firm_is_due_for_deletion_after_the_retention_days(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    post(firms.bakker, "directeur", audience, "straks weg")
    await settle(firms.bakker, firms.smit)
    await leave_ring(firms.bakker, "monteurs")
    await settle(firms.bakker, firms.smit)
    assert firms.smit.read(content_to_delete) == []
    with time_machine.travel(now() + timedelta(days=31), tick=True):
        assert len(firms.smit.read(content_to_delete)) == 1


# --- people, numbers, receipts ---------------------------------------------------------------------


async def test_each_firm_knows_the_people_of_the_other(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    make_member(firms.bakker, "anna", name="Anna de Wit")
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    (reach,) = firms.smit.read(lambda db: describe_reach(db, audience)).nodes
    assert (reach.name, reach.people, reach.approximate) == ("Bakker", 2, False)
    uri = f"{firms.bakker.base}/p/{member_row(firms.bakker, 'anna').actor_id}"
    found = firms.smit.read(lambda db: db.execute(select(actors).where(actors.c.uri == uri)).one())
    assert (found.handle, found.name, found.inbox) == ("anna", "Anna de Wit", f"{firms.bakker.base}/inbox")


async def test_people_who_come_and_go_are_told(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    anna = make_member(firms.bakker, "anna")
    await settle(firms.bakker, firms.smit)
    assert firms.smit.read(lambda db: describe_reach(db, audience)).nodes[0].people == 2
    firms.bakker.write(lambda db: disable_member(db, anna))
    await settle(firms.bakker, firms.smit)
    assert firms.smit.read(lambda db: describe_reach(db, audience)).nodes[0].people == 1


async def test_after_a_day_of_silence_the_number_is_approximate(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    with time_machine.travel(now() + timedelta(hours=25), tick=True):
        assert firms.smit.read(lambda db: describe_reach(db, audience)).nodes[0].approximate


async def test_a_partner_that_was_away_gets_all_in_order_though_the_queue_was_emptied(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    for number in range(60):
        post(firms.bakker, "directeur", audience, f"bericht {number}")
    firms.bakker.write(lambda db: db.execute(delete(deliveries)))
    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        await settle(firms.smit, firms.bakker)
    query = select(objects.c.uri).where(objects.c.audience == audience).order_by(objects.c.id)
    theirs = firms.smit.read(lambda db: list(db.scalars(query)))
    ours = firms.bakker.read(lambda db: list(db.scalars(query)))
    assert theirs == [f"{firms.bakker.base}{uri}" for uri in ours]
    ring = ring_of(firms.smit, "monteurs")
    assert firms.smit.read(lambda db: gaps(db, ring.audience, peer_id(firms.smit, firms.bakker))) == 0


async def test_a_skipped_number_is_fetched_at_once(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    post(firms.bakker, "directeur", audience, "verloren")
    firms.bakker.write(lambda db: db.execute(delete(deliveries)))
    post(firms.bakker, "directeur", audience, "aangekomen")
    with time_machine.travel(now() + timedelta(minutes=1), tick=True):
        await settle(firms.bakker, firms.smit)
    assert texts(firms.smit, audience) == 2


async def test_every_number_is_answered_and_what_is_not_for_the_asker_as_none(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    for number in range(3):
        post(firms.bakker, "directeur", audience, f"bericht {number}")
    early = now() - timedelta(days=1)
    first = select(objects.c.id).where(objects.c.audience == audience).order_by(objects.c.id).limit(1)
    firms.bakker.write(
        lambda db: db.execute(
            update(objects).where(objects.c.id == first.scalar_subquery()).values(published=early)
        )
    )
    answer = await asked(
        firms.smit, firms.bakker, f"{audience.removeprefix('ring:')}/activities?epoch=1&after=0"
    )
    last = firms.bakker.read(lambda db: last_number(db, firms.bakker.identity, audience))
    items = answer.json()["items"]
    assert [item["n"] for item in items] == list(range(1, last + 1))
    assert [item for item in items if item.get("none")] == [{"n": last - 2, "none": True}]


async def asked(asker: RunningNode, node: RunningNode, path: str) -> httpx.Response:
    """A GET signed with the asker's node key."""
    url = f"{node.base}/node/rings/{path}"
    us = asker.identity
    headers = sign_rfc9421(Request("GET", url), us.node_key_id, us.ed25519_private, now())
    async with node.client() as client:
        return await client.get(url, headers=headers)


async def test_outsiders_get_the_404_of_what_does_not_exist(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    await pair(firms.bakker, firms.stranger)
    audience = await make_ring(firms.bakker, firms.smit)
    missing = await asked(firms.stranger, firms.bakker, f"{'0' * 64}/people")
    for path in ("people", "activities"):
        found = await asked(firms.stranger, firms.bakker, f"{audience.removeprefix('ring:')}/{path}")
        assert (found.status_code, found.content) == (404, missing.content)
    await leave_ring(firms.smit, "monteurs")
    await settle(firms.smit, firms.bakker)
    parted = await asked(firms.smit, firms.bakker, f"{audience.removeprefix('ring:')}/people")
    assert (parted.status_code, parted.content) == (404, missing.content)


async def test_the_author_sees_stored_only_on_a_receipt(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    await settle(firms.bakker, firms.smit)
    object_id = post(firms.bakker, "directeur", audience, "aangekomen?")
    waiting = firms.bakker.read(lambda db: receipt_summary(db, [object_id]))
    assert waiting == {object_id: [("Smit", "waiting")]}
    await settle(firms.bakker)
    handed = firms.bakker.read(lambda db: receipt_summary(db, [object_id]))
    assert handed == {object_id: [("Smit", "handed")]}
    await settle(firms.bakker, firms.smit)
    stored = firms.bakker.read(lambda db: receipt_summary(db, [object_id]))
    assert stored == {object_id: [("Smit", "stored")]}
    assert firms.smit.read(lambda db: db.execute(select(holders)).all()) == []


async def test_the_pages_of_a_ring(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    bakker, smit = await log_in(firms.bakker, "directeur"), await log_in(firms.smit, "directeur")
    partner = peer_id(firms.bakker, firms.smit)
    assert (await bakker.get("/proposals/new")).status_code == 200
    form = {
        "name": "Warmtepompen",
        "handle": "warmte",
        "purpose": "Samen leren",
        "confidentiality": "Blijft hier",
        "retention_days": "30",
        "deadline": (now() + timedelta(days=10)).date().isoformat(),
        "ends_at": (now() + timedelta(days=300)).date().isoformat(),
        f"firm_{partner}": "on",
        "password": "fout",
    }
    for key in ("own", str(partner)):
        form |= {f"goal_{key}": "Delen", f"hours_{key}": "2", f"contact_{key}": "Jan, 06"}
    wrong = await bakker.post("/proposals/new", data=form)
    assert wrong.status_code == 422
    assert firms.bakker.read(signing_agreements) == []
    too_late = {"deadline": "2020-01-01", "ends_at": "2020-01-01", "retention_days": "x"}
    wrong = await bakker.post("/proposals/new", data={**form, **too_late})
    for field in (*too_late, "password"):
        assert f'id="{field}-wrong"' in wrong.text, "everything that is wrong is said at once"
    made = await bakker.post("/proposals/new", data={**form, "password": PASSWORD})
    assert made.status_code == 303, made.text
    await settle(firms.bakker, firms.smit)
    page = made.headers["location"]
    assert (await bakker.get(page)).status_code == 200
    assert "Samen leren" in (await smit.get(page)).text
    assert page in (await smit.get("/rings")).text
    unread = await smit.post(f"{page}/sign", data={"handle": "warmte", "password": PASSWORD})
    assert unread.status_code == 422
    signed = await smit.post(f"{page}/sign", data={"handle": "warmte", "password": PASSWORD, "read": "on"})
    assert signed.status_code == 303, signed.text
    await settle(firms.bakker, firms.smit)
    for browser in (bakker, smit):
        for path in ("/rings", "/rings/warmte/about", "/rings/warmte/renew", "/rings/warmte/leave"):
            assert (await browser.get(path)).status_code == 200, path
    left = await smit.post("/rings/warmte/leave", data={"password": PASSWORD})
    assert left.status_code == 303
    assert (await smit.get("/rings/warmte/about")).status_code == 200
    await bakker.aclose()
    await smit.aclose()
