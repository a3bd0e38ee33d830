"""Numbers in rings and rooms: every number of an author's node is answered, so nobody misses one unseen."""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeGuard

from sqlalchemy import Connection, Row, delete, select, update

from federation.addressing import read_addressing
from federation.documents import Document, as_id, as_object
from federation.errors import Rejected
from node.boundary import (
    Outside,
    Receiver,
    is_inside,
    may_ask_about,
    may_hold,
    readable,
    tells_people,
    was_inside,
)
from node.db import insert_new, relative
from node.departures import record_departure
from node.errors import NotFound
from node.identity import SELF, Identity
from node.ids import now
from node.memberships import rooms
from node.objects import (
    ANY_ROOM,
    HANDED,
    WAITING,
    closed_audiences,
    find_object,
    holders,
    is_closed,
    is_room,
    objects,
)
from node.outbox import numbers, remember_holders
from node.peers import PAIRED, peers
from node.queue import Arrival, activities, keep_received
from node.rings.tables import heads, heard, sources

PAGE = 50
PAGE_BYTES = 2_000_000
MOST_NUMBERS = 2**31
ASK_AGAIN = timedelta(hours=1)
PEOPLE_AGAIN = timedelta(days=1)
PAUSE = timedelta(seconds=15)
# Known to whoever has the object, though it is not readable any more.
TAKES_BACK = ("Delete", "Undo")


# --- answering -------------------------------------------------------------------------------------


def answer_numbers(
    db: Connection, node: Identity, audience: str, peer: Row[Any], epoch: int, after: int
) -> Document:
    """What we sent to a ring or room after a number, as far as this partner may have it.

    `next_epoch` is where to go on when this epoch's numbers are all answered.
    """
    if not is_inside(db, audience, peer.id):
        raise NotFound
    epochs = _epochs(db, audience)
    asked = min((known for known in epochs if known >= epoch), default=node.epoch)
    last = epochs.get(asked, 0)
    start = after if asked == epoch else 0
    rows = _rows(db, audience, asked, start)
    items = _items(db, node, peer, rows, start, min(last, start + PAGE))
    later = [known for known in epochs if known > asked]
    _note_departure(db, node, peer, rows, items)
    return {"epoch": asked, "last": last, "next_epoch": min(later, default=None), "items": items}


def _epochs(db: Connection, audience: str) -> dict[int, int]:
    """The last number by epoch."""
    rows = db.execute(select(numbers.c.epoch, numbers.c.last).where(numbers.c.audience == audience))
    return {row.epoch: row.last for row in rows}


def _rows(db: Connection, audience: str, epoch: int, after: int) -> dict[int, Row[Any]]:
    inside = activities.c.n > after, activities.c.n <= after + PAGE
    query = select(activities).where(activities.c.audience == audience, activities.c.epoch == epoch, *inside)
    return {row.n: row for row in db.execute(query)}


def _items(
    db: Connection, node: Identity, peer: Row[Any], rows: dict[int, Row[Any]], after: int, last: int
) -> list[Document]:
    """One answer for each number; a page ends early rather than becoming too large."""
    likes = _likes_of_what_it_may_not_have(db, node, peer, rows)
    may = (
        (_readable_ids(db, peer, rows) - likes) | _held_ids(db, peer, rows) | _of_its_time_ids(db, peer, rows)
    )
    items: list[Document] = []
    size = 0
    for n in range(after + 1, last + 1):
        row = rows.get(n)
        if row is None or row.id not in may:
            items.append({"n": n, "none": True})
            continue
        size += len(row.body)
        if size > PAGE_BYTES and items:
            break
        items.append({"n": n, "activity": json.loads(row.body)})
    return items


def _readable_ids(db: Connection, peer: Row[Any], rows: dict[int, Row[Any]]) -> set[int]:
    """Activities whose object this partner may read now."""
    wanted = {row.object_id for row in rows.values() if row.object_id is not None}
    reader = Outside(peer.id, node_key=True)
    found = set(db.scalars(select(objects.c.id).where(objects.c.id.in_(wanted), readable(reader))))
    return {row.id for row in rows.values() if row.object_id in found}


def _likes_of_what_it_may_not_have(
    db: Connection, node: Identity, peer: Row[Any], rows: dict[int, Row[Any]]
) -> set[int]:
    """A newcomer is not told the id of an older post by a like of it."""
    reader, found = Outside(peer.id, node_key=True), set()
    for row in rows.values():
        if row.type == "Like":
            target = find_object(db, relative(node.base, as_id(json.loads(row.body).get("object"))))
            if target is None or not may_hold(db, reader, target):
                found.add(row.id)
    return found


def _of_its_time_ids(db: Connection, peer: Row[Any], rows: dict[int, Row[Any]]) -> set[int]:
    """What is about no object, such as who came and went: only of this partner's own periods (rule 9)."""
    about_none = [row for row in rows.values() if row.object_id is None]
    return {row.id for row in about_none if was_inside(db, row.audience, peer.id, row.created_at)}


def _held_ids(db: Connection, peer: Row[Any], rows: dict[int, Row[Any]]) -> set[int]:
    """Deletes of what this partner ever got."""
    wanted = {row.object_id for row in rows.values() if row.type in TAKES_BACK and row.object_id is not None}
    has = holders.c.peer_id == peer.id, holders.c.object_id.in_(wanted)
    found = set(db.scalars(select(holders.c.object_id).where(*has)))
    return {row.id for row in rows.values() if row.type in TAKES_BACK and row.object_id in found}


def _note_departure(
    db: Connection, node: Identity, peer: Row[Any], rows: dict[int, Row[Any]], items: list[Document]
) -> None:
    sent = [rows[item["n"]] for item in items if "activity" in item]
    if not sent:
        return
    body = json.dumps([row.id for row in sent]).encode() + b"".join(row.body.encode() for row in sent)
    ids = [f"{node.base}{row.uri}" for row in sent]
    record_departure(db, "catching up", ids=ids, receivers=[peer.domain], content=body)
    for object_id in {row.object_id for row in sent if row.object_id is not None}:
        remember_holders(db, object_id, [Receiver(peer.id, peer.inbox)])
        handed = holders.c.object_id == object_id, holders.c.peer_id == peer.id, holders.c.state == WAITING
        db.execute(update(holders).where(*handed).values(state=HANDED, changed_at=now()))


# --- hearing ---------------------------------------------------------------------------------------


def follow_numbers(db: Connection, audience: str, peer_ids: Iterable[int]) -> None:
    """These nodes are inside now: from here on we ask them for what we do not have of that ring or room."""
    fresh = [{"audience": audience, "peer_id": peer_id, "behind": True} for peer_id in peer_ids]
    insert_new(db, sources, fresh)


def ask_from_start(db: Connection, audience: str, peer_ids: Collection[int]) -> None:
    """These nodes came into a ring, or came back: what have they for it, and who are their people?"""
    follow_numbers(db, audience, peer_ids)
    these = sources.c.audience == audience, sources.c.peer_id.in_(peer_ids)
    db.execute(update(sources).where(*these).values(behind=True, people_at=None))


def note_number(db: Connection, peer_id: int, audience: str, epoch: int, n: int) -> None:
    """A numbered activity of a partner came in; a number skipped marks the partner as to be asked."""
    if epoch < 1 or n < 1 or not _is_followed(db, audience, peer_id):
        return
    head = _head(db, audience, peer_id, epoch)
    if n <= head.contiguous:
        return
    _hear(db, audience, peer_id, epoch, [n])
    if _head(db, audience, peer_id, epoch).contiguous < n or _missed_epoch(db, audience, peer_id, epoch):
        change_source(db, audience, peer_id, behind=True)


def _is_followed(db: Connection, audience: str, peer_id: int) -> bool:
    this = sources.c.audience == audience, sources.c.peer_id == peer_id
    return db.execute(select(sources.c.peer_id).where(*this)).first() is not None


def _missed_epoch(db: Connection, audience: str, peer_id: int, epoch: int) -> bool:
    """An epoch that begins while the one before was not finished, as far as we know."""
    older = heads.c.audience == audience, heads.c.peer_id == peer_id, heads.c.epoch < epoch
    unfinished = select(heads.c.epoch).where(*older, heads.c.contiguous < heads.c.highest)
    return db.execute(unfinished).first() is not None


def _head(db: Connection, audience: str, peer_id: int, epoch: int) -> Row[Any]:
    key = {"audience": audience, "peer_id": peer_id, "epoch": epoch}
    insert_new(db, heads, [key])
    return db.execute(select(heads).filter_by(**key).with_for_update()).one()


def _hear(
    db: Connection, audience: str, peer_id: int, epoch: int, answered: list[int], last: int = 0
) -> None:
    """Move the head over every number that is answered now, in whatever order they came."""
    head = _head(db, audience, peer_id, epoch)
    ahead = [n for n in answered if n > head.contiguous]
    key = {"audience": audience, "peer_id": peer_id, "epoch": epoch}
    insert_new(db, heard, [{**key, "n": n} for n in ahead])
    waiting = set(db.scalars(select(heard.c.n).filter_by(**key)))
    contiguous = head.contiguous
    while contiguous + 1 in waiting:
        contiguous += 1
    db.execute(delete(heard).filter_by(**key).where(heard.c.n <= contiguous))
    highest = max([head.highest, last, contiguous, *ahead])
    db.execute(update(heads).filter_by(**key).values(contiguous=contiguous, highest=highest))


def change_source(db: Connection, audience: str, peer_id: int, **values: object) -> None:
    this = sources.c.audience == audience, sources.c.peer_id == peer_id
    db.execute(update(sources).where(*this).values(**values))


# --- asking ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """One partner to ask for one ring's or room's activities, people, or both."""

    audience: str
    peer: Row[Any]
    numbers: bool
    people: bool

    @property
    def path(self) -> str:
        """Where that partner answers about this ring or room."""
        kind, _, name = self.audience.partition(":")
        return f"/node/{kind}s/{name}"


def due_partners(db: Connection) -> list[Due]:
    """Partners never asked since the start, behind, or asked an hour ago; not those tried just now."""
    query = select(sources).order_by(sources.c.audience, sources.c.peer_id)
    rows = [row for row in db.execute(query) if is_closed(row.audience)]
    known = peers.c.id.in_({row.peer_id for row in rows}), peers.c.state == PAIRED
    paired = {peer.id: peer for peer in db.execute(select(peers).where(*known))}
    rested = [row for row in rows if row.peer_id in paired and _has_rested(row, paired[row.peer_id])]
    found = [_due(db, row, paired[row.peer_id]) for row in rested]
    return [one for one in found if one.numbers or one.people]


def _has_rested(source: Row[Any], peer: Row[Any]) -> bool:
    heard_since = peer.heard_at is not None and source.tried_at is not None
    return _is_older(source.tried_at, PAUSE) or (heard_since and peer.heard_at > source.tried_at)


def _due(db: Connection, source: Row[Any], peer: Row[Any]) -> Due:
    """Numbers are for who is inside; people also for who may be: so one learns who is in a steering room.

    The home of a room tells hourly who is in, so that a word about that which was lost is made good.
    """
    audience = source.audience
    numbers_due = source.behind or _is_older(source.asked_at, ASK_AGAIN)
    people_again = ASK_AGAIN if is_room(audience) else PEOPLE_AGAIN
    people_due = _is_older(source.people_at, people_again) and tells_people(db, audience, peer.id)
    may_ask = (numbers_due or people_due) and _are_both(may_ask_about, db, audience, peer.id)
    numbers_due = numbers_due and may_ask and _are_both(is_inside, db, audience, peer.id)
    return Due(audience, peer, numbers_due, people_due and may_ask)


def _are_both(
    there: Callable[[Connection, str, int], bool], db: Connection, audience: str, peer_id: int
) -> bool:
    return there(db, audience, SELF) and there(db, audience, peer_id)


def _is_older(moment: Any, age: timedelta) -> bool:
    return moment is None or moment < now() - age


def ask_all_again(db: Connection) -> None:
    """The process starts: nobody knows what was missed meanwhile."""
    db.execute(update(sources).values(asked_at=None, tried_at=None))
    of_rooms = sources.c.audience.like(ANY_ROOM)
    db.execute(update(sources).where(of_rooms).values(people_at=None))


def ask_who_is_in(db: Connection, within: str) -> None:
    """A ring opens, or a node comes into it: the rooms there may be about to come back."""
    inside = select(rooms.c.audience).where(rooms.c.within == within)
    db.execute(update(sources).where(sources.c.audience.in_(inside)).values(people_at=None, tried_at=None))


def next_question(db: Connection, audience: str, peer_id: int) -> tuple[int, int]:
    """The (epoch, number) after which we know nothing for sure."""
    query = select(heads).where(heads.c.audience == audience, heads.c.peer_id == peer_id)
    known = list(db.execute(query.order_by(heads.c.epoch)))
    unfinished = [head for head in known if head.contiguous < head.highest]
    first = (unfinished or known[-1:])[:1]
    return (first[0].epoch, first[0].contiguous) if first else (1, 0)


def keep_answer(db: Connection, scheme: str, due: Due, answer: Document) -> tuple[int, int] | None:
    """Take a page of answers: activities go to the queue in order. Returns what to ask next, or None."""
    epoch, last, items = answer.get("epoch"), answer.get("last"), answer.get("items")
    if not _is_number(epoch, 1) or not _is_number(last, 0) or not isinstance(items, list):
        return None
    sound = [item for item in items[:PAGE] if isinstance(item, dict) and _is_number(item.get("n"), 1)]
    answered = [item for item in sound if item.get("none") is True or _is_theirs(scheme, due, epoch, item)]
    arrivals = [_arrival(due.peer, item["activity"]) for item in answered if "activity" in item]
    keep_received(db, [(arrival, int(due.peer.id)) for arrival in arrivals])
    _hear(db, due.audience, due.peer.id, epoch, [item["n"] for item in answered], last)
    head = _head(db, due.audience, due.peer.id, epoch)
    if answered and head.contiguous < last:
        return epoch, head.contiguous
    later = answer.get("next_epoch")
    if not _is_number(later, epoch + 1):
        return None
    return later, _head(db, due.audience, due.peer.id, later).contiguous


def _is_number(value: object, least: int) -> TypeGuard[int]:
    """One that a node gives out, and that every database can keep."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < MOST_NUMBERS


def _is_theirs(scheme: str, due: Due, epoch: int, item: Document) -> bool:
    """An activity of that partner's own people to that ring or room alone, numbered as it says."""
    activity = item.get("activity")
    if not isinstance(activity, dict):
        return False
    origin = f"{scheme}://{due.peer.domain}/"
    ours = as_id(activity).startswith(origin) and as_id(activity.get("actor")).startswith(origin)
    numbered = activity.get("epoch") == epoch and activity.get("n") == item["n"]
    return ours and numbered and _is_for(due.audience, activity)


def _is_for(audience: str, activity: Document) -> bool:
    try:
        named = read_addressing(activity, as_object(activity.get("object")))
    except Rejected:
        return False
    return closed_audiences(named) == {audience} and not named.public


def _arrival(peer: Row[Any], activity: Document) -> Arrival:
    return Arrival(
        uri=as_id(activity),
        domain=peer.domain,
        actor=as_id(activity.get("actor")),
        by_node=True,
        body=json.dumps(activity, ensure_ascii=False),
    )


def note_asked(db: Connection, audience: str, peer_id: int) -> None:
    """Asked to the end: whatever is still missing now is a gap that stays."""
    moment = now()
    change_source(db, audience, peer_id, asked_at=moment, tried_at=moment, behind=False)


def note_tried(db: Connection, audience: str, peer_id: int) -> None:
    change_source(db, audience, peer_id, tried_at=now())


def note_people(db: Connection, audience: str, peer_id: int) -> None:
    change_source(db, audience, peer_id, people_at=now())


def gaps(db: Connection, audience: str, peer_id: int) -> int:
    """How many of a partner's numbers are known to exist and not answered."""
    query = select(heads).where(heads.c.audience == audience, heads.c.peer_id == peer_id)
    missing = sum(head.highest - head.contiguous for head in db.execute(query))
    beyond = heard.c.audience == audience, heard.c.peer_id == peer_id
    return int(missing) - len(db.execute(select(heard.c.n).where(*beyond)).all())
