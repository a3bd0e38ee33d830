"""Sector rings for tests, by real actions: terms, applications, admission."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select

from federation.documents import Document
from node.ids import now
from node.peers import find_peer
from node.rings.agreements import Share
from node.rings.sector import joining as sector_joining
from node.rings.sector import steward as sector_steward
from node.rings.sector.checks import answer_terms
from node.rings.sector.rows import applications_of, find_sector, last_roster
from node.rings.sector.steward import Draft
from node.rings.tables import rings
from tests.factories import PASSWORD, director_of, pair
from tests.network import RunningNode, settle


def make_draft(name: str = "Sector", **changes: Any) -> Draft:
    fields: dict[str, Any] = {
        "name": name,
        "purpose": "Samen leren in de sector.",
        "confidentiality": "Wat hier staat blijft hier.",
        "no_poaching": True,
        "retention_days": 30,
        "titles_in_mail": False,
        "gate": "none",
        "gate_minutes": 0,
        "ends_at": now() + timedelta(days=400),
    }
    return Draft(**{**fields, **changes})


def make_terms(steward: RunningNode, *, handle: str = "sector", **changes: Any) -> str:
    """A new sector ring at its steward; returns its hash."""
    director, draft = director_of(steward), make_draft(**changes)
    ring_id = steward.write(
        lambda db: sector_steward.create(db, steward.identity, director, PASSWORD, draft, handle=handle)
    )
    return steward.read(lambda db: str(db.scalar(_hash_of(ring_id))))


def _hash_of(ring_id: int) -> Select[Any]:
    return select(rings.c.hash).where(rings.c.id == ring_id)


def sector_id(node: RunningNode, ring: str) -> int:
    row = node.read(lambda db: find_sector(db, ring))
    assert row is not None, f"{node.domain} does not know these terms"
    return int(row.ring_id)


def show_terms(steward: RunningNode, firm: RunningNode) -> None:
    """The firm's node reads what the steward shows a paired node."""

    def shown(db: Any) -> Document:
        peer = find_peer(db, firm.domain)
        assert peer is not None
        return answer_terms(db, peer)

    answer = steward.read(shown)

    def keep(db: Any) -> int:
        peer = find_peer(db, steward.domain)
        assert peer is not None
        return sector_joining.keep_shown_terms(db, peer, answer)

    assert firm.write(keep)


def apply(firm: RunningNode, ring: str, *, handle: str = "sector", share: Share | None = None) -> str:
    """The firm's director signs the terms; returns the application's hash."""
    director, ring_id = director_of(firm), sector_id(firm, ring)
    brings = share or Share("Beter worden", 4, f"dir@{firm.domain}")
    return firm.write(
        lambda db: sector_joining.apply(db, firm.identity, director, PASSWORD, ring_id, brings, handle=handle)
    )


def admit(steward: RunningNode, ring: str, *applications: str) -> int:
    """Admit these, or all that wait; returns the roster's number."""
    director, ring_id = director_of(steward), sector_id(steward, ring)
    chosen = list(applications) or steward.read(
        lambda db: [row.hash for row in applications_of(db, ring_id, "waiting")]
    )
    return steward.write(
        lambda db: sector_steward.admit(db, steward.identity, director, PASSWORD, ring_id, chosen)
    )


def remove(steward: RunningNode, ring: str, domain: str) -> int:
    director, ring_id = director_of(steward), sector_id(steward, ring)
    return steward.write(
        lambda db: sector_steward.remove(db, steward.identity, director, PASSWORD, ring_id, domain)
    )


async def join_sector(
    steward: RunningNode, ring: str, *firms: RunningNode, handle: str = "sector", paired: bool = False
) -> None:
    """Pair with the steward, sign, be admitted, one roster for all; settled."""
    for firm in firms:
        if not paired:
            await pair(steward, firm)
        show_terms(steward, firm)
        apply(firm, ring, handle=handle)
    await settle(steward, *firms)
    admit(steward, ring)
    await settle(steward, *firms)


def number_held(node: RunningNode, ring: str) -> int:
    """The number of the last roster that this node holds to; 0 for none."""
    ring_id = sector_id(node, ring)
    last = node.read(lambda db: last_roster(db, ring_id))
    return int(last.number) if last is not None else 0
