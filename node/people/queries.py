"""Reads of people and whatever else has an actor: how they are shown to members, who has a face outside."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from node.access.logins import is_here, is_own_member
from node.access.tables import logins, members
from node.actors import GROUP, PERSON, actors, find_local
from node.boundary import person_is_inside, rooms_of, shares_ring
from node.errors import NotFound
from node.identity import SELF, Identity
from node.ids import now
from node.memberships import ACCEPTED, PENDING, follows, guests
from node.peers import BLOCKED, PAIRED, peers
from node.text import clean_name, display_name, fold_name
from node.web.views import AuthorView

_fold = lru_cache(maxsize=20_000)(fold_name)  # the same names come back on every page


def author_views(
    db: Connection, node: Identity, actor_ids: Collection[int], *, for_members: bool = True
) -> dict[int, AuthorView]:
    """How these actors are shown: names from elsewhere made safe, with their firm (rule 12).

    Only our members read what we call a paired firm: who our partners are is nobody else's business.
    """
    if not actor_ids:
        return {}
    query = (
        select(actors, peers.c.domain, peers.c.name.label("firm"), _stay_of_ours().label("stay"))
        .outerjoin(peers, peers.c.id == actors.c.peer_id)
        .where(actors.c.id.in_(set(actor_ids)))
    )
    rows = db.execute(query).all()
    taken = taken_names(db, node) if any(row.peer_id != SELF for row in rows) else frozenset()
    return {row.id: _author_view(row, taken, for_members=for_members) for row in rows}


def _author_view(row: Row[Any], taken: frozenset[str], *, for_members: bool) -> AuthorView:
    if row.peer_id == SELF:
        url = f"/topics/{row.id}" if row.type == GROUP else f"/@{row.handle}"
        name = clean_name(row.name) or row.handle
        return AuthorView(name=name, handle=row.handle, url=url, guest_until=row.stay)
    name = display_name(row.name or row.handle, row.domain, taken)
    handle = f"{row.handle}@{row.domain}"
    # A server may call its actor something that is no handle; then its own page is the only one there is.
    url = f"/@{handle}" if row.handle else row.url or row.uri
    firm = row.firm if for_members and row.firm else row.domain
    return AuthorView(name=name, handle=handle, url=url, firm=firm, guest_until=row.guest_until)


def _stay_of_ours() -> ColumnElement[datetime | None]:
    """Until when one of our own people is a guest; nothing for members."""
    invited = members.join(guests, guests.c.actor_id == members.c.actor_id)
    stay = select(members.c.ends_at).select_from(invited).where(members.c.actor_id == actors.c.id)
    return stay.scalar_subquery()


def taken_names(db: Connection, node: Identity) -> frozenset[str]:
    """Folded names that nobody from elsewhere may pass for: our people, their handles, firms we know."""
    ours = db.execute(select(actors.c.name, actors.c.handle).where(actors.c.peer_id == SELF)).all()
    firms = db.scalars(select(peers.c.name).where(peers.c.state == PAIRED, peers.c.name.is_not(None)))
    names = {node.name, *firms, *(name for pair in ours for name in pair)}
    return frozenset(filter(None, map(_fold, names)))


def find_person(db: Connection, node: Identity, handle: str) -> Row[Any] | None:
    """A member by `handle`, or any actor that we know of another server by `handle@domain`."""
    name, _, domain = handle.strip().removeprefix("@").lower().partition("@")
    if not domain or domain == node.domain:
        found = find_local(db, name)
        return found if found is not None and found.type == PERSON else None
    query = (
        select(actors)
        .join(peers, peers.c.id == actors.c.peer_id)
        .where(peers.c.domain == domain, peers.c.state != BLOCKED)
        .where(func.lower(actors.c.handle) == name, actors.c.gone_at.is_(None))
        .order_by(actors.c.fetched_at.desc())
    )
    return db.execute(query.limit(1)).one_or_none()


def get_known_actor(db: Connection, actor_id: int) -> Row[Any]:
    """An actor by the number in a form; raises NotFound."""
    row = db.execute(select(actors).where(actors.c.id == actor_id)).one_or_none()
    if row is None:
        raise NotFound
    return row


def has_face(db: Connection, actor_id: int) -> bool:
    """May the outside see this person of ours (rule 12)?"""
    return db.scalar(select(actors.c.face_at).where(actors.c.id == actor_id)) is not None


def is_active(db: Connection, actor_id: int) -> bool:
    """A member or guest who has not been disabled and whose time here has not ended."""
    return db.scalar(select(members.c.actor_id).where(members.c.actor_id == actor_id, is_here())) is not None


def is_guest_at(db: Connection, uri: str) -> bool:
    """Whether a uri is a guest's: to every other server they do not exist (rule 14)."""
    query = select(guests.c.actor_id).join(actors, actors.c.id == guests.c.actor_id)
    return db.execute(query.where(actors.c.uri == uri)).first() is not None


def shares_room(db: Connection, member_id: int, actor_id: int) -> bool:
    """Whether somebody of ours and somebody of any node are in a room together now."""
    return any(person_is_inside(db, audience, actor_id) for audience in rooms_of(db, member_id))


def is_ring_node(db: Connection, peer_id: int) -> bool:
    """Paired with us and in one of our rings: its people are not the outside."""
    paired = db.scalar(select(peers.c.id).where(peers.c.id == peer_id, peers.c.state == PAIRED))
    return paired is not None and shares_ring(db, peer_id)


def list_people(db: Connection) -> list[Row[Any]]:
    """The active members of this node, as rows of actors, by name; a guest is in no list."""
    query = select(actors).join(members, members.c.actor_id == actors.c.id).where(is_own_member())
    return sorted(db.execute(query), key=lambda row: (row.name.casefold(), row.id))


def list_follow_requests(db: Connection, member_id: int) -> list[Row[Any]]:
    """Follows of a member that wait for their answer, oldest first."""
    waiting = follows.c.followed_id == member_id, follows.c.state == PENDING
    return list(db.execute(select(follows).where(*waiting).order_by(follows.c.id)))


def list_followers(db: Connection, actor_id: int) -> list[Row[Any]]:
    """Who follows: rows of follows, newest first; for the one who is followed only."""
    query = select(follows).where(follows.c.followed_id == actor_id, follows.c.state == ACCEPTED)
    return list(db.execute(query.order_by(follows.c.id.desc())))


def list_logins(db: Connection, member_id: int) -> list[Row[Any]]:
    """Where a member is logged in, last used first."""
    valid = logins.c.member_id == member_id, logins.c.expires_at > now()
    return list(db.execute(select(logins).where(*valid).order_by(logins.c.used_at.desc())))
