"""What other servers do with posts: create, change, delete, like, announce; judged before it counts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from federation.addressing import Addressing, read_addressing
from federation.documents import Document, as_id, parse_time, same_origin, types_of
from federation.errors import Rejected
from node.actors import GROUP, actors, find_actor
from node.boundary import Reader, is_inside, is_limited, key_opens, may_hold, may_read, person_is_inside
from node.changes import NEW, note_change
from node.db import absolute, relative
from node.errors import NotFound
from node.identity import SELF, Identity
from node.ids import now
from node.incoming import Dropped, Handler, Incoming
from node.media.actions import delete_files
from node.media.activities import keep_attachments
from node.objects import (
    DELETED,
    PEOPLE,
    PUBLIC,
    add_object,
    find_object,
    is_closed,
    is_ring,
    is_room,
    mark_updated,
    objects,
)
from node.people.remote import require_actor
from node.posts.audiences import (
    Decision,
    decide_audience,
    find_local_topics,
    find_parent,
    is_wanted,
    keeps_audience,
    need_closed,
    wait_for_closed,
)
from node.posts.documents import Note, activity_around, note_document, reaction_document, read_note
from node.posts.hearing import tell_followers, tell_of
from node.posts.mentions import pick_readers
from node.posts.reactions import LIKE
from node.posts.storing import (
    Words,
    addressees_of,
    adopt_replies,
    change_words,
    empty_post,
    find_post,
    find_reaction,
    get_post,
    insert_post,
    insert_reaction,
    keep_addressees,
    keep_names,
    remove_reaction,
)
from node.posts.tables import posts
from node.rings.receipts import send_receipt
from node.topics.activities import announce
from node.topics.queries import find_topic, find_topic_by_uri

KNOWN_TYPES = frozenset(
    ("Note", "Article", "Page", "Question", "Event", "Video", "Audio", "Image", "Document")
)
STORED, GONE = "stored", "gone"

DOCUMENTS = {"post": note_document, "like": reaction_document, "announce": reaction_document}


def fetchable_activity(db: Connection, node: Identity, reader: Reader, row: Row[Any]) -> Document:
    """A row of `activities` for whoever asks it by its id: only top-level open Creates; else NotFound.

    Made anew, so that words edited away since are not in it. Mastodon makes a boost of every announced
    Create that it can fetch; Creates of replies are 404 for that.
    """
    if row.type != "Create" or row.object_id is None or row.audience != PUBLIC:
        raise NotFound
    thing = db.execute(select(objects).where(objects.c.id == row.object_id)).one()
    parent = db.execute(
        select(posts.c.parent_id, posts.c.parent_uri).where(posts.c.object_id == thing.id)
    ).first()
    is_top = parent is not None and parent.parent_id is None and parent.parent_uri is None
    if not is_top or not may_read(db, reader, thing):
        raise NotFound
    return {"id": absolute(node.base, row.uri), **activity_around("Create", note_document(db, node, thing))}


# --- posts come ----------------------------------------------------------------------------------


def receive_create(db: Connection, incoming: Incoming) -> None:
    """A post by somebody elsewhere, sent by their own server."""
    note = read_own(incoming)
    known = find_object(db, note.uri)
    if known is not None:
        _answer_known(db, incoming, known)
        return
    object_id = keep_note(db, incoming, note, is_asked=False)
    _send_receipt(db, incoming, get_post(db, object_id), STORED)
    _announce_in_topic(db, incoming, get_post(db, object_id))


def store_fetched(db: Connection, node: Identity, document: Document, peer_id: int) -> None:
    """Keep an open post that we asked its own server for; may raise Missing for its author.

    A Tombstone is what a server that says 410 is read as.
    """
    if "Tombstone" in types_of(document):
        _forget_gone(db, as_id(document), peer_id)
        return
    author = as_id(document.get("attributedTo"))
    activity = {"type": "Create", "actor": author, "object": document}
    incoming = Incoming(node, activity, author, peer_id, by_node=False, received_at=now())
    note = read_own(incoming)
    known = find_post(db, note.uri)
    if known is None:
        if not _addressing(db, incoming).public:
            raise Dropped("only what is open is fetched")
        keep_note(db, incoming, note, is_asked=True)
    elif known.origin == peer_id and known.state != DELETED:
        _change(db, incoming, known, note)


def _forget_gone(db: Connection, uri: str, peer_id: int) -> None:
    known = find_post(db, uri)
    if known is None or known.origin != peer_id or known.audience != PUBLIC:
        raise Dropped("gone before we had it")
    if known.state != DELETED:
        delete_files(db, known.id)
        empty_post(db, known.id)


def read_own(incoming: Incoming) -> Note:
    """A post that its sender wrote, on its sender's own server."""
    try:
        note = read_note(incoming.object, incoming.node)
    except Rejected as error:
        raise Dropped("not a sound post") from error
    if incoming.actor_uri not in note.authors or not same_origin(note.uri, incoming.actor_uri):
        raise Dropped("not the sender's own post")
    return note


def _answer_known(db: Connection, incoming: Incoming, known: Row[Any]) -> None:
    """Sent again, or deleted before it came: the Delete wins."""
    if known.origin == incoming.peer_id:
        _send_receipt(db, incoming, known, GONE if known.state == DELETED else STORED)


def keep_note(db: Connection, incoming: Incoming, note: Note, *, is_asked: bool) -> int:
    named = _addressing(db, incoming)
    if named.closed:  # before its author is asked for: their node shows its people to ring nodes only
        need_closed(db, incoming, named)
    author = require_actor(db, incoming.actor_uri)
    if author.peer_id != incoming.peer_id:
        raise Dropped("an author of another server")
    parent = find_parent(db, incoming, note.parent_uri)
    decision = decide_audience(db, incoming, named, author, parent)
    if not is_asked and not is_wanted(db, incoming, named, author, decision, set(note.mentions)):
        raise Dropped("concerns nobody here")
    if note.type not in KNOWN_TYPES and decision.audience != PUBLIC:
        raise Dropped("a type we cannot show")
    object_id = add_object(
        db,
        kind="post",
        audience=decision.audience,
        author_id=author.id,
        origin=incoming.peer_id,
        uri=note.uri,
        published=note.published,
    )
    keep_addressees(db, object_id, decision.addressees)
    insert_post(
        db,
        object_id,
        _words(note),
        type=note.type,
        url=note.url,
        parent=decision.parent,
        parent_uri=note.parent_uri or None,
        topic_id=_find_topic(db, incoming, note, named, decision),
    )
    readers = _keep_names(db, object_id, note, decision)
    keep_attachments(db, incoming, object_id, decision.audience, list(note.attachments))
    adopt_replies(db, get_post(db, object_id))
    note_change(db, NEW, object_id)
    _tell(db, author.id, object_id, decision, readers)
    if not is_asked:
        tell_followers(db, author.id, object_id)
    return object_id


def _addressing(db: Connection, incoming: Incoming) -> Addressing:
    author = find_actor(db, incoming.actor_uri)
    followers = author.followers if author is not None and author.followers else ""
    return read_addressing(incoming.activity, incoming.object, followers=followers)


def _words(note: Note) -> Words:
    return Words(note.title, "", note.html, note.warning, note.language)


def _keep_names(db: Connection, object_id: int, note: Note, decision: Decision) -> list[Row[Any]]:
    """Keeps mentions of those who may read it, and hashtags; returns those people."""
    query = select(actors).where(actors.c.uri.in_(note.mentions), actors.c.type != GROUP)
    readers = pick_readers(db, db.execute(query).all(), decision.audience, decision.addressees)
    keep_names(db, object_id, mentioned=[reader.id for reader in readers], tags=note.hashtags)
    return readers


def _find_topic(
    db: Connection, incoming: Incoming, note: Note, named: Addressing, decision: Decision
) -> int | None:
    """The topic of its thread; else the ring topic it names, or the open topic of ours it is addressed to."""
    if decision.parent is not None and decision.parent.topic_id is not None:
        topic = find_topic_or_none(db, decision.parent.topic_id)
        return topic.object_id if topic is not None and topic.audience == decision.audience else None
    if is_ring(decision.audience):
        topic = find_topic_by_uri(db, note.topic_uri) if note.topic_uri else None
        return topic.object_id if topic is not None and topic.audience == decision.audience else None
    if decision.audience != PUBLIC or decision.parent is not None:
        return None
    ours = find_local_topics(db, incoming, {*named.actors, *note.mentions})
    return next((one for one in ours if _is_open(find_topic_or_none(db, one))), None)


def _is_open(topic: Row[Any] | None) -> bool:
    return topic is not None and not topic.archived


def find_topic_or_none(db: Connection, topic_id: int) -> Row[Any] | None:
    try:
        return find_topic(db, topic_id)
    except NotFound:
        return None


def _tell(
    db: Connection, author_id: int, object_id: int, decision: Decision, readers: Iterable[Row[Any]]
) -> None:
    """Our people who are answered or named, and may read it, hear of it once."""
    told = _answered(decision)
    for member_id in told:
        tell_of(db, member_id, "reply", from_id=author_id, object_id=object_id)
    for reader in readers:
        if reader.peer_id == SELF and reader.id not in told:
            tell_of(db, reader.id, "mention", from_id=author_id, object_id=object_id)


def _answered(decision: Decision) -> set[int]:
    parent = decision.parent
    if parent is None or parent.origin != SELF:
        return set()
    may = decision.audience != PEOPLE or parent.author_id in decision.addressees
    return {parent.author_id} if may else set()


def _send_receipt(db: Connection, incoming: Incoming, row: Row[Any], what: str) -> None:
    """Ring nodes hear what was stored and what is gone, by ids only."""
    if incoming.by_node and (is_closed(row.audience) or what == GONE):
        send_receipt(db, incoming.node, incoming, what)


def _announce_in_topic(db: Connection, incoming: Incoming, post: Row[Any]) -> None:
    """What came into an open topic of ours is told to its followers, as it came."""
    topic = find_topic_or_none(db, post.topic_id) if post.topic_id else None
    if (
        topic is not None
        and topic.origin == SELF
        and post.audience == PUBLIC
        and not is_limited(db, post.origin)
    ):
        uri = absolute(incoming.node.base, post.uri)
        announce(db, incoming.node, topic, incoming.activity, uri, is_reply=_is_reply(post))


def _is_reply(post: Row[Any]) -> bool:
    return post.parent_id is not None or post.parent_uri is not None


# --- posts change and go -------------------------------------------------------------------------


def receive_update(db: Connection, incoming: Incoming) -> None:
    """New words for the same readers; another audience is refused (rule 3)."""
    note = read_own(incoming)
    post = find_post(db, note.uri)
    if post is None:
        wait_for_closed(db, incoming, _addressing(db, incoming))
    if post is None or post.origin != incoming.peer_id or post.state == DELETED:
        raise Dropped("a change of nothing we have")
    _change(db, incoming, post, note)
    _send_receipt(db, incoming, post, STORED)
    _announce_in_topic(db, incoming, get_post(db, post.id))


def _change(db: Connection, incoming: Incoming, post: Row[Any], note: Note) -> None:
    author = require_actor(db, incoming.actor_uri)
    if post.author_id != author.id:
        raise Dropped("a change by another author")
    if not key_opens(db, incoming.reader, post.audience):
        raise Dropped("what is not open needs the node's own key")
    if is_closed(post.audience) and not is_inside(db, post.audience, incoming.peer_id):
        raise Dropped("a change by a firm that is out")
    if not keeps_audience(incoming, _addressing(db, incoming), post):
        raise Dropped("an audience never changes")
    words = _words(note)
    if all(getattr(post, name) == text for name, text in vars(words).items()):
        return  # seen twice (sent, and announced by a topic) is not edited
    edited_at = min(note.updated or incoming.received_at, incoming.received_at)
    mark_updated(db, post.id)
    if post.edited_at is not None and edited_at <= post.edited_at:
        return
    decision = Decision(post.audience, None, frozenset(addressees_of(db, post.id)))
    change_words(db, post, words, edited_at)
    _keep_names(db, post.id, note, decision)


def delete_post_if_any(db: Connection, incoming: Incoming) -> bool:
    """Something is gone, named by its id or a Tombstone; False when it was never the sender's."""
    known = find_object(db, incoming.object_uri)
    if known is None:
        return _remember_gone(db, incoming)
    author = find_actor(db, incoming.actor_uri)
    if author is None or known.author_id != author.id or known.origin != incoming.peer_id:
        return False
    if not key_opens(db, incoming.reader, known.audience):
        raise Dropped("what is not open needs the node's own key")
    if known.kind == "post" and known.state != DELETED:
        _delete(db, incoming, known)
    _send_receipt(db, incoming, known, GONE)
    return True


def _delete(db: Connection, incoming: Incoming, row: Row[Any]) -> None:
    delete_files(db, row.id)
    empty_post(db, row.id)
    _announce_in_topic(db, incoming, get_post(db, row.id))


def _remember_gone(db: Connection, incoming: Incoming) -> bool:
    """A Delete that comes first wins over a later Create: kept for nobody, so it tells nobody anything."""
    author = find_actor(db, incoming.actor_uri)
    is_theirs = same_origin(incoming.object_uri, incoming.actor_uri)
    if author is None or not is_theirs or author.peer_id != incoming.peer_id:
        return False
    object_id = add_object(
        db,
        kind="post",
        audience=PEOPLE,
        author_id=author.id,
        origin=incoming.peer_id,
        uri=incoming.object_uri,
        state=DELETED,
    )
    row = db.execute(select(objects).where(objects.c.id == object_id)).one()
    _send_receipt(db, incoming, row, GONE)
    return True


# --- likes and boosts ----------------------------------------------------------------------------


def receive_like(db: Connection, incoming: Incoming) -> None:
    """Somebody elsewhere likes a post that their server may have."""
    react(db, incoming, _target(db, incoming), LIKE)


def _target(db: Connection, incoming: Incoming) -> Row[Any]:
    target = find_post(db, incoming.object_uri)
    if target is None:
        wait_for_closed(db, incoming, _addressing(db, incoming))
    if target is None or not may_hold(db, incoming.reader, target):
        raise Dropped("a reaction to nothing they may read")
    return target


def react(db: Connection, incoming: Incoming, target: Row[Any], kind: str) -> None:
    actor = require_actor(db, incoming.actor_uri)
    if is_room(target.audience) and not person_is_inside(db, target.audience, actor.id):
        raise Dropped("a reaction by somebody who is not in the room")
    uri = as_id(incoming.activity)
    if not same_origin(uri, incoming.actor_uri):  # a group could take the place of anybody's next post
        raise Dropped("a reaction of another origin than its actor")
    if find_reaction(db, target.id, actor.id, kind) is not None or find_object(db, uri) is not None:
        return
    object_id = add_object(
        db,
        kind=kind.lower(),
        audience=target.audience,
        author_id=actor.id,
        origin=incoming.peer_id,
        uri=uri,
        published=read_published(incoming.activity),
    )
    insert_reaction(db, object_id, target_id=target.id, actor_id=actor.id, kind=kind)
    if target.origin == SELF and target.author_id is not None:
        said = "like" if kind == LIKE else "boost"
        tell_of(db, target.author_id, said, from_id=actor.id, object_id=target.id)


def read_published(document: Document) -> datetime | None:
    try:
        return parse_time(document.get("published"))
    except Rejected:
        return None


def undo_reaction(db: Connection, incoming: Incoming) -> bool:
    """A like or boost is taken back: by its id, or as some send it anew, by what it was about."""
    actor = find_actor(db, incoming.actor_uri)
    if actor is None:
        return False
    known = find_object(db, incoming.object_uri)
    if known is None or known.author_id != actor.id or known.kind not in ("like", "announce"):
        known = _reaction_in(db, incoming, actor)
    if known is None or known.state == DELETED:
        return False
    if not key_opens(db, incoming.reader, known.audience):
        raise Dropped("what is not open needs the node's own key")
    remove_reaction(db, known.id)
    return True


def _reaction_in(db: Connection, incoming: Incoming, actor: Row[Any]) -> Row[Any] | None:
    kind = next(iter(types_of(incoming.object)), "")
    uri = relative(incoming.node.base, as_id(incoming.object.get("object")))
    target = find_post(db, uri)
    return find_reaction(db, target.id, actor.id, kind) if target is not None else None


HANDLERS: dict[tuple[str, str], Handler] = {
    ("Create", "*"): receive_create,
    ("Update", "*"): receive_update,
    ("Like", "*"): receive_like,
}
