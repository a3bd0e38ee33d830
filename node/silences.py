"""What one member does not want to see: people they muted or blocked, servers they shut out. For them alone.

It only ever makes narrower what the boundary allows. Nobody else sees it, admins neither.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Row,
    Table,
    Text,
    UniqueConstraint,
    and_,
    or_,
    select,
    true,
)

from node.actors import actors
from node.db import Id, UtcDateTime, metadata
from node.ids import now
from node.objects import objects
from node.peers import peers

BLOCK, MUTE = "block", "mute"

silences = Table(
    "silences",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("actor_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("kind", Text, nullable=False),  # block, mute
    Column("notices", Boolean, nullable=False, server_default=true()),  # of them too
    Column("until_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("member_id", "actor_id", "kind"),
)

silenced_servers = Table(
    "silenced_servers",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column("domain", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("member_id", "domain"),
)


def is_heard(member_id: int, *, muted: bool = False) -> ColumnElement[bool]:
    """The condition on `objects`: not by whom this member silenced; `muted` ones stand on their own page."""
    authors = _silenced(member_id, silences.c.kind == BLOCK if muted else true())
    by = or_(objects.c.author_id.is_(None), objects.c.author_id.not_in(authors))
    return and_(by, objects.c.origin.not_in(_servers(member_id)))


def is_told_of(member_id: int, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition on a column with an actor: this member wants to hear what they do."""
    authors = _silenced(member_id, silences.c.notices)
    theirs = select(actors.c.id).where(actors.c.peer_id.in_(_servers(member_id)))
    return or_(column.is_(None), and_(column.not_in(authors), column.not_in(theirs)))


def silenced_by(member_id: int) -> Any:
    """Whose boosts this member does not want to see either, as a query of actor ids."""
    return _silenced(member_id, true())


def _silenced(member_id: int, which: ColumnElement[bool]) -> Any:
    return select(silences.c.actor_id).where(silences.c.member_id == member_id, which, _lasts())


def _lasts() -> ColumnElement[bool]:
    return or_(silences.c.until_at.is_(None), silences.c.until_at > now())


def _servers(member_id: int) -> Any:
    mine = silenced_servers.c.member_id == member_id, silenced_servers.c.domain == peers.c.domain
    return select(peers.c.id).where(select(silenced_servers.c.id).where(*mine).exists())


def has_blocked(db: Connection, member_id: int, actor_id: int) -> bool:
    """Whether a member does not want to have to do with somebody: them, or their whole server."""
    person = silences.c.actor_id == actor_id, silences.c.kind == BLOCK
    blocked = select(silences.c.id).where(silences.c.member_id == member_id, *person)
    server = select(actors.c.id).where(actors.c.id == actor_id, actors.c.peer_id.in_(_servers(member_id)))
    return db.execute(blocked).first() is not None or db.execute(server).first() is not None


def silences_between(db: Connection, member_id: int, ids: Any) -> list[Row[Any]]:
    """What lasts now of a member's silences of these actors."""
    mine = silences.c.member_id == member_id, silences.c.actor_id.in_(ids), _lasts()
    return list(db.execute(select(silences).where(*mine)))


def list_silences(member_id: int, kind: str) -> Any:
    """The query of whom a member blocked or muted."""
    return select(silences).where(silences.c.member_id == member_id, silences.c.kind == kind, _lasts())


def list_servers(member_id: int) -> Any:
    return select(silenced_servers).where(silenced_servers.c.member_id == member_id)


def silent_servers_of(db: Connection, member_id: int, ids: Any) -> set[int]:
    """Of these actors those of a server that a member shut out."""
    theirs = actors.c.id.in_(ids), actors.c.peer_id.in_(_servers(member_id))
    return set(db.scalars(select(actors.c.id).where(*theirs)))
