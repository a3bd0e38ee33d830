"""From rows to what templates show, in a fixed number of statements; audiences in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from node.boundary import Anonymous, Member, is_guest
from node.gates.rules import rules_of, rules_words
from node.i18n import Message, msg, nmsg
from node.identity import SELF, Identity
from node.media.queries import file_views
from node.objects import COMPANY, LIVE, PEOPLE, PUBLIC, is_closed, is_room
from node.people.queries import author_views
from node.posts.queries import count_likes, count_replies, liked_by, topic_names, waits_seen
from node.posts.waiting import AT_GATE, wait_words
from node.rings.queries import NodeReach, Reach, describe_reach, known_rings
from node.rings.receipts import receipt_summary
from node.rooms.queries import room_names
from node.rooms.shown import reach_words as room_reach
from node.web.views import AudienceChoice, AudienceView, AuthorView, FileView, PostView

NOBODY = AuthorView(name="?", handle="", url="/")
RECEIPTS = {
    "waiting": msg("waiting"),
    "handed": msg("handed over"),
    "stored": msg("stored"),
    "gone": msg("gone"),
}


@dataclass(frozen=True)
class Shown:
    """All that a page's posts need besides their own rows."""

    reader: Member | Anonymous
    is_guest: bool
    authors: Mapping[int, AuthorView]
    files: Mapping[int, tuple[FileView, ...]]
    likes: Mapping[int, int]
    replies: Mapping[int, int]
    liked: set[int]
    topics: Mapping[int, str]
    rings: Mapping[str, str]
    receipts: Mapping[int, Sequence[tuple[str, str]]]
    waits: Mapping[int, Row[Any]]


def post_views(
    db: Connection, node: Identity, reader: Member | Anonymous, rows: Sequence[Row[Any]]
) -> list[PostView]:
    """Rows that this reader was already allowed to see, as a timeline shows them."""
    shown = _load(db, node, reader, rows)
    return [_view(shown, row, 0) for row in rows]


def thread_views(
    db: Connection, node: Identity, reader: Member | Anonymous, thread: Sequence[tuple[Row[Any], int]]
) -> list[PostView]:
    shown = _load(db, node, reader, [row for row, _ in thread])
    return [_view(shown, row, depth) for row, depth in thread]


def _load(db: Connection, node: Identity, reader: Member | Anonymous, rows: Sequence[Row[Any]]) -> Shown:
    ids = [row.id for row in rows]
    member = reader if isinstance(reader, Member) else None
    guest = member is not None and is_guest(db, member.actor_id)
    own_ring_posts = [row.id for row in rows if row.origin == SELF and is_closed(row.audience)]
    return Shown(
        reader=reader,
        is_guest=guest,
        authors=author_views(
            db,
            node,
            {row.author_id for row in rows if row.author_id is not None},
            for_members=member is not None and not guest,
        ),
        files=file_views(db, ids),
        likes=count_likes(db, reader, ids),
        replies=count_replies(db, reader, ids),
        liked=liked_by(db, member, ids) if member else set(),
        topics=topic_names(db, reader, {row.topic_id for row in rows if row.topic_id is not None}),
        rings=ring_names(db, member) if member else {},
        receipts=receipt_summary(db, own_ring_posts) if member and own_ring_posts else {},
        waits=waits_seen(db, member, rows) if member else {},
    )


def ring_names(db: Connection, member: Member) -> dict[str, str]:
    """By audience: the rings, unknown to a guest, and the rooms this member is in (rule 16)."""
    known = {} if is_guest(db, member.actor_id) else {ring.audience: ring.name for ring in known_rings(db)}
    return known | room_names(db, member)


def _view(shown: Shown, row: Row[Any], depth: int) -> PostView:
    url, is_mine = f"/o/{row.id}", _is_mine(shown.reader, row)
    acts = isinstance(shown.reader, Member) and row.state == LIVE
    acts = acts and (not shown.is_guest or is_room(row.audience))
    topic = shown.topics.get(row.topic_id, "") if row.topic_id is not None else ""
    return PostView(
        id=str(row.id),
        url=url,
        author=shown.authors.get(row.author_id, NOBODY),
        audience=audience_view(row.audience, shown.rings),
        html=row.html,
        published=row.published,
        title=row.title,
        warning=row.warning,
        language=row.language or "nl",
        edited=row.edited_at,
        replies=shown.replies.get(row.id, 0),
        likes=shown.likes.get(row.id, 0),
        liked=row.id in shown.liked,
        mine=is_mine,
        may_reply=acts,
        files=shown.files.get(row.id, ()),
        topic_name=topic,
        topic_url=f"/topics/{row.topic_id}" if topic else "",
        held=row.state != LIVE,
        **_waiting(shown.waits.get(row.id)),
        share_url=f"{url}/share" if is_mine and row.state == LIVE and row.audience != PEOPLE else "",
        receipts=receipt_line(shown.receipts.get(row.id, ())) if is_mine else "",
        is_on_its_way=any(state in ("waiting", "handed") for _, state in shown.receipts.get(row.id, ())),
        begin_not_shared=bool(row.parent_uri) and row.audience != PUBLIC,
        depth=depth,
        like_url=_like_url(shown, row) if acts else "",
        reply_url=f"{url}/reply" if acts else "",
        edit_url=f"{url}/edit" if is_mine else "",
        delete_url=f"{url}/delete" if is_mine else "",
    )


def _waiting(wait: Row[Any] | None) -> dict[str, Any]:
    """What stands at a gate, in place."""
    if wait is None:
        return {}
    until = wait.until_at if wait.state == AT_GATE and not wait.stuck else None
    words = wait_words(wait)
    return {
        "waits": msg("Changed words: %(what)s", what=words) if wait.is_edit else words,
        "waits_until": until,
        "waiting_url": f"/o/{wait.object_id}/waiting",
    }


def _is_mine(reader: Member | Anonymous, row: Row[Any]) -> bool:
    return isinstance(reader, Member) and row.author_id == reader.actor_id and row.origin == SELF


def _like_url(shown: Shown, row: Row[Any]) -> str:
    return f"/o/{row.id}/unlike" if row.id in shown.liked else f"/o/{row.id}/like"


def receipt_line(receipts: Sequence[tuple[str, str]]) -> str:
    """For each partner where the post is: only what its own signed receipts say counts as stored."""
    return joined([msg("%(name)s: %(state)s", name=name, state=RECEIPTS[state]) for name, state in receipts])


def joined(parts: Sequence[str]) -> str:
    """One sentence part after the other, translated late."""
    line = parts[0] if parts else ""
    for part in parts[1:]:
        line = msg("%(first)s, %(next)s", first=line, next=part)
    return line


# --- audiences in words --------------------------------------------------------------------------


def audience_view(audience: str, rings: Mapping[str, str]) -> AudienceView:
    if is_closed(audience):
        return AudienceView(kind="room" if is_room(audience) else "ring", label=rings.get(audience, ""))
    if audience == PUBLIC:
        return AudienceView(kind="open")
    return AudienceView(kind="people" if audience == PEOPLE else "company")


def audience_choice(db: Connection, audience: str, rings: Mapping[str, str]) -> AudienceChoice:
    view = audience_view(audience, rings)
    if is_room(audience):
        return AudienceChoice(value=audience, audience=view, reach=room_reach(db, audience))
    reach = describe_reach(db, audience)
    firms = tuple(node.name for node in reach.nodes) if reach.is_large else ()
    return AudienceChoice(
        value=audience,
        audience=view,
        reach=words_for(audience, reach),
        firms=firms,
        gate=gate_words(db, audience),
    )


def gate_words(db: Connection, audience: str) -> str:
    """What it passes first; empty when it goes at once."""
    rules = rules_of(db, audience)
    return "" if rules.are_none else rules_words(rules)


OPEN_WORDS = msg("Everyone on the internet can read it, and others can keep it. You cannot take it back.")
PEOPLE_WORDS = msg("Only the people it is addressed to.")


def reach_words(db: Connection, audience: str) -> Message:
    """Who will get it and who never, before it is sent (rule 10)."""
    if is_room(audience):
        return room_reach(db, audience)
    return words_for(audience, describe_reach(db, audience))


def words_for(audience: str, reach: Reach) -> Message:
    """The same, for a reach that was asked already."""
    if audience in (PUBLIC, PEOPLE):
        return OPEN_WORDS if audience == PUBLIC else PEOPLE_WORDS
    ours = nmsg("%(count)s person", "%(count)s people", reach.own_people)
    if audience == COMPANY:
        return msg("%(ours)s in your own company. Never to another company.", ours=ours)
    if not reach.nodes:
        return msg("%(ours)s in your own company. No partner is in this ring now.", ours=ours)
    theirs = _all_words(reach) if reach.is_large else joined([_partner_words(node) for node in reach.nodes])
    return msg(
        "%(ours)s in your own company and %(theirs)s. Never to anyone outside this ring.",
        ours=ours,
        theirs=theirs,
    )


def _all_words(reach: Reach) -> Message:
    """Many partners are counted, not named."""
    people = nmsg("%(count)s person", "%(count)s people", reach.their_people)
    if any(node.approximate for node in reach.nodes):
        people = msg("about %(people)s", people=people)
    return msg(
        "%(people)s at %(firms)s",
        people=people,
        firms=nmsg("%(count)s firm", "%(count)s firms", len(reach.nodes)),
    )


def _partner_words(node: NodeReach) -> Message:
    if node.people is None:
        return msg("the people of %(name)s", name=node.name)
    people = nmsg("%(count)s person", "%(count)s people", node.people)
    if node.approximate:
        return msg("about %(people)s at %(name)s", people=people, name=node.name)
    return msg("%(people)s at %(name)s", people=people, name=node.name)
