"""Create, Update and Delete of a member's client: the same posts, by the same actions, as on the pages."""

from typing import Any

from sqlalchemy import Row

from federation.documents import Document, as_id, as_link, as_list, as_object, as_text, types_of
from node.access.logins import get_member
from node.activitypub.clients.addresses import Destination, decide, read_named, same_as
from node.activitypub.clients.problems import unusable
from node.activitypub.clients.profiles import update_profile
from node.activitypub.clients.wishes import ADDRESSES, OBJECTS, Wish
from node.actors import get_actor
from node.boundary import get_readable
from node.db import absolute, relative
from node.errors import NotFound
from node.objects import PEOPLE
from node.posts.actions import Draft, delete_post, edit_post, publish_post
from node.posts.copies import inside_create
from node.posts.documents import activity_around, delete_activity, note_document
from node.posts.mentions import pick_readers
from node.posts.rendering import source_of_html
from node.posts.repeats import first_of, remember_first
from node.posts.storing import addressees_of, get_post
from node.posts.waiting import find_wait
from node.web.bodies import read_id

PLAIN = ("text/markdown", "text/plain")
LANGUAGE = "nl"


def create(wish: Wish) -> Document:
    """A new post; what waits at a gate has its id already."""
    if types_of(wish.object) not in ([kind] for kind in OBJECTS):
        raise unusable(f"Of objects only these can be made here: {', '.join(OBJECTS)}.")
    author_id, key = wish.member.actor_id, wish.repeat_key
    made = first_of(wish.db, author_id, key) if key else None
    if made is None:
        made = publish_post(wish.db, wish.node, wish.settings, author_id, read_draft(wish, wish.object))
        if key:
            remember_first(wish.db, author_id, key, made)
    return created(wish, made)


def created(wish: Wish, object_id: int) -> Document:
    document = note_document(wish.db, wish.node, get_post(wish.db, object_id))
    return inside_create(document)


def read_draft(wish: Wish, note: Document) -> Draft:
    """Raises Invalid or a Problem with what is wrong in words."""
    parent = _find_parent(wish, note)
    source = read_source(note)
    place = decide(wish, read_named(wish, wish.activity, note), source, parent)
    _check_circle(wish, place, parent)
    return Draft(
        audience=place.audience,
        source=source,
        title=as_text(note.get("name")),
        warning=as_text(note.get("summary")),
        language=_language(note) or get_member(wish.db, wish.member.actor_id).language or LANGUAGE,
        topic_id=place.topic_id,
        parent_id=parent.id if parent is not None else None,
        uploads=_attached(wish, note),
        to=place.to,
    )


def read_source(note: Document) -> str:
    """The words as typed where the client says so, else made of its HTML."""
    source = as_object(note.get("source"))
    if as_text(source.get("mediaType")) in PLAIN and as_text(source.get("content")):
        return as_text(source["content"])
    text = as_text(note.get("content")) or as_text(next(iter(as_object(note.get("contentMap")).values()), ""))
    return text if as_text(note.get("mediaType")) in PLAIN else source_of_html(text)


def _language(note: Document) -> str:
    return next(iter(as_object(note.get("contentMap"))), "").partition("-")[0].lower()


def _find_parent(wish: Wish, note: Document) -> Row[Any] | None:
    """What is answered: something that this member may read here, or nothing happens."""
    if not as_list(note.get("inReplyTo")):
        return None
    row = get_readable(wish.db, wish.member, relative(wish.node.base, as_id(note["inReplyTo"])))
    if row.kind != "post":
        raise NotFound
    return row


def _check_circle(wish: Wish, place: Destination, parent: Row[Any] | None) -> None:
    """An answer to people only is for those who may read what it answers (rule 4)."""
    if place.audience != PEOPLE or parent is None:
        return
    circle = addressees_of(wish.db, parent.id) | {parent.author_id}
    named = [get_actor(wish.db, one) for one in place.to]
    if len(pick_readers(wish.db, named, parent.audience, circle)) < len(named):
        raise unusable("One of these people cannot read what this answers.")


def _attached(wish: Wish, note: Document) -> list[int]:
    """Pictures that this member sent before; what stands in another post is copied (rule 13)."""
    attached = as_list(note.get("attachment"))
    found = [_file_id(wish, one) for one in attached]
    if not all(found):
        raise unusable("Attach only pictures that you sent to the uploadMedia endpoint before.")
    return found


def _file_id(wish: Wish, attachment: Any) -> int:
    """0 for what is no file of ours; whose it is the action looks at."""
    item = attachment if isinstance(attachment, dict) else {"id": attachment}
    paths = [relative(wish.node.base, uri) for uri in (as_id(item), as_link(item.get("url")))]
    return max(read_id(path.removeprefix("/media/")) if path.startswith("/media/") else 0 for path in paths)


def update(wish: Wish) -> Document:
    """New words: given keys replace what stands there, null takes it away, the readers stay (rule 3)."""
    if wish.object_uri == wish.own.uri:
        return update_profile(wish)
    row = _own_post(wish)
    note, post, wait = wish.object, get_post(wish.db, row.id), find_wait(wish.db, row.id)
    is_addressed = any(as_list(one.get(name)) for one in (note, wish.activity) for name in ADDRESSES)
    if is_addressed and not same_as(wish, read_named(wish, wish.activity, note), row):
        raise unusable("Who may read a post never changes. Make a new one for others.")
    before = note_document(wish.db, wish.node, post)
    stands = wait if wait is not None and wait.is_edit else post
    edit_post(
        wish.db,
        wish.node,
        wish.member.actor_id,
        row.id,
        source=_new_source(note, before, stands.source),
        title=as_text(note["name"]) if "name" in note else stands.title,
        warning=as_text(note["summary"]) if "summary" in note else stands.warning,
        language=_language(note) or stands.language or LANGUAGE,
    )
    document = note_document(wish.db, wish.node, get_post(wish.db, row.id))
    return {"id": f"{document['id']}#update", **activity_around("Update", document)}


def _new_source(note: Document, before: Document, stands: str) -> str:
    """A client that sends back the whole post changed either its source or its content."""
    source = as_text(as_object(note.get("source")).get("content"))
    if "source" in note and source != before["source"]["content"]:
        return read_source(note)
    if "content" in note and note["content"] != before["content"]:
        return read_source({name: value for name, value in note.items() if name != "source"})
    is_taken_away = any(name in note and note[name] is None for name in ("source", "content"))
    return "" if is_taken_away else stands


def delete(wish: Wish) -> Document:
    row = _own_post(wish)
    post = get_post(wish.db, row.id)
    made = delete_activity(wish.node, post, note_document(wish.db, wish.node, post))
    delete_post(wish.db, wish.node, wish.member.actor_id, row.id)
    return {"id": f"{absolute(wish.node.base, row.uri)}#delete", **made}


def _own_post(wish: Wish) -> Row[Any]:
    """NotFound alike for none and for one of others (rule 7)."""
    row = get_readable(wish.db, wish.member, wish.object_uri)
    if row.kind != "post" or row.author_id != wish.member.actor_id:
        raise NotFound
    return row
