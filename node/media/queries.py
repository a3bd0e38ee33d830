"""Reads of files: for pages, for serving one to a reader, for fetching those of other nodes."""

from collections.abc import Collection
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, and_, func, or_, select

from node.boundary import Member, Reader, readable
from node.ids import now
from node.media.storage import thumb_name
from node.media.tables import files
from node.objects import COMPANY, LIVE, objects
from node.web.views import FileView

MOST_FAILURES = 16  # the last try is a day or so after the first


class ServedFile(NamedTuple):
    """A file for a reader who may have it; `uri` is its object's."""

    id: int
    name: str
    media_type: str
    audience: str
    uri: str


class DueFile(NamedTuple):
    """A picture of another node that is to be fetched."""

    id: int
    remote_url: str
    audience: str


def file_views(db: Connection, object_ids: Collection[int]) -> dict[int, tuple[FileView, ...]]:
    """The pictures of objects that their reader was already allowed to see, in order."""
    found: dict[int, tuple[FileView, ...]] = {}
    if not object_ids:
        return found
    query = select(files).where(files.c.object_id.in_(set(object_ids)))
    for row in db.execute(query.order_by(files.c.position, files.c.id)):
        found[row.object_id] = (*found.get(row.object_id, ()), _view(row))
    return found


def _view(row: Row[Any]) -> FileView:
    url = f"/media/{row.id}"
    return FileView(
        url=url,
        thumb_url=f"{url}/thumb",
        alt=row.alt,
        width=row.width,
        height=row.height,
        state=_state(row),
    )


def _state(row: Row[Any]) -> Literal["here", "waiting", "lost"]:
    if row.name is not None:
        return "here"
    return "waiting" if row.failures < MOST_FAILURES else "lost"


def list_files(db: Connection, object_id: int) -> list[Row[Any]]:
    query = select(files).where(files.c.object_id == object_id).order_by(files.c.position, files.c.id)
    return list(db.execute(query))


def own_file(db: Connection, owner_id: int, file_id: int) -> Row[Any] | None:
    """A file that this member sent, posted or not."""
    query = select(files).where(files.c.id == file_id, files.c.owner_id == owner_id)
    return db.execute(query).one_or_none()


def find_file(db: Connection, reader: Reader, file_id: int) -> ServedFile | None:
    """A file that is here, of an object that the reader may read; one statement for every answer (rule 7)."""
    audience, uri = func.coalesce(objects.c.audience, COMPANY), func.coalesce(objects.c.uri, "")
    may = readable(reader)
    if isinstance(reader, Member):  # what they sent and have not posted yet is their own
        may = or_(may, and_(files.c.object_id.is_(None), files.c.owner_id == reader.actor_id))
    query = (
        select(files.c.id, files.c.name, files.c.media_type, audience, uri)
        .select_from(files.outerjoin(objects, objects.c.id == files.c.object_id))
        .where(files.c.id == file_id, files.c.name.is_not(None), may)
    )
    row = db.execute(query).one_or_none()
    return None if row is None else ServedFile(*row)


def stored_names(db: Connection) -> set[str]:
    """Every file name that a row needs, thumbnails too."""
    names = db.scalars(select(files.c.name).where(files.c.name.is_not(None))).all()
    return {*names, *map(thumb_name, names)}


def files_to_fetch(db: Connection, limit: int) -> list[DueFile]:
    """Pictures of other nodes that are due, the longest waiting first."""
    due = or_(files.c.retry_at.is_(None), files.c.retry_at <= now())
    query = (
        select(files.c.id, files.c.remote_url, objects.c.audience)
        .join(objects, objects.c.id == files.c.object_id)
        .where(files.c.name.is_(None), files.c.remote_url.is_not(None), objects.c.state == LIVE)
        .where(files.c.failures < MOST_FAILURES, due)
        .order_by(func.coalesce(files.c.retry_at, files.c.created_at))
    )
    return [DueFile(*row) for row in db.execute(query.limit(limit))]
