"""Somebody on other software: a tiny server of its own with real keys, that signs, serves and receives."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from federation import keys
from federation.messages import Request
from federation.messages import Response as Answer
from federation.signatures import sign_cavage, sign_rfc9421
from schemas.activitystreams import CONTENT_TYPE, PUBLIC
from tests.network import InProcessSender

Sign = Callable[[Request, str, str, datetime], dict[str, str]]
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]


class Stranger:
    """One person on one server; `received` is what came into its inbox, oldest first."""

    def __init__(self, sender: InProcessSender, domain: str, handle: str) -> None:
        self.sender, self.domain, self.handle = sender, domain, handle
        self.base = f"http://{domain}"
        self.actor = f"{self.base}/users/{handle}"
        self.rsa, self.ed25519 = keys.new_rsa(), keys.new_ed25519()
        self.documents: dict[str, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self._count = 0
        routes = [
            Route(f"/users/{handle}", self._show_actor),
            Route("/inbox", self._take, methods=["POST"]),
            Route("/.well-known/webfinger", self._show_webfinger),
            Route("/{path:path}", self._show_document),
        ]
        self.app = Starlette(routes=routes)
        sender.apps[domain] = self.app

    # --- what it serves ---

    async def _show_actor(self, _: WebRequest) -> Response:
        return _as_activity(self.document)

    @property
    def document(self) -> dict[str, Any]:
        return {
            "@context": CONTEXT,
            "id": self.actor,
            "type": "Person",
            "preferredUsername": self.handle,
            "name": self.handle.title(),
            "inbox": f"{self.base}/inbox",
            "outbox": f"{self.actor}/outbox",
            "followers": f"{self.actor}/followers",
            "publicKey": {
                "id": self.key_id,
                "owner": self.actor,
                "publicKeyPem": keys.rsa_public_pem(self.rsa),
            },
            "assertionMethod": [
                {
                    "id": f"{self.actor}#ed25519-key",
                    "type": "Multikey",
                    "controller": self.actor,
                    "publicKeyMultibase": keys.ed25519_multikey(self.ed25519),
                }
            ],
        }

    async def _show_webfinger(self, _: WebRequest) -> Response:
        link = {"rel": "self", "type": CONTENT_TYPE, "href": self.actor}
        found = {"subject": f"acct:{self.handle}@{self.domain}", "links": [link]}
        return JSONResponse(found, media_type="application/jrd+json")

    async def _show_document(self, request: WebRequest) -> Response:
        document = self.documents.get(f"{self.base}{request.url.path}")
        return _as_activity(document) if document else JSONResponse({"error": "Not found"}, 404)

    async def _take(self, request: WebRequest) -> Response:
        self.received.append(json.loads(await request.body()))
        return Response(status_code=202)

    # --- what it does ---

    @property
    def key_id(self) -> str:
        return f"{self.actor}#main-key"

    def new_id(self) -> str:
        self._count += 1
        return f"{self.base}/things/{self._count}"

    def note(self, content: str, to: list[str] | None = None, **fields: Any) -> dict[str, Any]:
        """A post of its own; open unless `to` says otherwise."""
        return {
            "id": self.new_id(),
            "type": "Note",
            "attributedTo": self.actor,
            "content": content,
            "published": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "to": [PUBLIC] if to is None else to,
            "cc": [],
            **fields,
        }

    def activity(self, kind: str, about: Any, **fields: Any) -> dict[str, Any]:
        """One of its activities, addressed as what it is about."""
        inner = about if isinstance(about, dict) else {}
        addressed = {name: inner[name] for name in ("to", "cc") if name in inner}
        return {
            "@context": CONTEXT,
            "id": self.new_id(),
            "type": kind,
            "actor": self.actor,
            "object": about,
            **addressed,
            **fields,
        }

    async def deliver(self, inbox: str, activity: dict[str, Any], *, sign: Sign = sign_cavage) -> Answer:
        """POST an activity, signed with its RSA key."""
        body = json.dumps(activity).encode()
        request = Request("POST", inbox, {"content-type": CONTENT_TYPE}, body)
        return await self.sender(self.signed(request, sign))

    def signed(self, request: Request, sign: Sign = sign_cavage) -> Request:
        return sign_as(request, self.key_id, self.rsa, sign)


def sign_as(request: Request, key_id: str, private_pem: str, sign: Sign = sign_rfc9421) -> Request:
    """The same request with a signature by this key."""
    request.headers["host"] = request.url.split("/")[2]
    request.headers.update(sign(request, key_id, private_pem, datetime.now(UTC)))
    return request


def _as_activity(document: dict[str, Any]) -> Response:
    return JSONResponse(document, media_type=CONTENT_TYPE)
