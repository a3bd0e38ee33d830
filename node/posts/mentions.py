"""Whom a text of ours names, and who of them may read it: a mention never adds a reader (rule 5)."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row

from node.actors import GROUP
from node.boundary import exchanges, is_guest, is_in_ring, person_is_inside
from node.identity import SELF, Identity
from node.objects import COMPANY, PEOPLE, PUBLIC, is_room
from node.people.queries import find_person, is_active
from node.posts.rendering import read_names

MOST = 50


def find_mentioned(db: Connection, node: Identity, source: str) -> dict[str, Row[Any] | None]:
    """Each name in the text with the person it is, or None when we know nobody by it."""
    return {name: _find(db, node, name) for name in read_names(source).mentions[:MOST]}


def _find(db: Connection, node: Identity, name: str) -> Row[Any] | None:
    found = find_person(db, node, name)
    return found if found is not None and found.type != GROUP else None


def pick_readers(
    db: Connection, people: Iterable[Row[Any] | None], audience: str, addressed: Collection[int]
) -> list[Row[Any]]:
    """Those of them that may read something with this audience; `addressed` counts for `people`."""
    return [actor for actor in people if actor is not None and _may_get(db, actor, audience, addressed)]


def _may_get(db: Connection, actor: Row[Any], audience: str, addressed: Collection[int]) -> bool:
    if actor.peer_id == SELF and not is_active(db, actor.id):
        return False
    if audience == PUBLIC:
        return actor.peer_id == SELF or exchanges(db, actor.peer_id)
    if audience == PEOPLE:
        return actor.id in addressed
    if is_room(audience):
        return person_is_inside(db, audience, actor.id)
    if actor.peer_id == SELF:
        return not is_guest(db, actor.id)
    return audience != COMPANY and is_in_ring(db, audience, actor.peer_id)


def page_links(found: dict[str, Row[Any] | None], readers: Iterable[Row[Any]]) -> dict[str, str]:
    """Where a click on a name leads on this node; a name that may not read it stays plain text."""
    ids = {actor.id for actor in readers}
    return {name: f"/@{name}" for name, actor in found.items() if actor is not None and actor.id in ids}
