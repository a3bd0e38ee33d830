"""What tests of traffic between nodes need: sending by hand under any key, and looking into a node's rows."""

import json
from typing import Any

from sqlalchemy import Row, select

from federation.messages import Request, Response
from federation.signatures import sign_cavage, sign_rfc9421
from node.actors import get_actor
from node.objects import objects
from node.posts.tables import posts
from schemas.activitystreams import CONTENT_TYPE, OBJECT_CONTEXT, ring_urn
from tests.federation.strangers import sign_as
from tests.network import RunningNode


def find_text(node: RunningNode, words: str) -> Row[Any] | None:
    """The post with these words in it, with the columns of its object."""
    found = find_texts(node, words)
    assert len(found) < 2, f"{words} is there {len(found)} times"
    return found[0] if found else None


def find_texts(node: RunningNode, words: str) -> list[Row[Any]]:
    query = (
        select(*objects.c, *posts.c)
        .join(posts, posts.c.object_id == objects.c.id)
        .where(posts.c.html.contains(words))
        .order_by(objects.c.id)
    )
    return node.read(lambda db: list(db.execute(query)))


def get_text(node: RunningNode, words: str) -> Row[Any]:
    row = find_text(node, words)
    assert row is not None, f"{words} is not at {node.domain}"
    return row


def find_uri(node: RunningNode, uri: str) -> Row[Any] | None:
    return node.read(lambda db: db.execute(select(objects).where(objects.c.uri == uri)).one_or_none())


def ring_note(node: RunningNode, author_id: int, audience: str, words: str, **fields: Any) -> dict[str, Any]:
    """A ring post as this node would send it, made by hand."""
    urn = ring_urn(audience.removeprefix("ring:"))
    return {
        "id": f"{node.base}/o/{len(words) * 7919 + 10**17}",
        "type": "Note",
        "attributedTo": f"{node.base}/p/{author_id}",
        "content": f"<p>{words}</p>",
        "to": [urn],
        "audience": urn,
        **fields,
    }


def activity_of(node: RunningNode, author_id: int, kind: str, about: Any, **fields: Any) -> dict[str, Any]:
    inner = about if isinstance(about, dict) else {}
    addressed = {name: inner[name] for name in ("to", "cc", "audience") if name in inner}
    return {
        "@context": OBJECT_CONTEXT,
        "id": f"{node.base}/a/{abs(hash(json.dumps([kind, about, fields]))) % 10**17}",
        "type": kind,
        "actor": f"{node.base}/p/{author_id}",
        "object": about,
        **addressed,
        **fields,
    }


async def deliver_as_node(node: RunningNode, to: RunningNode, activity: dict[str, Any]) -> Response:
    """Under the node's own key, as all that is not open goes between partners."""
    found = node.identity
    request = sign_as(_request(to, activity), found.node_key_id, found.ed25519_private, sign_rfc9421)
    return await node.sender(request)


async def deliver_as_person(
    node: RunningNode, author_id: int, to: RunningNode, activity: dict[str, Any]
) -> Response:
    """Under the key of one of its people."""
    private_pem = node.read(lambda db: get_actor(db, author_id)).rsa_private
    key_id = f"{node.base}/p/{author_id}#main-key"
    return await node.sender(sign_as(_request(to, activity), key_id, private_pem, sign_cavage))


def _request(to: RunningNode, activity: dict[str, Any]) -> Request:
    body = json.dumps(activity).encode()
    return Request("POST", f"{to.base}/inbox", {"content-type": CONTENT_TYPE}, body)


def sent_to(node: RunningNode, to: RunningNode) -> list[Request]:
    """Everything that this test sent to a node's inboxes, oldest first."""
    inbox = f"{to.base}/inbox"
    return [request for request, _ in node.sender.log if request.url == inbox]
