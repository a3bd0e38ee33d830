"""Members come and go: invited by a link, given roles, disabled, helped back in with a one-time link."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection, Row, func, insert, or_, select, update

from federation import keys
from node import identity
from node.access.logins import end_logins, get_member, hash_token, is_here
from node.access.passwords import hash_password
from node.access.tables import ROLES, links, members
from node.actors import PERSON, add_local_actor, take_handle
from node.errors import Conflict, Invalid, NotFound
from node.i18n import msg
from node.ids import new_id, new_token, now
from node.notices import notify

HANDLE = re.compile(r"[a-z0-9_]{2,20}")
INVITE, RESET, GUEST, ENTRY = "invite", "reset", "guest", "entry"
# An entry is a guest's way in, each time anew (rule 15); the others are used to choose a name or password.
LASTS = {
    INVITE: timedelta(days=7),
    RESET: timedelta(days=1),
    GUEST: timedelta(days=7),
    ENTRY: timedelta(minutes=15),
}
UNUSABLE = "!"  # fits no password: guests have none


def add_member(
    db: Connection,
    *,
    handle: str,
    name: str,
    password: str,
    mail: str | None = None,
    roles: Iterable[str] = (),
    ends_at: datetime | None = None,
) -> int:
    """A new member with an actor of their own, unseen outside until their first act there; returns the id."""
    handle = handle.strip().removeprefix("@")
    if not HANDLE.fullmatch(handle):
        raise Invalid(handle=msg("Use 2 to 20 small letters, digits or underscores."))
    if not name.strip() or len(name) > 80:
        raise Invalid(name=msg("Fill in a name of at most 80 characters."))
    account = {"roles": _role_words(roles), "password_hash": hash_password(password), "ends_at": ends_at}
    return add_account(db, handle, name, mail=checked_mail(mail), **account)


def add_account(db: Connection, handle: str, name: str, **account: Any) -> int:
    """An actor of this node with what `members` holds of them; returns the id."""
    take_handle(db, handle, "person")
    actor_id = add_local_actor(
        db, type=PERSON, handle=handle, name=name.strip(), rsa=keys.new_rsa(), ed25519=keys.new_ed25519()
    )
    db.execute(insert(members).values(actor_id=actor_id, created_at=now(), **account))
    return actor_id


def checked_mail(mail: str | None) -> str | None:
    """A mail address in its normal form; None for none; raises Invalid."""
    if not mail or not mail.strip():
        return None
    try:
        return validate_email(mail.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise Invalid(mail=msg("This is not a mail address.")) from error


def _role_words(roles: Iterable[str]) -> str:
    words = set(roles)
    if not words <= set(ROLES):
        raise Invalid(roles=msg("There is no such role."))
    return " ".join(sorted(words))


def make_link(
    db: Connection,
    kind: str,
    *,
    made_by: int | None,
    member_id: int | None = None,
    roles: Iterable[str] = (),
    note: str = "",
    **more: Any,
) -> str:
    """A link's one-time token; `more` are columns of links that its kind needs."""
    token = new_token()
    db.execute(
        insert(links).values(
            id=new_id(),
            kind=kind,
            token_hash=hash_token(token),
            member_id=member_id,
            roles=_role_words(roles),
            note=note.strip()[:100],
            made_by=made_by,
            created_at=now(),
            expires_at=now() + LASTS[kind],
            **more,
        )
    )
    return token


def get_link(db: Connection, kind: str, token: str) -> Row[Any]:
    """An unused, unexpired link, locked until the transaction ends; raises NotFound."""
    query = select(links).where(
        links.c.kind == kind,
        links.c.token_hash == hash_token(token),
        links.c.used_at.is_(None),
        links.c.expires_at > now(),
    )
    row = db.execute(query.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(msg("This link was used, has expired, or never existed. Ask for a new one."))
    return row


def use_invitation(
    db: Connection, token: str, *, handle: str, name: str, password: str, mail: str | None
) -> int:
    """Become a member by an invitation link; the link is used up in the same transaction."""
    link = get_link(db, INVITE, token)
    member_id = add_member(
        db,
        handle=handle,
        name=name,
        password=password,
        mail=mail,
        roles=link.roles.split(),
        ends_at=link.ends_at,
    )
    use_up(db, link.id, member_id)
    return member_id


def use_reset(db: Connection, token: str, password: str) -> int:
    """Choose a new password by a reset link; every log-in ends. Returns the member's id."""
    link = get_link(db, RESET, token)
    set_password(db, link.member_id, password)
    use_up(db, link.id, link.member_id)
    return int(link.member_id)


def use_up(db: Connection, link_id: int, member_id: int) -> None:
    """The link, locked by `get_link`, is worth nothing from now on."""
    db.execute(update(links).where(links.c.id == link_id).values(used_at=now(), used_by=member_id))


def withdraw_link(db: Connection, link_id: int) -> None:
    db.execute(update(links).where(links.c.id == link_id, links.c.used_at.is_(None)).values(expires_at=now()))


def list_invitations(db: Connection) -> list[Row[Any]]:
    """Invitations that can still be used, newest first."""
    open_ones = (links.c.kind == INVITE, links.c.used_at.is_(None), links.c.expires_at > now())
    return list(db.execute(select(links).where(*open_ones).order_by(links.c.id.desc())))


def make_reset(db: Connection, member_id: int, made_by: int | None) -> str:
    """A one-time link for a forgotten password; the member is told that it was made (rule 16)."""
    _refuse_guest(db, member_id)
    notify(db, member_id, "reset_made", from_id=made_by, link="/settings")
    return make_link(db, RESET, made_by=made_by, member_id=member_id)


def set_password(db: Connection, member_id: int, password: str) -> None:
    """Set a password and end every log-in; the member is told."""
    changed = update(members).where(members.c.actor_id == member_id)
    db.execute(changed.values(password_hash=hash_password(password)))
    end_logins(db, member_id)
    notify(db, member_id, "password_changed", link="/settings")


def set_roles(db: Connection, member_id: int, roles: Iterable[str]) -> None:
    """Give a member exactly these roles; the last admin keeps theirs."""
    words = _role_words(roles)
    if words:
        _refuse_guest(db, member_id)
    if "admin" not in words.split():
        keep_an_admin(db, member_id)
    db.execute(update(members).where(members.c.actor_id == member_id).values(roles=words))


def disable_member(db: Connection, member_id: int) -> None:
    """The member is out at once: log-ins end in this transaction, and streams and media links with them."""
    keep_an_admin(db, member_id)
    db.execute(update(members).where(members.c.actor_id == member_id).values(disabled_at=now()))
    end_logins(db, member_id)


def enable_member(db: Connection, member_id: int) -> None:
    db.execute(update(members).where(members.c.actor_id == member_id).values(disabled_at=None))


def keep_an_admin(db: Connection, member_id: int) -> None:
    """A node without an admin could not be helped any more; one whose time ends does not count."""
    admin = (members.c.roles.contains("admin"), members.c.disabled_at.is_(None), members.c.ends_at.is_(None))
    others = db.scalar(select(func.count()).where(*admin, members.c.actor_id != member_id))
    if "admin" in get_member(db, member_id).roles.split() and not others:
        raise Conflict(msg("This is the only admin. Make somebody else admin first."))


def members_with_role(db: Connection, *roles: str) -> list[int]:
    """Ids of active members with one of these roles, for notices."""
    has = or_(*(members.c.roles.contains(role) for role in roles))
    return list(db.scalars(select(members.c.actor_id).where(has, is_here())))


def _refuse_guest(db: Connection, member_id: int) -> None:
    if get_member(db, member_id).is_guest:
        raise Conflict(msg("A guest has no password and no roles. Their host makes a link for them."))


def finish_setup(db: Connection) -> None:
    """The wizard is done: its token is worthless from now on."""
    identity.change(db, ready_at=now(), setup_token_hash=None)
