"""Posts and reactions in ActivityPub: built for the way out, read into plain values on the way in."""

import html as html_escape
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from federation.documents import (
    Document,
    as_id,
    as_ids,
    as_link,
    as_list,
    as_object,
    as_text,
    is_web_url,
    parse_time,
    types_of,
)
from federation.errors import Rejected
from node.actors import GROUP, actors
from node.db import absolute, relative
from node.identity import SELF, Identity
from node.media.activities import attachment_documents
from node.memberships import addressees, is_confined
from node.objects import PEOPLE, PUBLIC, is_closed, is_ring, objects, urn_of
from node.posts.rendering import (
    absolute_links,
    clean_remote,
    fold_hashtag,
    plain_text,
    read_names,
    render_markdown,
)
from node.posts.tables import hashtags, mentions, posts, reactions
from node.rooms.outgoing import confined_fields
from node.topics.tables import topics
from schemas import activitystreams

NOTE, QUESTION = "Note", "Question"
LONGEST_TITLE, LONGEST_WARNING, LONGEST_CONTENT = 200, 500, 200_000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


# --- out -----------------------------------------------------------------------------------------


def note_document(db: Connection, node: Identity, row: Row[Any]) -> Document:
    """The document of a post of ours (a row of `objects`), without @context."""
    post = db.execute(select(posts).where(posts.c.object_id == row.id)).one()
    author = db.execute(select(actors).where(actors.c.id == row.author_id)).one()
    named = [one for one in named_actors(db, row.id, post) if _may_be_named(row, one)]
    document: Document = {
        "id": absolute(node.base, row.uri),
        "type": post.type,
        "attributedTo": absolute(node.base, author.uri),
        **addresses(db, node, row, author, named),
        "content": _content(node, row, post, named),
        "published": stamp(row.published),
        "source": {"content": post.source, "mediaType": "text/markdown"},
        "tag": [*_mention_tags(node, named), *_hashtag_tags(db, row.id)],
        "attachment": attachment_documents(db, node, row.id),
        **_place(db, node, row, post),
        **confined_fields(confined=is_confined(db, row.audience)),
    }
    document |= {"contentMap": {post.language: document["content"]}} if post.language else {}
    document |= {"name": post.title} if post.title else {}
    document |= {"summary": post.warning, "sensitive": True} if post.warning else {}
    return document | ({"updated": stamp(post.edited_at)} if post.edited_at else {})


def named_actors(db: Connection, object_id: int, post: Row[Any]) -> list[Row[Any]]:
    """Whom a post names: its mentions, its open topic, and from elsewhere the author it answers."""
    mentioned = select(mentions.c.actor_id).where(mentions.c.object_id == object_id)
    topic = select(topics.c.actor_id).where(topics.c.object_id == post.topic_id)
    answered = select(objects.c.author_id).where(objects.c.id == post.parent_id, objects.c.origin != SELF)
    named = actors.c.id.in_(mentioned) | actors.c.id.in_(topic) | actors.c.id.in_(answered)
    return list(db.execute(select(actors).where(named).order_by(actors.c.id)))


def _may_be_named(row: Row[Any], actor: Row[Any]) -> bool:
    """An open post tells nobody of a colleague without a face; the words themselves stay (rule 12)."""
    return row.audience != PUBLIC or actor.peer_id != SELF or actor.type == GROUP or actor.face_at is not None


def addresses(
    db: Connection, node: Identity, row: Row[Any], author: Row[Any], named: list[Row[Any]]
) -> Document:
    """`to`, `cc` and `audience` of a post, the same on the activity as on the object."""
    if is_closed(row.audience):
        urn = urn_of(row.audience)
        return {"to": [urn], "audience": urn}
    if row.audience == PEOPLE:
        addressed = select(actors.c.uri).join(addressees).where(addressees.c.object_id == row.id)
        return {"to": [absolute(node.base, uri) for uri in db.scalars(addressed.order_by(actors.c.id))]}
    if row.audience != PUBLIC:
        return {"to": [], "cc": []}
    return _open_addresses(node, author, named)


def _addresses_of(document: Document) -> Document:
    """An activity is addressed as its object is; Mastodon reads the one, GoToSocial wants both."""
    return {name: document[name] for name in ("to", "cc", "audience") if name in document}


def _open_addresses(node: Identity, author: Row[Any], named: list[Row[Any]]) -> Document:
    uris = [absolute(node.base, actor.uri) for actor in named if actor.id != author.id]
    groups = [actor for actor in named if actor.type == GROUP]
    followers = [_followers(node, actor) for actor in (author, *groups)]
    document: Document = {
        "to": [activitystreams.PUBLIC],
        "cc": list(dict.fromkeys(filter(None, [*followers, *uris]))),
    }
    # FEP-1b12: the group that a post belongs to.
    return document | ({"audience": absolute(node.base, groups[0].uri)} if groups else {})


def _followers(node: Identity, actor: Row[Any]) -> str:
    if actor.peer_id == SELF:
        return f"{absolute(node.base, actor.uri)}/followers"
    return actor.followers or ""


def _content(node: Identity, row: Row[Any], post: Row[Any], named: list[Row[Any]]) -> str:
    """Rendered anew, because outside a mention leads to that person's own page, not to ours."""
    html = absolute_links(render_markdown(post.source, _outside_links(node, post.source, named)), node.base)
    return _title_paragraph(post.title) + html if post.title and row.audience == PUBLIC else html


def _title_paragraph(title: str) -> str:
    # Mastodon does not show the name of a Note; other nodes of ours cut this paragraph off again.
    return f"<p><strong>{html_escape.escape(title, quote=False)}</strong></p>\n" if title else ""


def _outside_links(node: Identity, source: str, named: list[Row[Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in read_names(source).mentions:
        handle, _, domain = name.partition("@")
        for actor in named:
            is_there = not domain if actor.peer_id == SELF else f"//{domain}/" in actor.uri
            if actor.handle.lower() == handle and is_there:
                found[name] = actor.url or absolute(node.base, actor.uri)
    return found


def _mention_tags(node: Identity, named: list[Row[Any]]) -> list[Document]:
    return [
        {"type": "Mention", "href": absolute(node.base, actor.uri), "name": f"@{_full_handle(node, actor)}"}
        for actor in named
    ]


def _full_handle(node: Identity, actor: Row[Any]) -> str:
    domain = node.domain if actor.peer_id == SELF else actor.uri.split("/")[2]
    return f"{actor.handle}@{domain}"


def _hashtag_tags(db: Connection, object_id: int) -> list[Document]:
    tags = db.scalars(select(hashtags.c.tag).where(hashtags.c.object_id == object_id))
    return [{"type": "Hashtag", "name": f"#{tag}"} for tag in sorted(tags)]


def _place(db: Connection, node: Identity, row: Row[Any], post: Row[Any]) -> Document:
    """What it answers, and its topic; ring content has no web address but its author's node's."""
    place: Document = {} if is_closed(row.audience) else {"url": absolute(node.base, row.uri)}
    parent = db.scalar(select(objects.c.uri).where(objects.c.id == post.parent_id))
    if parent or post.parent_uri:
        place["inReplyTo"] = absolute(node.base, parent or post.parent_uri)
    topic = db.scalar(select(objects.c.uri).where(objects.c.id == post.topic_id))
    return place | ({"topic": absolute(node.base, topic)} if topic and is_ring(row.audience) else {})


def activity_around(kind: str, document: Document) -> Document:
    """A Create or Update that carries a whole post."""
    stamp = document["updated"] if kind == "Update" and "updated" in document else document["published"]
    return {
        "type": kind,
        "actor": document["attributedTo"],
        **_addresses_of(document),
        "published": stamp,
        "object": document,
    }


def delete_activity(node: Identity, row: Row[Any], document: Document) -> Document:
    """Says that a post is gone; addressed as the post was."""
    tombstone = {"id": absolute(node.base, row.uri), "type": "Tombstone"}
    return {
        "type": "Delete",
        "actor": document["attributedTo"],
        **_addresses_of(document),
        "object": tombstone,
    }


def reaction_document(db: Connection, node: Identity, row: Row[Any]) -> Document:
    """The document of a Like or Announce of ours (a row of `objects`); it is the activity itself."""
    reaction = db.execute(select(reactions).where(reactions.c.object_id == row.id)).one()
    target = db.execute(
        select(objects.c.uri, actors.c.uri.label("author"))
        .outerjoin(actors, actors.c.id == objects.c.author_id)
        .where(objects.c.id == reaction.target_id)
    ).one()
    actor = db.scalar(select(actors.c.uri).where(actors.c.id == reaction.actor_id))
    return {
        "id": absolute(node.base, row.uri),
        "type": reaction.type,
        "actor": absolute(node.base, str(actor)),
        "object": absolute(node.base, target.uri),
        **_reaction_addresses(node, row.audience, target.author),
    }


def _reaction_addresses(node: Identity, audience: str, author_uri: str | None) -> Document:
    if is_closed(audience):
        urn = urn_of(audience)
        return {"to": [urn], "audience": urn}
    author = [absolute(node.base, author_uri)] if author_uri else []
    return {"to": author, "cc": [activitystreams.PUBLIC]} if audience == PUBLIC else {"to": author}


def undo_activity(document: Document) -> Document:
    """Undoes a reaction; carries it whole, since Mastodon cannot undo a Like by its id alone."""
    return {"type": "Undo", "actor": document["actor"], **_addresses_of(document), "object": document}


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- in ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Note:
    """A received post as plain values; every uri in stored form, nothing of it believed yet."""

    uri: str
    type: str
    authors: tuple[str, ...]
    title: str
    html: str
    warning: str
    language: str
    url: str
    parent_uri: str
    topic_uri: str
    published: datetime | None
    updated: datetime | None
    mentions: tuple[str, ...]
    hashtags: tuple[str, ...]
    attachments: tuple[Document, ...]


def read_note(document: Document, node: Identity) -> Note:
    """Raises Rejected when it has no sound id or type."""
    uri, kinds = as_id(document), types_of(document)
    if not is_web_url(uri) or not kinds:
        raise Rejected("a post needs an id and a type", 400)
    title = " ".join(plain_text(as_text(document.get("name"), 2000)).split())[:LONGEST_TITLE]
    is_note = kinds[0] in (NOTE, QUESTION)
    summary = plain_text(as_text(document.get("summary"), 5000))
    return Note(
        uri=uri,
        type=kinds[0][:40],
        authors=tuple(_author_ids(document, node)),
        title=title,
        html=_read_html(document, title, is_note=is_note),
        warning=summary[:LONGEST_WARNING] if is_note else "",
        language=_read_language(document),
        url=as_link(document.get("url")) or uri,
        parent_uri=relative(node.base, as_id(document.get("inReplyTo"))),
        topic_uri=relative(node.base, as_id(document.get("topic"))),
        published=_read_time(document.get("published")),
        updated=_read_time(document.get("updated")),
        mentions=tuple(_mentioned(document, node)),
        hashtags=tuple(_hashtags(document)),
        attachments=tuple(item for item in as_list(document.get("attachment")) if isinstance(item, dict)),
    )


def _author_ids(document: Document, node: Identity) -> list[str]:
    return [relative(node.base, uri) for uri in as_ids(document.get("attributedTo") or document.get("actor"))]


def _read_html(document: Document, title: str, *, is_note: bool) -> str:
    """The text; of types we cannot show whole (a film, an event) also the way to its own page."""
    text = as_text(document.get("content"), LONGEST_CONTENT) or _of_map(document)
    if as_text(document.get("mediaType")) == "text/markdown":
        html = clean_remote(render_markdown(text))
    else:
        html = clean_remote(text.removeprefix(_title_paragraph(title)))
    if is_note:
        return html + _options(document)
    if not html:
        html = clean_remote(as_text(document.get("summary"), LONGEST_CONTENT))
    link = as_link(document.get("url")) or as_id(document)
    shown = html_escape.escape(link)
    return html + clean_remote(f'<p><a href="{shown}">{shown}</a></p>')


def _of_map(document: Document) -> str:
    texts = as_object(document.get("contentMap"))
    return next((text[:LONGEST_CONTENT] for text in texts.values() if isinstance(text, str)), "")


def _options(document: Document) -> str:
    """A poll's answers; voting happens on its own server."""
    choices = [*as_list(document.get("oneOf")), *as_list(document.get("anyOf"))]
    names = [as_text(choice.get("name"), 200) for choice in choices if isinstance(choice, dict)]
    items = "".join(f"<li>{html_escape.escape(name)}</li>" for name in names[:50] if name)
    return clean_remote(f"<ul>{items}</ul>") if items else ""


def _read_language(document: Document) -> str:
    found = next(iter(as_object(document.get("contentMap"))), "") or as_text(document.get("language"), 20)
    return found if _LANGUAGE.fullmatch(found) else ""


def _read_time(value: Any) -> datetime | None:
    try:
        return parse_time(value)
    except Rejected:
        return None


def _mentioned(document: Document, node: Identity) -> list[str]:
    tags = [tag for tag in as_list(document.get("tag")) if isinstance(tag, dict)]
    hrefs = [as_link(tag.get("href")) for tag in tags if "Mention" in types_of(tag)]
    return list(dict.fromkeys(relative(node.base, href) for href in hrefs if href))


def _hashtags(document: Document) -> list[str]:
    tags = [tag for tag in as_list(document.get("tag")) if isinstance(tag, dict)]
    names = [fold_hashtag(as_text(tag.get("name"), 200)) for tag in tags if "Hashtag" in types_of(tag)]
    return list(dict.fromkeys(filter(None, names)))[:50]
