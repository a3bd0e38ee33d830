"""The same post sent twice because an answer was lost is one post: keys of apps, kept for an hour."""

import hashlib
from datetime import timedelta

from sqlalchemy import Connection, delete, select

from node.db import insert_new
from node.ids import now
from node.posts.tables import app_repeats

KEPT = timedelta(hours=1)


def first_of(db: Connection, member_id: int, key: str) -> int | None:
    """The post that came with this key within the hour."""
    mine = app_repeats.c.member_id == member_id, app_repeats.c.key_hash == _hash(key)
    query = select(app_repeats.c.object_id).where(*mine, app_repeats.c.at > now() - KEPT)
    return db.scalar(query)


def remember_first(db: Connection, member_id: int, key: str, object_id: int) -> None:
    db.execute(delete(app_repeats).where(app_repeats.c.at <= now() - KEPT))
    row = {"member_id": member_id, "key_hash": _hash(key), "object_id": object_id, "at": now()}
    insert_new(db, app_repeats, [row])


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
