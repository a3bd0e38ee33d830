"""Two firms sign, withdraw and remind while their messages are lost, doubled and come in any order."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import time_machine
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from sqlalchemy import Connection, Engine, StaticPool, create_engine, select, update

from node import identity
from node.access.members import add_member
from node.access.tables import members
from node.boundary import is_in_ring
from node.db import metadata
from node.errors import NodeError
from node.identity import SELF, Identity
from node.ids import now
from node.incoming import Dropped, Incoming
from node.migrations.tables import MODULES
from node.peers import PAIRED, change_peer, find_peer, keep_peer
from node.queue import activities as sent
from node.queue import deliveries
from node.rings import agreements
from node.rings.activities import HANDLERS
from node.rings.agreement_rows import (
    COMPLETE,
    document_of,
    get_agreement,
    is_proved_by,
    proofs_of,
    signatures_of,
)
from node.rings.agreements import Share, Terms
from node.rings.rosters import close_expired
from node.rings.tables import agreements as agreement_table

PASSWORD = "een lang wachtwoord"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
Found = TypeVar("Found")
assert MODULES  # they fill the metadata


@dataclass
class Firm:
    """A node without its web: a database and the director's acts."""

    domain: str
    engine: Engine
    director: int = 0
    signed: set[str] = field(default_factory=set)

    def do(self, work: Callable[[Connection], Found]) -> Found:
        with self.engine.begin() as db:
            return work(db)

    @property
    def node(self) -> Identity:
        return self.do(self.node_of)

    @staticmethod
    def node_of(db: Connection) -> Identity:
        return identity.load(db, "https")


def open_memory() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


@cache
def paired_firms() -> tuple[Firm, Firm]:
    """Two paired firms, made once: keys and passwords are slow to make."""
    firms = make_firm("bakker.example"), make_firm("smit.example")
    pin(*firms)
    pin(firms[1], firms[0])
    return firms


def make_firm(domain: str) -> Firm:
    firm = Firm(domain, open_memory())

    def fill(db: Connection) -> None:
        metadata.create_all(db)
        identity.create(db, name=domain, domain=domain, kind="firm")
        firm.director = add_member(db, handle="directeur", name="D", password=PASSWORD, roles=["director"])
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        db.execute(update(members).values(password_hash=quick))

    firm.do(fill)
    return firm


def pin(firm: Firm, other: Firm) -> None:
    theirs = other.node

    def write(db: Connection) -> None:
        change_peer(
            db,
            keep_peer(db, other.domain),
            state=PAIRED,
            name=other.domain,
            node_key=theirs.multikey,
            actor_uri=theirs.actor_uri,
            inbox=f"{theirs.base}/inbox",
        )

    firm.do(write)


def copy_of(firm: Firm) -> Firm:
    copy = Firm(firm.domain, open_memory(), firm.director)
    for source, target in ((firm.engine.raw_connection(), copy.engine.raw_connection()),):
        assert source.driver_connection is not None
        source.driver_connection.backup(target.driver_connection)
    return copy


class Signing(RuleBasedStateMachine):
    """Whatever the post does, no ring opens without both directors, and none stays open for one alone."""

    proposals = Bundle("proposals")
    letters = Bundle("letters")

    @initialize()
    def begin(self) -> None:
        self.clock = time_machine.travel(START, tick=False)
        self.traveller = self.clock.start()
        self.firms = copy_of(paired_firms()[0]), copy_of(paired_firms()[1])
        self.posted: list[tuple[int, dict[str, Any]]] = []
        self.seen = [0, 0]

    def teardown(self) -> None:
        if not hasattr(self, "clock"):
            return
        try:
            self._all_letters_arrive_at_last()
        finally:
            self.clock.stop()
            for firm in self.firms:
                firm.engine.dispose()

    def _all_letters_arrive_at_last(self) -> None:
        """Once everything came at least once, both see the same rings as open."""
        if now() > START + timedelta(days=13):
            return  # what comes after a deadline is a fork, which directors settle
        done = 0
        while done < len(self.posted):
            self._hand_over(self.posted[done])
            self._collect()
            done += 1
        opened = [self._open_rings(firm) for firm in self.firms]
        assert opened[0] == opened[1]

    def _collect(self) -> list[tuple[int, dict[str, Any]]]:
        """What the firms posted since the last time: (to whom, the activity)."""
        fresh = []
        for number, firm in enumerate(self.firms):
            query = select(sent.c.id, sent.c.body).where(sent.c.id.in_(select(deliveries.c.activity_id)))
            with firm.engine.begin() as db:
                rows = db.execute(query.order_by(sent.c.id)).all()
            fresh += [(1 - number, json.loads(row.body)) for row in rows[self.seen[number] :]]
            self.seen[number] = len(rows)
        self.posted += fresh
        return fresh

    def _hand_over(self, letter: tuple[int, dict[str, Any]]) -> None:
        to, activity = letter
        firm, other = self.firms[to], self.firms[1 - to]

        def take(db: Connection) -> None:
            peer = find_peer(db, other.domain)
            assert peer is not None
            incoming = Incoming(firm.node_of(db), activity, activity["actor"], peer.id, True, now())
            HANDLERS[activity["type"], activity["object"]["type"]](db, incoming)

        try:
            firm.do(take)
        except Dropped:
            return

    def _act(self, who: int, act: Callable[[Connection, Identity, int], Found]) -> Found | None:
        """A director does something; what is not allowed now changes nothing."""
        firm = self.firms[who]
        try:
            return firm.do(lambda db: act(db, firm.node_of(db), firm.director))
        except NodeError:
            return None

    def _open_rings(self, firm: Firm) -> set[str]:
        with firm.engine.begin() as db:
            hashes = list(db.scalars(select(agreement_table.c.hash)))
            return {found for found in hashes if is_in_ring(db, f"ring:{found}")}

    @rule(target=proposals, who=st.integers(0, 1))
    def propose(self, who: int) -> str:
        shares = {firm.domain: Share("Leren", 1, "Jan") for firm in self.firms}
        terms = Terms(
            name="Ring",
            purpose="Leren",
            confidentiality="Stil",
            no_poaching=True,
            retention_days=30,
            titles_in_mail=False,
            gate="none",
            gate_minutes=0,
            ends_at=now() + timedelta(days=300),
            deadline=now() + timedelta(days=14),
            shares=shares,
        )
        handle = f"r{secrets.token_hex(5)}"
        made = self._act(
            who,
            lambda db, node, director: agreements.propose(db, node, director, PASSWORD, terms, handle=handle),
        )
        assert made is not None
        self.firms[who].signed.add(made)
        return made

    @rule(who=st.integers(0, 1), wanted=proposals)
    def sign(self, who: int, wanted: str) -> None:
        handle = f"s{secrets.token_hex(5)}"

        def act(db: Connection, node: Identity, director: int) -> bool:
            agreements.sign(db, node, director, PASSWORD, wanted, handle=handle)
            return True

        if self._act(who, act):
            self.firms[who].signed.add(wanted)

    @rule(who=st.integers(0, 1), wanted=proposals)
    def sign_with_a_wrong_password(self, who: int, wanted: str) -> None:
        before = self._proof_count(who)

        def act(db: Connection, node: Identity, director: int) -> None:
            agreements.sign(db, node, director, "fout", wanted, handle="fout")

        self._act(who, act)
        assert self._proof_count(who) == before

    def _proof_count(self, who: int) -> int:
        query = select(agreement_table.c.hash)
        firm = self.firms[who]
        return firm.do(lambda db: sum(len(signatures_of(db, h)) for h in db.scalars(query).all()))

    @rule(who=st.integers(0, 1), wanted=proposals)
    def withdraw(self, who: int, wanted: str) -> None:
        self._act(who, lambda db, node, director: agreements.withdraw(db, node, director, PASSWORD, wanted))

    @rule(who=st.integers(0, 1), wanted=proposals)
    def remind(self, who: int, wanted: str) -> None:
        def act(db: Connection, node: Identity, director: int) -> None:
            agreements.remind(db, node, director, wanted)

        self._act(who, act)

    @rule(target=letters)
    def post_a_letter(self) -> tuple[int, dict[str, Any]] | None:
        fresh = self._collect()
        return fresh[-1] if fresh else None

    @rule(data=st.data())
    def deliver_any_letter_ever_sent(self, data: st.DataObject) -> None:
        """In any order, as often as it likes; what is never drawn is lost."""
        self._collect()
        if self.posted:
            self._hand_over(data.draw(st.sampled_from(self.posted)))

    @rule(letter=consumes(letters))
    def deliver_the_newest(self, letter: tuple[int, dict[str, Any]] | None) -> None:
        if letter is not None:
            self._hand_over(letter)

    @rule(days=st.integers(1, 5))
    def time_passes(self, days: int) -> None:
        self.traveller.shift(timedelta(days=days))
        for firm in self.firms:
            firm.do(agreements.lapse)
            with firm.engine.begin() as db:
                close_expired(db, firm.domain)

    @invariant()
    def our_proof_exists_only_where_our_director_signed(self) -> None:
        for firm in getattr(self, "firms", ()):
            ours = select(agreement_table.c.hash)
            with firm.engine.begin() as db:
                for found in db.scalars(ours).all():
                    has_ours = any(row.peer_id == SELF for row in signatures_of(db, found))
                    assert (found in firm.signed) == has_ours

    @invariant()
    def a_ring_is_open_only_with_every_proof_and_no_withdrawal(self) -> None:
        for number, firm in enumerate(getattr(self, "firms", ())):
            for found in self._open_rings(firm):
                with firm.engine.begin() as db:
                    row, proofs = get_agreement(db, found), proofs_of(db, found)
                document = document_of(row)
                assert row.state == COMPLETE
                assert found in self.firms[1 - number].signed
                assert all(any(is_proved_by(document, one, p) for p in proofs) for one in document.firms)


Signing.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestSigning = Signing.TestCase
