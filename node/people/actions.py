"""What members change about themselves: profile, password, face outside."""

from typing import Any

from sqlalchemy import Connection, delete, update

from node.access.logins import get_member
from node.access.members import checked_mail, set_password
from node.access.passwords import is_password
from node.access.tables import logins, members
from node.actors import change_actor, get_actor
from node.boundary import is_guest
from node.errors import Forbidden, Invalid, NodeError
from node.i18n import LANGUAGES, msg
from node.identity import Identity, tie_domain
from node.ids import now
from node.people.activities import send_profile
from node.people.queries import has_face

FACE_PAGE = "/settings/face"
LONGEST_NAME, LONGEST_SUMMARY = 80, 500


class FaceNeeded(NodeError):
    """A first act towards the outside (rule 12): the member is told what becomes visible and confirms."""

    status = 422
    link = FACE_PAGE

    def __init__(self) -> None:
        super().__init__(msg("First choose to be visible outside, on the page about your face outside."))


def need_face(db: Connection, member_id: int) -> None:
    """Raises FaceNeeded unless the outside may see this member already."""
    if not has_face(db, member_id):
        raise FaceNeeded


def refuse_guest(db: Connection, member_id: int) -> None:
    """Raises Forbidden for a guest: they act in their room and nowhere else (rule 14)."""
    if is_guest(db, member_id):
        raise Forbidden(msg("A guest takes part in the room they were invited to, and nowhere else."))


def show_face(db: Connection, member_id: int) -> None:
    """The member confirmed: from now on the outside sees their handle, name and open posts."""
    refuse_guest(db, member_id)
    if not has_face(db, member_id):
        tie_domain(db)
        change_actor(db, member_id, face_at=now())


def change_profile(
    db: Connection,
    node: Identity,
    member_id: int,
    *,
    name: str,
    summary: str,
    language: str | None,
    mail: str | None,
    approves_follows: bool,
) -> None:
    """A member's own settings; who follows them outside gets the new name and words."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(name=msg("Fill in a name of at most 80 characters."))
    if len(summary) > LONGEST_SUMMARY:
        raise Invalid(summary=msg("Use at most 500 characters."))
    if language is not None and language not in LANGUAGES:
        raise Invalid(language=msg("Choose one of these."))
    before = get_actor(db, member_id)
    own = update(members).where(members.c.actor_id == member_id)
    db.execute(own.values(language=language, mail=checked_mail(mail)))
    changed: dict[str, Any] = {"name": name.strip(), "summary": summary.strip()}
    change_actor(db, member_id, **changed, approves_follows=approves_follows)
    seen_outside = (*changed.values(), approves_follows)
    if before.face_at is not None and seen_outside != (before.name, before.summary, before.approves_follows):
        send_profile(db, node, get_actor(db, member_id))


def change_password(db: Connection, member_id: int, *, old: str, new: str) -> None:
    """By somebody who knows the old one; every log-in ends, also this one."""
    if not is_password(old, get_member(db, member_id).password_hash):
        raise Invalid(old=msg("That is not your password now."))
    set_password(db, member_id, new)


def end_one_login(db: Connection, member_id: int, login_id: int) -> None:
    """Log out on another device; nothing happens if it is not theirs."""
    db.execute(delete(logins).where(logins.c.id == login_id, logins.c.member_id == member_id))
