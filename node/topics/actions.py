"""What editors do with topics: make, change, archive, delete."""

from typing import Any

from sqlalchemy import Connection, Row, insert, update

from federation import keys
from node.access.logins import get_member
from node.access.members import HANDLE
from node.actors import GROUP, add_local_actor, change_actor, take_handle
from node.boundary import Member, is_in_ring
from node.errors import Forbidden, Invalid
from node.gates.checklists import need_answer
from node.gates.rules import agreed_rules, rules_of
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import new_id, now
from node.objects import COMPANY, PUBLIC, add_object, is_ring, mark_deleted, mark_updated
from node.text import clean_name
from node.topics.activities import send_topic, send_topic_delete
from node.topics.queries import KIND, find_topic, get_topic
from node.topics.tables import topics

MAKERS = frozenset({"admin", "director", "editor"})
LONGEST_NAME, LONGEST_SUMMARY = 80, 500
BY_THE_AGREEMENT = msg(
    "The agreement of this ring lets what is written wait first, and a topic cannot wait. "
    "Make the topic for your company, or write a post in the ring without a topic."
)
BY_OURSELVES = msg(
    "What goes there waits at a gate of our own company first, and a topic cannot wait. "
    "Make the topic for your company, or write a post without a topic. "
    "An editor or admin can change the gate under Gates in the menu."
)


def create_topic(
    db: Connection, node: Identity, made_by: int, audience: str, handle: str, name: str, summary: str = ""
) -> int:
    """A topic with one audience for good; an open one is also an actor that others follow. Returns its id."""
    _require_maker(db, made_by)
    handle = handle.strip().removeprefix("@").lower()
    if not HANDLE.fullmatch(handle):
        raise Invalid(handle=msg("Use 2 to 20 small letters, digits or underscores."))
    if not (audience in (COMPANY, PUBLIC) or (is_ring(audience) and is_in_ring(db, audience))):
        raise Invalid(audience=msg("Choose for whom this topic is."))
    words = _checked_words(name, summary)
    _pass_gate(db, node, made_by, audience)
    take_handle(db, handle, KIND)
    topic_id = new_id()
    actor_id = _add_group(db, topic_id, handle, words) if audience == PUBLIC else None
    uri = f"/p/{topic_id}" if audience == PUBLIC else f"/o/{topic_id}"
    add_object(db, kind=KIND, audience=audience, author_id=made_by, uri=uri, object_id=topic_id)
    db.execute(insert(topics).values(object_id=topic_id, actor_id=actor_id, handle=handle, **words))
    send_topic(db, node, find_topic(db, topic_id), kind="Create")
    return topic_id


def _add_group(db: Connection, topic_id: int, handle: str, words: dict[str, str]) -> int:
    rsa, ed25519 = keys.new_rsa(), keys.new_ed25519()
    add_local_actor(
        db, type=GROUP, handle=handle, name=words["name"], rsa=rsa, ed25519=ed25519, actor_id=topic_id
    )
    change_actor(db, topic_id, summary=words["summary"])
    return topic_id


def edit_topic(
    db: Connection,
    node: Identity,
    member: Member,
    topic_id: int,
    *,
    name: str,
    summary: str,
    archived: bool,
) -> None:
    """New words, or no new posts any more; the audience and the handle never change (rule 3)."""
    topic = get_own_topic(db, member, topic_id)
    words = _checked_words(name, summary)
    if words != {"name": topic.name, "summary": topic.summary}:
        _pass_gate(db, node, member.actor_id, topic.audience)
    db.execute(update(topics).where(topics.c.object_id == topic_id).values(**words, archived=archived))
    if topic.actor_id is not None:
        change_actor(db, topic.actor_id, **words)
    mark_updated(db, topic_id)
    send_topic(db, node, find_topic(db, topic_id), kind="Update")


def delete_topic(db: Connection, node: Identity, member: Member, topic_id: int) -> None:
    """Its posts stay; its handle is never used again."""
    topic = get_own_topic(db, member, topic_id)
    send_topic_delete(db, node, topic)
    mark_deleted(db, topic_id)
    if topic.actor_id is not None:
        change_actor(db, topic.actor_id, gone_at=now())


def get_own_topic(db: Connection, member: Member, topic_id: int) -> Row[Any]:
    """A topic of this node that the member may change; NotFound before Forbidden."""
    topic = get_topic(db, member, topic_id)
    _require_maker(db, member.actor_id)
    if topic.origin != SELF:
        raise Forbidden(msg("This topic is of another node. Only they can change it."))
    return topic


def may_make_topics(roles: frozenset[str]) -> bool:
    return not MAKERS.isdisjoint(roles)


def _require_maker(db: Connection, member_id: int) -> None:
    if not may_make_topics(frozenset(get_member(db, member_id).roles.split())):
        raise Forbidden(msg("Only editors, directors and admins make and change topics."))


def _pass_gate(db: Connection, node: Identity, member_id: int, audience: str) -> None:
    """A topic's words go out too (rule 6): it has no place to wait in, so where posts wait it is refused."""
    if rules_of(db, audience).waits:
        is_agreed = agreed_rules(db, audience).waits
        raise Invalid(audience=BY_THE_AGREEMENT if is_agreed else BY_OURSELVES)
    need_answer(db, node, member_id, audience)


def _checked_words(name: str, summary: str) -> dict[str, str]:
    name = clean_name(name)
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(name=msg("Fill in a name of at most 80 characters."))
    if len(summary) > LONGEST_SUMMARY:
        raise Invalid(summary=msg("Use at most 500 characters."))
    return {"name": name, "summary": summary.strip()}
