"""Attachments on the wire: our pictures in our posts, and which of another node's pictures we will fetch."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, update

from federation.documents import Document, as_link, as_list, as_text, same_origin, types_of
from node.identity import Identity
from node.ids import new_id, now
from node.incoming import Incoming
from node.media.actions import LONGEST_ALT, MOST_FILES
from node.media.queries import list_files
from node.media.tables import files
from node.objects import PUBLIC

_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


class _Offered(NamedTuple):
    url: str
    media_type: str
    alt: str


def attachment_documents(db: Connection, node: Identity, object_id: int) -> list[Document]:
    """The pictures of a post of ours."""
    rows = list_files(db, object_id)
    return [_document(node, row) for row in rows if row.name is not None and row.remote_url is None]


def upload_document(node: Identity, row: Any) -> Document:
    """A picture that no post has yet, for who sent it: its address is its id until then."""
    return _document(node, row) | {"id": f"{node.base}/media/{row.id}", "type": "Image"}


def kept_documents(db: Connection, node: Identity, object_id: int) -> list[Document]:
    """The pictures of any post that are here, at their addresses on this node: for our members' clients."""
    return [_document(node, row) for row in list_files(db, object_id) if row.name is not None]


def _document(node: Identity, row: Any) -> Document:
    document: Document = {
        "type": "Document",
        "mediaType": row.media_type,
        "url": f"{node.base}/media/{row.id}",
        "width": row.width,
        "height": row.height,
    }
    # Lemmy reads the description in `name` only, Mastodon and GoToSocial look at `summary` first.
    return document | {"name": row.alt, "summary": row.alt} if row.alt else document


def keep_attachments(
    db: Connection, incoming: Incoming, object_id: int, audience: str, attachments: Any
) -> None:
    """Remember which pictures to fetch; of a changed post those that stayed are kept as they are.

    What is not open comes from the author's own node or not at all (rule 13).
    """
    offered = [one for one in _offered(attachments) if _may_fetch(one, audience, incoming)][:MOST_FILES]
    here = {row.remote_url: row for row in list_files(db, object_id)}
    gone = [row.id for url, row in here.items() if url not in {one.url for one in offered}]
    db.execute(delete(files).where(files.c.id.in_(gone)))
    for position, one in enumerate(offered):
        values = {"position": position, "alt": one.alt}
        if one.url in here:
            db.execute(update(files).where(files.c.id == here[one.url].id).values(**values))
        else:
            db.execute(insert(files).values(_new_row(object_id, one) | values))


def _may_fetch(one: _Offered, audience: str, incoming: Incoming) -> bool:
    return audience == PUBLIC or same_origin(one.url, incoming.actor_uri)


def _new_row(object_id: int, one: _Offered) -> dict[str, Any]:
    return {
        "id": new_id(),
        "object_id": object_id,
        "media_type": one.media_type,
        "remote_url": one.url,
        "created_at": now(),
    }


def _offered(attachments: Any) -> Iterator[_Offered]:
    """The pictures among them, each address once."""
    seen: set[str] = set()
    for item in as_list(attachments):
        one = _read(item) if isinstance(item, dict) else None
        if one is not None and one.url not in seen:
            seen.add(one.url)
            yield one


def _read(item: Document) -> _Offered | None:
    media_type = as_text(item.get("mediaType")).lower()
    url = as_link(item.get("url")) or as_link(item.get("href"))
    is_picture = media_type in _PICTURES or (not media_type and "Image" in types_of(item))
    if not url or not is_picture:
        return None
    alt = as_text(item.get("summary"), LONGEST_ALT) or as_text(item.get("name"), LONGEST_ALT)
    return _Offered(url, media_type or "image/jpeg", alt)
