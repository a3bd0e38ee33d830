"""Posts of other nodes as documents for our own members' clients: what is kept of them."""

from typing import Any

from sqlalchemy import Connection, Row, select

from federation.documents import Document
from node.actors import actors
from node.boundary import Member, may_read
from node.db import absolute
from node.identity import Identity
from node.media.activities import kept_documents
from node.objects import PUBLIC, is_closed, objects, urn_of
from node.posts.documents import activity_around, stamp
from node.posts.storing import addressees_of
from schemas import activitystreams


def copy_document(db: Connection, node: Identity, reader: Member, post: Row[Any]) -> Document:
    """Of a row that this member may read; who else got it is not told."""
    author = db.execute(select(actors).where(actors.c.id == post.author_id)).one_or_none()
    document: Document = {
        "id": absolute(node.base, post.uri),
        "type": post.type,
        "attributedTo": absolute(node.base, author.uri) if author is not None else None,
        **_addresses(db, node, reader, post),
        "content": post.html,
        "published": stamp(post.published),
        "attachment": kept_documents(db, node, post.id),
        **_parent(db, node, reader, post),
    }
    document |= {"contentMap": {post.language: post.html}} if post.language else {}
    document |= {"name": post.title} if post.title else {}
    document |= {"summary": post.warning, "sensitive": True} if post.warning else {}
    document |= {"url": post.url} if post.url and not is_closed(post.audience) else {}
    return document | ({"updated": stamp(post.edited_at)} if post.edited_at else {})


def _addresses(db: Connection, node: Identity, reader: Member, post: Row[Any]) -> Document:
    if is_closed(post.audience):
        urn = urn_of(post.audience)
        return {"to": [urn], "audience": urn}
    if post.audience == PUBLIC:
        return {"to": [activitystreams.PUBLIC]}
    if reader.actor_id not in addressees_of(db, post.id):
        return {"to": []}
    own = db.scalar(select(actors.c.uri).where(actors.c.id == reader.actor_id))
    return {"to": [absolute(node.base, str(own))]}


def _parent(db: Connection, node: Identity, reader: Member, post: Row[Any]) -> Document:
    """What it answers, if this reader has that too: else not even its id (rule 9)."""
    row = db.execute(select(objects).where(objects.c.id == post.parent_id)).one_or_none()
    if row is None or not may_read(db, reader, row):
        return {}
    return {"inReplyTo": absolute(node.base, row.uri)}


def inside_create(document: Document) -> Document:
    """A post whole, inside its Create, as collections show it."""
    return {"id": f"{document['id']}#create", **activity_around("Create", document)}
