"""Reads that only apps need: accounts with their server, what stands around a status, who follows whom."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from node.access.logins import is_own_member
from node.access.tables import members
from node.actors import GROUP, PERSON, actors
from node.boundary import Member, Reader, readable
from node.errors import NotFound
from node.identity import SELF
from node.media.tables import files
from node.memberships import ACCEPTED, PENDING, follows, guests
from node.objects import LIVE, objects
from node.peers import BLOCKED, peers
from node.posts.reactions import ANNOUNCE, LIKE
from node.posts.tables import hashtags, mentions, post_versions, reactions
from node.topics.tables import topics
from node.windows import Window, rows_within

Grouped = dict[int, list[Row[Any]]]


def _accounts() -> Any:
    joined = actors.outerjoin(peers, peers.c.id == actors.c.peer_id)
    return select(actors, peers.c.domain).select_from(joined)


def account_rows(db: Connection, ids: Collection[int]) -> dict[int, Row[Any]]:
    if not ids:
        return {}
    return {row.id: row for row in db.execute(_accounts().where(actors.c.id.in_(set(ids))))}


def get_account(db: Connection, reader: Reader, actor_id: int) -> Row[Any]:
    """An actor that this reader may know of; NotFound alike for none and for others (rules 7, 12, 14)."""
    query = _accounts().where(actors.c.id == actor_id, known_to(reader))
    row: Row[Any] | None = db.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return row


def known_to(reader: Reader) -> Any:
    """Members know their colleagues and whom this node met; nobody else sees who has no face outside."""
    there = actors.c.gone_at.is_(None), peers.c.state.is_distinct_from(BLOCKED)
    of_topic = select(topics.c.actor_id).join(objects, objects.c.id == topics.c.object_id)
    group = or_(
        actors.c.type != GROUP, actors.c.peer_id != SELF, actors.c.id.in_(of_topic.where(readable(reader)))
    )
    faced = actors.c.face_at.is_not(None) | (actors.c.type == GROUP)
    no_guest = actors.c.id.not_in(select(guests.c.actor_id))
    if isinstance(reader, Member):
        mine = or_(no_guest, actors.c.id == reader.actor_id)
        return there[0] & there[1] & group & mine
    return there[0] & group & no_guest & (actors.c.peer_id == SELF) & faced


def search_accounts(
    db: Connection, member: Member, words: str, *, most: int, skip: int = 0
) -> list[Row[Any]]:
    """By the beginning of a handle or any part of a name; colleagues first."""
    name, _, domain = words.strip().removeprefix("@").lower().partition("@")
    if not name:
        return []
    found = or_(
        func.lower(actors.c.handle).startswith(name, autoescape=True),
        func.lower(actors.c.name).contains(name, autoescape=True),
    )
    kinds = actors.c.type.in_((PERSON, GROUP))
    here = or_(
        actors.c.peer_id != SELF,
        actors.c.type == GROUP,
        actors.c.id.in_(select(members.c.actor_id).where(is_own_member())),
    )
    query = _accounts().where(found, kinds, here, known_to(member))
    if domain:
        query = query.where(peers.c.domain.startswith(domain, autoescape=True))
    ordered = query.order_by(actors.c.peer_id != SELF, actors.c.handle, actors.c.id)
    return list(db.execute(ordered.limit(most).offset(skip)))


def count_posts(db: Connection, reader: Reader, actor_id: int) -> tuple[int, Any]:
    """How many posts of somebody this reader may read, and when the last came."""
    query = select(func.count(), func.max(objects.c.published)).where(
        objects.c.author_id == actor_id, objects.c.kind == "post", objects.c.state == LIVE, readable(reader)
    )
    count, last = db.execute(query).one()
    return int(count), last


def count_own_follows(db: Connection, actor_id: int) -> tuple[int, int]:
    """Followers and followed: the member's own to know (rule 12)."""
    accepted = follows.c.state == ACCEPTED
    counted = [
        db.scalar(select(func.count()).where(column == actor_id, accepted))
        for column in (follows.c.followed_id, follows.c.follower_id)
    ]
    return int(counted[0] or 0), int(counted[1] or 0)


def follows_between(
    db: Connection, member_id: int, ids: Collection[int]
) -> tuple[dict[int, Row[Any]], dict[int, Row[Any]]]:
    """By actor: the member's follow of them, and theirs of the member."""
    mine = select(follows).where(follows.c.follower_id == member_id, follows.c.followed_id.in_(ids))
    theirs = select(follows).where(follows.c.followed_id == member_id, follows.c.follower_id.in_(ids))
    return (
        {row.followed_id: row for row in db.execute(mine)},
        {row.follower_id: row for row in db.execute(theirs)},
    )


def follows_within(db: Connection, member: Member, which: str, window: Window) -> list[Row[Any]]:
    """The member's own `followers`, `following` or who asks (`requests`): rows with `other_id`."""
    mine, other = follows.c.followed_id, follows.c.follower_id
    if which == "following":
        mine, other = other, mine
    state = PENDING if which == "requests" else ACCEPTED
    query = select(follows.c.id, other.label("other_id")).where(
        mine == member.actor_id, follows.c.state == state
    )
    return rows_within(db, query, follows.c.id, window)


def reactors_within(
    db: Connection, reader: Reader, target: Row[Any], kind: str, window: Window
) -> list[Row[Any]]:
    """Who likes or passed on a post, as far as this reader may read it and know them: with `other_id`."""
    query = (
        select(objects.c.id, reactions.c.actor_id.label("other_id"))
        .join(reactions, reactions.c.object_id == objects.c.id)
        .join(actors, actors.c.id == reactions.c.actor_id)
        .outerjoin(peers, peers.c.id == actors.c.peer_id)
        .where(reactions.c.target_id == target.id, reactions.c.type == kind, readable(reader))
        .where(objects.c.audience == target.audience, known_to(reader))
    )
    return rows_within(db, query, objects.c.id, window)


# --- what stands around a status -------------------------------------------------------------------


def mentions_of(db: Connection, ids: Collection[int]) -> Grouped:
    """Rows of actors with their server, by post."""
    joined = actors.outerjoin(peers, peers.c.id == actors.c.peer_id)
    joined = joined.join(mentions, mentions.c.actor_id == actors.c.id)
    query = select(actors, peers.c.domain, mentions.c.object_id).select_from(joined)
    return _grouped(db, query.where(mentions.c.object_id.in_(ids)).order_by(actors.c.id))


def tags_of(db: Connection, ids: Collection[int]) -> Grouped:
    return _grouped(db, select(hashtags).where(hashtags.c.object_id.in_(ids)).order_by(hashtags.c.tag))


def files_of(db: Connection, ids: Collection[int]) -> Grouped:
    query = select(files).where(files.c.object_id.in_(ids))
    return _grouped(db, query.order_by(files.c.position, files.c.id))


def _grouped(db: Connection, query: Any) -> Grouped:
    found: Grouped = {}
    for row in db.execute(query):
        found.setdefault(row.object_id, []).append(row)
    return found


def readable_parents(db: Connection, reader: Reader, ids: Collection[int]) -> dict[int, int | None]:
    """Of these posts those that the reader may read, with their author: an answer names no other (rule 9)."""
    if not ids:
        return {}
    query = select(objects.c.id, objects.c.author_id).where(objects.c.id.in_(ids), readable(reader))
    return {row.id: row.author_id for row in db.execute(query)}


def reacted_to(db: Connection, member: Member, ids: Collection[int]) -> tuple[set[int], set[int]]:
    """Of these posts those that the member likes, and those they passed on."""
    query = select(reactions.c.target_id, reactions.c.type).where(
        reactions.c.actor_id == member.actor_id, reactions.c.target_id.in_(ids)
    )
    rows = db.execute(query).all()
    return {row[0] for row in rows if row[1] == LIKE}, {row[0] for row in rows if row[1] == ANNOUNCE}


def count_boosts(db: Connection, reader: Reader, ids: Collection[int]) -> dict[int, int]:
    query = (
        select(reactions.c.target_id, func.count())
        .join(objects, objects.c.id == reactions.c.object_id)
        .where(reactions.c.target_id.in_(ids), reactions.c.type == ANNOUNCE, readable(reader))
        .group_by(reactions.c.target_id)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def versions_of(db: Connection, post_id: int) -> list[Row[Any]]:
    """What stood there before each change, oldest first."""
    query = select(post_versions).where(post_versions.c.object_id == post_id)
    return list(db.execute(query.order_by(post_versions.c.until_at, post_versions.c.id)))
