"""Objects, actors and activities as ActivityPub documents; browsers get the page of the same URL."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from node import identity
from node.activitypub.clients.bearers import find_bearer
from node.activitypub.clients.problems import VARY
from node.activitypub.readers import signed_reader
from node.actors import GROUP, find_actor
from node.boundary import (
    UNLISTED,
    Anonymous,
    Member,
    Outside,
    Receiver,
    exchanges,
    get_readable,
    had_before,
    shares_ring,
)
from node.db import absolute, reading, writing
from node.departures import record_departure
from node.errors import NotFound
from node.identity import ACTOR_PATH, ALLOW_LIST, SELF, Identity
from node.objects import PUBLIC
from node.outbox import find_activity, remember_holders
from node.peers import get_peer
from node.people.activities import kept_follow_document, person_document
from node.people.followers import find_follow_by_uri
from node.people.queries import is_guest_at
from node.posts.activities import fetchable_activity
from node.topics.activities import group_document
from node.topics.queries import find_topic
from node.web.visits import Services, services_of
from schemas.activitystreams import ACTOR_CONTEXT, CONTENT_TYPE, LD_CONTENT_TYPE, OBJECT_CONTEXT

Builder = Callable[[Connection, Identity, Row[Any]], dict[str, Any]]
Asker = Anonymous | Outside | Member
Found = TypeVar("Found")
READ_POSTS = ("read:statuses",)
READ_PEOPLE = ("read:accounts", "profile")


def wants_document(request: Request) -> bool:
    """ActivityPub rather than a page: named before text/html, with or without the profile, or plain JSON."""
    for part in request.headers.get("accept", "").split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in (CONTENT_TYPE, LD_CONTENT_TYPE.partition(";")[0], "application/json"):
            return True
        if kind in ("text/html", "application/xhtml+xml"):
            return False
    return False


def document_response(document: Mapping[str, Any], *, is_public: bool, status: int = 200) -> Response:
    headers = {"vary": VARY}
    headers["cache-control"] = "public, max-age=60" if is_public else "private, no-store"
    return JSONResponse(dict(document), status, headers, media_type=CONTENT_TYPE)


async def ask(request: Request, *scopes: str) -> tuple[Services, Identity, Asker]:
    """This node and who asks for a document, by signature, or by token where one of the scopes is named.

    With an allow-list everybody else is nobody (A5, ADR 0015).
    """
    member = await find_bearer(request, *scopes) if scopes else None
    if member is not None:
        services = services_of(request)
        return services, await run_in_threadpool(_load, services), member
    services, node, asker = await ask_openly(request)
    is_listed = node.federation != ALLOW_LIST or isinstance(asker, Outside)
    return services, node, asker if is_listed else UNLISTED


async def ask_openly(request: Request) -> tuple[Services, Identity, Asker]:
    """This node and who signed the request, for what everybody must be able to find."""
    services = services_of(request)
    node = await run_in_threadpool(_load, services)
    return services, node, await signed_reader(request, services.network, node)


def _load(services: Services) -> Identity:
    with reading(services.engine) as db:
        return identity.load(db, services.settings.scheme)


async def query(services: Services, work: Callable[[Connection], Found]) -> Found:
    def run() -> Found:
        with reading(services.engine) as db:
            return work(db)

    return await run_in_threadpool(run)


def object_routes(builders: Mapping[str, Builder], thread_page: Route) -> list[BaseRoute]:
    """`/o/<id>`: a document built by the object's kind, or the thread's page."""

    async def show_object(request: Request) -> Response:
        if not wants_document(request):
            response: Response = await thread_page.endpoint(request)
            return response
        services, node, asker = await ask(request, *READ_POSTS)
        return await _object_document(services, node, asker, request.url.path, builders)

    return [
        Route("/o/{id:id}", show_object),
        Route("/p/{id:id}", show_actor),
        Route("/a/{id:id}", show_activity),
        Route(ACTOR_PATH, show_node_actor),
    ]


async def _object_document(
    services: Services, node: Identity, asker: Asker, path: str, builders: Mapping[str, Builder]
) -> Response:
    def read(db: Connection) -> tuple[dict[str, Any], Row[Any]]:
        return own_document(db, node, asker, path, builders)

    try:
        document, row = await query(services, read)
    except NotFound:
        return await _tombstone(services, node, asker, path)
    await note_departure(services, asker, "object", document, [row])
    return document_response(document, is_public=row.audience == PUBLIC)


def own_document(
    db: Connection, node: Identity, asker: Asker, path: str, builders: Mapping[str, Builder]
) -> tuple[dict[str, Any], Row[Any]]:
    """An object of this node for who may read it; NotFound alike for none and for one of others."""
    row = get_readable(db, asker, path)
    if row.origin != SELF or row.kind not in builders:
        raise NotFound
    return {"@context": OBJECT_CONTEXT, **builders[row.kind](db, node, row)}, row


async def _tombstone(services: Services, node: Identity, asker: Asker, path: str) -> Response:
    """410 only to readers who could read it before; the same 404 as for nothing at all to everyone else."""
    row = await query(services, lambda db: had_before(db, asker, path))
    if row is None:
        raise NotFound
    document = {"@context": OBJECT_CONTEXT, "id": absolute(node.base, path), "type": "Tombstone"}
    document["deleted"] = row.deleted.isoformat().replace("+00:00", "Z")
    return document_response(document, is_public=row.audience == PUBLIC, status=410)


async def note_departure(
    services: Services, asker: Asker, kind: str, document: dict[str, Any], rows: Sequence[Row[Any]]
) -> None:
    """A line for what is not open and left: whoever got it gets its Delete from now on (rule 11)."""
    closed = [row for row in rows if row.audience != PUBLIC]
    if closed and isinstance(asker, Outside):
        await run_in_threadpool(_write_departure, services, asker, kind, document, closed)


def _write_departure(
    services: Services, asker: Outside, kind: str, document: dict[str, Any], rows: Sequence[Row[Any]]
) -> None:
    content = json.dumps(document, sort_keys=True).encode()
    with writing(services.engine) as db:
        peer = get_peer(db, asker.peer_id)
        ids = [row.uri for row in rows]
        record_departure(db, kind, ids=ids, receivers=[peer.domain], content=content)
        for row in rows:
            remember_holders(db, row.id, [Receiver(peer.id, peer.inbox)])


async def show_activity(request: Request) -> Response:
    """An activity by its own id: only those that outsiders may have (Create ids of replies are not)."""
    services, node, asker = await ask(request, *READ_POSTS)

    def read(db: Connection) -> dict[str, Any]:
        row = find_activity(db, request.url.path)
        if isinstance(asker, Member):
            return {"@context": OBJECT_CONTEXT, **_for_member(db, node, asker, row, request.url.path)}
        if row is None:
            raise NotFound
        return {"@context": OBJECT_CONTEXT, **fetchable_activity(db, node, asker, row)}

    return document_response(await query(services, read), is_public=not isinstance(asker, Member))


def _for_member(
    db: Connection, node: Identity, member: Member, row: Row[Any] | None, path: str
) -> dict[str, Any]:
    """Besides what everybody may have: a follow that the member asked for, or that was asked of them."""
    named = find_follow_by_uri(db, path)
    if named is not None and member.actor_id in (named.follower_id, named.followed_id):
        return kept_follow_document(db, node, named)
    if row is None:
        raise NotFound
    return fetchable_activity(db, node, member, row)


async def show_actor(request: Request) -> Response:
    """A person with a face, or an open topic; ring nodes see every member of ours (rule 12)."""
    services, node, asker = await ask(request, *READ_PEOPLE)
    if not wants_document(request):
        return await query(services, lambda db: _actor_page(db, services, request))
    document = await query(services, lambda db: actor_document(db, node, asker, request.url.path))
    return document_response(document, is_public=isinstance(asker, Anonymous))


def _actor_page(db: Connection, services: Services, request: Request) -> Response:
    """Without a log-in a Location header names only who has a face outside (rule 12)."""
    known, path = services.identify(db, request, services.settings), request.url.path
    request.state.shell = known.shell
    reader = Anonymous() if known.is_guest else known.reader
    row = find_actor(db, path) if isinstance(reader, Member) else visible_actor(db, Anonymous(), path)
    if row is None:
        raise NotFound
    return RedirectResponse(f"/topics/{row.id}" if row.type == GROUP else f"/@{row.handle}", 302)


def actor_document(db: Connection, node: Identity, asker: Asker, path: str) -> dict[str, Any]:
    """Raises NotFound alike for nobody and for somebody without a face."""
    row = visible_actor(db, asker, path)
    if row.type == GROUP:
        document = group_document(db, node, find_topic(db, row.id))
    else:
        document = person_document(db, node, row, for_ring_node=row.face_at is None)
        document |= _own_collections(document, asker, row)
    return {"@context": ACTOR_CONTEXT, **document}


def _own_collections(document: dict[str, Any], asker: Asker, row: Row[Any]) -> dict[str, Any]:
    """Told to the member alone, whose client reads them (FEP-4ccd for those that wait)."""
    if not isinstance(asker, Member) or asker.actor_id != row.id:
        return {}
    names = {"liked": "liked", "pendingFollowers": "followers/asked", "pendingFollowing": "following/asked"}
    return {name: f"{document['id']}/{path}" for name, path in names.items()}


def visible_actor(db: Connection, asker: Asker, path: str) -> Row[Any]:
    """A local actor that this asker may know of; the same statements for nobody as for somebody (rule 7)."""
    knows_all, is_open = asks_from_a_ring(db, asker), _may_know_open(db, asker)
    is_nobodys, row = is_guest_at(db, path), find_actor(db, path)
    if row is None or is_nobodys or row.peer_id != SELF or row.gone_at is not None:
        raise NotFound
    is_outside = row.type == GROUP or row.face_at is not None
    if not (is_outside and is_open) and not (row.type != GROUP and knows_all):
        raise NotFound
    return row


def _may_know_open(db: Connection, asker: Asker) -> bool:
    return not isinstance(asker, Outside) or exchanges(db, asker.peer_id)


def asks_from_a_ring(db: Connection, asker: Asker) -> bool:
    """Asked with the node's own key by a node that is in a ring with us now, or by one of our members."""
    if isinstance(asker, Member):
        return True
    return isinstance(asker, Outside) and asker.node_key and shares_ring(db, asker.peer_id)


async def show_node_actor(request: Request) -> Response:
    """The node itself: open to unsigned fetches, or two careful servers could never begin (section 1.9)."""
    services = services_of(request)
    node = await run_in_threadpool(_load, services)
    if not wants_document(request) and "text/html" in request.headers.get("accept", ""):
        return RedirectResponse("/", 302)
    return document_response(node_document(node), is_public=True)


def node_document(node: Identity) -> dict[str, Any]:
    uri = node.actor_uri
    return {
        "@context": ACTOR_CONTEXT,
        "id": uri,
        "type": "Application",
        "preferredUsername": node.domain.replace(":", "."),
        "name": node.name,
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "url": node.base,
        "manuallyApprovesFollowers": True,
        "endpoints": {"sharedInbox": f"{node.base}/inbox"},
        "publicKey": {"id": node.rsa_key_id, "owner": uri, "publicKeyPem": node.rsa_public_pem},
        "assertionMethod": [
            {
                "id": node.node_key_id,
                "type": "Multikey",
                "controller": uri,
                "publicKeyMultibase": node.multikey,
            }
        ],
    }
