"""What everyone on the web may follow: the feed of an open topic of ours, of a person of ours with a face."""

from html import escape
from typing import Any

from sqlalchemy import Connection, Row

from node.actors import PERSON, find_local
from node.boundary import Anonymous
from node.errors import NotFound
from node.feeds.formats import Entry, Feed
from node.i18n import DEFAULT_LANGUAGE
from node.identity import SELF, Identity
from node.people.queries import author_views, is_active
from node.posts.queries import list_in_topic, list_of_person
from node.posts.rendering import absolute_links, plain_text
from node.posts.shown import NOBODY
from node.text import clean_name
from node.topics.queries import get_topic
from node.web.views import AuthorView

LONGEST_TITLE = 80


def topic_feed(db: Connection, node: Identity, topic_id: int, url: str) -> Feed:
    """Raises NotFound alike for a topic that is closed, of another server, or not there."""
    topic = get_topic(db, Anonymous(), topic_id)
    if topic.origin != SELF:
        raise NotFound
    return Feed(
        title=topic.name,
        about=plain_text(topic.summary),
        url=url,
        home=f"{node.base}/topics/{topic.object_id}",
        author=node.name,
        language=DEFAULT_LANGUAGE,
        begun=topic.published,
        entries=_entries(db, node, list_in_topic(db, Anonymous(), topic.object_id).rows),
    )


def person_feed(db: Connection, node: Identity, handle: str, url: str) -> Feed:
    """Raises NotFound, with no statement more for somebody without a face than for nobody (rule 7)."""
    actor = find_local(db, handle)
    if actor is None or actor.type != PERSON or actor.face_at is None or not is_active(db, actor.id):
        raise NotFound
    name = clean_name(actor.name) or actor.handle
    return Feed(
        title=name,
        about=plain_text(actor.summary or ""),
        url=url,
        home=f"{node.base}/@{actor.handle}",
        author=name,
        language=DEFAULT_LANGUAGE,
        begun=actor.face_at,
        entries=_entries(db, node, list_of_person(db, Anonymous(), actor.id).rows),
    )


def _entries(db: Connection, node: Identity, rows: list[Row[Any]]) -> tuple[Entry, ...]:
    """Rows that anybody was already allowed to see."""
    ids = {row.author_id for row in rows if row.author_id is not None}
    authors = author_views(db, node, ids, for_members=False)
    return tuple(_entry(node, row, authors.get(row.author_id, NOBODY)) for row in rows)


def _entry(node: Identity, row: Row[Any], author: AuthorView) -> Entry:
    """What stands behind a warning is read on the page."""
    html = f"<p>{escape(row.warning)}</p>" if row.warning else absolute_links(row.html, node.base)
    return Entry(
        url=f"{node.base}/o/{row.id}",
        title=row.title or _shorten(row.warning or plain_text(row.html)) or author.name,
        published=row.published,
        updated=row.edited_at or row.published,
        html=html,
        language=row.language,
        author=author.name,
        author_url=author.url if author.url.startswith("http") else f"{node.base}{author.url}",
    )


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE].rstrip()}…"
