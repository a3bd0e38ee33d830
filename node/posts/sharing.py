"""An author places a post again for others: further, or narrower and then gone from the first (rule 3)."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from node.boundary import nodes_inside
from node.errors import Conflict, Forbidden, Invalid
from node.gates.rules import note_gate_act
from node.gates.tables import shares
from node.i18n import msg
from node.identity import Identity
from node.ids import now
from node.media.actions import copy_pictures
from node.memberships import is_confined
from node.objects import COMPANY, LIVE, OWN_STATES, PEOPLE, PUBLIC, is_room, objects
from node.posts.actions import Draft, delete_post, publish_post
from node.posts.storing import lock_object, own_post
from node.rings.queries import open_rings
from node.settings import Settings

FURTHER, NARROWER = "further", "narrower"


def shareable(db: Connection, author_id: int, object_id: int) -> Row[Any]:
    """A post that its author may place again; NotFound for others' posts, Forbidden for what stays put."""
    post = own_post(db, author_id, object_id)
    if post.state != LIVE:
        raise Forbidden(msg("This has not gone out yet. Change or throw it away instead."))
    if post.audience == PEOPLE:
        raise Forbidden(msg("What you wrote to people stays with those people."))
    if is_confined(db, post.audience):
        raise Forbidden(msg("What is said in this room stays in this room."))
    return post


def targets(db: Connection, post: Row[Any], way: str) -> list[str]:
    """Where it can be placed again in this way."""
    every = [COMPANY, *(ring.audience for ring in open_rings(db)), PUBLIC]
    is_wanted_narrow = way == NARROWER
    return [
        audience
        for audience in every
        if audience != post.audience and is_narrower(db, audience, post.audience) == is_wanted_narrow
    ]


def is_narrower(db: Connection, audience: str, than: str) -> bool:
    """Open, then rings, then the company; of two rings the one whose nodes are a part of the other's."""
    if is_room(than) or than == COMPANY or audience == PUBLIC:
        return False
    if than == PUBLIC or audience == COMPANY:
        return True
    return _nodes(db, audience) < _nodes(db, than)


def _nodes(db: Connection, audience: str) -> set[int]:
    return {peer.id for peer in nodes_inside(db, audience)}


def place_again(
    db: Connection,
    node: Identity,
    settings: Settings,
    author_id: int,
    object_id: int,
    audience: str,
    way: str,
) -> int:
    """A new post with the same words and copies of its pictures; answers of others stay where they are.

    An answer becomes a post of its own, that does not name what it answered. Narrower deletes the old one.
    """
    lock_object(db, object_id)
    post = shareable(db, author_id, object_id)
    if audience not in targets(db, post, way):
        raise Invalid(**{way: msg("Choose one of these.")})
    if _stands_there(db, object_id, audience):
        raise Conflict(msg("You placed it there already."))
    pictures, alts = copy_pictures(db, settings, object_id)
    draft = Draft(
        audience, post.source, post.title, post.warning, post.language or "nl", pictures=pictures, alts=alts
    )
    made = publish_post(db, node, settings, author_id, draft, on_page=True)
    db.execute(insert(shares).values(to_id=made, from_id=object_id, at=now()))
    note_gate_act(db, made, "shared" if way == FURTHER else "narrowed", author_id)
    if way == NARROWER:
        delete_post(db, node, author_id, object_id)
    return made


def _stands_there(db: Connection, object_id: int, audience: str) -> bool:
    return any(row.audience == audience for row in placed_from(db, object_id))


def placed_from(db: Connection, object_id: int) -> list[Row[Any]]:
    """Where an author placed this again, as rows of objects; only ever shown to that author."""
    query = select(objects).join(shares, shares.c.to_id == objects.c.id)
    mine = shares.c.from_id == object_id, objects.c.state.in_(OWN_STATES)
    return list(db.execute(query.where(*mine).order_by(objects.c.id)))


def placed_before(db: Connection, object_id: int) -> Row[Any] | None:
    """What this was placed again from."""
    query = select(objects).join(shares, shares.c.from_id == objects.c.id)
    return db.execute(query.where(shares.c.to_id == object_id)).one_or_none()
