"""Four firms sign, withdraw, leave and remove, while post is lost, doubled, reordered, and nodes crash."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from node.identity import SELF
from node.ids import now
from node.rings.agreement_lines import HELD, firms_of, heads_of
from node.rings.agreement_rows import (
    COMPLETE,
    SIGNING,
    agreements_of,
    document_of,
    has_signed,
    is_proved_by,
    proofs_of,
    signatures_of,
)
from node.rings.tables import agreements as agreement_table
from node.rings.tables import rings
from tests.node.rings.paper_firms import Firm, Letter, new_firms

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
COUNT = 4
pytestmark = pytest.mark.timeout(600)
who_of = st.integers(0, COUNT - 1)
some_of = st.sets(who_of, min_size=2, max_size=COUNT)


def _known(firm: Firm) -> list[str]:
    return firm.do(lambda db: list(db.scalars(select(rings.c.hash))))


class Signing(RuleBasedStateMachine):
    """Whatever the post does: nothing goes to a firm without all proofs, nothing is signed by itself."""

    versions = Bundle("versions")

    @initialize()
    def begin(self) -> None:
        self.clock = time_machine.travel(START, tick=False)
        self.traveller = self.clock.start()
        self.firms = new_firms(COUNT)
        self.posted: list[Letter] = []
        self.checked: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        if not hasattr(self, "clock"):
            return
        try:
            self._all_letters_arrive_at_last()
        finally:
            self.clock.stop()
            for firm in self.firms:
                firm.engine.dispose()

    def _firm(self, domain: str) -> Firm:
        return next(firm for firm in self.firms if firm.domain == domain)

    def _collect(self) -> None:
        for firm in self.firms:
            self.posted += firm.outbox()

    def _all_letters_arrive_at_last(self) -> None:
        """Then all who deliver to each other agree who is in, or each knows that there is a fork."""
        for _ in range(3):
            self._collect()
            done = 0
            while done < len(self.posted):
                self._firm(self.posted[done].to).receive(self.posted[done])
                self._collect()
                done += 1
            for firm in self.firms:
                for other in self.firms:
                    if other is not firm:
                        firm.ask(other)
        for ring in self._rings():
            self._compare(ring)

    def _rings(self) -> set[str]:
        return {
            found
            for firm in self.firms
            for found in firm.do(lambda db: db.scalars(select(rings.c.hash)).all())
        }

    def _compare(self, ring: str) -> None:
        inside = {
            firm.domain: firm.partners(ring) | {firm.domain} for firm in self.firms if firm.partners(ring)
        }
        for domain, roster in inside.items():
            for other in roster - {domain}:
                agree = inside.get(other) == roster
                assert agree or (self._knows_fork(domain, ring) and self._knows_fork(other, ring)), (
                    ring,
                    inside,
                )

    def _knows_fork(self, domain: str, ring: str) -> bool:
        row = self._firm(domain).ring(ring)
        return row is not None and row.forked_at is not None

    # --- what directors do ---------------------------------------------------------------------------

    @rule(target=versions, who=who_of, firms=some_of)
    def propose_a_ring(self, who: int, firms: set[int]) -> str:
        return self.firms[who].propose([self.firms[one].domain for one in firms | {who}]) or ""

    @rule(target=versions, who=who_of, firms=some_of, version=versions)
    def propose_a_next_version(self, who: int, firms: set[int], version: str) -> str:
        ring = self._ring_of(who, version)
        return self.firms[who].propose([self.firms[one].domain for one in firms | {who}], ring) or ""

    def _ring_of(self, who: int, version: str) -> str:
        query = select(rings.c.hash).join(agreement_table, agreement_table.c.ring_id == rings.c.id)
        found = self.firms[who].do(lambda db: db.scalar(query.where(agreement_table.c.hash == version)))
        return found or "unknown"

    @rule(who=who_of, version=versions)
    def sign(self, who: int, version: str) -> None:
        self.firms[who].sign(version)

    @rule(version=versions)
    def everybody_who_can_signs(self, version: str) -> None:
        for firm in self.firms:
            firm.sign(version)
            self.deliver_what_is_new()

    @rule(who=who_of, version=versions)
    def sign_with_a_wrong_password(self, who: int, version: str) -> None:
        assert not self.firms[who].sign(version, "fout")

    @rule(who=who_of, version=versions)
    def withdraw(self, who: int, version: str) -> None:
        self.firms[who].withdraw(version)

    @rule(who=who_of, version=versions)
    def leave(self, who: int, version: str) -> None:
        self.firms[who].leave(self._ring_of(who, version))

    @rule(who=who_of, version=versions)
    def remind(self, who: int, version: str) -> None:
        self.firms[who].remind(version)

    # --- what the post does --------------------------------------------------------------------------

    @rule()
    def deliver_what_is_new(self) -> None:
        done = len(self.posted)
        self._collect()
        for letter in self.posted[done:]:
            self._firm(letter.to).receive(letter)

    @rule(data=st.data(), crash=st.booleans())
    def deliver_any_letter_ever_sent(self, data: st.DataObject, crash: bool) -> None:
        """In any order, as often as it likes; what is never drawn is lost. A crash takes it along."""
        self._collect()
        if self.posted:
            letter = data.draw(st.sampled_from(self.posted))
            self._firm(letter.to).receive(letter, crash=crash)

    @rule(one=who_of, other=who_of)
    def ask(self, one: int, other: int) -> None:
        if one != other:
            self.firms[one].ask(self.firms[other])

    @rule(days=st.integers(1, 8))
    def time_passes(self, days: int) -> None:
        self.traveller.shift(timedelta(days=days))
        for firm in self.firms:
            firm.tick()

    # --- what always holds ---------------------------------------------------------------------------

    @invariant()
    def our_proof_exists_only_where_our_director_signed(self) -> None:
        for firm in getattr(self, "firms", ()):
            with firm.engine.begin() as db:
                for found in db.scalars(select(agreement_table.c.hash)).all():
                    has_ours = any(row.peer_id == SELF for row in signatures_of(db, found))
                    assert (found in firm.signed) == has_ours

    @invariant()
    def nobody_signed_two_open_versions_of_a_ring(self) -> None:
        for firm in getattr(self, "firms", ()):
            with firm.engine.begin() as db:
                for ring_id in db.scalars(select(rings.c.id)).all():
                    rows = agreements_of(db, ring_id)
                    ours = [
                        row
                        for row in rows
                        if row.state == SIGNING and row.deadline > now() and has_signed(db, row.hash, SELF)
                    ]
                    assert len(ours) <= 1

    @invariant()
    def nothing_goes_to_a_firm_that_is_not_in_every_version_that_holds(self) -> None:
        for firm in getattr(self, "firms", ()):
            for ring in _known(firm):
                partners = firm.partners(ring)
                if partners:
                    self._check_heads(firm, ring, partners)

    def _check_heads(self, firm: Firm, ring: str, partners: set[str]) -> None:
        with firm.engine.begin() as db:
            heads = heads_of(db, firm.ring(ring).id)
            assert any(head.state == COMPLETE for head in heads)
            for head in heads:
                assert head.state in HELD
                assert head.ends_at > now()
                assert partners | {firm.domain} <= firms_of(head)
                if (firm.domain, head.hash) in self.checked:
                    continue
                self.checked.add((firm.domain, head.hash))
                document, proofs = document_of(head), proofs_of(db, head.hash)
                assert all(any(is_proved_by(document, one, p) for p in proofs) for one in document.firms)
                assert all(head.hash in self._firm(one.domain).signed for one in document.firms)


Signing.TestCase.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestSigning = Signing.TestCase
