"""Rosters of a sector ring as they come in: signed by the steward, number by number, kept and held to."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from federation.documents import Document, as_text
from federation.errors import Rejected
from node.identity import SELF, Identity
from node.peers import PAIRED, get_peer, keep_peers, peers
from node.rings.agreement_rows import get_ring_row
from node.rings.keys import former, keys_of
from node.rings.queries import CLOSED, OPEN
from node.rings.rosters import set_closing_reason, settle_roster, tell_directors
from node.rings.sector.pins import Standing, stand_all
from node.rings.sector.rows import (
    ENDED,
    SEEN,
    UNPROVED,
    UNSIGNED,
    applications_in,
    contrary_rosters,
    decide_application,
    find_application,
    firms_by_peer,
    keep_applications,
    keep_roster,
    knows_roster,
    last_roster,
    listed_firms,
    lock_sector,
    note_behind,
    relist_firms,
    roster_numbered,
    roster_of,
    terms_of,
)
from node.rings.signed_documents import hash_of, is_proved, read_document
from schemas.agreement import moment
from schemas.sector import MOST_FIRMS, Application, Entry, Roster

MOST_CONTRARY = 20
MOST_NAMES = 5


def take_roster(
    db: Connection,
    node: Identity,
    ring_id: int,
    shown_by: int,
    signed: Document,
    applications: Sequence[Document],
) -> bool:
    """Hold to a roster that comes next, keep one that contradicts as evidence, note that one is missing.

    False for what its steward did not sign with the key that we pinned, or signed for another ring.
    """
    sector = lock_sector(db, ring_id)
    roster = _read(signed)
    if roster is None or roster.ring != sector.hash or not _is_stewards(db, sector, roster, signed):
        return False
    keep_signatures(db, node, sector, roster, applications)
    if knows_roster(db, ring_id, roster.number, hash_of(roster)):
        _stand_again(db, node, ring_id)
    elif _contradicts(db, ring_id, roster):
        _note_contrary(db, node, sector, roster, signed, shown_by)
    elif _is_next(db, node, sector, roster):
        hold_to(db, node, sector, roster, signed["proof"], shown_by)
    elif _is_later(db, ring_id, roster):
        note_behind(db, sector)
    return True


def _read(signed: Document) -> Roster | None:
    try:
        return read_document(Roster, as_text(signed.get("content"), 1_000_000))
    except Rejected:
        return None


def _is_stewards(db: Connection, sector: Row[Any], roster: Roster, signed: Document) -> bool:
    """Signed with the steward's pinned key, or with one that it had when it signed."""
    actor = roster_signer(db, sector)
    keys = keys_of(db, sector.steward)[:1] if actor else []
    keys += [row.key for row in former(db, sector.steward) if moment(roster.at) < row.until_at]
    return any(is_proved(roster, actor, key, signed.get("proof")) for key in keys)


def roster_signer(db: Connection, sector: Row[Any]) -> str:
    """The steward's node actor; "" while we are not paired with it."""
    if sector.steward == SELF:
        return terms_of(sector).steward.node
    peer = get_peer(db, sector.steward)
    return str(peer.actor_uri) if peer.state == PAIRED else ""


def keep_signatures(
    db: Connection, node: Identity, sector: Row[Any], roster: Roster, applications: Sequence[Document]
) -> None:
    """Of applications shown with a roster: those that it names and that their firm's own key proves."""
    named = {entry.application: entry.domain for entry in roster.firms if entry.domain != node.domain}
    shown = [_read_application(item) for item in applications[:MOST_FIRMS]]
    meant = {hash_of(one): (one, proof) for one, proof in shown if one is not None}
    meant = {found: made for found, made in meant.items() if named.get(found) == made[0].domain}
    known = applications_in(db, meant)
    fresh = [made for found, made in meant.items() if found not in known and is_proved_for(sector, *made)]
    ids = keep_peers(db, [application.domain for application, _ in fresh])
    kept = [(ids[application.domain], application, proof) for application, proof in fresh]
    keep_applications(db, sector.ring_id, kept, SEEN)


def _read_application(item: Document) -> tuple[Application | None, Any]:
    try:
        return read_document(Application, as_text(item.get("content"), 20_000)), item.get("proof")
    except Rejected:
        return None, None


def is_proved_for(sector: Row[Any], application: Application, proof: Any) -> bool:
    """Whether an application is for this ring and its own key proves it."""
    signer = application.node, application.key
    return application.ring == sector.hash and is_proved(application, *signer, proof)


def _contradicts(db: Connection, ring_id: int, roster: Roster) -> bool:
    """It is not this number that we hold, or not after what we hold, or not before it."""
    same = roster_numbered(db, ring_id, roster.number)
    before = roster_numbered(db, ring_id, roster.number - 1)
    after = roster_numbered(db, ring_id, roster.number + 1)
    return (
        same is not None
        or (before is not None and roster.previous != before.hash)
        or (after is not None and roster_of(after).previous != hash_of(roster))
    )


def _note_contrary(
    db: Connection, node: Identity, sector: Row[Any], roster: Roster, signed: Document, shown_by: int
) -> None:
    """The steward signed two rosters that cannot both be: from now on only firms of both are in."""
    if len(contrary_rosters(db, sector.ring_id)) >= MOST_CONTRARY:
        return
    keep_roster(db, sector.ring_id, roster, signed["proof"], shown_by, is_contrary=True)
    settle_roster(db, node.domain, sector.ring_id)
    set_closing_reason(db, sector.ring_id, "split")
    tell_directors(db, "roster_split", sector.name, about_link(sector))


def _is_next(db: Connection, node: Identity, sector: Row[Any], roster: Roster) -> bool:
    last = last_roster(db, sector.ring_id)
    if last is not None and roster.number == last.number + 1:
        return True
    if last is None or not _lists_us(db, node, roster_of(last)):
        # What went before was not for us to see: the ring begins for us with the first that lists us.
        return _lists_us(db, node, roster) and (last is None or roster.number > last.number)
    return False


def _lists_us(db: Connection, node: Identity, roster: Roster) -> bool:
    entry = roster.entry_of(node.domain)
    ours = find_application(db, entry.application) if entry is not None else None
    return ours is not None and ours.peer_id == SELF and ours.state != ENDED


def _is_later(db: Connection, ring_id: int, roster: Roster) -> bool:
    last = last_roster(db, ring_id)
    return last is not None and roster.number > last.number + 1


# --- holding to one --------------------------------------------------------------------------------


def hold_to(
    db: Connection, node: Identity, sector: Row[Any], roster: Roster, proof: Document, shown_by: int
) -> None:
    """From now on this is who is in; whoever is new is told to all members before anything goes there."""
    ring_id, before = sector.ring_id, firms_by_peer(db, sector.ring_id)
    keep_roster(db, ring_id, roster, proof, shown_by, is_contrary=False)
    stands = _stands(db, node, ring_id, roster, before)
    changed = [row for row in stands if _differs(before.get(row["peer_id"]), row)]
    now_listed, was_listed = {row["peer_id"] for row in stands}, _listed(before)
    relist_firms(db, ring_id, changed, was_listed - now_listed, roster.number)
    if any(row["standing"] == UNPROVED for row in stands):
        note_behind(db, sector)
    settle_roster(db, node.domain, ring_id)
    _tell_directors(db, sector, went=was_listed - now_listed)


def _listed(before: dict[int, Row[Any]]) -> set[int]:
    return {peer_id for peer_id, row in before.items() if row.is_listed}


def _stands(
    db: Connection, node: Identity, ring_id: int, roster: Roster, before: dict[int, Row[Any]]
) -> list[dict[str, Any]]:
    known = applications_in(db, [entry.application for entry in roster.firms])
    domains = select(peers.c.id, peers.c.domain).where(peers.c.id.in_(before))
    by_domain = {domain: before[peer_id] for peer_id, domain in db.execute(domains)}
    if SELF in before:
        by_domain[node.domain] = before[SELF]
    open_ones = [entry for entry in roster.firms if not _stands_already(by_domain.get(entry.domain), entry)]
    judged = stand_all(db, node, ring_id, [(entry, known.get(entry.application)) for entry in open_ones])
    made = {entry.domain: standing for entry, standing in zip(open_ones, judged, strict=True)}
    for domain, row in by_domain.items():
        made.setdefault(domain, Standing(row.peer_id, row.standing, row.key))
    return [_row(entry, made[entry.domain]) for entry in roster.firms]


def _stands_already(row: Row[Any] | None, entry: Entry) -> bool:
    return (
        row is not None and row.application == entry.application and row.standing not in (UNPROVED, UNSIGNED)
    )


def _row(entry: Entry, made: Standing) -> dict[str, Any]:
    return {
        "peer_id": made.peer_id,
        "application": entry.application,
        "key": made.key,
        "since": entry.since,
        "is_listed": True,
        "standing": made.standing,
    }


def _differs(row: Row[Any] | None, wanted: dict[str, Any]) -> bool:
    return row is None or any(getattr(row, name) != value for name, value in wanted.items())


def _stand_again(db: Connection, node: Identity, ring_id: int) -> None:
    """Signatures came that were missing."""
    last = last_roster(db, ring_id)
    unproved = [firm for firm in listed_firms(db, ring_id) if firm.standing in (UNPROVED, UNSIGNED)]
    if last is None or not unproved:
        return
    stands = _stands(db, node, ring_id, roster_of(last), firms_by_peer(db, ring_id))
    before = firms_by_peer(db, ring_id)
    relist_firms(db, ring_id, [row for row in stands if _differs(before.get(row["peer_id"]), row)])
    settle_roster(db, node.domain, ring_id)


def note_unsigned(db: Connection, sector: Row[Any]) -> None:
    """The steward was asked for signatures and did not show these: they stay out, and directors know."""
    lacking = [firm for firm in listed_firms(db, sector.ring_id) if firm.standing == UNPROVED]
    if lacking:
        names = ("peer_id", "application", "key", "since", "is_listed")
        rows = [{name: getattr(f, name) for name in names} | {"standing": UNSIGNED} for f in lacking]
        relist_firms(db, sector.ring_id, rows)
        words = f"{sector.name}: {short_list(firm.domain or '' for firm in lacking)}"
        tell_directors(db, "roster_unsigned", words, about_link(sector))


def _tell_directors(db: Connection, sector: Row[Any], *, went: Collection[int]) -> None:
    """What the roster means for us; who came and went is told to all members where periods open."""
    ring = get_ring_row(db, sector.ring_id)
    if SELF in went and sector.application is not None:
        decide_application(db, sector.application, ENDED, None)  # to come back our director signs anew
        set_closing_reason(db, ring.id, "removed")
        tell_directors(db, "ring_removed", ring.name, about_link(sector))
    elif sector.state == OPEN and ring.state == CLOSED:
        tell_directors(db, "ring_closed", ring.name, about_link(sector))


def short_list(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" + {len(listed) - MOST_NAMES}" if len(listed) > MOST_NAMES else ""
    return ", ".join(listed[:MOST_NAMES]) + more


def about_link(sector: Row[Any]) -> str:
    return f"/rings/{sector.handle}/about" if sector.handle else "/sectors"
