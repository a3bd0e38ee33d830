"""Agreements of many firms: who joins, who goes, what comes too late, what is made of two versions."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import Connection

from node.errors import Conflict, NotFound
from node.peers import PAIRED, change_peer, keep_peer
from node.rings import agreements, endings
from node.rings.agreement_rows import COMPLETE, LAPSED, LATE, WITHDRAWN, get_agreement
from node.rings.overview import view_fork
from node.rings.queries import known_rings
from node.rings.version_asks import due_for_versions
from tests.node.rings.paper_firms import PASSWORD, Firm, copy_of, deliver_all, make_ring, new_firms

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def firms(clock: time_machine.Traveller) -> Iterator[list[Firm]]:
    assert clock is not None
    made = new_firms(4)
    yield made
    for firm in made:
        firm.engine.dispose()


def names(*firms: Firm) -> list[str]:
    return [firm.domain for firm in firms]


def is_narrowed(firm: Firm, ring: str) -> bool:
    """Whether its page says that it shares with firms of both versions only."""

    def look(db: Connection) -> bool:
        row = next(row for row in known_rings(db) if row.hash == ring)
        fork = view_fork(db, row, firm.domain)
        return fork is not None and fork.is_narrowed

    return firm.do(look)


def renewed(by: Firm, ring: str, *firms: Firm) -> str:
    made = by.propose(names(*firms), ring)
    assert made is not None
    return made


# --- joining and going -----------------------------------------------------------------------------


def test_a_ring_of_three_opens_though_two_of_them_never_paired(firms: list[Firm]) -> None:
    a, b, c, _ = firms
    ring = make_ring([a, b, c])
    assert b.partners(ring) == set(names(a, c))
    assert c.partners(ring) == set(names(a, b))


def test_nothing_opens_while_one_signature_is_missing(firms: list[Firm]) -> None:
    a, b, c, _ = firms
    made = a.propose(names(a, b, c))
    assert made is not None
    deliver_all(firms)
    assert b.sign(made)
    deliver_all(firms)
    assert not any(firm.partners(made) for firm in firms)


def test_what_comes_twice_at_once_reminds_nobody_and_a_reminder_does(
    firms: list[Firm], clock: time_machine.Traveller
) -> None:
    a, b, c, _ = firms
    made = a.propose(names(a, b, c))
    assert made is not None
    deliver_all(firms)
    c.ask(b)
    deliver_all(firms)
    assert b.told("agreement_proposed") == 1
    a.remind(made)
    deliver_all(firms)
    assert b.told("agreement_reminder") == 0
    clock.shift(DAY)
    a.remind(made)
    deliver_all(firms)
    assert b.told("agreement_reminder") == 1


def test_a_firm_joins_by_a_next_version_and_all_are_told(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring([a, b, c])
    version = renewed(a, ring, a, b, c, d)
    for firm in (b, c):
        deliver_all(firms)
        assert firm.sign(version)
    deliver_all(firms)
    assert a.partners(ring) == set(names(b, c))
    assert d.sign(version)
    deliver_all(firms)
    assert all(firm.partners(ring) == set(names(*firms)) - {firm.domain} for firm in firms)
    assert [firm.told("ring_joined") for firm in (a, b, c)] == [1, 1, 1]


def test_a_removed_firm_learns_it_and_the_others_go_on(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring(firms)
    version = renewed(a, ring, a, b, c)
    for firm in (b, c):
        deliver_all(firms)
        assert firm.sign(version)
    deliver_all(firms)
    assert d.state(version) == COMPLETE
    assert d.partners(ring) == set()
    assert (d.ring(ring).state, d.ring(ring).closed_why) == ("closed", "removed")
    assert (d.told("ring_without_us"), d.told("ring_removed")) == (1, 0)
    assert a.partners(ring) == set(names(b, c))


def test_a_removed_firm_comes_back_by_a_later_version(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring(firms)
    for members in ((a, b, c), (a, b, c), (a, b, c, d)):
        version = renewed(a, ring, *members)
        for firm in members[1:]:
            deliver_all(firms)
            assert firm.sign(version), firm.domain
        deliver_all(firms)
    assert d.partners(ring) == set(names(a, b, c))
    assert b.partners(ring) == set(names(a, c, d))


def test_a_newcomer_that_is_removed_again_is_out(firms: list[Firm]) -> None:
    """It never knew the version before its first one."""
    a, b, c, d = firms
    ring = make_ring([a, b, c])
    for members in ((a, b, c, d), (a, b, c)):
        version = renewed(a, ring, *members)
        for firm in members[1:]:
            deliver_all(firms)
            assert firm.sign(version)
        deliver_all(firms)
    assert (d.partners(ring), d.ring(ring).closed_why) == (set(), "removed")


def test_a_few_cannot_throw_out_as_many_as_they_are(firms: list[Firm]) -> None:
    a, b, _, _ = firms
    ring = make_ring(firms)
    assert a.propose(names(a, b), ring) is None
    assert all(len(firm.partners(ring)) == 3 for firm in firms)


def test_leaving_needs_one_signature_and_the_others_go_on(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring(firms)
    a.leave(ring)
    deliver_all(firms)
    assert a.partners(ring) == set()
    assert b.partners(ring) == set(names(c, d))
    assert b.told("ring_left") == 1


def test_without_its_founder_a_ring_goes_on(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring(firms)
    others = [b, c, d]
    version = renewed(b, ring, b, c, d)
    for firm in (c, d):
        deliver_all(firms, but=[a.domain])
        assert firm.sign(version)
    deliver_all(firms, but=[a.domain])
    assert all(firm.partners(ring) == set(names(*others)) - {firm.domain} for firm in others)


# --- time ------------------------------------------------------------------------------------------


def test_a_missed_deadline_lapses_and_the_next_names_it(
    firms: list[Firm], clock: time_machine.Traveller
) -> None:
    a, b, c, _ = firms
    ring = make_ring([a, b, c])
    lapsed = renewed(a, ring, a, b, c)
    deliver_all(firms)
    clock.shift(15 * DAY)
    for firm in firms:
        firm.tick()
    assert b.state(lapsed) == LAPSED
    assert b.partners(ring) == set(names(a, c))
    version = renewed(b, ring, a, b, c)
    assert b.do(lambda db: get_agreement(db, version).predecessor) == lapsed
    deliver_all(firms)
    assert a.sign(version)


def test_a_proof_counts_by_when_its_message_came_in(firms: list[Firm], clock: time_machine.Traveller) -> None:
    """The worker was slow, the inbox was not."""
    a, b, c, _ = firms
    version = a.propose(names(a, b, c))
    assert version is not None
    deliver_all(firms)
    assert b.sign(version)
    deliver_all(firms)
    assert c.sign(version)
    letters = {letter.to: letter for letter in c.outbox()}
    in_time = START + 13 * DAY
    clock.shift(15 * DAY)
    for firm in firms:
        firm.tick()
    a.receive(letters[a.domain])
    assert (a.state(version), a.partners(version)) == (LATE, set())
    a.receive(letters[a.domain], at=in_time)  # the same came earlier, and was handled after
    b.receive(letters[b.domain], at=in_time)
    assert a.state(version) == b.state(version) == COMPLETE
    assert a.partners(version) == set(names(b, c))


def test_what_came_too_late_here_narrows_here_and_all_see_it(
    firms: list[Firm], clock: time_machine.Traveller
) -> None:
    a, b, c, d = firms
    ring = make_ring([a, b, c])
    version = renewed(a, ring, a, b, c, d)
    for firm in (b, c):
        deliver_all(firms)
        assert firm.sign(version)
    deliver_all(firms)
    assert d.sign(version)
    deliver_all(firms, but=[c.domain])
    clock.shift(15 * DAY)
    for firm in firms:
        firm.tick()
    c.ask(a)
    deliver_all(firms)
    assert (a.state(version), c.state(version)) == (COMPLETE, LATE)
    assert c.partners(ring) == set(names(a, b))
    assert all(firm.ring(ring).forked_at is not None for firm in (a, b, c))
    assert a.told("ring_fork") == b.told("ring_fork") == c.told("ring_fork") == 1
    assert not is_narrowed(a, ring), "for it the new version is complete"
    assert is_narrowed(c, ring)
    healed = renewed(c, ring, a, b, c, d)
    for firm in (a, b, d):
        deliver_all(firms)
        assert firm.sign(healed), firm.domain
    deliver_all(firms)
    assert all(firm.partners(ring) == set(names(*firms)) - {firm.domain} for firm in firms)
    assert all(firm.ring(ring).forked_at is None for firm in firms)


def test_the_earlier_end_wins_and_directors_hear_of_it_in_time(
    firms: list[Firm], clock: time_machine.Traveller
) -> None:
    a, b, c, _ = firms
    ring = make_ring([a, b, c])
    for days, told in ((269, (0, 0)), (2, (1, 0)), (23, (1, 1)), (1, (1, 1))):
        clock.shift(days * DAY)
        a.do(endings.tell_endings)
        assert (a.told("ring_ends_30"), a.told("ring_ends_7")) == told, days
    clock.shift(6 * DAY)
    assert a.partners(ring) == set()


# --- two versions ----------------------------------------------------------------------------------


def test_nobody_signs_beside_the_version_that_holds(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring(firms)
    one = renewed(a, ring, a, b, d)
    for firm in (b, d):
        deliver_all(firms, but=[c.domain])
        assert firm.sign(one)
    deliver_all(firms, but=[c.domain])
    beside = renewed(c, ring, a, b, c)
    deliver_all(firms)
    assert a.state(one) == b.state(one) == COMPLETE
    assert not a.sign(beside)
    assert not b.sign(beside)


def test_a_key_that_contradicts_the_pinned_one_is_refused(firms: list[Firm]) -> None:
    a, b, c, _ = firms
    b.do(lambda db: change_peer(db, keep_peer(db, c.domain), state=PAIRED, node_key=a.node.multikey))
    version = a.propose(names(a, b, c))
    assert version is not None
    deliver_all(firms)
    with pytest.raises(Conflict, match="another key"):
        b.do(lambda db: agreements.sign(db, b.node_of(db), b.director, PASSWORD, version, handle="ring"))


def test_one_open_version_at_a_time(firms: list[Firm]) -> None:
    a, b, c, _ = firms
    ring = make_ring([a, b, c])
    one, other = renewed(a, ring, a, b, c), renewed(b, ring, a, b, c)
    deliver_all(firms)
    assert not a.sign(other)
    assert not b.sign(one)
    assert c.sign(one)
    assert not c.sign(other)
    b.withdraw(other)
    deliver_all(firms)
    assert b.sign(one)
    deliver_all(firms)
    assert (a.state(one), a.state(other)) == (COMPLETE, WITHDRAWN)


def test_two_complete_versions_narrow_to_firms_in_both(firms: list[Firm]) -> None:
    """B and D play false: with copies of themselves they sign two versions after the same one."""
    a, b, c, d = firms
    ring = make_ring(firms)
    twins = [a, copy_of(b), c, copy_of(d)]
    one = renewed(a, ring, a, b, d)
    for firm in (b, d):
        deliver_all([a, b, d])
        assert firm.sign(one)
    deliver_all([a, b, d])
    second = renewed(c, ring, b, c, d)
    for firm in (twins[1], twins[3]):
        deliver_all([c, twins[1], twins[3]])
        assert firm.sign(second)
    deliver_all([c, twins[1], twins[3]])
    assert c.state(second) == a.state(one) == COMPLETE
    a.ask(c)
    b.ask(c)
    deliver_all([a, b, c, d])
    assert a.partners(ring) == set()
    assert b.partners(ring) == {d.domain}
    assert b.told("ring_fork") == 1
    healed = renewed(b, ring, a, b, c, d)
    for firm in (a, c, d):
        deliver_all(firms)
        for other in firms:
            firm.ask(other)
        assert firm.sign(healed), firm.domain
    deliver_all(firms)
    assert all(firm.partners(ring) == set(names(*firms)) - {firm.domain} for firm in firms)


# --- lost and found --------------------------------------------------------------------------------


def test_a_node_that_lacks_proofs_asks_for_them(firms: list[Firm], clock: time_machine.Traveller) -> None:
    a, b, c, _ = firms
    version = a.propose(names(a, b, c))
    assert version is not None
    deliver_all(firms)
    assert b.sign(version)
    deliver_all(firms, but=[c.domain])
    assert c.sign(version)
    c.outbox()  # lost
    clock.shift(timedelta(hours=2))
    assert {row.domain for row in a.do(due_for_versions)} == set(names(b, c))
    a.ask(c)
    c.ask(a)
    assert a.state(version) == c.state(version) == COMPLETE


def test_a_restored_copy_learns_versions_leavings_and_its_own_signature(
    firms: list[Firm], clock: time_machine.Traveller
) -> None:
    a, b, c, d = firms
    ring = make_ring([a, b, c])
    backup = copy_of(b)
    version = renewed(a, ring, a, b, c, d)
    for firm in (b, c, d):
        deliver_all(firms)
        assert firm.sign(version)
    deliver_all(firms)
    c.leave(ring)
    deliver_all(firms)
    clock.shift(60 * DAY)
    backup.ask(a, after_restore=True)
    assert backup.state(version) == COMPLETE
    assert backup.partners(ring) == set(names(a, d))


def test_a_copy_that_forgot_a_whole_ring_gets_it_back_under_a_name(firms: list[Firm]) -> None:
    a, b, c, _ = firms
    backup = copy_of(b)
    ring = make_ring([a, b, c])
    backup.ask(a, after_restore=True)
    assert backup.ring(ring).handle == f"ring_{ring[:8]}"
    assert backup.partners(ring) == {a.domain}  # C was pinned by the signature that was forgotten


def test_a_newcomer_is_told_nothing_of_before_it_came(firms: list[Firm]) -> None:
    a, b, c, d = firms
    ring = make_ring([a, b, c])
    version = renewed(a, ring, a, b, c, d)
    deliver_all(firms)
    assert d.sign(version)
    deliver_all(firms)
    for firm in (a, b, c):
        d.ask(firm)
        assert all(d.domain in document for document in firm.answer_to(d))
    assert a.answer_to(d)
    assert d.do(lambda db: get_agreement(db, version).predecessor) == ring
    with pytest.raises(NotFound):
        d.state(ring)


def test_proposals_of_one_firm_cannot_fill_the_directors_notices(firms: list[Firm]) -> None:
    a, b, _, _ = firms
    for _ in range(8):
        made = a.propose(names(a, b))
        assert made is not None
        deliver_all(firms)
        a.withdraw(made)
        deliver_all(firms)
    assert b.told("agreement_proposed") == 5
    assert b.told("agreement_withdrawn") == 0


def test_twelve_firms_agree_and_not_everything_goes_to_everybody(clock: time_machine.Traveller) -> None:
    assert clock is not None
    firms = new_firms(12)
    ring = make_ring(firms)
    assert all(len(firm.partners(ring)) == 11 for firm in firms)
    assert sum(firm.collected_letters for firm in firms) < 12 * 12 * 4
    for firm in firms:
        firm.engine.dispose()
