"""What a member does not want to see: block, mute, shut out a server; and notes about people for oneself."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Row, Table, Text, delete, insert, select

from node.actors import PERSON, actors
from node.boundary import Member
from node.db import Id, insert_new, metadata
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.identity import Identity
from node.ids import new_id, now
from node.memberships import follows
from node.peers import peers
from node.people.followers import find_follow
from node.people.follows import refuse_follow, unfollow
from node.silences import BLOCK, MUTE, list_servers, list_silences, silenced_servers, silences
from node.windows import Window, rows_within

LONGEST_NOTE = 2000
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9.-]{0,251}[a-z0-9](:[0-9]{1,5})?")

person_notes = Table(
    "person_notes",
    metadata,
    Column("member_id", Id, ForeignKey("actors.id"), primary_key=True),
    Column("actor_id", Id, ForeignKey("actors.id"), primary_key=True),
    Column("words", Text, nullable=False),
)


def block(db: Connection, node: Identity, member_id: int, actor: Row[Any]) -> None:
    """A member has nothing to do with somebody any more: follows end both ways, nobody is told why."""
    _check(member_id, actor)
    _part(db, node, member_id, actor)
    _silence(db, member_id, actor.id, BLOCK)


def mute(
    db: Connection, member_id: int, actor: Row[Any], *, notices: bool = True, until: datetime | None = None
) -> None:
    """A member does not see what somebody writes; `notices` of them neither."""
    _check(member_id, actor)
    _silence(db, member_id, actor.id, MUTE, notices=notices, until_at=until)


def unsilence(db: Connection, member_id: int, actor_id: int, kind: str) -> None:
    mine = silences.c.member_id == member_id, silences.c.actor_id == actor_id, silences.c.kind == kind
    db.execute(delete(silences).where(*mine))


def _check(member_id: int, actor: Row[Any]) -> None:
    if actor.id == member_id:
        raise Invalid(id=msg("This is you."))
    if actor.type not in (PERSON, "Service"):
        raise Conflict(msg("Only people can be muted or blocked. Of a topic you can stop being a follower."))


def _silence(db: Connection, member_id: int, actor_id: int, kind: str, **values: Any) -> None:
    unsilence(db, member_id, actor_id, kind)
    row = {"id": new_id(), "member_id": member_id, "actor_id": actor_id, "kind": kind, "created_at": now()}
    db.execute(insert(silences).values(**row, **values))


def _part(db: Connection, node: Identity, member_id: int, actor: Row[Any]) -> None:
    unfollow(db, node, member_id, actor)
    remove_follower(db, node, member_id, actor.id)


def remove_follower(db: Connection, node: Identity, member_id: int, follower_id: int) -> None:
    """Somebody follows a member no longer; nothing happens if they did not."""
    theirs = find_follow(db, follower_id, member_id)
    if theirs is not None:
        refuse_follow(db, node, member_id, theirs.id)


def silence_server(db: Connection, node: Identity, member_id: int, domain: str) -> None:
    """A member sees nothing of a server, and nobody there follows them or is followed."""
    domain = domain.strip().removeprefix("@").lower()
    if not _DOMAIN.fullmatch(domain) or domain == node.domain:
        raise Invalid(domain=msg("Type the domain of another server, for example example.org."))
    row = {"id": new_id(), "member_id": member_id, "domain": domain, "created_at": now()}
    insert_new(db, silenced_servers, [row])
    for actor in _tied_at(db, member_id, domain):
        _part(db, node, member_id, actor)


def _tied_at(db: Connection, member_id: int, domain: str) -> list[Row[Any]]:
    """Who of a server a member follows or is followed by."""
    followed = select(follows.c.followed_id).where(follows.c.follower_id == member_id)
    following = select(follows.c.follower_id).where(follows.c.followed_id == member_id)
    there = select(peers.c.id).where(peers.c.domain == domain)
    tied = actors.c.id.in_(followed) | actors.c.id.in_(following)
    return list(db.execute(select(actors).where(actors.c.peer_id.in_(there), tied)))


def unsilence_server(db: Connection, member_id: int, domain: str) -> None:
    mine = silenced_servers.c.member_id == member_id, silenced_servers.c.domain == domain.strip().lower()
    db.execute(delete(silenced_servers).where(*mine))


def silenced_within(db: Connection, member: Member, kind: str, window: Window) -> list[Row[Any]]:
    """Whom a member blocked or muted, the last first; for them alone."""
    return rows_within(db, list_silences(member.actor_id, kind), silences.c.id, window)


def servers_within(db: Connection, member: Member, window: Window) -> list[Row[Any]]:
    return rows_within(db, list_servers(member.actor_id), silenced_servers.c.id, window)


def keep_note(db: Connection, member_id: int, actor_id: int, words: str) -> None:
    """What a member wants to remember about somebody; empty takes it away."""
    if len(words) > LONGEST_NOTE:
        raise Invalid(comment=msg("Use at most 2,000 characters."))
    mine = person_notes.c.member_id == member_id, person_notes.c.actor_id == actor_id
    db.execute(delete(person_notes).where(*mine))
    if words.strip():
        row = {"member_id": member_id, "actor_id": actor_id, "words": words.strip()}
        db.execute(insert(person_notes).values(**row))


def notes_about(db: Connection, member_id: int, ids: Collection[int]) -> dict[int, str]:
    mine = person_notes.c.member_id == member_id, person_notes.c.actor_id.in_(ids)
    query = select(person_notes.c.actor_id, person_notes.c.words).where(*mine)
    return {row[0]: row[1] for row in db.execute(query)}
