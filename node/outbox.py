"""publish(): an activity, its departure line and its deliveries, written in the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, Table, Text, insert, select, update

from node.boundary import Receiver
from node.db import insert_new, metadata
from node.departures import queue_up, record_departure
from node.identity import Identity
from node.ids import new_id, now
from node.objects import WAITING, holders, is_closed
from node.peers import peers
from node.queue import activities, enqueue
from schemas.activitystreams import OBJECT_CONTEXT

numbers = Table(
    "numbers",
    metadata,
    Column("audience", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("last", Integer, nullable=False),
)


def publish(
    db: Connection,
    node: Identity,
    activity: Mapping[str, Any],
    *,
    audience: str,
    receivers: Sequence[Receiver],
    actor_id: int | None = None,
    object_id: int | None = None,
    numbered: bool = True,
    holds: bool = False,
) -> int:
    """Store an activity and enqueue its deliveries; returns its id.

    `activity` lacks @context and id. What goes to a ring or room gets its next number there (rule "Catching
    up"); `holds` says that receivers will have `object_id` afterwards. Ring content is signed by the node.
    """
    queue_up(db)  # before the number is taken: two writers that lock these in turn would wait for each other
    activity_id = new_id()
    document = {"@context": OBJECT_CONTEXT, "id": f"{node.base}/a/{activity_id}", **activity}
    epoch, n = _next_number(db, node, audience) if numbered and is_closed(audience) else (None, None)
    if n is not None:
        document |= {"epoch": epoch, "n": n}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    db.execute(
        insert(activities).values(
            id=activity_id,
            uri=f"/a/{activity_id}",
            type=activity["type"],
            actor_id=actor_id,
            object_id=object_id,
            audience=audience,
            epoch=epoch,
            n=n,
            body=body,
            created_at=now(),
        )
    )
    if receivers:
        enqueue(db, activity_id, receivers)
        _log(db, document, receivers, body)
        if holds and object_id is not None:
            remember_holders(db, object_id, receivers)
    return activity_id


def _next_number(db: Connection, node: Identity, audience: str) -> tuple[int, int]:
    insert_new(db, numbers, [{"audience": audience, "epoch": node.epoch, "last": 0}])
    taken = (
        update(numbers)
        .where(numbers.c.audience == audience, numbers.c.epoch == node.epoch)
        .values(last=numbers.c.last + 1)
        .returning(numbers.c.last)
    )
    return node.epoch, int(db.execute(taken).scalar_one())


def last_number(db: Connection, node: Identity, audience: str) -> int:
    """The highest number given out in a ring in the current epoch; 0 if none."""
    query = select(numbers.c.last).where(numbers.c.audience == audience, numbers.c.epoch == node.epoch)
    return int(db.scalar(query) or 0)


def remember_holders(db: Connection, object_id: int, receivers: Sequence[Receiver]) -> None:
    """From now on these peers count as having the object: its Update and Delete go there."""
    moment = now()
    rows = [
        {
            "object_id": object_id,
            "peer_id": receiver.peer_id,
            "inbox": receiver.inbox,
            "state": WAITING,
            "changed_at": moment,
        }
        for receiver in {receiver.peer_id: receiver for receiver in receivers}.values()
    ]
    insert_new(db, holders, rows)


def _log(db: Connection, document: Mapping[str, Any], receivers: Sequence[Receiver], body: str) -> None:
    named = document.get("object")
    object_uri = named.get("id") if isinstance(named, dict) else named
    domains = db.scalars(select(peers.c.domain).where(peers.c.id.in_({r.peer_id for r in receivers})))
    record_departure(
        db,
        "activity",
        ids=[uri for uri in (document["id"], object_uri) if isinstance(uri, str)],
        receivers=list(domains),
        content=body.encode(),
    )


def find_activity(db: Connection, uri: str) -> Row[Any] | None:
    return db.execute(select(activities).where(activities.c.uri == uri)).one_or_none()
