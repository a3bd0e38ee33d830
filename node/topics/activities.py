"""Topics on the wire: open ones are Group actors that announce (FEP-1b12), a ring's are objects of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from federation.actors import parse_actor
from federation.addressing import Addressing, read_addressing, strip_blind
from federation.documents import Document, as_text, parse_time, same_origin, types_of
from federation.errors import Rejected
from node.actors import GROUP, get_actor
from node.boundary import holders_of, receivers, receivers_of_update
from node.db import absolute
from node.errors import NotFound
from node.identity import SELF, Identity
from node.incoming import Dropped, Handler, Incoming
from node.objects import GONE, STORED, find_object, is_ring, ring_audience
from node.objects import PUBLIC as PUBLIC_AUDIENCE
from node.outbox import publish
from node.people.activities import actor_document, as_html, delete_person_if_any
from node.people.remote import keep_actor, require_actor
from node.rings.expected import need_both_within
from node.rings.receipts import send_receipt
from node.text import clean_name
from node.topics.queries import KIND, find_topic_by_uri
from node.topics.remote import (
    change_ring_topic,
    find_remote_group,
    forget_topic,
    keep_remote_topic,
    keep_ring_topic,
)
from schemas.activitystreams import PUBLIC, ring_urn

LONGEST_NAME, LONGEST_SUMMARY, LONGEST_HANDLE = 100, 2000, 100

# --- documents -----------------------------------------------------------------------------------


def group_document(db: Connection, node: Identity, topic: Row[Any]) -> Document:
    """An open topic of ours as an actor, without @context."""
    if topic.actor_id is None or topic.origin != SELF:
        raise NotFound
    return actor_document(node, get_actor(db, topic.actor_id)) | {
        "type": "Group",
        "name": topic.name,
        "summary": as_html(topic.summary),
        "url": f"{node.base}/topics/{topic.object_id}",
        # True would make it a private community at Lemmy.
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "postingRestrictedToMods": topic.archived,
    }


def ring_topic_document(db: Connection, node: Identity, topic: Row[Any]) -> Document:
    """A ring's topic: a Group without inbox, for the nodes of its ring alone."""
    urn = ring_urn(topic.audience.removeprefix("ring:"))
    document = {
        "id": absolute(node.base, topic.uri),
        "type": "Group",
        "attributedTo": absolute(node.base, get_actor(db, topic.author_id).uri),
        "to": [urn],
        "audience": urn,
        "preferredUsername": topic.handle,
        "name": topic.name,
        "summary": as_html(topic.summary),
        "source": {"content": topic.summary, "mediaType": "text/plain"},
        "postingRestrictedToMods": topic.archived,
        "published": _stamp(topic.published),
    }
    return document | {"updated": _stamp(topic.updated)} if topic.updated else document


def topic_document(db: Connection, node: Identity, row: Row[Any]) -> Document:
    """The document of an `objects` row of kind topic at `/o/<id>`."""
    topic = find_topic_by_uri(db, row.uri)
    if topic is None or not is_ring(topic.audience) or topic.origin != SELF:
        raise NotFound
    return ring_topic_document(db, node, topic)


DOCUMENTS = {KIND: topic_document}


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- out -----------------------------------------------------------------------------------------


def announce(
    db: Connection,
    node: Identity,
    topic: Row[Any],
    document: Document,
    object_uri: str,
    *,
    is_reply: bool,
) -> None:
    """An open topic tells its followers of an activity: as it came, and for new posts by the post's id too.

    Lemmy reads only the first form, Mastodon only the second; replies in the second form would each become
    a boost at Mastodon. Nothing is announced that is not addressed to Public.
    """
    if topic.origin != SELF or topic.audience != PUBLIC_AUDIENCE or not read_addressing(document).public:
        return
    about = find_object(db, object_uri)
    _announce(db, node, topic, strip_blind(document), about)
    if not is_reply and {"Create", "Update"}.intersection(types_of(document)):
        _announce(db, node, topic, absolute(node.base, object_uri), about)


def _announce(
    db: Connection, node: Identity, topic: Row[Any], what: Document | str, about: Row[Any] | None
) -> None:
    """Who got a post of ours by way of the topic gets its Delete from us, even after an unfollow."""
    actor = absolute(node.base, topic.uri)
    activity = {
        "type": "Announce",
        "actor": actor,
        "to": [PUBLIC],
        "cc": [f"{actor}/followers"],
        "audience": actor,
        "object": what,
    }
    _publish_open(db, node, topic, activity, about)


def send_topic(db: Connection, node: Identity, topic: Row[Any], *, kind: str) -> None:
    """`Create` or `Update` of a topic of ours; a company's topic goes nowhere."""
    if is_ring(topic.audience):
        document = ring_topic_document(db, node, topic)
        there = receivers_of_update(db, topic) if kind == "Update" else None
        _publish_in_ring(db, node, topic, {"type": kind, "object": document}, there)
    elif topic.audience == PUBLIC_AUDIENCE and kind == "Update":
        document = group_document(db, node, topic)
        activity = {"type": kind, "actor": document["id"], "to": [PUBLIC], "object": document}
        _publish_open(db, node, topic, activity)


def send_topic_delete(db: Connection, node: Identity, topic: Row[Any]) -> None:
    """To everyone who has it, in the ring or not."""
    uri = absolute(node.base, topic.uri)
    if is_ring(topic.audience):
        tombstone = {"id": uri, "type": "Tombstone", "formerType": "Group"}
        there = holders_of(db, topic.object_id)
        _publish_in_ring(db, node, topic, {"type": "Delete", "object": tombstone}, there)
    elif topic.audience == PUBLIC_AUDIENCE:
        _publish_open(db, node, topic, {"type": "Delete", "actor": uri, "to": [PUBLIC], "object": uri})


def _publish_in_ring(
    db: Connection, node: Identity, topic: Row[Any], activity: Document, there: Any = None
) -> None:
    urn = ring_urn(topic.audience.removeprefix("ring:"))
    actor = absolute(node.base, get_actor(db, topic.author_id).uri)
    to = receivers(db, audience=topic.audience, author_id=topic.author_id) if there is None else there
    publish(
        db,
        node,
        {"actor": actor, "to": [urn], "audience": urn, **activity},
        audience=topic.audience,
        receivers=to,
        actor_id=topic.author_id,
        object_id=topic.object_id,
        holds=activity["type"] == "Create",
    )


def _publish_open(
    db: Connection, node: Identity, topic: Row[Any], activity: Document, about: Row[Any] | None = None
) -> None:
    publish(
        db,
        node,
        activity,
        audience=PUBLIC_AUDIENCE,
        receivers=receivers(db, audience=PUBLIC_AUDIENCE, author_id=topic.actor_id),
        actor_id=topic.actor_id,
        object_id=about.id if about is not None else None,
        holds=about is not None and about.origin == SELF,
    )


# --- in ------------------------------------------------------------------------------------------


def receive_topic(db: Connection, incoming: Incoming) -> None:
    """A node of a ring made a topic there."""
    audience = _shared_ring(db, incoming)
    uri = incoming.object_uri
    if not same_origin(uri, incoming.actor_uri):
        raise Dropped("a topic of another origin than its maker")
    author = require_actor(db, incoming.actor_uri)
    keep_ring_topic(
        db,
        uri=uri,
        audience=audience,
        origin=incoming.peer_id,
        author_id=author.id,
        published=_published(incoming.object),
        words=_words(incoming.object),
    )
    send_receipt(db, incoming.node, incoming, STORED)


def _shared_ring(db: Connection, incoming: Incoming) -> str:
    """The one ring that it names, if both nodes are in it now and the node's own key signed (rule 8)."""
    named = read_addressing(incoming.activity, incoming.object)
    audience = _only_ring(named)
    if not incoming.by_node:
        raise Dropped("ring content needs the node's own key")
    need_both_within(db, audience, incoming.peer_id)
    return audience


def _only_ring(named: Addressing) -> str:
    if len(named.rings) != 1 or named.rooms or named.public:
        raise Dropped("a topic elsewhere belongs to exactly one ring")
    return ring_audience(next(iter(named.rings)))


def _words(document: Document) -> dict[str, str]:
    source = document.get("source")
    summary = as_text(source.get("content") if isinstance(source, dict) else "", LONGEST_SUMMARY)
    handle = as_text(document.get("preferredUsername"), LONGEST_HANDLE)
    name = clean_name(as_text(document.get("name"), LONGEST_NAME)) or clean_name(handle)
    if not name:
        raise Dropped("a topic without a name")
    return {"handle": handle, "name": name, "summary": summary}


def _published(document: Document) -> datetime | None:
    try:
        return parse_time(document.get("published"))
    except Rejected:
        return None


def receive_update(db: Connection, incoming: Incoming) -> None:
    """An open topic elsewhere changed its own actor, or a ring node one of its ring topics."""
    if incoming.object_uri == incoming.actor_uri:
        _update_group(db, incoming)
        return
    topic = _topic_of_sender(db, incoming)
    if topic is None or _shared_ring(db, incoming) != topic.audience:
        raise Dropped("no such topic in that ring")
    archived = incoming.object.get("postingRestrictedToMods") is True
    change_ring_topic(db, topic.object_id, archived=archived, words=_words(incoming.object))
    send_receipt(db, incoming.node, incoming, STORED)


def _update_group(db: Connection, incoming: Incoming) -> None:
    if find_remote_group(db, incoming.actor_uri) is None:
        raise Dropped("a group that nobody here knows")
    try:
        changed = parse_actor(incoming.object)
    except Rejected as error:
        raise Dropped("not a sound actor") from error
    if changed.uri != incoming.actor_uri:
        raise Dropped("a group changes itself only")
    keep_remote_topic(db, keep_actor(db, changed))


def receive_delete(db: Connection, incoming: Incoming) -> None:
    if not delete_topic_if_any(db, incoming):
        raise Dropped("no such topic")


def delete_topic_if_any(db: Connection, incoming: Incoming) -> bool:
    """A topic elsewhere is gone, an open one with its actor; False when it is about something else."""
    topic = _topic_of_sender(db, incoming)
    if topic is None:
        return False
    if topic.audience == PUBLIC_AUDIENCE:
        if not delete_person_if_any(db, incoming):
            return False
    elif not incoming.by_node:
        raise Dropped("ring content needs the node's own key")
    else:
        send_receipt(db, incoming.node, incoming, GONE)
    forget_topic(db, topic)
    return True


def _topic_of_sender(db: Connection, incoming: Incoming) -> Row[Any] | None:
    """Each node speaks for its own topics only."""
    topic = find_topic_by_uri(db, incoming.object_uri)
    return topic if topic is not None and topic.origin == incoming.peer_id else None


HANDLERS: dict[tuple[str, str], Handler] = {
    ("Create", GROUP): receive_topic,
    ("Update", GROUP): receive_update,
    ("Delete", GROUP): receive_delete,
}
