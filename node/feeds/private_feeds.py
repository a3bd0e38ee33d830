"""A member's feed of one ring for one device: made, read as of now, ended; its address is kept as a hash."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from node.access.logins import get_member, hash_token, is_out, is_own_member
from node.access.tables import feeds, members
from node.boundary import Member, is_in_ring, readable
from node.errors import Forbidden, Invalid, NotFound, TooMany
from node.feeds.formats import Entry, Feed
from node.gates.rules import titles_may_leave
from node.i18n import DEFAULT_LANGUAGE, msg, translate
from node.identity import SELF, Identity
from node.ids import new_id, new_token, now
from node.memberships import period_now
from node.objects import LIVE, objects
from node.posts.tables import posts
from node.rings.queries import RingRow, find_ring, ring_of_audience
from node.silences import is_heard

LONGEST_DEVICE = 60
MOST_FEEDS = 20
MOST_READS = 60  # an hour
HOUR = timedelta(hours=1)
ENTRIES = 20


@dataclass(frozen=True)
class Held:
    """A feed on its member's page; one that `works` no more stays there until it is taken away."""

    row: Row[Any]
    ring: RingRow
    works: bool


def make_feed(db: Connection, member_id: int, *, handle: str, device: str) -> str:
    """A feed of a ring that we are in; returns the secret in its address, which is shown once."""
    member = get_member(db, member_id)
    if member.is_guest or is_out(member):
        raise Forbidden(msg("A guest cannot make a feed."))
    ring = find_ring(db, handle)
    if not is_in_ring(db, ring.audience):
        raise Invalid(ring=msg("Your company is not in this ring now."))
    count = select(func.count()).select_from(feeds).where(feeds.c.member_id == member_id)
    if db.execute(count).scalar_one() >= MOST_FEEDS:
        raise Invalid(device=msg("You have %(most)s feeds. Take one away first.", most=MOST_FEEDS))
    token = new_token()
    values = {"member_id": member_id, "audience": ring.audience, "device": device, "created_at": now()}
    db.execute(insert(feeds).values(id=new_id(), token_hash=hash_token(token), **values))
    return token


def end_feed(db: Connection, member_id: int, feed_id: int) -> None:
    """The address works no more; one that is not theirs is as none."""
    db.execute(delete(feeds).where(feeds.c.id == feed_id, feeds.c.member_id == member_id))


def list_feeds(db: Connection, member_id: int) -> list[Held]:
    """A member's feeds, newest first."""
    rows = db.execute(select(feeds).where(feeds.c.member_id == member_id).order_by(feeds.c.id.desc())).all()
    found = [(row, ring_of_audience(db, row.audience)) for row in rows]
    return [Held(row, ring, _works(db, row)) for row, ring in found if ring is not None]


def find_feed(db: Connection, token: str) -> Row[Any]:
    """A feed that may be read now, with its member's language; raises NotFound."""
    query = select(feeds, members.c.language).join(members, members.c.actor_id == feeds.c.member_id)
    row = db.execute(query.where(feeds.c.token_hash == hash_token(token), is_own_member())).one_or_none()
    if row is None or not _works(db, row):
        raise NotFound
    return row


def _works(db: Connection, row: Row[Any]) -> bool:
    """We are in the ring, and were since the feed was made: coming back does not wake an old address."""
    if not is_in_ring(db, row.audience):
        return False
    since, _ = period_now(db, row.audience, SELF)
    return bool(since <= row.created_at)


def count_read(db: Connection, row: Row[Any]) -> None:
    """Keep when it was read last; raises TooMany for a reader that asks without end."""
    moment = now()
    is_same = row.hour_at is not None and moment - HOUR < row.hour_at <= moment
    began, reads = (row.hour_at, row.hour_reads) if is_same else (moment, 0)
    if reads >= MOST_READS:
        raise TooMany(max(1, int((began + HOUR - moment).total_seconds())))
    values = {"read_at": moment, "hour_at": began, "hour_reads": reads + 1}
    db.execute(update(feeds).where(feeds.c.id == row.id).values(**values))


def ring_feed(db: Connection, node: Identity, row: Row[Any], url: str) -> tuple[Feed, list[str]]:
    """What is new in a ring, never what it says: titles where its agreement lets them leave (rule 15).

    Returns the uris too, for the line of what left. No handle, author or warning goes with it.
    """
    ring = ring_of_audience(db, row.audience)
    if ring is None:
        raise NotFound
    language = row.language or DEFAULT_LANGUAGE
    neutral = translate(language, msg("New post in %(ring)s", ring=ring.name))
    found, with_titles = _new_posts(db, row), titles_may_leave(db, row.audience)
    feed = Feed(
        title=ring.name,
        about=translate(language, msg("What is new in a ring. Log in to read it.")),
        url=url,
        home=f"{node.base}/rings",
        author=node.name,
        language=language,
        begun=row.created_at,
        entries=tuple(_line(node, post, neutral, with_titles) for post in found),
    )
    return feed, [post.uri for post in found]


def _new_posts(db: Connection, row: Row[Any]) -> list[Row[Any]]:
    """Conversations that its member may read and wants to hear; what they write only once it went out."""
    query = (
        select(objects.c.id, objects.c.uri, objects.c.published, posts.c.title, posts.c.edited_at)
        .join(posts, posts.c.object_id == objects.c.id)
        .where(objects.c.kind == "post", objects.c.audience == row.audience, objects.c.state == LIVE)
        .where(posts.c.parent_id.is_(None), readable(Member(row.member_id)), is_heard(row.member_id))
    )
    return list(db.execute(query.order_by(objects.c.id.desc()).limit(ENTRIES)))


def _line(node: Identity, post: Row[Any], neutral: str, with_titles: bool) -> Entry:
    title = post.title if with_titles else ""
    updated = post.edited_at if title and post.edited_at else post.published
    url = f"{node.base}/o/{post.id}"
    return Entry(url=url, title=title or neutral, published=post.published, updated=updated)
