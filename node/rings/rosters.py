"""Which nodes are in a ring: periods open and close with agreements, the clock, leaving and blocks."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from node.access.logins import list_members
from node.access.members import members_with_role
from node.boundary import is_in_ring, ring_nodes
from node.db import insert_new
from node.departures import departures, record_departure
from node.identity import SELF, nodes
from node.ids import now
from node.memberships import (
    close_period,
    close_rooms,
    guests,
    memberships,
    open_periods,
    rest_until_told,
    rooms,
)
from node.notices import notices, notify, renew_notices
from node.objects import DELETED, objects, ring_audience
from node.peers import BLOCKED, change_peer, get_peer, peers
from node.queue import drop_deliveries, wake_early
from node.rings.agreement_rows import agreements_of, change_ring, document_of, get_ring_row
from node.rings.catching_up import ask_from_start, ask_who_is_in
from node.rings.partner_rosters import PARTNERS, Roster, RosterOf, agreed_roster, has_left, nobody
from node.rings.people import begin_ring
from node.rings.queries import CLOSED, OPEN
from node.rings.restore_rows import COPY, begin_waiting, closed_towards, waited_for
from node.rings.sector.inside import firms_inside
from node.rings.sector.rows import SECTOR, find_sector_of, find_terms, note_restored
from node.rings.sector.tables import sector_checks
from node.rings.tables import ring_partners, rings

RESTORED = "restored"
KEPT_WHEN_LEAVING = ("Delete", "Leave", "Offer")
MOST_NAMED = 5


def settle_roster(db: Connection, own_domain: str, ring_id: int) -> None:
    """Bring the periods of a ring in line with its roster: the one place that opens and closes rings."""
    ring = get_ring_row(db, ring_id)
    if is_suspended(db, own_domain, ring):
        return
    roster, was_in = roster_of(db, own_domain, ring), _partners(db, ring_id)
    if not roster.inside:
        _close_all(db, ring, was_in)
        return
    others = roster.inside - {SELF}
    if ring.state == OPEN:
        _tell_changes(db, ring, was_in, others)
    for peer_id in was_in - others:
        _put_out(db, ring, peer_id)
    _let_in(db, ring, others, roster.ends_at)
    _mark_open(db, ring)


def _let_in(db: Connection, ring: Row[Any], others: frozenset[int], ends_at: datetime) -> None:
    """They and we are in until then; who comes in, or comes back, is asked for what we do not have."""
    audience = ring_audience(ring.hash)
    fresh = others - {peer.id for peer in ring_nodes(db, audience)}
    insert_new(db, ring_partners, [{"ring_id": ring.id, "peer_id": peer_id} for peer_id in fresh])
    ask_from_start(db, audience, fresh)
    if fresh or not is_in_ring(db, audience):
        wake_early(db)
        ask_who_is_in(db, audience)
    open_periods(db, audience, {*others, SELF}, ends_at)


def _tell_changes(db: Connection, ring: Row[Any], was_in: set[int], others: frozenset[int]) -> None:
    """Every member reads who came and who went, before anything goes to a firm that came."""
    inside = {peer.id for peer in ring_nodes(db, ring_audience(ring.hash))}
    for kind, changed in (("ring_joined", others - inside), ("ring_left", (was_in & inside) - others)):
        if changed:
            text = f"{_names_of(db, changed)} · {ring.name}"
            _tell_members(db, ring, kind, text)


def _tell_members(db: Connection, ring: Row[Any], kind: str, text: str) -> None:
    """Everybody of this firm; a guest sees nothing of rings."""
    invited = set(db.scalars(select(guests.c.actor_id)))
    everybody = [member.actor_id for member in list_members(db) if member.actor_id not in invited]
    link = f"/rings/{ring.handle}/about"
    if ring.kind == SECTOR:  # firms come by the dozen: one notice at a time that is not read yet
        renew_notices(db, everybody, kind, text=text, link=link)
        return
    for member_id in everybody:
        notify(db, member_id, kind, text=text, link=link)


def _names_of(db: Connection, peer_ids: Iterable[int]) -> str:
    query = select(peers).where(peers.c.id.in_(list(peer_ids))).order_by(peers.c.name, peers.c.domain)
    names = [peer.name or peer.domain for peer in db.execute(query)]
    more = f" +{len(names) - MOST_NAMED}" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def roster_of(db: Connection, own_domain: str, ring: Row[Any]) -> Roster:
    """Who is in now, as the documents of this kind of ring say; nobody that we are closed towards."""
    roster = ROSTERS[ring.kind](db, own_domain, ring)
    inside = roster.inside - closed_towards(db)
    return Roster(inside, roster.ends_at) if inside - {SELF} else nobody()


def sector_roster(db: Connection, _own_domain: str, ring: Row[Any]) -> Roster:
    """The roster that the steward of a sector ring keeps."""
    sector = find_sector_of(db, ring.id)
    return Roster(frozenset(firms_inside(db, ring.id)), now() if sector is None else sector.ends_at)


ROSTERS: Mapping[str, RosterOf] = {PARTNERS: agreed_roster, SECTOR: sector_roster}


def _partners(db: Connection, ring_id: int) -> set[int]:
    return set(db.scalars(select(ring_partners.c.peer_id).where(ring_partners.c.ring_id == ring_id)))


def _mark_open(db: Connection, ring: Row[Any]) -> None:
    if ring.state == OPEN:
        return
    change_ring(db, ring.id, state=OPEN, opened_at=ring.opened_at or now(), closed_at=None, closed_why=None)
    begin_ring(db, ring.id, ring_audience(ring.hash))
    _tell_members(db, ring, "ring_open", ring.name)


def _close_all(db: Connection, ring: Row[Any], was_in: set[int]) -> None:
    for peer_id in was_in:
        _put_out(db, ring, peer_id)
    close_period(db, ring_audience(ring.hash), SELF)
    close_rooms(db, ring_audience(ring.hash), SELF)
    if ring.state == OPEN:
        change_ring(db, ring.id, state=CLOSED, closed_at=now())


def _put_out(db: Connection, ring: Row[Any], peer_id: int) -> None:
    audience = ring_audience(ring.hash)
    close_period(db, audience, peer_id)
    drop_deliveries(db, peer_id, audience=audience, but=KEPT_WHEN_LEAVING)
    for room in close_rooms(db, audience, peer_id):
        drop_deliveries(db, peer_id, audience=room)


def set_closing_reason(db: Connection, ring_id: int, why: str) -> None:
    """Why a ring closed: left, partner_left, expired, blocked … The first reason stays."""
    closed = rings.c.id == ring_id, rings.c.state == CLOSED, rings.c.closed_why.is_(None)
    db.execute(update(rings).where(*closed).values(closed_why=why))


def tell_directors(db: Connection, kind: str, text: str, link: str) -> None:
    for member_id in members_with_role(db, "director"):
        notify(db, member_id, kind, text=text, link=link)


def tell_directors_daily(db: Connection, kind: str, text: str, link: str) -> None:
    """The same, at most once a day: whoever else makes us say it cannot fill the page with it."""
    same = notices.c.kind == kind, notices.c.link == link, notices.c.created_at > now() - timedelta(days=1)
    if db.execute(select(notices.c.id).where(*same)).first() is None:
        tell_directors(db, kind, text, link)


def close_expired(db: Connection, own_domain: str) -> int:
    """The boundary closed these by the clock already; write it down, drop what waits, tell the directors."""
    expired = [ring for ring in _open_rings(db) if not roster_of(db, own_domain, ring).inside]
    for ring in expired:
        settle_roster(db, own_domain, ring.id)
        set_closing_reason(db, ring.id, "expired")
        tell_directors(db, "ring_expired", ring.name, f"/rings/{ring.handle}/about")
    return len(expired)


def has_expired(db: Connection) -> bool:
    """Whether the clock closed a ring that is still written down as open."""
    return any(not is_in_ring(db, ring_audience(ring.hash)) for ring in _open_rings(db))


def _open_rings(db: Connection) -> list[Row[Any]]:
    return list(db.execute(select(rings).where(rings.c.state == OPEN)))


def block_peer(db: Connection, peer_id: int, why: str = "blocked") -> None:
    """Nothing goes to or comes from this peer any more, but Deletes; it is out of every ring at once."""
    change_peer(db, peer_id, state=BLOCKED)
    drop_deliveries(db, peer_id)
    own_domain = _own_domain(db)
    for ring in _open_rings(db):
        if peer_id in _partners(db, ring.id):
            settle_roster(db, own_domain, ring.id)
            set_closing_reason(db, ring.id, why)
            if why == "blocked":
                peer = get_peer(db, peer_id)
                words = f"{peer.name or peer.domain} · {ring.name}"
                tell_directors(db, "ring_blocked", words, f"/rings/{ring.handle}/about")


def reopen_rings(db: Connection, peer_id: int) -> None:
    """Both directors paired anew: rings whose agreement still holds open again (rule 17)."""
    own_domain = _own_domain(db)
    for ring in db.execute(select(rings).where(rings.c.handle.is_not(None))).all():
        if peer_id in _partners(db, ring.id) and roster_of(db, own_domain, ring).inside:
            settle_roster(db, own_domain, ring.id)


# --- a copy put back (rule 17) ---------------------------------------------------------------------


def close_for_restore(db: Connection, why: str) -> None:
    """This is an older copy of itself: closed towards every node until that one told what it knows.

    Periods end at this moment, and go on from it if the firm turns out to be in the ring all the time.
    """
    moment = now()
    if db.execute(select(departures.c.seq).limit(1)).first() is not None:
        record_departure(db, RESTORED, ids=[why] if why == COPY else [], receivers=[], content=b"")
    begin_waiting(db, why, moment)
    note_restored(db)
    db.execute(update(sector_checks).values(checked_at=None, tried_at=None))
    for ring in _open_rings(db):
        suspend(db, ring, moment)
    rest_until_told(db, moment)
    for peer_id in closed_towards(db):
        drop_deliveries(db, peer_id, but=KEPT_WHEN_LEAVING)
    for member_id in members_with_role(db, "admin", "director"):
        notify(db, member_id, RESTORED if why != COPY else "restored_copy", link="/restored")


def suspend(db: Connection, ring: Row[Any], moment: datetime) -> None:
    inside = memberships.c.audience == ring_audience(ring.hash), memberships.c.until_at > moment
    db.execute(update(memberships).where(*inside).values(until_at=moment))
    change_ring(db, ring.id, state=CLOSED, closed_at=moment, closed_why=RESTORED)


def is_suspended(db: Connection, own_domain: str, ring: Row[Any]) -> bool:
    """Whether a ring waits for somebody who was in it, or is by now, to tell what it knows."""
    if ring.closed_why != RESTORED:
        return False
    return bool(_concerned(db, own_domain, ring) & waited_for(db)) or not _has_roster(db, ring)


def _concerned(db: Connection, own_domain: str, ring: Row[Any]) -> set[int]:
    audience = ring_audience(ring.hash)
    then = memberships.c.audience == audience, memberships.c.until_at == ring.closed_at
    found = set(db.scalars(select(memberships.c.peer_id).where(*then)))
    return found | ROSTERS[ring.kind](db, own_domain, ring).inside


def must_wait(db: Connection, own_domain: str, peer_id: int) -> bool:
    """Whether what a node sends can not be judged yet: it is for a ring that waits, or it must tell first."""
    waiting = _waiting_rings(db)
    return peer_id in closed_towards(db) or any(
        peer_id in _concerned(db, own_domain, ring) for ring in waiting
    )


def _has_roster(db: Connection, ring: Row[Any]) -> bool:
    """In a sector ring somebody must have shown its roster since."""
    if ring.kind != SECTOR:
        return True
    since = sector_checks.c.ring_id == ring.id, sector_checks.c.checked_at >= ring.closed_at
    return db.execute(select(sector_checks.c.ring_id).where(*since)).first() is not None


def has_released(db: Connection) -> bool:
    """Whether a ring that waited need not wait any more."""
    own_domain = _own_domain(db)
    return any(not is_suspended(db, own_domain, ring) for ring in _waiting_rings(db))


def release_restored(db: Connection, own_domain: str) -> int:
    """Open the rings in which nobody is waited for any more, in a new epoch: no number is given out twice."""
    ready = [ring for ring in _waiting_rings(db) if not is_suspended(db, own_domain, ring)]
    if ready:
        epoch = db.scalar(update(nodes).values(epoch=nodes.c.epoch + 1).returning(nodes.c.epoch))
        record_departure(db, "epoch", ids=[str(epoch)], receivers=[], content=b"")
    for ring in ready:
        _release(db, own_domain, ring)
    return len(ready)


def _waiting_rings(db: Connection) -> list[Row[Any]]:
    return list(db.execute(select(rings).where(rings.c.closed_why == RESTORED, rings.c.state == CLOSED)))


def _release(db: Connection, own_domain: str, ring: Row[Any]) -> None:
    change_ring(db, ring.id, closed_why=None)
    roster = roster_of(db, own_domain, get_ring_row(db, ring.id))
    then = memberships.c.audience == ring_audience(ring.hash), memberships.c.until_at == ring.closed_at
    still = update(memberships).where(*then, memberships.c.peer_id.in_(roster.inside))
    db.execute(still.values(until_at=roster.ends_at))
    settle_roster(db, own_domain, ring.id)
    set_closing_reason(db, ring.id, "left" if has_left(db, ring.id, SELF) else "partner_left")


def settle_peer(db: Connection, own_domain: str, peer_id: int) -> None:
    """A node that we went on without told us after all."""
    for ring in _open_rings(db):
        is_in = is_in_ring(db, ring_audience(ring.hash), peer_id)
        if not is_in and peer_id in roster_of(db, own_domain, ring).inside:
            settle_roster(db, own_domain, ring.id)


def _own_domain(db: Connection) -> str:
    return str(db.execute(select(nodes.c.domain)).scalar_one())


def content_to_delete(db: Connection) -> list[int]:
    """Ids of objects of parted firms whose retention days are over (rule 9); housekeeping deletes them."""
    found: list[int] = []
    for ring in db.execute(select(rings).where(rings.c.opened_at.is_not(None))).all():
        for peer_id in _partners(db, ring.id):
            if _is_over(db, ring, peer_id):
                found += _content_of(db, ring_audience(ring.hash), peer_id)
    return found


def _is_over(db: Connection, ring: Row[Any], peer_id: int) -> bool:
    audience = ring_audience(ring.hash)
    parted_at = last_end(db, audience, peer_id)
    days = _retention_days(db, ring)
    if parted_at is None or days is None:
        return False
    return parted_at + timedelta(days=days) <= now()


def _retention_days(db: Connection, ring: Row[Any]) -> int | None:
    terms = find_terms(db, ring.id)
    if terms is not None:
        return terms.retention_days
    complete = [row for row in agreements_of(db, ring.id) if row.completed_at is not None]
    return document_of(complete[-1]).retention_days if complete else None


def _content_of(db: Connection, audience: str, peer_id: int) -> list[int]:
    rooms_there = select(rooms.c.audience).where(rooms.c.within == audience)
    there = or_(objects.c.audience == audience, objects.c.audience.in_(rooms_there))
    theirs = there, objects.c.origin == peer_id, objects.c.state != DELETED
    return list(db.scalars(select(objects.c.id).where(*theirs).order_by(objects.c.id)))


def last_end(db: Connection, audience: str, peer_id: int) -> datetime | None:
    """When a node's last period in a ring ended; None while it is in, or if it never was."""
    theirs = memberships.c.audience == audience, memberships.c.peer_id == peer_id
    ends: list[datetime | None] = list(db.scalars(select(memberships.c.until_at).where(*theirs)))
    past = [end for end in ends if end is not None and end <= now()]
    return max(past) if past and len(past) == len(ends) else None
