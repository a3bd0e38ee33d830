"""Files get their object, and lose it; those of other nodes come in."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from federation.delivery import backoff
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.ids import new_id, now
from node.media.images import BadPicture, Picture, read_picture
from node.media.queries import MOST_FAILURES, list_files, own_file, stored_names
from node.media.storage import read_picture_file, read_thumb, sweep_files, write_picture
from node.media.tables import files
from node.settings import Settings
from node.web.forms import Upload

MOST_FILES = 8
LONGEST_ALT = 1500
CLAIM = timedelta(minutes=5)
UPLOAD_LASTS = timedelta(days=1)


def draw_upload(upload: Upload) -> Picture:
    """What a member sent, drawn anew; raises Invalid(files=…). Takes seconds: never in a transaction."""
    try:
        return read_picture(upload.data)
    except BadPicture as error:
        raise Invalid(files=error.args[0]) from error


def attach_pictures(
    db: Connection,
    settings: Settings,
    owner_id: int,
    object_id: int,
    pictures: Sequence[Picture],
    alts: Sequence[str],
) -> None:
    """Store pictures with a post, behind what it has; raises Invalid(files=…)."""
    first = _count_files(db, object_id)
    if first + len(pictures) > MOST_FILES:
        raise Invalid(files=msg("At most %(most)s files.", most=MOST_FILES))
    for place, picture in enumerate(pictures):
        alt = alts[place].strip()[:LONGEST_ALT] if place < len(alts) else ""
        row = {"id": new_id(), "object_id": object_id, "owner_id": owner_id, "position": first + place}
        stored = _stored(picture, write_picture(settings.media_folder, picture))
        db.execute(insert(files).values(**row, **stored, alt=alt, created_at=now()))


def keep_upload(db: Connection, settings: Settings, owner_id: int, picture: Picture, alt: str) -> int:
    """A picture sent before its post: its owner's alone until then, and gone after a day; returns its id."""
    stored, file_id = _stored(picture, write_picture(settings.media_folder, picture)), new_id()
    row = {"id": file_id, "owner_id": owner_id, "alt": alt.strip()[:LONGEST_ALT], "created_at": now()}
    db.execute(insert(files).values(**row, **stored))
    return file_id


def describe_upload(db: Connection, owner_id: int, file_id: int, alt: str) -> None:
    """Other words for a picture that is not posted yet."""
    mine = files.c.id == file_id, files.c.owner_id == owner_id, files.c.object_id.is_(None)
    db.execute(update(files).where(*mine).values(alt=alt.strip()[:LONGEST_ALT]))


def attach_uploads(
    db: Connection, settings: Settings, owner_id: int, object_id: int, file_ids: Sequence[int]
) -> None:
    """Pictures sent before become the post's; one that stands in another post is copied (rule 13)."""
    if len(file_ids) > MOST_FILES:
        raise Invalid(files=msg("At most %(most)s files.", most=MOST_FILES))
    for place, file_id in enumerate(dict.fromkeys(file_ids)):
        row = own_file(db, owner_id, file_id)
        if row is None or row.name is None:
            raise Invalid(files=msg("This picture is not here any more. Send it again."))
        if row.object_id is None:
            changed = update(files).where(files.c.id == file_id, files.c.object_id.is_(None))
            db.execute(changed.values(object_id=object_id, position=place))
        else:
            attach_pictures(db, settings, owner_id, object_id, [_read_stored(settings, row)], [row.alt])


def forget_uploads(db: Connection, kept: Collection[int]) -> None:
    """For housekeeping: what nobody posted within a day, but for what waits with a planned post."""
    old = files.c.object_id.is_(None), files.c.created_at < now() - UPLOAD_LASTS
    for file_id in set(db.scalars(select(files.c.id).where(*old))) - set(kept):
        db.execute(delete(files).where(files.c.id == file_id))


def copy_pictures(db: Connection, settings: Settings, object_id: int) -> tuple[list[Picture], list[str]]:
    """An object's pictures, to be stored again with another: a file belongs to one object (rule 13)."""
    rows = list_files(db, object_id)
    try:
        return [_read_stored(settings, row) for row in rows], [row.alt for row in rows]
    except FileNotFoundError as error:
        raise Conflict(msg("A picture of this post is not here any more. It cannot be copied.")) from error


def _read_stored(settings: Settings, row: Row[Any]) -> Picture:
    folder = settings.media_folder
    data, thumb = read_picture_file(folder, row.name), read_thumb(folder, row.name)
    return Picture(data=data, thumb=thumb, media_type=row.media_type, width=row.width, height=row.height)


def _count_files(db: Connection, object_id: int) -> int:
    return int(db.scalar(select(func.count()).where(files.c.object_id == object_id)) or 0)


def _stored(picture: Picture, name: str) -> dict[str, str | int]:
    return {
        "media_type": picture.media_type,
        "name": name,
        "width": picture.width,
        "height": picture.height,
        "size": len(picture.data),
    }


def delete_files(db: Connection, object_id: int) -> None:
    """No reader gets them from this moment; the sweep takes them off the disk after the commit."""
    db.execute(delete(files).where(files.c.object_id == object_id))


def sweep_orphans(db: Connection, settings: Settings) -> int:
    """For housekeeping: remove files on disk that no row names any more."""
    return sweep_files(settings.media_folder, stored_names(db))


# --- pictures of other nodes ---------------------------------------------------------------------


def claim_fetch(db: Connection, file_id: int) -> None:
    """Somebody is fetching it: others leave it alone for a while."""
    db.execute(update(files).where(files.c.id == file_id).values(retry_at=now() + CLAIM))


def keep_fetched(db: Connection, settings: Settings, file_id: int, picture: Picture) -> None:
    name = write_picture(settings.media_folder, picture)
    db.execute(update(files).where(files.c.id == file_id).values(**_stored(picture, name), retry_at=None))


def note_failure(db: Connection, file_id: int, *, for_good: bool) -> None:
    """Tried in vain: again later, and after a day or so, or when it makes no sense, never."""
    failures = int(db.scalar(select(files.c.failures).where(files.c.id == file_id)) or 0) + 1
    failures = MOST_FAILURES if for_good else failures
    retry_at = now() + timedelta(seconds=backoff(failures, 0.5)) if failures < MOST_FAILURES else None
    db.execute(update(files).where(files.c.id == file_id).values(failures=failures, retry_at=retry_at))
