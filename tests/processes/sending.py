"""What a partner node, or somebody who has its key, can send to an inbox."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import httpx
from sqlalchemy import select

from federation.messages import Request
from federation.signatures import sign_rfc9421
from node import identity
from node.actors import actors
from node.ids import now
from schemas.activitystreams import CONTENT_TYPE, ring_urn
from tests.processes.conftest import Pair
from tests.processes.nodes import Node

CONTEXT = "https://www.w3.org/ns/activitystreams"


def ring_post(two: Pair, text: str) -> dict[str, Any]:
    """A post to the ring as Smit's node would send it; unnumbered."""
    author, ids = f"{two.smit.url}/p/{person(two.smit, 'sanne')}", secrets.randbits(60)
    urn = ring_urn(two.audience.removeprefix("ring:"))
    post = {
        "id": f"{two.smit.url}/o/{ids}",
        "type": "Note",
        "attributedTo": author,
        "to": [urn],
        "audience": urn,
        "content": f"<p>{text}</p>",
        "published": now().isoformat(timespec="seconds"),
    }
    activity = {
        "id": f"{two.smit.url}/a/{ids}",
        "type": "Create",
        "actor": author,
        "to": [urn],
        "audience": urn,
    }
    return {"@context": CONTEXT, **activity, "object": post}


def person(node: Node, handle: str) -> int:
    query = select(actors.c.id).where(actors.c.handle == handle, actors.c.uri.startswith("/p/"))
    return int(node.rows(query)[0].id)


def send(
    sender: Node, receiver: Node, activity: object, *, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """POST to the shared inbox, signed with the sending node's own key; bytes go as they are.

    `headers` replace what an honest sender says.
    """
    body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
    node = sender.read(lambda db: identity.load(db, "http"))
    request = Request("POST", f"{receiver.url}/inbox", {"content-type": CONTENT_TYPE}, body)
    signed = sign_rfc9421(request, node.node_key_id, node.ed25519_private, now())
    said = {**request.headers, **signed, "accept": "*/*", **(headers or {})}
    with receiver.browser() as browser:
        return browser.post("/inbox", content=body, headers=said)
