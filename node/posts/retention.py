"""What a parted firm shared with us, and what confined rooms held, is deleted here unasked (rule 9)."""

from typing import Any

from sqlalchemy import Connection, Row

from node.media.actions import delete_files
from node.objects import get_object, mark_deleted
from node.posts.storing import empty_post, remove_reaction
from node.rings.rosters import content_to_delete
from node.rooms.settling import content_to_expire
from node.topics.queries import find_topic
from node.topics.remote import forget_topic


def delete_parted_content(db: Connection) -> int:
    """Returns how many things were deleted."""
    due = list(dict.fromkeys([*content_to_delete(db), *content_to_expire(db)]))
    for object_id in due:
        delete_object(db, get_object(db, object_id))
    return len(due)


def delete_object(db: Connection, row: Row[Any]) -> None:
    """Nothing of it stays here, whatever kind it is."""
    match row.kind:
        case "post":
            delete_files(db, row.id)
            empty_post(db, row.id)
        case "topic":
            forget_topic(db, find_topic(db, row.id))
        case "like" | "announce":
            remove_reaction(db, row.id)
        case _:
            mark_deleted(db, row.id)
