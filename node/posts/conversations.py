"""Conversations: personal messages by thread, as far as a member may read them; each marks their own."""

from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from node.boundary import Member, readable
from node.errors import NotFound
from node.objects import LIVE, PEOPLE, objects
from node.posts.queries import get_readable_post
from node.posts.tables import conversation_marks, mentions, posts
from node.silences import is_heard
from node.windows import Window, rows_within


def list_conversations(db: Connection, member: Member, window: Window) -> list[Row[Any]]:
    """Newest message first: `root_id`, the `first` and `last` message in it, how far it was `read`."""
    threads, marks = _threads(member), conversation_marks
    of_member = (marks.c.root_id == threads.c.root_id) & (marks.c.member_id == member.actor_id)
    query: Any = (
        select(threads, func.coalesce(marks.c.read_id, 0).label("read"))
        .select_from(threads.outerjoin(marks, of_member))
        .where(or_(marks.c.hidden_id.is_(None), threads.c.last > marks.c.hidden_id))
    )
    return rows_within(db, query, threads.c.last, window)


def get_conversation(db: Connection, member: Member, message_id: int) -> Row[Any]:
    """The conversation that a message stands in; NotFound alike for none and for others'."""
    message = get_readable_post(db, member, message_id)
    if message.audience != PEOPLE or message.state != LIVE:
        raise NotFound
    threads, marks = _threads(member), conversation_marks
    of_member = (marks.c.root_id == threads.c.root_id) & (marks.c.member_id == member.actor_id)
    query = select(threads, func.coalesce(marks.c.read_id, 0).label("read"))
    joined = query.select_from(threads.outerjoin(marks, of_member))
    row: Row[Any] | None = db.execute(joined.where(threads.c.root_id == message.root_id)).one_or_none()
    if row is None:  # all of it is by somebody whom the member silenced
        raise NotFound
    return row


def _threads(member: Member) -> Any:
    first, last = func.min(objects.c.id).label("first"), func.max(objects.c.id).label("last")
    joined = select(posts.c.root_id, first, last).join(objects, objects.c.id == posts.c.object_id)
    return joined.where(_messages(member)).group_by(posts.c.root_id).subquery("threads")


def _messages(member: Member) -> Any:
    theirs = objects.c.kind == "post", objects.c.audience == PEOPLE, objects.c.state == LIVE
    return and_(*theirs, readable(member), is_heard(member.actor_id))


def people_in(db: Connection, member: Member, root_id: int) -> set[int]:
    """Who wrote, or is named in, a message that the member may read; without the member."""
    mine = posts.c.root_id == root_id, _messages(member)
    rows = select(objects.c.id, objects.c.author_id).join(posts, posts.c.object_id == objects.c.id)
    found = db.execute(rows.where(*mine)).all()
    ids = [row.id for row in found]
    named = db.scalars(select(mentions.c.actor_id).where(mentions.c.object_id.in_(ids)))
    return ({row.author_id for row in found if row.author_id is not None} | set(named)) - {member.actor_id}


def mark_conversation(db: Connection, member: Member, message_id: int, *, hide: bool = False) -> Row[Any]:
    """Read up to its last message; with `hide` put away until a new one comes."""
    found = get_conversation(db, member, message_id)
    key = {"member_id": member.actor_id, "root_id": found.root_id}
    values = {"read_id": found.last, **({"hidden_id": found.last} if hide else {})}
    mine = conversation_marks.c.member_id == member.actor_id, conversation_marks.c.root_id == found.root_id
    if not db.execute(update(conversation_marks).where(*mine).values(**values)).rowcount:
        db.execute(insert(conversation_marks).values(**key, **values))
    return found
