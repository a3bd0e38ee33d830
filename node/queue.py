"""All queue SQL: activities, deliveries (one in flight per peer, so order holds), received activities."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from node.boundary import Receiver
from node.db import Id, UtcDateTime, insert_new, metadata
from node.ids import new_id, now
from node.objects import HANDED, PEOPLE, PUBLIC, WAITING, holders
from node.peers import peers

CLAIM_SECONDS = 20  # longer than one send may take; renewed before each

activities = Table(
    "activities",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("actor_id", Id, ForeignKey("actors.id")),  # null: the node itself
    Column("object_id", Id, ForeignKey("objects.id")),
    Column("audience", Text, nullable=False),
    Column("epoch", Integer),
    Column("n", Integer),
    Column("body", Text, nullable=False),  # the bytes that are sent, as JSON text
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "object_id"),
    Index(None, "audience", "epoch", "n", unique=True),
    Index(None, "actor_id", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("activity_id", Id, ForeignKey("activities.id"), nullable=False),
    Column("peer_id", Id, ForeignKey("peers.id"), nullable=False),
    Column("inbox", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting, done, dead, dropped
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index(None, "peer_id", "state", "id"),
    Index(None, "activity_id"),
)

received = Table(
    "received",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("uri", Text, nullable=False, unique=True),
    Column("peer_id", Id, ForeignKey("peers.id"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("by_node", Boolean, nullable=False),
    Column("body", Text),  # emptied once handled
    Column("state", Text, nullable=False),  # waiting, done, dropped, failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", UtcDateTime),
    Column("error", Text),
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "state", "id"),
)


@dataclass(frozen=True)
class Claim:
    """A peer that is one worker's alone until `until`; the moment itself tells whose claim it is."""

    peer_id: int
    until: datetime


@dataclass(frozen=True)
class Delivery:
    """One activity due at one inbox."""

    id: int
    activity_id: int
    peer_id: int
    inbox: str
    body: str
    audience: str
    actor_id: int | None
    object_id: int | None
    type: str
    n: int | None
    attempts: int


def enqueue(db: Connection, activity_id: int, receivers: Sequence[Receiver]) -> None:
    moment = now()
    rows = [
        {
            "id": new_id(),
            "activity_id": activity_id,
            "peer_id": receiver.peer_id,
            "inbox": receiver.inbox,
            "state": "waiting",
            "created_at": moment,
        }
        for receiver in receivers
    ]
    db.execute(insert(deliveries), rows)


def is_anything_due(db: Connection) -> bool:
    return db.execute(select(peers.c.id).where(_is_due(now())).limit(1)).first() is not None


def claim_peers(db: Connection, *, limit: int = 32) -> list[Claim]:
    """Take peers that something is due for, well ones first; nobody else sends to them meanwhile."""
    moment = now()
    due = (
        select(peers.c.id)
        .where(_is_due(moment))
        .order_by(peers.c.failures, peers.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    until = moment + timedelta(seconds=CLAIM_SECONDS)
    claim = update(peers).where(peers.c.id.in_(due)).values(claimed_until=until).returning(peers.c.id)
    return [Claim(peer_id, until) for peer_id in db.scalars(claim)]


def keep_claim(db: Connection, claim: Claim) -> Claim | None:
    """The claim for CLAIM_SECONDS more; None when it ran out and the peer may be another worker's."""
    until = now() + timedelta(seconds=CLAIM_SECONDS)
    kept = db.execute(update(peers).where(_is_ours(claim)).values(claimed_until=until))
    return Claim(claim.peer_id, until) if kept.rowcount else None


def release_claim(db: Connection, claim: Claim) -> None:
    db.execute(update(peers).where(_is_ours(claim)).values(claimed_until=None))


def release_all_claims(db: Connection) -> None:
    """For a node that is the only worker of its database and starts: whoever held these is dead."""
    db.execute(update(peers).where(peers.c.claimed_until.is_not(None)).values(claimed_until=None))


def _is_ours(claim: Claim) -> ColumnElement[bool]:
    return and_(peers.c.id == claim.peer_id, peers.c.claimed_until == claim.until)


def _is_due(moment: datetime) -> ColumnElement[bool]:
    waits = select(deliveries.c.id).where(deliveries.c.peer_id == peers.c.id, deliveries.c.state == "waiting")
    return and_(
        or_(peers.c.retry_at.is_(None), peers.c.retry_at <= moment),
        or_(peers.c.claimed_until.is_(None), peers.c.claimed_until <= moment),
        waits.exists(),
    )


def next_delivery(db: Connection, peer_id: int) -> Delivery | None:
    """The oldest delivery waiting for a peer; asked before each send, for it may be dropped."""
    query = (
        select(
            deliveries.c.id,
            deliveries.c.activity_id,
            deliveries.c.peer_id,
            deliveries.c.inbox,
            activities.c.body,
            activities.c.audience,
            activities.c.actor_id,
            activities.c.object_id,
            activities.c.type,
            activities.c.n,
            deliveries.c.attempts,
        )
        .join(activities, activities.c.id == deliveries.c.activity_id)
        .where(deliveries.c.peer_id == peer_id, deliveries.c.state == "waiting")
        .order_by(deliveries.c.id)
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return Delivery(**row._mapping) if row is not None else None


def record_delivered(db: Connection, delivery: Delivery) -> None:
    """Handed over: the peer took it and is well."""
    _end(db, delivery, "done", None)
    moment = now()
    db.execute(
        update(peers)
        .where(peers.c.id == delivery.peer_id)
        .values(failures=0, retry_at=None, last_error=None, succeeded_at=moment)
    )
    if delivery.object_id is not None:
        waiting = (holders.c.object_id == delivery.object_id) & (holders.c.state == WAITING)
        db.execute(
            update(holders)
            .where(waiting, holders.c.peer_id == delivery.peer_id)
            .values(state=HANDED, changed_at=moment)
        )


def record_dead(db: Connection, delivery: Delivery, error: str) -> None:
    """The peer refused this one for good; the next may go."""
    _end(db, delivery, "dead", error)


def record_dropped(db: Connection, delivery: Delivery) -> None:
    """It may not go there any more; the next may."""
    _end(db, delivery, "dropped", None)


def record_failure(db: Connection, delivery: Delivery, error: str, retry_at: datetime) -> None:
    """The peer is at fault: everything for it waits until `retry_at`, nothing of it is lost."""
    db.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(attempts=deliveries.c.attempts + 1, error=error)
    )
    record_silence(db, delivery.peer_id, error, retry_at)


def record_silence(db: Connection, peer_id: int, error: str, retry_at: datetime) -> None:
    """The peer could not be sent anything at all."""
    db.execute(
        update(peers)
        .where(peers.c.id == peer_id)
        .values(failures=peers.c.failures + 1, retry_at=retry_at, failed_at=now(), last_error=error)
    )


def postpone(db: Connection, peer_id: int, until: datetime) -> None:
    """Nothing goes to the peer before that, though it is not at fault."""
    db.execute(update(peers).where(peers.c.id == peer_id).values(retry_at=until))


def wake_peer(db: Connection, peer_id: int) -> None:
    """The peer was heard from: try it again at once."""
    db.execute(update(peers).where(peers.c.id == peer_id).values(heard_at=now(), retry_at=None))


def _end(db: Connection, delivery: Delivery, state: str, error: str | None) -> None:
    db.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(state=state, error=error, attempts=deliveries.c.attempts + 1, ended_at=now())
    )


def drop_deliveries(
    db: Connection, peer_id: int, *, audience: str | None = None, but: Sequence[str] = ("Delete",)
) -> int:
    """Drop what waits for a peer (of one audience, or all) except Deletes; returns how many."""
    ours = select(activities.c.id).where(activities.c.type.not_in(but))
    if audience is not None:
        ours = ours.where(activities.c.audience == audience)
    dropped = update(deliveries).where(
        deliveries.c.peer_id == peer_id, deliveries.c.state == "waiting", deliveries.c.activity_id.in_(ours)
    )
    return db.execute(dropped.values(state="dropped", ended_at=now())).rowcount


def drop_open_deliveries(db: Connection, peer_id: int, *, but_people: bool) -> int:
    """Open posts go to this peer no more: drop them, not what takes something back; returns how many."""
    audiences = (PUBLIC,) if but_people else (PUBLIC, PEOPLE)
    theirs = activities.c.audience.in_(audiences), activities.c.type.not_in(("Delete", "Undo", "Reject"))
    dropped = update(deliveries).where(
        deliveries.c.peer_id == peer_id,
        deliveries.c.state == "waiting",
        deliveries.c.activity_id.in_(select(activities.c.id).where(*theirs)),
    )
    return db.execute(dropped.values(state="dropped", ended_at=now())).rowcount


def forget_words(db: Connection, object_id: int) -> None:
    """Something is deleted: what was said of it is neither kept nor sent any more; its Delete follows."""
    about = select(activities.c.id).where(
        activities.c.object_id == object_id, activities.c.type.in_(("Create", "Update", "Announce"))
    )
    waiting = deliveries.c.state == "waiting", deliveries.c.activity_id.in_(about)
    db.execute(update(deliveries).where(*waiting).values(state="dropped", ended_at=now()))
    db.execute(update(activities).where(activities.c.id.in_(about)).values(body="{}"))


# --- received --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrival:
    """A verified inbound activity, not stored yet."""

    uri: str
    domain: str
    actor: str
    by_node: bool
    body: str


def keep_received(db: Connection, arrivals: Sequence[tuple[Arrival, int]]) -> int:
    """Store verified activities with their peer ids, none twice; returns how many are new."""
    moment = now()
    return insert_new(
        db,
        received,
        [
            {
                "id": new_id(),
                "uri": arrival.uri,
                "peer_id": peer_id,
                "actor": arrival.actor,
                "by_node": arrival.by_node,
                "body": arrival.body,
                "state": "waiting",
                "received_at": moment,
            }
            for arrival, peer_id in arrivals
        ],
    )


def peers_waiting(db: Connection) -> list[int]:
    """Peers of whom received activities are due to be handled, the longest waiting first."""
    query = select(received.c.peer_id).where(_is_to_handle()).group_by(received.c.peer_id)
    return list(db.scalars(query.order_by(func.min(received.c.id))))


def waiting_received(db: Connection, peer_id: int, *, limit: int = 50) -> list[int]:
    """Ids of a peer's activities due to be handled, oldest first."""
    query = select(received.c.id).where(received.c.peer_id == peer_id, _is_to_handle())
    return list(db.scalars(query.order_by(received.c.id).limit(limit)))


def _is_to_handle() -> ColumnElement[bool]:
    return and_(
        received.c.state == "waiting", or_(received.c.retry_at.is_(None), received.c.retry_at <= now())
    )


def queue_up_for_peer(db: Connection, peer_id: int) -> None:
    """On PostgreSQL: what one peer says of its people is written one by one, whichever way it came."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(peer_id)))


def take_received(db: Connection, received_id: int) -> Row[Any] | None:
    """The row, ours alone until this transaction ends; None when another worker has its peer, or had it."""
    query = select(received).where(received.c.id == received_id, received.c.state == "waiting")
    if db.dialect.name == "postgresql":  # else two workers would handle two of one peer out of order
        query = query.where(func.pg_try_advisory_xact_lock(received.c.peer_id))
    return db.execute(query.with_for_update(skip_locked=True)).one_or_none()


def end_received(db: Connection, received_id: int, state: str, error: str | None = None) -> None:
    """Handled, dropped or failed for good; its text is not kept."""
    db.execute(
        update(received)
        .where(received.c.id == received_id)
        .values(state=state, error=error, body=None, retry_at=None)
    )


def postpone_received(db: Connection, received_id: int, error: str, retry_at: datetime) -> None:
    db.execute(
        update(received)
        .where(received.c.id == received_id)
        .values(attempts=received.c.attempts + 1, error=error, retry_at=retry_at)
    )


EARLY = "early"


def wake_early(db: Connection) -> None:
    """We heard who is in what: activities that came before it are tried again at once."""
    waiting = received.c.state == "waiting", received.c.error == EARLY
    db.execute(update(received).where(*waiting).values(retry_at=None))


def count_queue(db: Connection) -> dict[str, int]:
    """How much waits, for doctor: deliveries and received activities."""
    return {
        "deliveries": _count(db, deliveries.c.state == "waiting"),
        "dead": _count(db, deliveries.c.state == "dead"),
        "received": _count(db, received.c.state == "waiting"),
        "failed": _count(db, received.c.state == "failed"),
    }


def _count(db: Connection, condition: Any) -> int:
    return int(db.execute(select(func.count()).where(condition)).scalar_one())


def forget_ended(db: Connection, before: datetime) -> None:
    """Housekeeping: what ended before `before` leaves the queue (ids of received ones outlive replays)."""
    db.execute(delete(deliveries).where(deliveries.c.state != "waiting", deliveries.c.ended_at < before))
    db.execute(delete(received).where(received.c.state != "waiting", received.c.received_at < before))
