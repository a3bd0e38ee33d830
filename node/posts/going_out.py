"""The moment a post becomes real, or its new words do: named people, own notices and deliveries at once."""

from typing import Any

from sqlalchemy import Connection, Row, update

from node.changes import NEW, note_change
from node.identity import Identity
from node.ids import now
from node.objects import LIVE, objects
from node.posts.hearing import tell_followers
from node.posts.mentions import find_mentioned, page_links, pick_readers
from node.posts.rendering import read_names, render_markdown
from node.posts.sending import send_post, tell_here, topic_of
from node.posts.storing import Words, addressees_of, change_words, get_post, keep_names, mentioned_in
from node.posts.tables import posts


def write_names(
    db: Connection, node: Identity, object_id: int, audience: str, source: str
) -> tuple[list[Row[Any]], str]:
    """Keep whom and what a text names; returns the named who may read it, and the text as HTML."""
    found = find_mentioned(db, node, source)
    readers = pick_readers(db, found.values(), audience, addressees_of(db, object_id))
    keep_names(db, object_id, mentioned=[reader.id for reader in readers], tags=read_names(source).hashtags)
    return readers, render_markdown(source, page_links(found, readers))


def render_here(db: Connection, node: Identity, post: Row[Any]) -> list[Row[Any]]:
    """A post of ours as its words stand now; returns the named who may read it."""
    readers, html = write_names(db, node, post.id, post.audience, post.source)
    db.execute(update(posts).where(posts.c.object_id == post.id).values(html=html))
    return readers


def go_out(db: Connection, node: Identity, post: Row[Any]) -> None:
    """A post of ours goes to whoever is inside now, whenever it was written (rule 9)."""
    readers = render_here(db, node, post)
    db.execute(update(objects).where(objects.c.id == post.id).values(state=LIVE, published=now()))
    note_change(db, NEW, post.id)
    parent = get_post(db, post.parent_id) if post.parent_id is not None else None
    tell_here(db, post.author_id, post.id, readers, parent)
    tell_followers(db, post.author_id, post.id)
    send_post(db, node, post.id, "Create", topic_of(db, post))


def put_words(
    db: Connection, node: Identity, post: Row[Any], *, source: str, title: str, warning: str, language: str
) -> None:
    """The new words of a post that is out, for the same readers (rule 3); the old are kept as a version."""
    known = mentioned_in(db, post.id)
    readers, html = write_names(db, node, post.id, post.audience, source)
    change_words(db, post, Words(title, source, html, warning, language), now())
    tell_here(db, post.author_id, post.id, [one for one in readers if one.id not in known], None)
    send_post(db, node, post.id, "Update", topic_of(db, post))
