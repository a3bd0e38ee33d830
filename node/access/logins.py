"""Log-ins: a cookie's token, kept as a hash; ended at once when a member is disabled or changes passwords."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select

from node.access.oauth.tables import app_codes, app_tokens
from node.access.passwords import is_password
from node.access.tables import feeds, logins, members
from node.actors import actors
from node.errors import Forbidden, Invalid
from node.i18n import msg
from node.identity import SELF
from node.ids import new_id, new_token, now
from node.memberships import guests
from node.web.formats import day_digits, last_day

LOGIN_DAYS = 60
GUEST_HOURS = 12


def hash_token(token: str) -> str:
    """Tokens are 256 random bits: a plain SHA-256 is enough to keep them out of the database."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(db: Connection, handle: str, password: str) -> Row[Any]:
    """The member with this handle and password; raises Invalid with one text for either being wrong.

    Only who knows the password hears that their time here has ended.
    """
    member = find_member(db, handle)
    usable = member is not None and member.disabled_at is None and not member.is_guest
    if not is_password(password, member.password_hash if member is not None and usable else None):
        raise Invalid(password=msg("This name and password do not belong together."))
    assert member is not None
    if has_ended(member):
        raise Invalid(password=_ended_words(db, member))
    return member


def has_ended(member: Row[Any]) -> bool:
    """Whether the end date of a member or guest has passed."""
    return member.ends_at is not None and member.ends_at <= now()


def is_out(member: Row[Any]) -> bool:
    """Whether a member or guest is disabled or has had their time here."""
    return member.disabled_at is not None or has_ended(member)


def _ended_words(db: Connection, member: Row[Any]) -> str:
    admins = members.c.roles.contains("admin"), is_own_member()
    query = select(actors.c.name).join(members, members.c.actor_id == actors.c.id).where(*admins)
    names = list(db.scalars(query.order_by(actors.c.id).limit(3)))
    day = day_digits(last_day(member.ends_at))
    who = ", ".join(names) or "-"
    return msg("Your time here ended on %(day)s. Ask an admin for a later date: %(who)s.", day=day, who=who)


def confirm_password(db: Connection, member_id: int, password: str) -> None:
    """Ask again who you are before a grave act (signing, confirming a pairing); raises Forbidden."""
    found = db.scalar(select(members.c.password_hash).where(members.c.actor_id == member_id))
    if not is_password(password, found):
        raise Forbidden(msg("That is not your password. Nothing was changed."))


def find_member(db: Connection, handle: str) -> Row[Any] | None:
    """A member of this node with their actor's handle and name."""
    wanted = handle.strip().removeprefix("@").casefold()
    return db.execute(_with_actor().where(actors.c.handle == wanted)).one_or_none()


def get_member(db: Connection, member_id: int) -> Row[Any]:
    return db.execute(_with_actor().where(members.c.actor_id == member_id)).one()


def list_members(db: Connection) -> list[Row[Any]]:
    """The members of this node, active or not; guests are none."""
    return list(db.execute(_with_actor().where(guests.c.actor_id.is_(None)).order_by(actors.c.handle)))


def end_of_stay(db: Connection, actor_id: int) -> datetime | None:
    """Until when somebody of ours is a guest; None for anybody else."""
    invited = members.join(guests, guests.c.actor_id == members.c.actor_id)
    query = select(members.c.ends_at).select_from(invited).where(members.c.actor_id == actor_id)
    stay: datetime | None = db.scalar(query)
    return stay


def list_guests(db: Connection) -> list[Row[Any]]:
    """The guests of this node, active or not, newest first."""
    return list(db.execute(_with_actor().where(guests.c.actor_id.is_not(None)).order_by(actors.c.id.desc())))


def _with_actor() -> Any:
    joined = members.join(actors, actors.c.id == members.c.actor_id)
    joined = joined.outerjoin(guests, guests.c.actor_id == members.c.actor_id)
    columns = (*members.c, actors.c.handle, actors.c.name, actors.c.uri, actors.c.face_at)
    of_guest = guests.c.actor_id.is_not(None).label("is_guest"), guests.c.host_id, guests.c.room
    return select(*columns, *of_guest).select_from(joined).where(actors.c.peer_id == SELF)


def is_here() -> ColumnElement[bool]:
    """The condition on `members` under which somebody, guest or not, may come in now."""
    lasting = or_(members.c.ends_at.is_(None), members.c.ends_at > now())
    return and_(members.c.disabled_at.is_(None), lasting)


def is_own_member() -> ColumnElement[bool]:
    """The same for who is of this firm: in the lists and numbers of a ring, a guest is nobody (rule 14)."""
    return and_(is_here(), ~select(guests.c.actor_id).where(guests.c.actor_id == members.c.actor_id).exists())


def start_login(db: Connection, member_id: int, device: str) -> str:
    """A new log-in, a guest's for half a day; returns the token for the cookie."""
    token, moment = new_token(), now()
    member = get_member(db, member_id)
    longest = timedelta(hours=GUEST_HOURS) if member.is_guest else timedelta(days=LOGIN_DAYS)
    db.execute(
        insert(logins).values(
            id=new_id(),
            token_hash=hash_token(token),
            member_id=member_id,
            device=device[:200],
            created_at=moment,
            used_at=moment,
            expires_at=min(moment + longest, member.ends_at or moment + longest),
        )
    )
    return token


def find_login(db: Connection, token: str) -> Row[Any] | None:
    """The member of a cookie's token, while both are valid."""
    valid = (
        logins.c.token_hash == hash_token(token),
        logins.c.expires_at > now(),
        is_here(),
    )
    query = _with_actor().join(logins, logins.c.member_id == members.c.actor_id).where(*valid)
    return db.execute(query).one_or_none()


def end_login(db: Connection, token: str) -> None:
    db.execute(delete(logins).where(logins.c.token_hash == hash_token(token)))


def end_logins(db: Connection, member_id: int, *, but_token: str | None = None) -> None:
    """End every log-in of a member, except the one in use; with none in use, apps and feeds too."""
    theirs = delete(logins).where(logins.c.member_id == member_id)
    if but_token is not None:
        theirs = theirs.where(logins.c.token_hash != hash_token(but_token))
    else:
        for table in (app_tokens, app_codes, feeds):
            db.execute(delete(table).where(table.c.member_id == member_id))
    db.execute(theirs)


def end_all_logins(db: Connection) -> None:
    """Of everybody, apps and feeds too: for a copy put back, which knows nothing of what was ended since."""
    for table in (app_tokens, app_codes, feeds, logins):
        db.execute(delete(table))


def forget_expired(db: Connection) -> None:
    db.execute(delete(logins).where(logins.c.expires_at < now()))
