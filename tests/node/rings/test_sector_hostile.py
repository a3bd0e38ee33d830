"""What a steward, a firm of the ring or a stranger tries with rosters, applications and leavings."""

import json
from datetime import timedelta
from typing import Any

import time_machine

from federation.documents import Document
from federation.proofs import make_proof
from node.admin.doctor import examine
from node.identity import Identity
from node.ids import now
from node.peers import BY_PAIRING, find_peer
from node.rings.sector import outgoing as sector_outgoing
from node.rings.sector.outgoing import leaving_statement, publish_leaving
from node.rings.sector.rosters import take_roster
from node.rings.sector.rows import (
    application_of,
    applications_of,
    contrary_rosters,
    find_application,
    find_sector,
    last_roster,
    listed_firms,
    roster_of,
)
from node.rings.signed_documents import canonical, hash_of, prove
from schemas.sector import Application, Entry, Roster
from tests.factories import pair
from tests.federation.strangers import Stranger
from tests.network import RunningNode, settle
from tests.node.rings.conftest import Sector
from tests.node.rings.test_sector import inside, told
from tests.sector import number_held, remove, sector_id


def current(node: RunningNode, ring: str) -> Roster:
    row = node.read(lambda db: last_roster(db, sector_id(node, ring)))
    assert row is not None
    return roster_of(row)


def following(roster: Roster, **changes: Any) -> Roster:
    """The next number after this one, with what the test changes."""
    fields = roster.model_dump() | {"number": roster.number + 1, "previous": hash_of(roster)}
    return Roster.model_validate(fields | changes)


def without(roster: Roster, *domains: str) -> list[Document]:
    return [entry.model_dump() for entry in roster.firms if entry.domain not in domains]


def show(
    node: RunningNode,
    sector: Sector,
    roster: Roster,
    *,
    signer: Identity | None = None,
    applications: tuple[Document, ...] = (),
) -> bool:
    """The node is shown a roster that its steward signed, or somebody else; what it makes of it."""
    signed = {"content": canonical(roster), "proof": prove(signer or sector.branche.identity, roster)}
    ring_id = sector_id(node, sector.ring)
    shower = node.read(lambda db: find_peer(db, sector.branche.domain))
    assert shower is not None
    return node.write(lambda db: take_roster(db, node.identity, ring_id, shower.id, signed, applications))


def forged_application(sector: Sector, signer: RunningNode, **changes: Any) -> tuple[Application, Document]:
    """An application like Smit's with something changed, proved by `signer`."""
    ring_id = sector_id(sector.smit, sector.ring)
    rows = sector.smit.read(lambda db: applications_of(db, ring_id, "waiting", "admitted"))
    made = application_of(rows[0]).model_copy(update=changes)
    return made, {"content": canonical(made), "proof": prove(signer.identity, made)}


def evidence_of(node: RunningNode, sector: Sector) -> list[int]:
    """The numbers of rosters that its steward signed beside the ones it holds to."""
    rows = node.read(lambda db: contrary_rosters(db, sector_id(node, sector.ring)))
    return [row.number for row in rows]


def standing_of(node: RunningNode, ring: str, domain: str) -> str:
    firms = node.read(lambda db: listed_firms(db, sector_id(node, ring)))
    return next(str(firm.standing) for firm in firms if firm.domain == domain)


# --- rosters ---------------------------------------------------------------------------------------


async def test_a_roster_signed_by_another_key_counts_for_nothing(sector: Sector) -> None:
    roster = following(current(sector.bakker, sector.ring), firms=[])
    assert not show(sector.bakker, sector, roster, signer=sector.smit.identity)
    assert number_held(sector.bakker, sector.ring) == 2
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]


async def test_a_taken_over_steward_domain_with_a_new_key_changes_nothing(sector: Sector) -> None:
    taken = Stranger(sector.bakker.sender, sector.branche.domain, "indringer")
    roster = following(current(sector.bakker, sector.ring), firms=[])
    signed = {"content": canonical(roster), "proof": prove(sector.smit.identity, roster)}
    activity = taken.activity(
        "Update", {"type": "Roster", "ring": f"urn:leerkring:ring:{sector.ring}", **signed}
    )
    await taken.deliver(f"{sector.bakker.base}/inbox", activity)
    await settle(*sector.firms)
    assert number_held(sector.bakker, sector.ring) == 2
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]


async def test_a_roster_for_another_ring_counts_for_nothing(sector: Sector) -> None:
    roster = following(current(sector.bakker, sector.ring), ring="0" * 64, firms=[])
    assert not show(sector.bakker, sector, roster)
    assert number_held(sector.bakker, sector.ring) == 2


async def test_a_number_that_is_skipped_is_not_held_to_but_asked_for(sector: Sector) -> None:
    roster = current(sector.bakker, sector.ring)
    later = following(following(roster), firms=[])
    assert show(sector.bakker, sector, later)
    assert number_held(sector.bakker, sector.ring) == 2
    row = sector.bakker.read(lambda db: find_sector(db, sector.ring))
    assert row is not None
    assert row.is_behind
    await sector.settle()
    assert number_held(sector.bakker, sector.ring) == 2
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]


async def test_the_same_roster_again_changes_nothing(sector: Sector) -> None:
    assert show(sector.bakker, sector, current(sector.bakker, sector.ring))
    assert evidence_of(sector.bakker, sector) == []


async def test_a_second_roster_of_one_number_narrows_to_the_firms_in_both(sector: Sector) -> None:
    held = current(sector.bakker, sector.ring)
    other = held.model_copy(update={"firms": [e for e in held.firms if e.domain != "jansen.localhost"]})
    assert show(sector.bakker, sector, other)
    assert inside(sector.bakker, sector.audience) == ["smit"]
    assert ("roster_split", "Sector") in told(sector.bakker, "directeur")
    findings = examine(sector.bakker.engine, sector.bakker.settings, "en")
    assert any(not finding.ok and "two different rosters" in finding.text for finding in findings)


async def test_after_two_rosters_of_one_number_nobody_comes_in_any_more(sector: Sector) -> None:
    held = current(sector.bakker, sector.ring)
    lacking = [e for e in held.firms if e.domain != "jansen.localhost"]
    show(sector.bakker, sector, held.model_copy(update={"firms": lacking}))
    assert show(sector.bakker, sector, following(held))
    assert number_held(sector.bakker, sector.ring) == 3
    assert inside(sector.bakker, sector.audience) == ["smit"]


async def test_a_roster_whose_previous_does_not_fit_is_evidence(sector: Sector) -> None:
    roster = following(current(sector.bakker, sector.ring), previous="f" * 64)
    assert show(sector.bakker, sector, roster)
    assert number_held(sector.bakker, sector.ring) == 2
    assert (
        len(sector.bakker.read(lambda db: contrary_rosters(db, sector_id(sector.bakker, sector.ring)))) == 1
    )


async def test_a_roster_that_drops_us_closes_the_ring_here(sector: Sector) -> None:
    held = current(sector.bakker, sector.ring)
    assert show(sector.bakker, sector, following(held, firms=without(held, "bakker.localhost")))
    assert inside(sector.bakker, sector.audience) == []
    assert ("ring_removed", "Sector") in told(sector.bakker, "directeur")


async def test_a_roster_of_ten_thousand_firms_is_refused(sector: Sector) -> None:
    held = current(sector.bakker, sector.ring)
    many = [{"domain": f"f{n:05}.nl", "application": "0" * 64, "since": 1} for n in range(10_000)]
    fields = held.model_dump() | {"number": 3, "previous": hash_of(held)}
    roster = Roster.model_construct(**fields | {"firms": [Entry.model_validate(one) for one in many]})
    assert not show(sector.bakker, sector, roster)


async def test_a_firm_that_never_signed_stays_out_though_the_steward_lists_it(sector: Sector) -> None:
    held = current(sector.bakker, sector.ring)
    made_up = {"domain": "spion.localhost", "application": "a" * 64, "since": 3}
    assert show(sector.bakker, sector, following(held, firms=[*without(held), made_up]))
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]
    assert standing_of(sector.bakker, sector.ring, "spion.localhost") == "unproved"


async def test_a_signature_by_another_key_than_its_own_lets_nobody_in(sector: Sector) -> None:
    held = current(sector.bakker, sector.ring)
    changes = {"domain": "spion.localhost", "node": "http://spion.localhost/actor"}
    made, shown = forged_application(sector, sector.branche, **changes, inbox="http://spion.localhost/inbox")
    entry = {"domain": made.domain, "application": hash_of(made), "since": 3}
    roster = following(held, firms=[*without(held), entry])
    assert show(sector.bakker, sector, roster, applications=(shown,))
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]
    assert sector.bakker.read(lambda db: find_application(db, hash_of(made))) is None


async def test_two_firms_are_never_known_by_one_key(sector: Sector) -> None:
    """Smit signs for a second domain too: whoever answers there is not let in."""
    held = current(sector.bakker, sector.ring)
    made, shown = forged_application(
        sector,
        sector.smit,
        domain="spion.localhost",
        node="http://spion.localhost/actor",
        inbox="http://spion.localhost/inbox",
    )
    shown["proof"] = prove_as(sector.smit, made, made.node)
    entry = {"domain": made.domain, "application": hash_of(made), "since": 3}
    show(sector.bakker, sector, following(held, firms=[*without(held), entry]), applications=(shown,))
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]


async def test_a_key_that_contradicts_a_paired_one_keeps_that_firm_out(sector: Sector) -> None:
    await pair(sector.bakker, sector.smit)
    pinned = sector.bakker.read(lambda db: find_peer(db, "smit.localhost"))
    assert pinned is not None
    made, shown = forged_application(sector, sector.jansen, key=sector.jansen.identity.multikey)
    shown["proof"] = prove_as(sector.jansen, made, made.node)
    held = current(sector.bakker, sector.ring)
    entry = {"domain": made.domain, "application": hash_of(made), "since": 3}
    firms = sorted([*without(held, "smit.localhost"), entry], key=lambda one: str(one["domain"]))
    assert show(sector.bakker, sector, following(held, firms=firms), applications=(shown,))
    assert standing_of(sector.bakker, sector.ring, "smit.localhost") == "other_key"
    assert inside(sector.bakker, sector.audience) == ["jansen"]
    after = sector.bakker.read(lambda db: find_peer(db, "smit.localhost"))
    assert after is not None
    assert (after.node_key, after.pinned_by) == (pinned.node_key, BY_PAIRING)


def prove_as(signer: RunningNode, document: Application, node_uri: str) -> Document:
    """A proof by one node's key that claims to be another's."""
    private = signer.identity.ed25519_private
    return make_proof(document.model_dump(), private, f"{node_uri}#ed25519-key", now())


# --- comparing -------------------------------------------------------------------------------------


async def test_a_steward_that_shows_two_rosters_is_found_when_firms_compare(sector: Sector) -> None:
    """Bakker is shown a number 3 with everybody, Smit one without Jansen: a day later both know."""
    held = current(sector.bakker, sector.ring)
    show(sector.bakker, sector, following(held))
    show(sector.jansen, sector, following(held))
    show(sector.smit, sector, following(held, firms=without(held, "jansen.localhost")))
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]
    sector.bakker.sender.down.add(sector.branche.domain)
    with time_machine.travel(now() + timedelta(hours=25)):
        await settle(*sector.firms)
        for firm, others in ((sector.bakker, ["smit"]), (sector.smit, ["bakker"])):
            assert ("roster_split", "Sector") in told(firm, "directeur")
            assert inside(firm, sector.audience) == others
        evidence = sector.smit.read(lambda db: contrary_rosters(db, sector_id(sector.smit, sector.ring)))
        assert [row.number for row in evidence] == [3]
        assert json.loads(evidence[0].proof)["verificationMethod"].startswith(sector.branche.base)


async def test_a_firm_cannot_make_up_a_split(sector: Sector) -> None:
    """Smit answers with another number 2 that it signed itself."""
    held = current(sector.bakker, sector.ring)
    made = held.model_copy(update={"firms": held.firms[:1]})
    assert not show(sector.bakker, sector, made, signer=sector.smit.identity)
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]


async def test_a_steward_whose_backup_was_put_back_reuses_no_number(sector: Sector) -> None:
    """Bakker knows a number 3 that the steward forgot: it is told so before it signs another."""
    held = current(sector.branche, sector.ring)
    gone = without(held, "jansen.localhost")
    show(sector.bakker, sector, following(held, firms=gone))
    with time_machine.travel(now() + timedelta(hours=25)):
        await sector.settle()
        assert number_held(sector.branche, sector.ring) == 3
        assert remove(sector.branche, sector.ring, "smit.localhost") == 4
        await sector.settle()
        assert (
            sector.bakker.read(lambda db: contrary_rosters(db, sector_id(sector.bakker, sector.ring))) == []
        )


# --- applications and leavings ---------------------------------------------------------------------


async def test_an_application_that_comes_again_is_not_waiting_again(sector: Sector) -> None:
    branche, smit = sector.branche, sector.smit
    remove(branche, sector.ring, "smit.localhost")
    await sector.settle()

    def send_again(db: Any) -> None:
        row = find_sector(db, sector.ring)
        assert row is not None
        old = find_application(db, row.application)
        assert old is not None
        for steward in receivers_of(db, branche.domain):
            sector_outgoing.publish_application(db, smit.identity, row, old, steward)

    smit.write(send_again)
    await sector.settle()
    ring_id = sector_id(branche, sector.ring)
    assert branche.read(lambda db: applications_of(db, ring_id, "waiting")) == []
    assert inside(smit, sector.audience) == []


async def test_one_firm_cannot_say_that_another_leaves(sector: Sector) -> None:
    ring_id = sector_id(sector.bakker, sector.ring)
    others = sector.smit.read(lambda db: listed_firms(db, sector_id(sector.smit, sector.ring)))
    jansens = next(firm.application for firm in others if firm.domain == "jansen.localhost")
    statement = leaving_statement(sector.smit.identity, sector.ring, jansens)

    def send(db: Any) -> None:
        row = find_sector(db, sector.ring)
        assert row is not None
        publish_leaving(db, sector.smit.identity, row, statement, receivers_of(db, "bakker.localhost"))

    sector.smit.write(send)
    await sector.settle()
    assert inside(sector.bakker, sector.audience) == ["jansen", "smit"]
    assert ring_id == sector_id(sector.bakker, sector.ring)


def receivers_of(db: Any, domain: str) -> list[Any]:
    peer = find_peer(db, domain)
    assert peer is not None
    made = sector_outgoing.reachable(peer)
    return [made] if made is not None else []


async def test_a_stranger_gets_neither_terms_nor_rosters(sector: Sector) -> None:
    async with sector.bakker.client() as client:
        for path in ("/node/sectors", f"/node/rings/{sector.ring}/rosters?number=0"):
            answer = await client.get(path)
            assert answer.status_code == 404
            nothing = await client.get("/node/rings/" + "0" * 64 + "/rosters?number=0")
            assert answer.content == nothing.content
