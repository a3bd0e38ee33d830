"""End dates of members and guests: set, changed, cleared, and told a week before and when they come.

Nothing waits for what is here: every request looks at the clock itself.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from node.access.logins import end_logins, get_member, is_here
from node.access.members import keep_an_admin, members_with_role
from node.access.tables import members
from node.actors import actors
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.ids import now
from node.memberships import guests
from node.notices import notify
from node.web.formats import day_digits, end_of_day, last_day

LONGEST = timedelta(days=3660)
LONGEST_GUEST = timedelta(days=366)
GUEST_DAYS = 30
WARNING = timedelta(days=7)
SOON, ENDED = "soon", "ended"


def read_end(words: str, longest: timedelta = LONGEST) -> datetime:
    """The end of the day that was typed as year-month-day, not before today; raises Invalid."""
    try:
        end = end_of_day(date.fromisoformat(words.strip()))
    except (ValueError, OverflowError) as error:
        raise Invalid(until=msg("Fill in a date.")) from error
    if not now() < end <= now() + longest:
        raise Invalid(
            until=msg("Choose a day from today to %(last)s.", last=day_digits(last_day(now() + longest)))
        )
    return end


def read_end_or_none(words: str) -> datetime | None:
    """The same where a field may stay empty."""
    return read_end(words) if words.strip() else None


def set_end(db: Connection, member_id: int, end: datetime | None) -> None:
    """From `end` on the member or guest is out; a later end or none lets them in again."""
    member = get_member(db, member_id)
    if end is not None:
        keep_an_admin(db, member_id)
    if member.is_guest and (end is None or end > now() + LONGEST_GUEST):
        raise Conflict(msg("A guest stays for at most a year."))
    db.execute(update(members).where(members.c.actor_id == member_id).values(ends_at=end, end_told=""))
    if end is not None and end <= now():
        end_logins(db, member_id)


def has_ends_to_tell(db: Connection) -> bool:
    return db.execute(_untold(ENDED).union_all(_untold(SOON)).limit(1)).first() is not None


def tell_ends(db: Connection) -> list[int]:
    """Tell of ends that come within a week and of those that came; returns whose time has ended."""
    ended, soon = db.execute(_untold(ENDED)).all(), db.execute(_untold(SOON)).all()
    for row in ended:
        _tell(db, row, ENDED)
        end_logins(db, row.actor_id)
    for row in soon:
        _tell(db, row, SOON)
        notify(db, row.actor_id, "own_end_soon", text=day_digits(last_day(row.ends_at)), link="/settings")
    return [row.actor_id for row in ended]


def _untold(which: str) -> Any:
    columns = members.c.actor_id, members.c.ends_at, actors.c.name, guests.c.actor_id.label("guest_id")
    joined = members.join(actors, actors.c.id == members.c.actor_id)
    joined = joined.outerjoin(guests, guests.c.actor_id == members.c.actor_id)
    query = select(*columns, guests.c.host_id).select_from(joined).where(members.c.disabled_at.is_(None))
    if which == ENDED:
        return query.where(members.c.ends_at <= now(), members.c.end_told != ENDED)
    near = members.c.ends_at > now(), members.c.ends_at <= now() + WARNING
    return query.where(*near, members.c.end_told == "")


def _tell(db: Connection, row: Row[Any], which: str) -> None:
    """Of a guest their host hears, of a member the admins; of a guest whose host is gone too."""
    kind = f"guest_end_{which}" if row.guest_id else f"member_end_{which}"
    text = f"{row.name} ({day_digits(last_day(row.ends_at))})"
    link = "/members/guests" if row.guest_id else f"/members/{row.actor_id}"
    host = row.host_id if row.host_id is not None and _is_here(db, row.host_id) else None
    for member_id in [host] if host is not None else members_with_role(db, "admin"):
        notify(db, member_id, kind, text=text, link="/guests" if host is not None else link)
    db.execute(update(members).where(members.c.actor_id == row.actor_id).values(end_told=which))


def _is_here(db: Connection, member_id: int) -> bool:
    query = select(members.c.actor_id).where(members.c.actor_id == member_id, is_here())
    return db.execute(query).first() is not None
