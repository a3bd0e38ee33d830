"""Posts for later: kept with their author until their time, then published as if they were sent then.

Nothing is decided beforehand: at its time a post passes the boundary and the gate of that time. What
would now go to other readers than was meant, or cannot go at all, stays, and its author is told.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from node.access.logins import get_member
from node.boundary import Member
from node.errors import Invalid, NodeError, NotFound
from node.i18n import DEFAULT_LANGUAGE, Message, msg, translate
from node.identity import Identity
from node.ids import new_id, now
from node.notices import notify
from node.people.queries import is_active
from node.posts.from_apps import AppPost, publish_from_app
from node.posts.repeats import KEPT, remember_first
from node.posts.storing import get_post
from node.posts.tables import planned_posts
from node.settings import Settings
from node.windows import Window, rows_within

PAGE = "/planned"
LEAST_AHEAD, MOST_AHEAD = timedelta(minutes=5), timedelta(days=366)
LATEST = timedelta(hours=12)  # a node that was away longer asks again
MOST_PLANNED = 300

TOO_LATE = msg("The node was not running at that time. Choose a new time if you still want it.")
COPIED = msg("The node was put back from a copy. Did it go out already? Look before you plan it again.")
OTHERS = msg("It would go to other people now than when you planned it. Look at the first word.")
NOT_HERE = msg("What it answers is not there for you any more.")
NOT_ACTIVE = msg("Whoever wrote it is not active here any more.")


class _Trial(Exception):
    """Ends a trial: everything that was done in it is undone."""


class _Stays(Exception):
    """Undoes what was published, because it would reach others."""

    def __init__(self, why: Message) -> None:
        super().__init__(why)
        self.why = why


# --- plan ------------------------------------------------------------------------------------------


def plan_post(
    db: Connection,
    node: Identity,
    settings: Settings,
    member: Member,
    wish: AppPost,
    at: datetime,
    *,
    key: str = "",
) -> int:
    """Keep a post for its time; raises what publishing it now would raise. Returns its own id."""
    _check_time(at)
    mine = select(func.count()).where(planned_posts.c.member_id == member.actor_id)
    if int(db.scalar(mine) or 0) >= MOST_PLANNED:
        raise Invalid(scheduled_at=msg("You have planned many posts already. Delete one first."))
    audience = audience_now(db, node, settings, member, wish)
    planned_id = new_id()
    row = {"id": planned_id, "member_id": member.actor_id, "at": at, "audience": audience}
    more = {"key": key, "created_at": now(), "stuck": ""}
    db.execute(insert(planned_posts).values(**row, **_columns(wish), **more))
    return planned_id


def _columns(wish: AppPost) -> dict[str, Any]:
    return {
        "text": wish.text,
        "visibility": wish.visibility,
        "parent_id": wish.parent_id,
        "warning": wish.warning,
        "language": wish.language,
        "uploads": " ".join(map(str, wish.uploads)),
    }


def _check_time(at: datetime) -> None:
    if not now() + LEAST_AHEAD <= at <= now() + MOST_AHEAD:
        raise Invalid(scheduled_at=msg("Choose a time from 5 minutes up to a year ahead."))


def audience_now(db: Connection, node: Identity, settings: Settings, member: Member, wish: AppPost) -> str:
    """Where these words would go at this moment: they are published on trial, and nothing of it stays."""
    found = ""
    try:
        with db.begin_nested():
            found = str(get_post(db, publish_from_app(db, node, settings, member, wish)).audience)
            raise _Trial
    except _Trial:
        return found


def change_planned(
    db: Connection,
    node: Identity,
    settings: Settings,
    member: Member,
    planned_id: int,
    *,
    at: datetime,
    text: str | None = None,
    warning: str | None = None,
) -> None:
    """Another time, or other words; with new words their readers are settled anew."""
    row = get_planned(db, member.actor_id, planned_id)
    _check_time(at)
    wish = wish_of(row)
    wish = replace(wish, text=wish.text if text is None else text)
    wish = replace(wish, warning=wish.warning if warning is None else warning)
    audience = audience_now(db, node, settings, member, wish)
    mine = update(planned_posts).where(planned_posts.c.id == planned_id)
    if not db.execute(mine.values(at=at, audience=audience, stuck="", **_columns(wish))).rowcount:
        raise NotFound  # it went out meanwhile


def drop_planned(db: Connection, member_id: int, planned_id: int) -> None:
    get_planned(db, member_id, planned_id)
    if not db.execute(delete(planned_posts).where(planned_posts.c.id == planned_id)).rowcount:
        raise NotFound


# --- read ------------------------------------------------------------------------------------------


def get_planned(db: Connection, member_id: int, planned_id: int) -> Row[Any]:
    """The member's own; NotFound for all others."""
    mine = planned_posts.c.id == planned_id, planned_posts.c.member_id == member_id
    row: Row[Any] | None = db.execute(select(planned_posts).where(*mine)).one_or_none()
    if row is None:
        raise NotFound
    return row


def find_by_key(db: Connection, member_id: int, key: str) -> int | None:
    """What came with this key within the hour."""
    same = planned_posts.c.member_id == member_id, planned_posts.c.key == key
    recent = planned_posts.c.created_at > now() - KEPT
    return db.scalar(select(planned_posts.c.id).where(*same, recent))


def list_planned(db: Connection, member_id: int) -> list[Row[Any]]:
    """By time, the next one first."""
    mine = select(planned_posts).where(planned_posts.c.member_id == member_id)
    return list(db.execute(mine.order_by(planned_posts.c.at, planned_posts.c.id)))


def planned_within(db: Connection, member_id: int, window: Window) -> list[Row[Any]]:
    """The same as apps page it: by ids."""
    mine = select(planned_posts).where(planned_posts.c.member_id == member_id)
    return rows_within(db, mine, planned_posts.c.id, window)


def wish_of(row: Row[Any]) -> AppPost:
    return AppPost(
        text=row.text,
        visibility=row.visibility,
        parent_id=row.parent_id,
        warning=row.warning,
        language=row.language,
        uploads=uploads_of(row),
    )


def uploads_of(row: Row[Any]) -> list[int]:
    return [int(one) for one in row.uploads.split()]


def planned_uploads(db: Connection) -> set[int]:
    """Pictures that wait with their posts: housekeeping leaves them alone."""
    rows = db.execute(select(planned_posts).where(planned_posts.c.uploads != ""))
    return {one for row in rows for one in uploads_of(row)}


# --- the clock -------------------------------------------------------------------------------------


def due_planned(db: Connection, limit: int = 50) -> Sequence[int]:
    due = planned_posts.c.at <= now(), planned_posts.c.stuck == ""
    return db.scalars(select(planned_posts.c.id).where(*due).order_by(planned_posts.c.at).limit(limit)).all()


def publish_planned(db: Connection, node: Identity, settings: Settings, planned_id: int) -> None:
    """Its time has come: in one transaction it goes out and is no plan any more; or it stays and says why."""
    row = db.execute(
        select(planned_posts).where(planned_posts.c.id == planned_id).with_for_update()
    ).one_or_none()
    if row is None or row.stuck or row.at > now():
        return
    why = _publish(db, node, settings, row)
    if why is None:
        db.execute(delete(planned_posts).where(planned_posts.c.id == planned_id))
        return
    _keep_back(db, row, why)


def doubt_planned(db: Connection) -> None:
    """For a copy put back: what was due since it was made may have gone out, and never goes twice."""
    due = select(planned_posts).where(planned_posts.c.at <= now(), planned_posts.c.stuck == "")
    for row in db.execute(due).all():
        _keep_back(db, row, COPIED)


def _keep_back(db: Connection, row: Row[Any], why: str) -> None:
    words = translate(get_member(db, row.member_id).language or DEFAULT_LANGUAGE, why)
    db.execute(update(planned_posts).where(planned_posts.c.id == row.id).values(stuck=words))
    notify(db, row.member_id, "planned_stuck", link=PAGE)


def _publish(db: Connection, node: Identity, settings: Settings, row: Row[Any]) -> str | None:
    """None when it went, or waits at its gate; else why not."""
    if not is_active(db, row.member_id):
        return NOT_ACTIVE
    if row.at < now() - LATEST:
        return TOO_LATE
    roles = frozenset(get_member(db, row.member_id).roles.split())
    try:
        with db.begin_nested():
            object_id = publish_from_app(db, node, settings, Member(row.member_id, roles), wish_of(row))
            if get_post(db, object_id).audience != row.audience:
                raise _Stays(OTHERS)
            if row.key:
                remember_first(db, row.member_id, row.key, object_id)
    except _Stays as stays:
        return stays.why
    except NotFound:
        return NOT_HERE
    except NodeError as error:
        return _words_of(error)
    return None


def _words_of(error: NodeError) -> str:
    """The first thing that is wrong, still translatable."""
    return next(iter(error.fields.values())) if isinstance(error, Invalid) else error.args[0]
