"""Firms without their web: a database each, the director's acts, and post that a test hands over."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from argon2 import PasswordHasher
from sqlalchemy import Connection, Engine, StaticPool, create_engine, select, update

from node import identity
from node.access.members import add_member
from node.access.tables import members
from node.boundary import ring_nodes
from node.db import metadata
from node.errors import NodeError
from node.identity import Identity
from node.ids import now
from node.incoming import Dropped, Incoming
from node.migrations.tables import MODULES
from node.notices import notices
from node.objects import ring_audience
from node.peers import PAIRED, change_peer, find_peer, keep_peer, peers
from node.queue import activities as sent
from node.queue import deliveries
from node.rings import agreements, leaving
from node.rings.activities import HANDLERS
from node.rings.agreement_rows import get_agreement
from node.rings.agreements import Share, Terms
from node.rings.rosters import close_expired
from node.rings.tables import rings
from node.rings.versions import answer_versions, take_versions

PASSWORD = "een lang wachtwoord"
Found = TypeVar("Found")
assert MODULES  # they fill the metadata


class Crash(Exception):
    """The process ends in the middle of a transaction."""


@dataclass(frozen=True)
class Letter:
    """One activity on its way between two firms."""

    by: str
    to: str
    activity: dict[str, Any]


@dataclass
class Firm:
    domain: str
    engine: Engine
    director: int = 0
    signed: set[str] = field(default_factory=set)
    collected: int = 0
    collected_letters: int = 0

    def do(self, work: Callable[[Connection], Found]) -> Found:
        with self.engine.begin() as db:
            return work(db)

    @property
    def node(self) -> Identity:
        return self.do(self.node_of)

    @staticmethod
    def node_of(db: Connection) -> Identity:
        return identity.load(db, "https")

    def act(self, act: Callable[[Connection, Identity, int], Found]) -> Found | None:
        """A director does something; what is not allowed now changes nothing."""
        try:
            return self.do(lambda db: act(db, self.node_of(db), self.director))
        except NodeError:
            return None

    def propose(self, firms: Sequence[str], ring: str = "", **changes: Any) -> str | None:
        """A first agreement, or the next version of the ring with this hash."""
        found = self.ring(ring) if ring else None
        if ring and found is None:
            return None
        ring_id = None if found is None else int(found.id)
        handle = "" if ring else f"r{secrets.token_hex(5)}"
        terms = make_terms(firms, **changes)
        made = self.act(
            lambda db, node, director: agreements.propose(
                db, node, director, PASSWORD, terms, handle=handle, ring_id=ring_id
            )
        )
        if made is not None:
            self.signed.add(made)
        return made

    def sign(self, wanted: str, password: str = PASSWORD) -> bool:
        handle = f"s{secrets.token_hex(5)}"

        def act(db: Connection, node: Identity, director: int) -> bool:
            agreements.sign(db, node, director, password, wanted, handle=handle)
            return True

        done = bool(self.act(act))
        if done:
            self.signed.add(wanted)
        return done

    def withdraw(self, wanted: str) -> None:
        self.act(lambda db, node, director: agreements.withdraw(db, node, director, PASSWORD, wanted))

    def leave(self, ring: str) -> None:
        found = self.ring(ring)
        if found is not None:
            self.act(lambda db, node, director: leaving.leave(db, node, director, PASSWORD, found.id))

    def remind(self, wanted: str) -> None:
        self.act(lambda db, node, director: agreements.remind(db, node, director, wanted))

    def ring(self, ring: str) -> Any:
        return self.do(lambda db: db.execute(select(rings).where(rings.c.hash == ring)).one_or_none())

    def partners(self, ring: str) -> set[str]:
        """To whom something in this ring goes now."""
        return self.do(lambda db: {peer.domain for peer in ring_nodes(db, ring_audience(ring))})

    def state(self, wanted: str) -> str:
        return self.do(lambda db: str(get_agreement(db, wanted).state))

    def told(self, kind: str) -> int:
        query = select(notices.c.id).where(notices.c.kind == kind, notices.c.member_id == self.director)
        return self.do(lambda db: len(db.execute(query).all()))

    def tick(self) -> None:
        def settle(db: Connection) -> None:
            agreements.lapse(db)
            close_expired(db, self.domain)

        self.do(settle)

    def outbox(self) -> list[Letter]:
        """What it posted since the last time."""
        joined = sent.join(deliveries, deliveries.c.activity_id == sent.c.id)
        joined = joined.join(peers, peers.c.id == deliveries.c.peer_id)
        query = select(sent.c.body, peers.c.domain, deliveries.c.id).select_from(joined)
        rows = self.do(
            lambda db: db.execute(
                query.where(deliveries.c.id > self.collected).order_by(deliveries.c.id)
            ).all()
        )
        self.collected = max([self.collected, *(row.id for row in rows)])
        self.collected_letters += len(rows)
        return [Letter(self.domain, row.domain, json.loads(row.body)) for row in rows]

    def receive(self, letter: Letter, *, crash: bool = False, at: datetime | None = None) -> None:
        """What the inbox and its worker do with it, which came in at that time; a crash leaves no trace."""

        def take(db: Connection) -> None:
            peer = find_peer(db, letter.by)
            if peer is not None and peer.state == PAIRED:
                activity = letter.activity
                incoming = Incoming(self.node_of(db), activity, activity["actor"], peer.id, True, at or now())
                HANDLERS[activity["type"], activity["object"]["type"]](db, incoming)
            if crash:
                raise Crash

        try:
            self.do(take)
        except (Dropped, Crash):
            return

    def answer_to(self, asker: "Firm") -> list[str]:
        """The documents that this firm tells another one when asked."""

        def answer(db: Connection) -> list[str]:
            peer = find_peer(db, asker.domain)
            items = [] if peer is None else answer_versions(db, self.node_of(db), peer)["items"]
            return [item["content"] for item in items]

        return self.do(answer)

    def ask(self, other: "Firm", *, after_restore: bool = False) -> None:
        """Ask another firm for the versions that it has of our rings, as the worker does."""
        asker = other.do(lambda db: find_peer(db, self.domain))
        if asker is None or asker.state != PAIRED:
            return
        answer = other.do(lambda db: answer_versions(db, other.node_of(db), asker))

        def take(db: Connection) -> None:
            peer = find_peer(db, other.domain)
            if peer is not None and peer.state == PAIRED:
                take_versions(db, self.node_of(db), peer, answer, after_restore=after_restore)

        self.do(take)


def make_terms(firms: Sequence[str], **changes: Any) -> Terms:
    fields: dict[str, Any] = {
        "name": "Ring",
        "purpose": "Leren",
        "confidentiality": "Stil",
        "no_poaching": True,
        "retention_days": 30,
        "titles_in_mail": False,
        "gate": "none",
        "gate_minutes": 0,
        "ends_at": now() + timedelta(days=300),
        "deadline": now() + timedelta(days=14),
        "shares": {domain: Share("Leren", 1, "Jan") for domain in firms},
    }
    return Terms(**{**fields, **changes})


def open_memory() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


@cache
def _made_firms(count: int) -> tuple[Firm, ...]:
    """Made once: keys and passwords are slow to make. All are paired, but not the second and third."""
    firms = tuple(_make_firm(f"{name}.example") for name in "abcdefghijklmnop"[:count])
    for firm in firms:
        for other in firms:
            if firm is not other and {firm.domain[0], other.domain[0]} != {"b", "c"}:
                _pin(firm, other)
    return firms


def new_firms(count: int) -> list[Firm]:
    return [copy_of(firm) for firm in _made_firms(count)]


def copy_of(firm: Firm) -> Firm:
    """The firm as it is now, as from a backup."""
    copy = Firm(firm.domain, open_memory(), firm.director, set(firm.signed), firm.collected)
    source, target = firm.engine.raw_connection(), copy.engine.raw_connection()
    assert source.driver_connection is not None
    source.driver_connection.backup(target.driver_connection)
    return copy


def _make_firm(domain: str) -> Firm:
    firm = Firm(domain, open_memory())

    def fill(db: Connection) -> None:
        metadata.create_all(db)
        identity.create(db, name=domain, domain=domain, kind="firm")
        firm.director = add_member(db, handle="directeur", name="D", password=PASSWORD, roles=["director"])
        quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        db.execute(update(members).values(password_hash=quick))

    firm.do(fill)
    return firm


def _pin(firm: Firm, other: Firm) -> None:
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
            pinned_at=now() - timedelta(days=1),
        )

    firm.do(write)


def deliver_all(firms: Sequence[Firm], *, but: Sequence[str] = ()) -> list[Letter]:
    """Everything on its way arrives, and what that leads to; nothing goes to or from the firms in `but`."""
    by_domain = {firm.domain: firm for firm in firms if firm.domain not in but}
    lost = []
    while letters := [letter for firm in firms for letter in firm.outbox()]:
        for letter in letters:
            if letter.to in by_domain and letter.by in by_domain:
                by_domain[letter.to].receive(letter)
            else:
                lost.append(letter)
    return lost


def make_ring(firms: Sequence[Firm]) -> str:
    """A ring of all these firms, signed by each; returns its hash."""
    made = firms[0].propose([firm.domain for firm in firms])
    assert made is not None
    for firm in firms[1:]:
        deliver_all(firms)
        assert firm.sign(made)
    deliver_all(firms)
    return made
