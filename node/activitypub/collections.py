"""Outbox, followers and following of our actors: what each asker may read, paged by id."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from node.activitypub.clients.boxes import READ_FOLLOWS, show_box
from node.activitypub.documents import (
    READ_POSTS,
    Asker,
    Builder,
    ask,
    document_response,
    note_departure,
    query,
    visible_actor,
)
from node.activitypub.queries import PAGE, count_by_author, count_followers, list_by_author
from node.actors import GROUP
from node.boundary import Anonymous, Member
from node.db import absolute
from node.errors import NotFound
from node.identity import ACTOR_PATH, Identity
from node.posts.copies import inside_create
from schemas.activitystreams import OBJECT_CONTEXT

KINDS = ("post", "announce")


def collection_routes(builders: Mapping[str, Builder]) -> list[BaseRoute]:
    async def show_outbox(request: Request) -> Response:
        services, node, asker = await ask(request, *READ_POSTS)
        before = request.query_params.get("max_id")
        if request.query_params.get("page") != "true":
            document = await query(services, lambda db: _outbox(db, node, asker, _owner(request)))
        else:
            document, rows = await query(
                services, lambda db: _outbox_page(db, node, asker, _owner(request), before, builders)
            )
            await note_departure(services, asker, "collection", document, rows)
        return document_response(document, is_public=isinstance(asker, Anonymous))

    return [
        Route("/p/{id:id}/outbox", show_outbox),
        Route("/p/{id:id}/followers", show_followers),
        Route("/p/{id:id}/following", show_following),
        Route(f"{ACTOR_PATH}/outbox", show_node_outbox),
    ]


def _owner(request: Request) -> str:
    return f"/p/{request.path_params['id']}"


def _outbox(db: Connection, node: Identity, asker: Asker, owner: str) -> dict[str, Any]:
    actor = visible_actor(db, asker, owner)
    uri = absolute(node.base, f"{owner}/outbox")
    total = count_by_author(db, asker, actor.id, kinds=KINDS)
    document = {
        "@context": OBJECT_CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": total,
        "first": f"{uri}?page=true",
    }
    # activitypub-cli stops at a collection without a list.
    return document | ({"orderedItems": []} if isinstance(asker, Member) and not total else {})


def _outbox_page(
    db: Connection,
    node: Identity,
    asker: Asker,
    owner: str,
    before: str | None,
    builders: Mapping[str, Builder],
) -> tuple[dict[str, Any], list[Row[Any]]]:
    actor = visible_actor(db, asker, owner)
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise NotFound
    rows = list_by_author(db, asker, actor.id, kinds=KINDS, before=int(before) if before else None)
    uri = absolute(node.base, f"{owner}/outbox")
    document: dict[str, Any] = {
        "@context": OBJECT_CONTEXT,
        "id": f"{uri}?page=true" + (f"&max_id={before}" if before else ""),
        "type": "OrderedCollectionPage",
        "partOf": uri,
        "orderedItems": [_item(builders[row.kind](db, node, row), row) for row in rows],
    }
    if len(rows) == PAGE:
        document["next"] = f"{uri}?page=true&max_id={rows[-1].id}"
    return document, rows


def _item(document: dict[str, Any], row: Row[Any]) -> dict[str, Any]:
    """A post is shown inside its Create, whole; a boost is an activity already."""
    return inside_create(document) if row.kind == "post" else document


async def show_followers(request: Request) -> Response:
    """Who they are is listed to nobody outside, and of a person not how many either (rule 12)."""
    return await _counted(request, "followers", count_followers)


async def show_following(request: Request) -> Response:
    return await _counted(request, "following", None)


async def _counted(request: Request, name: str, count: Any) -> Response:
    services, node, asker = await ask(request, *READ_FOLLOWS)
    if isinstance(asker, Member) and asker.actor_id == request.path_params["id"]:
        return await show_box(request, services, node, asker, name)

    def read(db: Connection) -> dict[str, Any]:
        actor = visible_actor(db, asker, _owner(request))
        document = {
            "@context": OBJECT_CONTEXT,
            "id": absolute(node.base, f"{_owner(request)}/{name}"),
            "type": "OrderedCollection",
        }
        return document | ({"totalItems": count(db, actor.id)} if count and actor.type == GROUP else {})

    return document_response(await query(services, read), is_public=isinstance(asker, Anonymous))


async def show_node_outbox(request: Request) -> Response:
    _, node, _ = await ask(request)
    empty = {"type": "OrderedCollection", "totalItems": 0, "orderedItems": []}
    uri = f"{node.actor_uri}/outbox"
    return document_response({"@context": OBJECT_CONTEXT, "id": uri, **empty}, is_public=True)
