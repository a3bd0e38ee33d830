"""Who here hears of a post: not who muted its conversation, but who asked to be told of each one."""

from sqlalchemy import Connection, select

from node.actors import actors
from node.boundary import Member, may_read
from node.identity import SELF
from node.memberships import ACCEPTED, follows
from node.notices import notify
from node.objects import LIVE, get_object
from node.posts.tables import muted_threads, posts


def tell_of(db: Connection, member_id: int, kind: str, *, from_id: int, object_id: int) -> None:
    """A notice that leads to a post."""
    mine = muted_threads.c.member_id == member_id, posts.c.object_id == object_id
    joined = muted_threads.join(posts, posts.c.root_id == muted_threads.c.root_id)
    if db.execute(select(posts.c.object_id).select_from(joined).where(*mine)).first() is None:
        notify(db, member_id, kind, from_id=from_id, object_id=object_id, link=f"/o/{object_id}")


def tell_followers(db: Connection, author_id: int, object_id: int) -> None:
    """A new post of somebody, to our members who asked for each and may read it; answers are not told."""
    row = get_object(db, object_id)
    parent = select(posts.c.parent_id, posts.c.parent_uri).where(posts.c.object_id == object_id)
    if row.state != LIVE or any(db.execute(parent).one()):
        return
    for member_id in _asked(db, author_id):
        if may_read(db, Member(member_id), row):
            tell_of(db, member_id, "post", from_id=author_id, object_id=object_id)


def _asked(db: Connection, author_id: int) -> list[int]:
    mine = follows.c.followed_id == author_id, follows.c.state == ACCEPTED, follows.c.notify
    query = select(follows.c.follower_id).join(actors, actors.c.id == follows.c.follower_id)
    return list(db.scalars(query.where(*mine, actors.c.peer_id == SELF)))
