"""Sector rings as stored: terms, applications, rosters, who is listed. Decides nothing."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from federation.documents import Document
from node.db import insert_new
from node.errors import NotFound
from node.identity import SELF
from node.ids import new_id, now
from node.peers import peers
from node.rings.sector.tables import (
    sector_applications,
    sector_checks,
    sector_firms,
    sector_rosters,
    sector_terms,
)
from node.rings.signed_documents import canonical, hash_of, stored_document
from node.rings.tables import leavings, rings
from schemas.agreement import moment
from schemas.sector import Application, Roster, Terms

SECTOR = "sector"
WAITING, ADMITTED, REFUSED, ENDED, SEEN = "waiting", "admitted", "refused", "ended", "seen"
# Of a listed firm: in; its signature still to come; the steward has none; we pinned another key for it.
SOUND, UNPROVED, UNSIGNED, OTHER_KEY = "sound", "unproved", "unsigned", "other_key"

_WITH_RING = (
    sector_terms,
    rings.c.hash,
    rings.c.name,
    rings.c.handle,
    rings.c.state,
    rings.c.opened_at,
)


# --- terms -----------------------------------------------------------------------------------------


def keep_terms(db: Connection, terms: Terms, steward: int) -> int:
    """Store terms once, with the ring that they name; returns the ring's id."""
    known = find_sector(db, hash_of(terms))
    if known is not None:
        return int(known.ring_id)
    ring_id = new_id()
    values = {"id": ring_id, "hash": hash_of(terms), "name": terms.name, "kind": SECTOR}
    db.execute(insert(rings).values(**values, state="proposed", created_at=now()))
    db.execute(
        insert(sector_terms).values(
            ring_id=ring_id,
            document=canonical(terms),
            steward=steward,
            ends_at=moment(terms.ends_at),
            received_at=now(),
        )
    )
    return ring_id


def find_sector(db: Connection, ring_hash: str) -> Row[Any] | None:
    """The row of its terms, with the ring's hash, name, handle and state."""
    return db.execute(_sectors().where(rings.c.hash == ring_hash)).one_or_none()


def find_sector_of(db: Connection, ring_id: int) -> Row[Any] | None:
    return db.execute(_sectors().where(rings.c.id == ring_id)).one_or_none()


def lock_sector(db: Connection, ring_id: int) -> Row[Any]:
    """The row, ours until the transaction ends: no number is given out twice. Raises NotFound."""
    locking = select(sector_terms.c.ring_id).where(sector_terms.c.ring_id == ring_id).with_for_update()
    if db.execute(locking).first() is None:
        raise NotFound
    return db.execute(_sectors().where(rings.c.id == ring_id)).one()


def sectors_of_steward(db: Connection, peer_id: int) -> list[Row[Any]]:
    """Newest first; SELF for the ones whose roster we keep."""
    mine = _sectors().where(sector_terms.c.steward == peer_id)
    return list(db.execute(mine.order_by(sector_terms.c.received_at.desc())))


def all_sectors(db: Connection) -> list[Row[Any]]:
    return list(db.execute(_sectors().order_by(rings.c.name, rings.c.id)))


def _sectors() -> Any:
    return select(*_WITH_RING).join(rings, rings.c.id == sector_terms.c.ring_id)


def terms_of(row: Row[Any]) -> Terms:
    return stored_document(Terms, row.document)


def find_terms(db: Connection, ring_id: int) -> Terms | None:
    """What the firms of a sector ring signed; None for another kind of ring."""
    row = find_sector_of(db, ring_id)
    return terms_of(row) if row is not None else None


def standing(db: Connection, sector: Row[Any]) -> str:
    """How it is with our application: "", waiting, admitted, refused or ended."""
    if sector.application is None:
        return ""
    if (SELF, sector.application) in ended_applications(db, sector.ring_id):
        return ENDED
    if any(firm.application == sector.application for firm in listed_firms(db, sector.ring_id)):
        return ADMITTED
    row = find_application(db, sector.application)
    return str(row.state) if row is not None else ""


def change_sector(db: Connection, ring_id: int, **values: object) -> None:
    db.execute(update(sector_terms).where(sector_terms.c.ring_id == ring_id).values(**values))


def note_behind(db: Connection, sector: Row[Any]) -> None:
    """There is a number, or a signature of a listed firm, that we lack: the steward is asked at once."""
    change_sector(db, sector.ring_id, is_behind=True)
    if sector.steward != SELF:
        change_check(db, sector.ring_id, sector.steward, tried_at=None)


def note_restored(db: Connection) -> None:
    """A backup was put back: firms may hold newer rosters of ours than we know."""
    db.execute(update(sector_terms).where(sector_terms.c.steward == SELF).values(restored_at=now()))


# --- applications ----------------------------------------------------------------------------------


def keep_application(
    db: Connection, ring_id: int, peer_id: int, application: Application, proof: Document, state: str
) -> str:
    """Store a proved application once; returns its hash."""
    keep_applications(db, ring_id, [(peer_id, application, proof)], state)
    return hash_of(application)


def keep_applications(
    db: Connection, ring_id: int, proved: Iterable[tuple[int, Application, Document]], state: str
) -> None:
    """Each with its firm's peer id and proof."""
    moment = now()
    rows = [
        {
            "hash": hash_of(application),
            "ring_id": ring_id,
            "peer_id": peer_id,
            "domain": application.domain,
            "document": canonical(application),
            "proof": json.dumps(proof),
            "state": state,
            "received_at": moment,
        }
        for peer_id, application, proof in proved
    ]
    insert_new(db, sector_applications, rows)


def find_application(db: Connection, application_hash: str) -> Row[Any] | None:
    wanted = select(sector_applications).where(sector_applications.c.hash == application_hash)
    return db.execute(wanted).one_or_none()


def applications_in(db: Connection, hashes: Iterable[str]) -> dict[str, Row[Any]]:
    wanted = select(sector_applications).where(sector_applications.c.hash.in_(set(hashes)))
    return {row.hash: row for row in db.execute(wanted)}


def applications_of(db: Connection, ring_id: int, *states: str) -> list[Row[Any]]:
    """Oldest first."""
    wanted = select(sector_applications).where(
        sector_applications.c.ring_id == ring_id, sector_applications.c.state.in_(states)
    )
    return list(db.execute(wanted.order_by(sector_applications.c.received_at, sector_applications.c.hash)))


def application_of(row: Row[Any]) -> Application:
    return stored_document(Application, row.document)


def decide_application(db: Connection, application_hash: str, state: str, member_id: int | None) -> None:
    this = sector_applications.c.hash == application_hash
    db.execute(
        update(sector_applications).where(this).values(state=state, decided_at=now(), decided_by=member_id)
    )


def ended_applications(db: Connection, ring_id: int) -> set[tuple[int, str]]:
    """(peer, application) of firms that said since that they are out: these open nothing any more."""
    ended = select(leavings.c.peer_id, leavings.c.agreement).where(leavings.c.ring_id == ring_id)
    return {(row.peer_id, row.agreement) for row in db.execute(ended)}


# --- rosters ---------------------------------------------------------------------------------------


def keep_roster(
    db: Connection, ring_id: int, roster: Roster, proof: Document, shown_by: int, *, is_contrary: bool
) -> None:
    row = {
        "ring_id": ring_id,
        "number": roster.number,
        "hash": hash_of(roster),
        "document": canonical(roster),
        "proof": json.dumps(proof),
        "is_contrary": is_contrary,
        "shown_by": shown_by,
        "received_at": now(),
    }
    insert_new(db, sector_rosters, [row])


def knows_roster(db: Connection, ring_id: int, number: int, roster_hash: str) -> bool:
    this = select(sector_rosters.c.hash).filter_by(ring_id=ring_id, number=number, hash=roster_hash)
    return db.execute(this).first() is not None


def last_roster(db: Connection, ring_id: int) -> Row[Any] | None:
    """The last one that holds here."""
    return db.execute(_holding(ring_id).order_by(sector_rosters.c.number.desc()).limit(1)).one_or_none()


def roster_numbered(db: Connection, ring_id: int, number: int) -> Row[Any] | None:
    return db.execute(_holding(ring_id).where(sector_rosters.c.number == number)).one_or_none()


def rosters_after(db: Connection, ring_id: int, number: int, most: int) -> list[Row[Any]]:
    """Those that hold here, in order."""
    later = _holding(ring_id).where(sector_rosters.c.number > number)
    return list(db.execute(later.order_by(sector_rosters.c.number).limit(most)))


def contrary_rosters(db: Connection, ring_id: int) -> list[Row[Any]]:
    """The evidence that a steward showed different rosters, oldest first."""
    wanted = select(sector_rosters).where(sector_rosters.c.ring_id == ring_id, sector_rosters.c.is_contrary)
    return list(db.execute(wanted.order_by(sector_rosters.c.received_at, sector_rosters.c.hash)))


def _holding(ring_id: int) -> Any:
    return select(sector_rosters).where(
        sector_rosters.c.ring_id == ring_id, sector_rosters.c.is_contrary.is_(False)
    )


def roster_of(row: Row[Any]) -> Roster:
    return stored_document(Roster, row.document)


# --- who is listed ---------------------------------------------------------------------------------


def listed_firms(db: Connection, ring_id: int) -> list[Row[Any]]:
    """The last roster that holds here, with what we know of each firm as a peer (none for us), by domain."""
    wanted = (
        select(
            sector_firms,
            peers.c.domain,
            peers.c.name,
            peers.c.inbox,
            peers.c.state,
            peers.c.node_key,
            peers.c.pinned_by,
        )
        .outerjoin(peers, peers.c.id == sector_firms.c.peer_id)
        .where(sector_firms.c.ring_id == ring_id, sector_firms.c.is_listed)
    )
    return list(db.execute(wanted.order_by(peers.c.domain)))


def is_listed(db: Connection, ring_id: int, peer_id: int) -> bool:
    this = select(sector_firms.c.peer_id).filter_by(ring_id=ring_id, peer_id=peer_id, is_listed=True)
    return db.execute(this).first() is not None


def firms_by_peer(db: Connection, ring_id: int) -> dict[int, Row[Any]]:
    """Listed or not."""
    wanted = select(sector_firms).where(sector_firms.c.ring_id == ring_id)
    return {row.peer_id: row for row in db.execute(wanted)}


def relist_firms(
    db: Connection,
    ring_id: int,
    changed: Sequence[dict[str, object]],
    gone: Iterable[int] = (),
    number: int | None = None,
) -> None:
    """Write down what a roster changed: `changed` rows take the place of what was there, `gone` are out."""
    of_ring, ids = sector_firms.c.ring_id == ring_id, [row["peer_id"] for row in changed]
    db.execute(delete(sector_firms).where(of_ring, sector_firms.c.peer_id.in_(ids)))
    if changed:
        db.execute(insert(sector_firms), [{"ring_id": ring_id, **row} for row in changed])
        insert_new(
            db,
            sector_checks,
            [{"ring_id": ring_id, "peer_id": peer_id} for peer_id in ids if peer_id != SELF],
        )
    out = update(sector_firms).where(of_ring, sector_firms.c.peer_id.in_(set(gone)))
    db.execute(out.values(is_listed=False, out_by=number))


def other_sectors_with(db: Connection, ring_id: int, peer_id: int, key: str) -> bool:
    """Whether another sector ring lists this peer by that key."""
    elsewhere = select(sector_firms.c.ring_id).where(
        sector_firms.c.ring_id != ring_id,
        sector_firms.c.peer_id == peer_id,
        sector_firms.c.key == key,
        sector_firms.c.is_listed,
    )
    return db.execute(elsewhere).first() is not None


# --- comparing -------------------------------------------------------------------------------------


def checks_of(db: Connection, ring_id: int) -> dict[int, Row[Any]]:
    wanted = select(sector_checks).where(sector_checks.c.ring_id == ring_id)
    return {row.peer_id: row for row in db.execute(wanted)}


def change_check(db: Connection, ring_id: int, peer_id: int, **values: object) -> None:
    insert_new(db, sector_checks, [{"ring_id": ring_id, "peer_id": peer_id}])
    this = sector_checks.c.ring_id == ring_id, sector_checks.c.peer_id == peer_id
    db.execute(update(sector_checks).where(*this).values(**values))
