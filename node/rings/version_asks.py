"""When we ask which paired node for the versions and leavings of our rings. Asks nothing itself."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from node.db import insert_new
from node.ids import now
from node.peers import PAIRED, find_peer, peers
from node.rings.agreement_lines import HELD, firms_of
from node.rings.agreement_rows import all_agreements, signatures_of, signing_agreements
from node.rings.tables import version_asks

MISSING_AGAIN, ALL_AGAIN = timedelta(hours=1), timedelta(days=1)
PAUSE = timedelta(minutes=2)
LAST_CHANCE = timedelta(minutes=15)
MOST_AT_ONCE = 10


def want_versions(db: Connection, peer_id: int) -> None:
    """Something that this node sent shows that we lack a version: it is asked soon."""
    _keep(db, peer_id)
    db.execute(update(version_asks).where(version_asks.c.peer_id == peer_id).values(wanted=True))


def due_for_versions(db: Connection) -> list[Row[Any]]:
    """Paired nodes to ask now: what is missing hourly and shortly before a deadline, all else daily."""
    asks = {row.peer_id: row for row in db.execute(select(version_asks))}
    missing, known = _missing_from(db), _known_signers(db)
    wanted = {peer_id for peer_id, row in asks.items() if row.wanted}
    query = select(peers).where(peers.c.id.in_(wanted | set(known) | set(missing)), peers.c.state == PAIRED)
    paired = db.execute(query.order_by(peers.c.id)).all()
    return [peer for peer in paired if _is_due(asks.get(peer.id), peer.id, missing)][:MOST_AT_ONCE]


def _is_due(ask: Row[Any] | None, peer_id: int, missing: dict[int, bool]) -> bool:
    if ask is None or ask.tried_at is None:
        return True
    age = now() - ask.tried_at
    if ask.wanted or missing.get(peer_id):
        return bool(age >= (PAUSE if ask.wanted else LAST_CHANCE / 3))
    return bool(age >= (MISSING_AGAIN if peer_id in missing else ALL_AGAIN))


def _missing_from(db: Connection) -> dict[int, bool]:
    """Nodes that may have proofs we lack, and whether there is little time left for it."""
    found: dict[int, bool] = {}
    for row in signing_agreements(db):
        domains = firms_of(row)
        if len(signatures_of(db, row.hash)) < len(domains):
            for peer_id in _ids(db, domains):
                found[peer_id] = found.get(peer_id, False) or row.deadline - now() < LAST_CHANCE
    return found


def _known_signers(db: Connection) -> set[int]:
    domains = [firms_of(row) for row in all_agreements(db) if row.state in HELD]
    return _ids(db, set[str]().union(*domains))


def _ids(db: Connection, domains: set[str]) -> set[int]:
    found = [find_peer(db, domain) for domain in sorted(domains)]
    return {int(peer.id) for peer in found if peer is not None and peer.state == PAIRED}


def note_versions_tried(db: Connection, peer_id: int) -> None:
    _change(db, peer_id, tried_at=now())


def note_versions_asked(db: Connection, peer_id: int) -> None:
    _change(db, peer_id, asked_at=now(), wanted=False)


def ask_versions_again(db: Connection) -> None:
    """The process starts: nobody knows what was missed meanwhile."""
    db.execute(update(version_asks).values(tried_at=None))


def _keep(db: Connection, peer_id: int) -> None:
    insert_new(db, version_asks, [{"peer_id": peer_id}])


def _change(db: Connection, peer_id: int, **values: object) -> None:
    _keep(db, peer_id)
    db.execute(update(version_asks).where(version_asks.c.peer_id == peer_id).values(**values))
