"""A sector ring: terms, applications, the numbered roster, who is in by each node's own copy."""

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete, select

from node.boundary import is_in_ring, ring_nodes
from node.errors import Conflict, Forbidden, Invalid
from node.ids import now
from node.notices import notices
from node.objects import objects
from node.peers import BY_AGREEMENT, BY_PAIRING, BY_ROSTER, PAIRED, find_peer
from node.queue import deliveries
from node.rings import agreements
from node.rings.queries import describe_reach
from node.rings.receipts import receipt_summary
from node.rings.rosters import block_peer, close_for_restore, content_to_delete
from node.rings.sector import steward as sector_steward
from node.rings.sector.checks import answer_check
from node.rings.sector.rows import applications_of, find_sector, last_roster, roster_of, standing
from tests.factories import (
    PASSWORD,
    director_of,
    leave_ring,
    make_member,
    make_ring,
    make_terms,
    make_topic,
    member_row,
    pair,
    post,
    ring_of,
)
from tests.network import RunningNode, settle
from tests.node.rings.conftest import Sector
from tests.sector import admit, apply, number_held, remove, sector_id


def inside(node: RunningNode, audience: str) -> list[str]:
    """The other nodes that it would send to; none as well when it is not in itself."""
    if not node.read(lambda db: is_in_ring(db, audience)):
        return []
    return node.read(lambda db: [peer.domain.partition(".")[0] for peer in ring_nodes(db, audience)])


def texts(node: RunningNode, audience: str) -> int:
    query = select(objects.c.id).where(objects.c.audience == audience, objects.c.kind == "post")
    return len(node.read(lambda db: db.execute(query).all()))


def told(node: RunningNode, handle: str = "anna") -> set[tuple[str, str]]:
    """The notices of a member, as (kind, words)."""
    mine = select(notices.c.kind, notices.c.text).where(
        notices.c.member_id == member_row(node, handle).actor_id
    )
    return {(row.kind, row.text) for row in node.read(lambda db: db.execute(mine).all())}


def pinned_by(node: RunningNode, other: RunningNode) -> str:
    peer = node.read(lambda db: find_peer(db, other.domain))
    assert peer is not None
    assert peer.state == PAIRED
    return str(peer.pinned_by)


def firms_on(node: RunningNode, ring: str) -> list[str]:
    last = node.read(lambda db: last_roster(db, sector_id(node, ring)))
    return [entry.domain.partition(".")[0] for entry in roster_of(last).firms] if last is not None else []


# --- coming in -------------------------------------------------------------------------------------


async def test_firms_that_signed_the_terms_share_content_straight(sector: Sector) -> None:
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]
    before = len(sector.bakker.sender.log)
    post(sector.bakker, "anna", sector.audience, "Wie heeft dit ook?")
    await sector.settle()
    assert texts(sector.smit, sector.audience) == texts(sector.jansen, sector.audience) == 1
    assert texts(sector.branche, sector.audience) == 0
    sent = [request for request, _ in sector.bakker.sender.log[before:] if b"Wie heeft" in request.body]
    assert all("branche" not in request.url for request in sent)


async def test_all_members_are_told_who_came_in(sector: Sector) -> None:
    assert ("ring_joined", "Jansen · Sector") in told(sector.bakker)
    assert ("ring_open", "Sector") in told(sector.jansen)


async def test_a_roster_pins_keys_of_firms_that_never_paired(sector: Sector) -> None:
    assert pinned_by(sector.bakker, sector.branche) == BY_PAIRING
    assert pinned_by(sector.bakker, sector.smit) == BY_ROSTER


async def test_partner_agreements_need_pairing_not_only_a_roster(sector: Sector) -> None:
    bakker, smit = sector.bakker, sector.smit
    terms, director = make_terms(bakker, smit), director_of(bakker)

    def propose() -> str:
        return bakker.write(
            lambda db: agreements.propose(db, bakker.identity, director, PASSWORD, terms, handle="samen")
        )

    with pytest.raises(Invalid):
        propose()
    await pair(bakker, smit)
    assert pinned_by(bakker, smit) == BY_PAIRING
    propose()


async def test_an_agreement_signed_since_vouches_more_than_the_roster(sector: Sector) -> None:
    await pair(sector.bakker, sector.jansen)
    await pair(sector.smit, sector.jansen)
    await make_ring(sector.jansen, sector.bakker, sector.smit, handle="samen")
    assert pinned_by(sector.bakker, sector.smit) == BY_AGREEMENT


async def test_who_only_applied_gets_nothing_and_is_seen_by_the_steward_alone(sector: Sector) -> None:
    remove(sector.branche, sector.ring, "jansen.localhost")
    await sector.settle()
    apply(sector.jansen, sector.ring)
    await sector.settle()
    post(sector.bakker, "anna", sector.audience, "Alleen wij twee.")
    await sector.settle()
    assert texts(sector.jansen, sector.audience) == 0
    assert inside(sector.jansen, sector.audience) == []
    ring_id = sector_id(sector.bakker, sector.ring)
    seen = sector.bakker.read(lambda db: applications_of(db, ring_id, "waiting"))
    assert [row.domain for row in seen] == ["bakker.localhost"]


async def test_a_firm_that_comes_later_gets_nothing_from_before(sector: Sector) -> None:
    remove(sector.branche, sector.ring, "jansen.localhost")
    await sector.settle()
    post(sector.bakker, "anna", sector.audience, "Voor zijn tijd.")
    await sector.settle()
    apply(sector.jansen, sector.ring)
    await sector.settle()
    admit(sector.branche, sector.ring)
    await sector.settle()
    post(sector.bakker, "anna", sector.audience, "In zijn tijd.")
    await sector.settle()
    assert texts(sector.jansen, sector.audience) == 1
    assert texts(sector.smit, sector.audience) == 2


async def test_a_firm_that_is_refused_reads_why(sector: Sector) -> None:
    remove(sector.branche, sector.ring, "jansen.localhost")
    await sector.settle()
    made, director = apply(sector.jansen, sector.ring), director_of(sector.branche)
    await sector.settle()
    branche, ring_id = sector.branche, sector_id(sector.branche, sector.ring)
    branche.write(
        lambda db: sector_steward.refuse(
            db, branche.identity, director, PASSWORD, ring_id, made, "Geen lid van de branche."
        )
    )
    await sector.settle()
    row = sector.jansen.read(lambda db: find_sector(db, sector.ring))
    assert row is not None
    assert row.refused_why == "Geen lid van de branche."
    with pytest.raises(Conflict):
        admit(branche, sector.ring, made)


async def test_nobody_is_admitted_without_a_password_of_a_director_or_editor(sector: Sector) -> None:
    ring_id, branche = sector_id(sector.branche, sector.ring), sector.branche
    editor = make_member(branche, "eddy", roles=("editor",))

    def put_out(member_id: int, password: str) -> int:
        return branche.write(
            lambda db: sector_steward.remove(
                db, branche.identity, member_id, password, ring_id, "smit.localhost"
            )
        )

    with pytest.raises(Forbidden):
        put_out(member_row(branche, "anna").actor_id, PASSWORD)
    with pytest.raises(Forbidden):
        put_out(editor, "iets anders")
    assert number_held(branche, sector.ring) == 2
    assert put_out(editor, PASSWORD) == 3


# --- going out -------------------------------------------------------------------------------------


async def test_a_firm_that_leaves_is_out_at_once_even_while_the_steward_is_away(sector: Sector) -> None:
    sector.bakker.sender.down.add("branche.localhost")
    await leave_ring(sector.smit, "sector")
    assert inside(sector.smit, sector.audience) == []
    await settle(*sector.firms)
    assert inside(sector.bakker, sector.audience) == ["jansen"]
    assert number_held(sector.bakker, sector.ring) == 2
    sector.bakker.sender.down.clear()
    with time_machine.travel(now() + timedelta(hours=2)):
        await sector.settle()
        assert firms_on(sector.bakker, sector.ring) == ["bakker", "jansen"]
        assert number_held(sector.jansen, sector.ring) == 3


async def test_a_firm_that_is_removed_is_told_and_gets_nothing_more(sector: Sector) -> None:
    assert remove(sector.branche, sector.ring, "smit.localhost") == 3
    await sector.settle()
    assert inside(sector.smit, sector.audience) == []
    assert inside(sector.bakker, sector.audience) == ["jansen"]
    assert ("ring_left", "Smit · Sector") in told(sector.bakker)
    assert ("ring_removed", "Sector") in told(sector.smit, "directeur")
    post(sector.bakker, "anna", sector.audience, "Zonder Smit.")
    await sector.settle()
    assert texts(sector.smit, sector.audience) == 0


async def test_a_removed_firm_sees_no_roster_after_the_one_that_put_it_out(sector: Sector) -> None:
    remove(sector.branche, sector.ring, "smit.localhost")
    await sector.settle()
    remove(sector.branche, sector.ring, "jansen.localhost")
    await sector.settle()
    smit = sector.branche.read(lambda db: find_peer(db, "smit.localhost"))
    assert smit is not None

    def shown(number: int) -> list[int]:
        answer = sector.branche.write(
            lambda db: answer_check(db, sector.ring, smit.id, number=number, held="", all_signed=True)
        )
        return [json.loads(one["content"])["number"] for one in answer["rosters"]]

    assert [shown(number) for number in (0, 1, 2, 3, 4)] == [[], [2, 3], [3], [], []]
    assert number_held(sector.smit, sector.ring) == 3


async def test_people_receipts_and_topics_are_as_in_any_ring(sector: Sector) -> None:
    make_topic(sector.bakker, "directeur", sector.audience, "ketels")
    made = post(sector.bakker, "anna", sector.audience, "Voor allen.")
    await sector.settle()
    found = select(objects.c.id).where(objects.c.audience == sector.audience, objects.c.kind == "topic")
    assert len(sector.smit.read(lambda db: db.execute(found).all())) == 1
    assert len(sector.jansen.read(lambda db: db.execute(found).all())) == 1
    receipts = sector.bakker.read(lambda db: receipt_summary(db, [made]))[made]
    assert [state for _, state in receipts] == ["stored", "stored"]
    reach = sector.bakker.read(lambda db: describe_reach(db, sector.audience))
    assert [(node.name, node.people) for node in reach.nodes] == [("Jansen", 2), ("Smit", 2)]


async def test_a_blocked_firm_is_out_here_though_it_is_on_the_roster(sector: Sector) -> None:
    smit = sector.bakker.read(lambda db: find_peer(db, "smit.localhost"))
    assert smit is not None
    sector.bakker.write(lambda db: block_peer(db, smit.id))
    assert inside(sector.bakker, sector.audience) == ["jansen"]


async def test_a_steward_whose_backup_was_put_back_first_hears_from_every_firm(sector: Sector) -> None:
    branche, ring_id = sector.branche, sector_id(sector.branche, sector.ring)
    branche.write(lambda db: close_for_restore(db, "backup"))
    with pytest.raises(Conflict):
        remove(branche, sector.ring, "smit.localhost")
    with time_machine.travel(now() + timedelta(days=8)):
        assert remove(branche, sector.ring, "smit.localhost") == 3
    assert ring_id == sector_id(branche, sector.ring)


async def test_an_old_signature_does_not_bring_a_removed_firm_back(sector: Sector) -> None:
    ring_id = sector_id(sector.branche, sector.ring)
    admitted = sector.branche.read(lambda db: applications_of(db, ring_id, "admitted"))
    old = next(row.hash for row in admitted if row.domain == "smit.localhost")
    remove(sector.branche, sector.ring, "smit.localhost")
    await sector.settle()
    with pytest.raises(Conflict):
        admit(sector.branche, sector.ring, old)
    row = sector.smit.read(lambda db: find_sector(db, sector.ring))
    assert row is not None
    assert sector.smit.read(lambda db: standing(db, row)) == "ended"
    apply(sector.smit, sector.ring)
    await sector.settle()
    assert admit(sector.branche, sector.ring) == 4
    await sector.settle()
    assert inside(sector.smit, sector.audience) == ["bakker", "jansen"]
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]


async def test_a_parted_firms_content_goes_after_the_terms_retention_days(sector: Sector) -> None:
    post(sector.smit, "anna", sector.audience, "Van Smit.")
    await sector.settle()
    await leave_ring(sector.smit, "sector")
    await sector.settle()
    assert sector.bakker.read(content_to_delete) == []
    with time_machine.travel(now() + timedelta(days=31)):
        assert len(sector.bakker.read(content_to_delete)) == 1


async def test_the_ring_ends_with_its_terms(sector: Sector) -> None:
    with time_machine.travel(now() + timedelta(days=401)):
        await sector.settle()
        assert inside(sector.bakker, sector.audience) == []
        assert ring_of(sector.bakker, "sector").state == "closed"
        with pytest.raises(Conflict):
            remove(sector.branche, sector.ring, "smit.localhost")


# --- the steward is away ---------------------------------------------------------------------------


async def test_the_ring_goes_on_under_the_last_roster_when_its_steward_is_gone(sector: Sector) -> None:
    sector.bakker.sender.down.add("branche.localhost")
    with time_machine.travel(now() + timedelta(days=90)):
        post(sector.bakker, "anna", sector.audience, "Zonder hub.")
        await settle(*sector.firms)
        assert texts(sector.smit, sector.audience) == texts(sector.jansen, sector.audience) == 1


async def test_numbers_that_did_not_arrive_are_asked_for(sector: Sector) -> None:
    branche, bakker = sector.branche, sector.bakker
    branche.sender.down.add(bakker.domain)
    remove(branche, sector.ring, "jansen.localhost")
    await settle(branche, sector.smit, sector.jansen)
    peer = branche.read(lambda db: find_peer(db, bakker.domain))
    assert peer is not None
    branche.write(lambda db: db.execute(delete(deliveries).where(deliveries.c.peer_id == peer.id)))
    branche.sender.down.clear()
    apply(sector.jansen, sector.ring)
    with time_machine.travel(now() + timedelta(hours=1)):
        await sector.settle()
        admit(branche, sector.ring)
        await sector.settle()
        assert number_held(bakker, sector.ring) == 4
        assert inside(bakker, sector.audience) == ["jansen", "smit"]


async def test_a_roster_that_the_steward_kept_from_a_firm_comes_to_it_from_another(sector: Sector) -> None:
    branche = sector.branche
    remove(branche, sector.ring, "jansen.localhost")
    branche.sender.down.add(sector.smit.domain)
    await settle(branche, sector.bakker, sector.jansen)
    branche.sender.down.clear()
    branche.sender.down.add(branche.domain)
    with time_machine.travel(now() + timedelta(days=2)):
        await settle(*sector.firms)
        assert number_held(sector.smit, sector.ring) == 3
        assert inside(sector.smit, sector.audience) == ["bakker"]
