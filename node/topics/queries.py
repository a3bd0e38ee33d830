"""Reads of topics: one by id, those a reader may see, those somebody may post in."""

from typing import Any

from sqlalchemy import Connection, Row, Select, select

from node.boundary import Reader, readable
from node.errors import NotFound
from node.objects import LIVE, objects
from node.topics.tables import topics

KIND = "topic"


def find_topic(db: Connection, topic_id: int) -> Row[Any]:
    """A live topic with the columns of its object, whoever asks; raises NotFound."""
    return _one(db, _topics().where(topics.c.object_id == topic_id, objects.c.state == LIVE))


def get_topic(db: Connection, reader: Reader, topic_id: int) -> Row[Any]:
    """A topic for this reader; NotFound alike for none and for one of others (rule 7)."""
    return _one(db, _topics().where(topics.c.object_id == topic_id, readable(reader)))


def find_topic_by_uri(db: Connection, uri: str) -> Row[Any] | None:
    """A live topic by its stored uri, whoever asks: only for code that then compares audiences."""
    return db.execute(_topics().where(objects.c.uri == uri, objects.c.state == LIVE)).one_or_none()


def list_topics(db: Connection, reader: Reader) -> list[Row[Any]]:
    """Every topic that the reader may see, archived ones too, by name."""
    found = db.execute(_topics().where(readable(reader), objects.c.state == LIVE))
    return sorted(found, key=lambda row: (row.name.casefold(), row.object_id))


def topics_of_audience(db: Connection, reader: Reader, audience: str) -> list[Row[Any]]:
    """Where a member may put a new post with this audience: no archived topic among them."""
    return [row for row in list_topics(db, reader) if row.audience == audience and not row.archived]


def _topics() -> Select[Any]:
    joined = topics.join(objects, objects.c.id == topics.c.object_id)
    return select(*topics.c, *objects.c).select_from(joined)


def _one(db: Connection, query: Select[Any]) -> Row[Any]:
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row
