"""Guests: an account with an end date and no password, let in by a link that works once, each time (rule 15).

A host makes the links and hands them over; sending one by mail is for whoever has mail.
"""

from dataclasses import dataclass
from datetime import datetime
from secrets import choice
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from node.access.ends import LONGEST_GUEST, set_end
from node.access.logins import get_member, is_out
from node.access.members import ENTRY, GUEST, UNUSABLE, add_account, checked_mail, get_link, make_link, use_up
from node.access.tables import links, members
from node.actors import actors, get_actor
from node.errors import Conflict, Invalid, NotFound
from node.i18n import LANGUAGES, msg
from node.ids import now
from node.memberships import guests

HANDLE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LONGEST_NAME = 80


@dataclass(frozen=True)
class Pass:
    """A link that somebody holds: a first invitation, or a way back in for `guest_id`."""

    link_id: int
    guest_id: int | None
    name: str
    room: str | None
    host_id: int
    host_name: str
    ends_at: datetime
    mail: str | None


def invite_guest(
    db: Connection, host_id: int, *, name: str, ends_at: datetime, room: str, mail: str = ""
) -> str:
    """The one-time token with which one person becomes a guest within 7 days; whoever calls says who may."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(name=msg("Fill in a name of at most 80 characters."))
    if not now() < ends_at <= now() + LONGEST_GUEST:
        raise Conflict(msg("A guest stays for at most a year."))
    kept = checked_mail(mail)
    return make_link(db, GUEST, made_by=host_id, note=name, ends_at=ends_at, room=room, mail=kept)


def find_pass(db: Connection, token: str) -> Pass:
    """What a link is worth now; one NotFound for a used, an old and an unknown one, and for who is out."""
    try:
        return _entry(db, get_link(db, ENTRY, token))
    except NotFound:
        return _invitation(db, get_link(db, GUEST, token))


def _entry(db: Connection, link: Row[Any]) -> Pass:
    guest = get_member(db, link.member_id)
    if is_out(guest) or not guest.is_guest:
        raise NotFound
    host = get_actor(db, guest.host_id)
    return Pass(
        link_id=link.id,
        guest_id=guest.actor_id,
        name=guest.name,
        room=guest.room,
        host_id=host.id,
        host_name=host.name,
        ends_at=guest.ends_at,
        mail=guest.mail,
    )


def _invitation(db: Connection, link: Row[Any]) -> Pass:
    host = get_member(db, link.made_by)
    if is_out(host) or link.ends_at <= now():
        raise NotFound
    return Pass(
        link_id=link.id,
        guest_id=None,
        name=link.note,
        room=link.room,
        host_id=host.actor_id,
        host_name=host.name,
        ends_at=link.ends_at,
        mail=link.mail,
    )


def become_guest(db: Connection, invitation: Pass, *, name: str, language: str) -> int:
    """The account of whoever uses an invitation, in the same transaction; returns its id."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(name=msg("Fill in a name of at most 80 characters."))
    if language not in LANGUAGES:
        raise Invalid(language=msg("Choose one of these."))
    account = {"mail": invitation.mail, "language": language, "ends_at": invitation.ends_at}
    guest_id = add_account(db, _new_handle(), name, password_hash=UNUSABLE, **account)
    db.execute(insert(guests).values(actor_id=guest_id, host_id=invitation.host_id, room=invitation.room))
    use_up(db, invitation.link_id, guest_id)
    return guest_id


def _new_handle() -> str:
    """From the one namespace of handles, and nobody's name."""
    return "gast_" + "".join(choice(HANDLE_LETTERS) for _ in range(8))


def use_entry(db: Connection, entry: Pass) -> int:
    """A guest comes in; the link is worth nothing any more."""
    if entry.guest_id is None:
        raise NotFound
    use_up(db, entry.link_id, entry.guest_id)
    return entry.guest_id


def make_entry(db: Connection, guest_id: int, *, made_by: int) -> str:
    """A new way in for a guest, for a quarter of an hour; an older one no longer works."""
    guest = get_guest(db, guest_id)
    if is_out(guest):
        raise Conflict(msg("The stay of this guest has ended. Choose a later end date first."))
    older = links.c.kind == ENTRY, links.c.member_id == guest_id, links.c.used_at.is_(None)
    db.execute(update(links).where(*older).values(expires_at=now()))
    return make_link(db, ENTRY, made_by=made_by, member_id=guest_id)


def invitations_of(db: Connection, host_id: int) -> list[Row[Any]]:
    """A host's invitations that nobody has used yet, newest first."""
    theirs = links.c.kind == GUEST, links.c.made_by == host_id
    usable = links.c.used_at.is_(None), links.c.expires_at > now()
    return list(db.execute(select(links).where(*theirs, *usable).order_by(links.c.id.desc())))


def withdraw_invitation(db: Connection, host_id: int, link_id: int) -> None:
    """An invitation of this host no longer works; NotFound for any other link."""
    if link_id not in {row.id for row in invitations_of(db, host_id)}:
        raise NotFound
    db.execute(update(links).where(links.c.id == link_id).values(expires_at=now()))


def extend_stay(db: Connection, guest_id: int, ends_at: datetime) -> None:
    """Another end date; one who had their time comes in again with a new link, who is disabled does not."""
    if get_guest(db, guest_id).disabled_at is not None:
        raise Conflict(msg("An admin has shut this guest out."))
    set_end(db, guest_id, ends_at)


def end_stay(db: Connection, guest_id: int) -> None:
    """Out at once: log-ins end in this transaction."""
    get_guest(db, guest_id)
    set_end(db, guest_id, now())


def host_names(db: Connection) -> dict[int, str]:
    """By guest, the name of who invited them: all that an admin sees of where they are (rule 16)."""
    query = select(guests.c.actor_id, actors.c.name).join(actors, actors.c.id == guests.c.host_id)
    return {row.actor_id: row.name for row in db.execute(query)}


def get_guest(db: Connection, guest_id: int) -> Row[Any]:
    """A guest of this node by their number; NotFound for members and for nobody."""
    known = select(members.c.actor_id).join(guests, guests.c.actor_id == members.c.actor_id)
    if db.execute(known.where(members.c.actor_id == guest_id)).first() is None:
        raise NotFound
    return get_member(db, guest_id)
