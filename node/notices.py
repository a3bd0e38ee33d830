"""What a member should know: one row each, shown on the notifications page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from node.actors import actors
from node.boundary import Member, does_follow, is_limited, readable
from node.changes import NOTICE, note_change
from node.db import Id, UtcDateTime, metadata
from node.ids import new_id, now
from node.objects import is_closed, objects
from node.peers import BLOCKED, peers
from node.silences import is_told_of
from node.windows import Window, rows_within

notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("member_id", Id, ForeignKey("actors.id"), nullable=False),
    Column(
        "kind", Text, nullable=False
    ),  # mention, reply, like, follow, ring, pairing, posted_for_you, password …
    Column("from_id", Id, ForeignKey("actors.id")),
    Column("object_id", Id, ForeignKey("objects.id")),
    Column("text", Text, nullable=False, server_default=""),  # names and words that the kind's sentence needs
    Column("link", Text),  # where on this node
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Index(None, "member_id", "id"),
)

ANSWERS = ("follow_accepted", "follow_refused")  # to what the member asked


def notify(
    db: Connection,
    member_id: int,
    kind: str,
    *,
    from_id: int | None = None,
    object_id: int | None = None,
    text: str = "",
    link: str | None = None,
) -> None:
    """Tell a member something once: the same kind about the same object by the same person is one notice.

    Who is of a limited server is heard only by who follows them, and when they answer.
    """
    if from_id is not None and kind not in ANSWERS and _is_silenced(db, member_id, from_id, object_id):
        return
    same = (
        (notices.c.member_id == member_id)
        & (notices.c.kind == kind)
        & (notices.c.object_id == object_id)
        & (notices.c.from_id == from_id)
    )
    if object_id is not None and db.execute(select(notices.c.id).where(same)).first():
        return
    notice_id = new_id()
    db.execute(
        insert(notices).values(
            id=notice_id,
            member_id=member_id,
            kind=kind,
            from_id=from_id,
            object_id=object_id,
            text=text,
            link=link,
            created_at=now(),
        )
    )
    note_change(db, NOTICE, notice_id, member_id=member_id)


def renew_notices(db: Connection, member_ids: Sequence[int], kind: str, *, text: str, link: str) -> None:
    """Tell many members; what each has not read yet of the same kind and place gives way to this."""
    unread = (notices.c.kind == kind) & (notices.c.link == link) & notices.c.read_at.is_(None)
    db.execute(delete(notices).where(unread))
    values = {"kind": kind, "text": text, "link": link, "created_at": now()}
    if member_ids:
        db.execute(insert(notices), [{"id": new_id(), "member_id": one, **values} for one in member_ids])


def forget_notices(db: Connection, kind: str, object_id: int) -> None:
    """What was said about an object no longer holds, or is about to be said anew."""
    db.execute(delete(notices).where(notices.c.kind == kind, notices.c.object_id == object_id))


def _is_silenced(db: Connection, member_id: int, from_id: int, object_id: int | None) -> bool:
    """A limit is about what is open: in a ring or room everybody is heard."""
    audience = db.scalar(select(objects.c.audience).where(objects.c.id == object_id))
    if audience is not None and is_closed(audience):
        return False
    peer_id = db.scalar(select(actors.c.peer_id).where(actors.c.id == from_id))
    return peer_id is not None and is_limited(db, peer_id) and not does_follow(db, member_id, from_id)


def list_notices(
    db: Connection, member: Member, *, before: int | None = None, limit: int = 40
) -> list[Row[Any]]:
    """Newest first; a notice about an object is there only while the member may read it."""
    query = select(notices).outerjoin(objects, objects.c.id == notices.c.object_id).where(_shown(member))
    if before is not None:
        query = query.where(notices.c.id < before)
    return list(db.execute(query.order_by(notices.c.id.desc()).limit(limit)))


def notices_within(
    db: Connection, member: Member, kinds: Sequence[str], window: Window, *, from_id: int | None = None
) -> list[Row[Any]]:
    """The same for apps: of these kinds, paged by ids."""
    query = select(notices).outerjoin(objects, objects.c.id == notices.c.object_id)
    query = query.where(_shown(member), notices.c.kind.in_(kinds), notices.c.from_id.is_not(None))
    if from_id is not None:
        query = query.where(notices.c.from_id == from_id)
    return rows_within(db, query, notices.c.id, window)


def find_notice(db: Connection, member: Member, notice_id: int) -> Row[Any] | None:
    query = select(notices).outerjoin(objects, objects.c.id == notices.c.object_id)
    return db.execute(query.where(_shown(member), notices.c.id == notice_id)).one_or_none()


def drop_notices(db: Connection, member_id: int, kinds: Sequence[str], notice_id: int | None = None) -> None:
    """The member does not want to see one of these any more, or none of them."""
    mine = delete(notices).where(notices.c.member_id == member_id, notices.c.kind.in_(kinds))
    db.execute(mine if notice_id is None else mine.where(notices.c.id == notice_id))


def count_unread(db: Connection, member: Member, kinds: Sequence[str] | None = None) -> int:
    """Of these kinds, or of all."""
    joined = notices.outerjoin(objects, objects.c.id == notices.c.object_id)
    query = select(func.count()).select_from(joined).where(_shown(member), notices.c.read_at.is_(None))
    query = query if kinds is None else query.where(notices.c.kind.in_(kinds))
    return int(db.execute(query).scalar_one())


def mark_read(db: Connection, member: Member) -> None:
    unread = (notices.c.member_id == member.actor_id) & notices.c.read_at.is_(None)
    db.execute(update(notices).where(unread).values(read_at=now()))


def _shown(member: Member) -> Any:
    theirs = select(actors.c.id).join(peers, peers.c.id == actors.c.peer_id).where(peers.c.state == BLOCKED)
    about = notices.c.object_id.is_(None) | readable(member)
    by = notices.c.from_id.is_(None) | notices.c.from_id.not_in(theirs)
    told = is_told_of(member.actor_id, notices.c.from_id)
    return (notices.c.member_id == member.actor_id) & about & by & told
