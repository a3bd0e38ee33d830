"""Reads of posts: timelines, threads, one post. Every one of them asks the boundary first."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, true

from node.boundary import Anonymous, Member, Reader, readable
from node.errors import NotFound
from node.gates.tables import waits
from node.identity import SELF
from node.media.tables import files
from node.memberships import ACCEPTED, follows
from node.objects import COMPANY, HELD, LIVE, PUBLIC, objects
from node.posts.reactions import ANNOUNCE, LIKE
from node.posts.tables import followed_tags, hashtags, mentions, pins, posts, reactions
from node.silences import is_heard, silenced_by
from node.topics.tables import topics
from node.windows import Window, rows_within

PAGE = 20
MOST_IN_THREAD = 500


@dataclass(frozen=True)
class Timeline:
    """One page of posts, newest first; `older` is where the next begins."""

    rows: list[Row[Any]]
    older: int | None


def list_home(db: Connection, member: Member, before: int | None = None) -> Timeline:
    """What a member follows, their company's and their rings' posts: conversations, not each answer."""
    open_ones = or_(
        objects.c.origin == SELF,
        objects.c.author_id.in_(_followed(member)),
        posts.c.topic_id.in_(_followed(member)),
        objects.c.id.in_(_boosted(member)),
        objects.c.id.in_(_tagged(member)),
    )
    return _page(db, member, or_(objects.c.audience != PUBLIC, open_ones) & _begins(), before)


def list_arrived(db: Connection, member: Member, before: int | None = None) -> Timeline:
    """What others wrote for a member: all that is not open, and of what is open what concerns them."""
    return _page(db, member, _arrived(member), before)


def count_arrived(db: Connection, member: Member) -> int:
    joined = objects.join(posts, posts.c.object_id == objects.c.id)
    query = select(func.count()).select_from(joined)
    shown = objects.c.kind == "post", readable(member), _arrived(member), _heard(member)
    return int(db.scalar(query.where(*shown)) or 0)


def count_open_posts(db: Connection) -> int:
    """This node's open posts: the only figure that everybody gets."""
    ours = objects.c.kind == "post", objects.c.origin == SELF, objects.c.state == LIVE
    query = select(func.count()).where(*ours, objects.c.audience == PUBLIC)
    return int(db.execute(query).scalar_one())


def _arrived(member: Member) -> ColumnElement[bool]:
    answered = objects.alias()
    own = select(answered.c.id).where(answered.c.author_id == member.actor_id)
    concerns = or_(
        objects.c.author_id.in_(_followed(member)),
        posts.c.topic_id.in_(_followed(member)),
        objects.c.id.in_(select(mentions.c.object_id).where(mentions.c.actor_id == member.actor_id)),
        posts.c.parent_id.in_(own),
    )
    others = objects.c.author_id.is_distinct_from(member.actor_id)
    return others & (objects.c.state == LIVE) & or_(objects.c.audience != PUBLIC, concerns)


def _followed(member: Member) -> Any:
    return select(follows.c.followed_id).where(
        follows.c.follower_id == member.actor_id, follows.c.state == ACCEPTED
    )


def _boosted(member: Member) -> Any:
    """What people they follow passed on."""
    seen = _followed(member).where(
        follows.c.boosts, follows.c.followed_id.not_in(silenced_by(member.actor_id))
    )
    return select(reactions.c.target_id).where(reactions.c.type == ANNOUNCE, reactions.c.actor_id.in_(seen))


def _tagged(member: Member) -> Any:
    """What carries a hashtag that they follow."""
    mine = select(followed_tags.c.tag).where(followed_tags.c.member_id == member.actor_id)
    return select(hashtags.c.object_id).where(hashtags.c.tag.in_(mine))


def _begins() -> ColumnElement[bool]:
    return posts.c.parent_id.is_(None)


# --- the same for apps: answers too, paged by ids ----------------------------------------------------


def home_within(db: Connection, member: Member, window: Window) -> list[Row[Any]]:
    """What a member follows, their company's, their rings' and rooms' posts."""
    followed = or_(
        objects.c.author_id == member.actor_id,
        objects.c.author_id.in_(_followed(member)),
        posts.c.topic_id.in_(_followed(member)),
        objects.c.id.in_(_boosted(member)),
        objects.c.id.in_(_tagged(member)),
    )
    return _within(db, member, or_(objects.c.audience != PUBLIC, followed), window)


def open_within(db: Connection, reader: Reader, window: Window, *, origin: str = "") -> list[Row[Any]]:
    """Open posts known here: all, `local` ones, or `remote` ones."""
    which = objects.c.audience == PUBLIC
    if origin:
        which &= objects.c.origin == SELF if origin == "local" else objects.c.origin != SELF
    return _within(db, reader, which & _begins(), window)


def audience_within(db: Connection, member: Member, audience: str, window: Window) -> list[Row[Any]]:
    return _within(db, member, objects.c.audience == audience, window)


def tag_within(db: Connection, reader: Reader, tag: str, window: Window) -> list[Row[Any]]:
    """What carries a hashtag; `tag` is folded."""
    tagged = select(hashtags.c.object_id).where(hashtags.c.tag == tag)
    return _within(db, reader, objects.c.id.in_(tagged), window)


def person_within(
    db: Connection,
    reader: Reader,
    actor_id: int,
    window: Window,
    *,
    answers: bool = True,
    media: bool = False,
    pinned: bool = False,
    tag: str = "",
) -> list[Row[Any]]:
    """What somebody wrote, also for who muted them: their page is not met by chance."""
    which = objects.c.author_id == actor_id
    if pinned:
        which &= objects.c.id.in_(select(pins.c.object_id).where(pins.c.member_id == actor_id))
    if tag:
        which &= objects.c.id.in_(select(hashtags.c.object_id).where(hashtags.c.tag == tag))
    if not answers:
        which &= _begins()
    if media:
        which &= objects.c.id.in_(select(files.c.object_id).where(files.c.object_id.is_not(None)))
    return _within(db, reader, which, window, muted=True)


def topic_within(db: Connection, reader: Reader, topic_id: int, window: Window) -> list[Row[Any]]:
    return _within(db, reader, posts.c.topic_id == topic_id, window)


def _within(
    db: Connection, reader: Reader, which: ColumnElement[bool], window: Window, *, muted: bool = False
) -> list[Row[Any]]:
    """Drafts of one's own are on the pages only: an app would take them for what is out."""
    query = readable_rows(reader).where(which, objects.c.state.in_((LIVE, HELD)))
    query = query.where(_heard(reader, muted=muted))
    return rows_within(db, query, objects.c.id, window)


# --- pages -------------------------------------------------------------------------------------------


def list_company(db: Connection, member: Member, before: int | None = None) -> Timeline:
    return list_audience(db, member, COMPANY, before)


def list_audience(db: Connection, member: Member, audience: str, before: int | None = None) -> Timeline:
    """Conversations with one audience: the company's or a ring's."""
    return _page(db, member, (objects.c.audience == audience) & _begins(), before)


def list_in_topic(db: Connection, reader: Reader, topic_id: int, before: int | None = None) -> Timeline:
    return _page(db, reader, (posts.c.topic_id == topic_id) & _begins(), before)


def list_of_person(db: Connection, reader: Reader, actor_id: int, before: int | None = None) -> Timeline:
    """Everything of somebody that the reader may see, answers too."""
    return _page(db, reader, objects.c.author_id == actor_id, before, muted=True)


def list_pinned(db: Connection, reader: Reader, actor_id: int) -> list[Row[Any]]:
    """What somebody pinned on their page, the newest first."""
    return person_within(db, reader, actor_id, Window(), pinned=True)


def list_open(db: Connection, before: int | None = None) -> Timeline:
    """What this node shows to the whole web: its own open posts and those in its open topics."""
    ours = select(objects.c.id).where(objects.c.kind == "topic", objects.c.origin == SELF)
    here = or_(objects.c.origin == SELF, posts.c.topic_id.in_(ours))
    return _page(db, Anonymous(), here & _begins(), before)


def _page(
    db: Connection,
    reader: Reader,
    which: ColumnElement[bool],
    before: int | None,
    *,
    muted: bool = False,
) -> Timeline:
    query = readable_rows(reader).where(which, _heard(reader, muted=muted))
    if before is not None:
        query = query.where(objects.c.id < before)
    rows = list(db.execute(query.order_by(objects.c.id.desc()).limit(PAGE + 1)))
    shown = rows[:PAGE]
    return Timeline(shown, shown[-1].id if len(rows) > PAGE else None)


def _heard(reader: Reader, *, muted: bool = False) -> ColumnElement[bool]:
    """Not by whom a member silenced, nor from a server they shut out."""
    return is_heard(reader.actor_id, muted=muted) if isinstance(reader, Member) else true()


def readable_rows(reader: Reader) -> Any:
    """The query of posts with the columns of their objects that a reader may read."""
    return (
        select(*objects.c, *posts.c)
        .join(posts, posts.c.object_id == objects.c.id)
        .where(objects.c.kind == "post", readable(reader))
    )


def get_readable_post(db: Connection, reader: Reader, object_id: int) -> Row[Any]:
    """A post with the columns of its object; NotFound alike for none and for one of others."""
    row: Row[Any] | None = db.execute(readable_rows(reader).where(objects.c.id == object_id)).one_or_none()
    if row is None:
        raise NotFound
    return row


def readable_posts(db: Connection, reader: Reader, ids: Collection[int]) -> list[Row[Any]]:
    """Those of these posts that the reader may read."""
    return list(db.execute(readable_rows(reader).where(objects.c.id.in_(ids)))) if ids else []


def list_thread(db: Connection, reader: Reader, object_id: int) -> list[tuple[Row[Any], int]]:
    """The conversation that a post stands in, in reading order, with how deep each answer is nested."""
    root_id = get_readable_post(db, reader, object_id).root_id
    # The post that was asked for stands there, whoever wrote it.
    query = readable_rows(reader).where(
        posts.c.root_id == root_id, _heard(reader) | (objects.c.id == object_id)
    )
    return in_reading_order(list(db.execute(query.order_by(objects.c.id).limit(MOST_IN_THREAD))))


def in_reading_order(rows: Collection[Row[Any]]) -> list[tuple[Row[Any], int]]:
    """Each post, then its answers; one whose parent is not among them stands at the top."""
    here = {row.id for row in rows}
    below: dict[int | None, list[Row[Any]]] = {}
    for row in rows:
        below.setdefault(row.parent_id if row.parent_id in here else None, []).append(row)
    ordered: list[tuple[Row[Any], int]] = []
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        ordered.append((row, depth))
        waiting += [(answer, depth + 1) for answer in reversed(below.get(row.id, []))]
    return ordered


# --- numbers beside posts: only what the reader may read, only of the post's own audience (rule 12) ---


def count_likes(db: Connection, reader: Reader, ids: Collection[int]) -> dict[int, int]:
    target = objects.alias("target")
    query = (
        select(reactions.c.target_id, func.count())
        .join(objects, objects.c.id == reactions.c.object_id)
        .join(target, target.c.id == reactions.c.target_id)
        .where(reactions.c.target_id.in_(ids), reactions.c.type == LIKE)
        .where(objects.c.audience == target.c.audience, readable(reader))
        .group_by(reactions.c.target_id)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def count_replies(db: Connection, reader: Reader, ids: Collection[int]) -> dict[int, int]:
    target = objects.alias("target")
    query = (
        select(posts.c.parent_id, func.count())
        .join(objects, objects.c.id == posts.c.object_id)
        .join(target, target.c.id == posts.c.parent_id)
        .where(posts.c.parent_id.in_(ids), objects.c.audience == target.c.audience, readable(reader))
        .group_by(posts.c.parent_id)
    )
    return {row[0]: row[1] for row in db.execute(query)}


def liked_by(db: Connection, member: Member, ids: Collection[int]) -> set[int]:
    query = select(reactions.c.target_id).where(
        reactions.c.target_id.in_(ids), reactions.c.type == LIKE, reactions.c.actor_id == member.actor_id
    )
    return set(db.scalars(query))


def waits_seen(db: Connection, member: Member, rows: Collection[Row[Any]]) -> dict[int, Row[Any]]:
    """What waits at the gate or with its author, of posts that this member may read."""
    mine = {row.id for row in rows if row.author_id == member.actor_id}
    query = select(waits).where(waits.c.object_id.in_([row.id for row in rows]))
    is_editor = "editor" in member.roles
    return {
        wait.object_id: wait
        for wait in db.execute(query)
        if wait.object_id in mine or (is_editor and wait.state == "waiting")
    }


def topic_names(db: Connection, reader: Reader, topic_ids: Collection[int]) -> dict[int, str]:
    query = (
        select(topics.c.object_id, topics.c.name)
        .join(objects, objects.c.id == topics.c.object_id)
        .where(topics.c.object_id.in_(topic_ids), readable(reader))
    )
    return {row[0]: row[1] for row in db.execute(query)}
