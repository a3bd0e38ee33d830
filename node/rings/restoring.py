"""A node put back from a copy hears from each partner what it forgot, before it shares again (rule 17)."""

from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from federation.documents import Document, as_list, as_text
from node.access.logins import confirm_password
from node.boundary import is_in_ring, is_inside, people_inside
from node.db import absolute, relative
from node.departures import record_departure
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.identity import SELF, Identity, nodes
from node.ids import now
from node.memberships import memberships
from node.memberships import rooms as rooms_table
from node.objects import (
    ANY_RING,
    ANY_ROOM,
    DELETED,
    LIVE,
    find_object,
    holders,
    is_closed,
    objects,
    ring_audience,
    urn_of,
)
from node.outbox import last_number, numbers
from node.peers import change_peer, get_peer, peers
from node.queue import wake_peer
from node.rings.agreement_lines import heads_of
from node.rings.agreement_rows import find_ring_row, has_signed
from node.rings.pairing import need_director
from node.rings.queries import PROPOSED
from node.rings.restore_rows import (
    COPY,
    change_restore,
    is_closed_towards,
    is_silent,
    restores_with_names,
)
from node.rings.rosters import (
    RESTORED,
    ROSTERS,
    close_for_restore,
    release_restored,
    settle_peer,
    suspend,
    tell_directors,
)
from node.rings.tables import heads, rings, sources
from node.rings.trust_tables import start_numbers

PATH = "/node/state"
PAGE = 500
MOST_RINGS = 100
MOST_ROOMS = 500
MOST_EPOCHS = 1000  # further ahead than any node ever was

KEY_CHANGED = msg("They know you by a newer key than this copy has. Pair with them again.")
NOT_INSIDE = msg("They say that you are not in a ring together any more. Call them.")


# --- being asked -----------------------------------------------------------------------------------


def answer_state(db: Connection, node: Identity, peer: Row[Any], after: int) -> Document:
    """What a partner that was put back must know; its things and ours after `after`, page by page."""
    rows = list(db.execute(_things_of(peer.id).where(objects.c.id > after).limit(PAGE)))
    things = [{"id": absolute(node.base, row.uri), "deleted": row.state == DELETED} for row in rows]
    shown = _rings(db, peer) if not after else []
    following = rows[-1].id if len(rows) == PAGE else None
    document = {"rings": shown, "heard": heard_from(db, peer.id), "things": things, "next": following}
    if not after:
        document["rooms"] = _rooms_kept_by(db, node, peer.id)
        its_rooms = sources.c.peer_id == peer.id, sources.c.audience.like(ANY_ROOM)
        db.execute(update(sources).where(*its_rooms).values(people_at=None))  # it may say otherwise now
    ids = [thing["id"] for thing in things]
    record_departure(db, "state", ids=ids, receivers=[peer.domain], content=repr(document).encode())
    return document


def heard_from(db: Connection, peer_id: int) -> dict[str, list[int]]:
    """By ring and room: the last epoch and number that we know of that node."""
    query = select(heads.c.audience, heads.c.epoch, heads.c.highest).where(
        heads.c.peer_id == peer_id, heads.c.highest > 0
    )
    found: dict[str, list[int]] = {}
    for row in db.execute(query):
        found[row.audience] = max(found.get(row.audience, [0, 0]), [row.epoch, row.highest])
    return found


def _things_of(peer_id: int) -> Any:
    """Closed things of theirs that we have or had by their own word, and of ours that we deleted there."""
    had = select(holders.c.object_id).where(holders.c.object_id == objects.c.id, holders.c.peer_id == peer_id)
    ours = (objects.c.origin == SELF) & (objects.c.state == DELETED) & had.exists()
    began = (
        select(func.max(memberships.c.from_at))
        .where(memberships.c.audience == objects.c.audience, memberships.c.peer_id == peer_id)
        .scalar_subquery()
    )
    # What we deleted because they had left says nothing about what they did.
    theirs = (objects.c.origin == peer_id) & ((objects.c.state == LIVE) | (objects.c.deleted >= began))
    closed = objects.c.audience.like(ANY_RING) | objects.c.audience.like(ANY_ROOM)
    return select(objects).where(closed, ours | theirs).order_by(objects.c.id)


def _rings(db: Connection, peer: Row[Any]) -> list[Document]:
    """Every ring that the asker ever was in with us, and whether it is now."""
    was_in = select(memberships.c.audience).where(memberships.c.peer_id == peer.id)
    audiences = set(db.scalars(was_in.where(memberships.c.audience.like(ANY_RING))))
    found = [find_ring_row(db, audience.removeprefix("ring:")) for audience in sorted(audiences)]
    return [_ring(db, ring, peer) for ring in found[:MOST_RINGS] if ring is not None]


def _rooms_kept_by(db: Connection, node: Identity, peer_id: int) -> list[Document]:
    """Who is in the rooms that the asker keeps, as far as people of ours are in them."""
    kept = select(rooms_table.c.audience).where(rooms_table.c.home_id == peer_id)
    inside = [
        audience for audience in db.scalars(kept.order_by(rooms_table.c.audience)) if is_inside(db, audience)
    ]
    return [_room(db, node, audience) for audience in inside[:MOST_ROOMS]]


def _room(db: Connection, node: Identity, audience: str) -> Document:
    people = [absolute(node.base, row.uri) for row in people_inside(db, audience)]
    return {"room": urn_of(audience), "people": people}


def _ring(db: Connection, ring: Row[Any], peer: Row[Any]) -> Document:
    inside = is_in_ring(db, ring_audience(ring.hash), peer.id) or _was_inside(db, ring, peer.id)
    return {"ring": ring.hash, "inside": inside}


def _was_inside(db: Connection, ring: Row[Any], peer_id: int) -> bool:
    """We may be put back ourselves, and wait for the very node that asks."""
    there = memberships.c.audience == ring_audience(ring.hash), memberships.c.peer_id == peer_id
    then = select(memberships.c.id).where(*there, memberships.c.until_at == ring.closed_at)
    return bool(ring.closed_why == RESTORED and db.execute(then).first())


# --- being told ------------------------------------------------------------------------------------


def take_state(db: Connection, node: Identity, peer: Row[Any], answer: Document) -> str | None:
    """Take over what a partner tells us of rings and numbers; why it stays closed, None if it need not."""
    if answer.get("key_changed") is True:
        return KEY_CHANGED
    _raise_epoch(db, node, answer.get("heard"))
    told = [ring for ring in as_list(answer.get("rings"))[:MOST_RINGS] if isinstance(ring, dict)]
    return None if all(_agrees(db, node, peer, ring) for ring in told) else NOT_INSIDE


def suspend_forgotten(db: Connection) -> None:
    """A ring that we signed after the copy was made waits as the others do."""
    for ring in db.execute(select(rings).where(rings.c.state == PROPOSED)).all():
        if any(has_signed(db, head.hash, SELF) for head in heads_of(db, ring.id)):
            suspend(db, ring, now())


def _agrees(db: Connection, node: Identity, peer: Row[Any], told: Document) -> bool:
    """Whether a partner that does not see us in a ring is out of it by what we know now, too."""
    ring = find_ring_row(db, as_text(told.get("ring"), 64))
    if ring is None or told.get("inside") is True:
        return True
    return not {SELF, int(peer.id)} <= ROSTERS[ring.kind](db, node.domain, ring).inside


def _raise_epoch(db: Connection, node: Identity, heard: object) -> None:
    told = [epoch for epoch, _ in _numbers(node, heard).values()]
    if told:
        highest = max(told)
        db.execute(update(nodes).where(nodes.c.epoch < highest).values(epoch=highest))


def _numbers(node: Identity, heard: object) -> dict[str, tuple[int, int]]:
    items = heard.items() if isinstance(heard, dict) else ()
    return {
        str(audience): (pair[0], pair[1])
        for audience, pair in items
        if isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(part, int) and not isinstance(part, bool) for part in pair)
        and 0 < pair[0] <= node.epoch + MOST_EPOCHS
    }


def told_deleted(db: Connection, node: Identity, peer: Row[Any], answer: Document) -> list[Row[Any]]:
    """What we still have though its author's node, or we ourselves, deleted it since the copy was made."""
    gone = [thing for thing in _things(answer) if thing.get("deleted") is True]
    rows = [find_object(db, relative(node.base, as_text(thing.get("id"), 500))) for thing in gone]
    return [row for row in rows if row is not None and _may_tell(db, peer, row)]


def _may_tell(db: Connection, peer: Row[Any], row: Row[Any]) -> bool:
    """A partner speaks about its own things, and about ours in a ring or room that it was in with us."""
    if row.state == DELETED or row.origin not in (SELF, peer.id):
        return False
    was_in = memberships.c.audience == row.audience, memberships.c.peer_id == peer.id
    return db.execute(select(memberships.c.id).where(*was_in)).first() is not None


def note_lost(db: Connection, node: Identity, peer_id: int, answer: Document, *, is_first: bool) -> None:
    """How many things of ours only they have still: shown to directors."""
    before = 0 if is_first else next(r.lost for r in restores_with_names(db) if r.peer_id == peer_id)
    change_restore(db, peer_id, lost=before + _count_lost(db, node, answer))


def _count_lost(db: Connection, node: Identity, answer: Document) -> int:
    live = [as_text(thing.get("id"), 500) for thing in _things(answer) if thing.get("deleted") is False]
    ours = [relative(node.base, uri) for uri in live if uri.startswith(f"{node.base}/")]
    known = set(db.scalars(select(objects.c.uri).where(objects.c.uri.in_(ours))))
    return len(set(ours) - known)


def _things(answer: Document) -> list[Document]:
    return [thing for thing in as_list(answer.get("things"))[:PAGE] if isinstance(thing, dict)]


def finish(db: Connection, node: Identity, peer_id: int) -> None:
    """It told everything: it is open again, and so is every ring in which nobody is waited for any more."""
    change_restore(db, peer_id, answered_at=now(), error=None)
    change_peer(db, peer_id, compared_at=now())
    wake_peer(db, peer_id)
    db.execute(
        update(sources)
        .where(sources.c.peer_id == peer_id)
        .values(asked_at=None, tried_at=None, people_at=None)
    )
    release_restored(db, node.domain)
    settle_peer(db, node.domain, peer_id)


def note_failure(db: Connection, peer_id: int, why: str | None) -> None:
    change_restore(db, peer_id, error=why)


def note_refusal(db: Connection, peer_id: int, answer: Document) -> None:
    if answer.get("key_changed") is True:
        note_failure(db, peer_id, KEY_CHANGED)


def note_tried(db: Connection, peer_id: int) -> None:
    change_restore(db, peer_id, tried_at=now())


# --- a copy that nobody restored -------------------------------------------------------------------


def notice_copy(db: Connection, node: Identity, peer_id: int, heard: object) -> None:
    """A partner that knows a higher number of ours than we do shows that this is an older copy: we close."""
    if knows_more(db, node, peer_id, heard):
        close_for_restore(db, COPY)
    elif get_peer(db, peer_id).compared_at is None:
        change_peer(db, peer_id, compared_at=now())


def knows_more(db: Connection, node: Identity, peer_id: int, heard: object) -> bool:
    """The first time since the start it is held against what was there then: new numbers may be old ones."""
    if is_closed_towards(db, peer_id):
        return False
    at_start = get_peer(db, peer_id).compared_at is None
    told = {audience: pair for audience, pair in _numbers(node, heard).items() if is_closed(audience)}
    return any(
        is_inside(db, audience, peer_id) and pair > (node.epoch, _last(db, node, audience, at_start))
        for audience, pair in told.items()
    )


def _last(db: Connection, node: Identity, audience: str, at_start: bool) -> int:
    if not at_start:
        return last_number(db, node, audience)
    this = start_numbers.c.audience == audience, start_numbers.c.epoch == node.epoch
    return int(db.scalar(select(start_numbers.c.last).where(*this)) or 0)


def begin_comparing(db: Connection) -> None:
    """The process starts, perhaps on a copy put back by hand: every partner is asked and compared anew."""
    db.execute(update(peers).values(proved_at=None, compared_at=None))
    db.execute(delete(start_numbers))
    found = db.execute(select(numbers)).all()
    rows = [{"audience": row.audience, "epoch": row.epoch, "last": row.last} for row in found]
    if rows:
        db.execute(insert(start_numbers), rows)


# --- a director's act ------------------------------------------------------------------------------


def silent_ones(db: Connection) -> list[Row[Any]]:
    """Nodes silent for a week that the directors were not told of."""
    return [row for row in restores_with_names(db) if is_silent(row) and row.told_at is None]


def name_silent(db: Connection) -> int:
    rows = silent_ones(db)
    for row in rows:
        change_restore(db, row.peer_id, told_at=now())
        tell_directors(db, "restore_silent", row.name or row.domain, "/restored")
    return len(rows)


def go_on_without(
    db: Connection, node: Identity, director_id: int, password: str, peer_ids: list[int]
) -> None:
    """The rings open without nodes that were silent for a week; those stay closed until they tell."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    silent = {row.peer_id for row in restores_with_names(db) if is_silent(row)}
    if not peer_ids:
        raise Invalid(peers=msg("Choose the firms that you go on without."))
    if not silent.issuperset(peer_ids):
        raise Conflict(msg("You can go on without a firm once it was silent for 7 days."))
    for peer_id in peer_ids:
        change_restore(db, peer_id, passed_at=now())
    release_restored(db, node.domain)
