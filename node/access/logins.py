"""Log-ins: a cookie's token, kept as a hash; ended at once when a member is disabled or changes passwords."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select

from node.access.passwords import is_password
from node.access.tables import logins, members
from node.actors import actors
from node.errors import Forbidden, Invalid
from node.i18n import msg
from node.identity import SELF
from node.ids import new_id, new_token, now

LOGIN_DAYS = 60


def hash_token(token: str) -> str:
    """Tokens are 256 random bits: a plain SHA-256 is enough to keep them out of the database."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(db: Connection, handle: str, password: str) -> Row[Any]:
    """The member with this handle and password; raises Invalid with one text for either being wrong."""
    member = find_member(db, handle)
    usable = member is not None and _may_come_in(member)
    if not is_password(password, member.password_hash if member is not None and usable else None):
        raise Invalid(password=msg("This name and password do not belong together."))
    assert member is not None
    return member


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
    return list(db.execute(_with_actor().order_by(actors.c.handle)))


def _with_actor() -> Any:
    joined = members.join(actors, actors.c.id == members.c.actor_id)
    columns = (*members.c, actors.c.handle, actors.c.name, actors.c.uri, actors.c.face_at)
    return select(*columns).select_from(joined).where(actors.c.peer_id == SELF)


def _may_come_in(member: Row[Any]) -> bool:
    return member.disabled_at is None and (member.ends_at is None or member.ends_at > now())


def start_login(db: Connection, member_id: int, device: str) -> str:
    """A new log-in; returns the token for the cookie."""
    token, moment = new_token(), now()
    db.execute(
        insert(logins).values(
            id=new_id(),
            token_hash=hash_token(token),
            member_id=member_id,
            device=device[:200],
            created_at=moment,
            used_at=moment,
            expires_at=moment + timedelta(days=LOGIN_DAYS),
        )
    )
    return token


def find_login(db: Connection, token: str) -> Row[Any] | None:
    """The member of a cookie's token, while both are valid."""
    valid = (
        logins.c.token_hash == hash_token(token),
        logins.c.expires_at > now(),
        members.c.disabled_at.is_(None),
        or_(members.c.ends_at.is_(None), members.c.ends_at > now()),
    )
    query = _with_actor().join(logins, logins.c.member_id == members.c.actor_id).where(*valid)
    return db.execute(query).one_or_none()


def end_login(db: Connection, token: str) -> None:
    db.execute(delete(logins).where(logins.c.token_hash == hash_token(token)))


def end_logins(db: Connection, member_id: int, *, but_token: str | None = None) -> None:
    """End every log-in of a member, except the one in use."""
    theirs = delete(logins).where(logins.c.member_id == member_id)
    if but_token is not None:
        theirs = theirs.where(logins.c.token_hash != hash_token(but_token))
    db.execute(theirs)


def forget_expired(db: Connection) -> None:
    db.execute(delete(logins).where(logins.c.expires_at < now()))
