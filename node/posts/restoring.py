"""What was deleted since a copy of this node was made does not come back with the copy (rule 17)."""

from typing import Any

from sqlalchemy import Connection, Row

from node.identity import SELF, Identity
from node.outbox import publish
from node.posts.retention import delete_object
from node.posts.sending import deletion
from node.posts.storing import get_post


def delete_again(db: Connection, node: Identity, row: Row[Any]) -> None:
    """Delete it here; of a post of ours everyone who ever got it is told once more, outside the numbers."""
    activity, there = deletion(db, node, get_post(db, row.id)) if _is_our_post(row) else (None, [])
    delete_object(db, row)
    if activity is not None and there:
        about = {"actor_id": row.author_id, "object_id": row.id}
        publish(db, node, activity, audience=row.audience, receivers=there, numbered=False, **about)


def _is_our_post(row: Row[Any]) -> bool:
    return bool(row.origin == SELF and row.kind == "post")
