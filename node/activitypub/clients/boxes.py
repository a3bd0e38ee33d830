"""Collections that are their owner's alone: inbox, followers, following, liked, who waits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from node import identity
from node.activitypub.clients.bearers import find_bearer
from node.activitypub.clients.problems import VARY
from node.activitypub.queries import (
    FOLLOWED,
    FOLLOWER,
    PAGE,
    count_follows,
    count_own_likes,
    list_follows,
    list_likes,
)
from node.boundary import Member
from node.db import absolute, reading
from node.errors import NotFound
from node.identity import SELF, Identity
from node.memberships import ACCEPTED, PENDING
from node.people.activities import kept_follow_document
from node.posts.copies import copy_document, inside_create
from node.posts.documents import note_document
from node.posts.queries import count_arrived, list_arrived
from node.web.visits import Services, services_of
from schemas.activitystreams import CONTENT_TYPE, OBJECT_CONTEXT

READ_INBOX = ("read:statuses",)
READ_FOLLOWS = ("read:follows", "read:accounts")
READ_LIKES = ("read:favourites",)

Items = list[tuple[int, Any]]


@dataclass(frozen=True)
class Box:
    """`page` gives items with the numbers that the next page begins below, the newest first."""

    count: Callable[[Connection, Member], int]
    page: Callable[[Connection, Identity, Member, int | None], Items]


def _arrived(db: Connection, node: Identity, member: Member, before: int | None) -> Items:
    rows = list_arrived(db, member, before).rows
    return [(row.id, inside_create(_document(db, node, member, row))) for row in rows]


def _document(db: Connection, node: Identity, member: Member, row: Any) -> dict[str, Any]:
    return note_document(db, node, row) if row.origin == SELF else copy_document(db, node, member, row)


def _liked(db: Connection, node: Identity, member: Member, before: int | None) -> Items:
    return [(row.id, absolute(node.base, row.uri)) for row in list_likes(db, member, before)]


def _people(side: str) -> Box:
    def count(db: Connection, member: Member) -> int:
        return count_follows(db, side=side, actor_id=member.actor_id, state=ACCEPTED)

    def page(db: Connection, node: Identity, member: Member, before: int | None) -> Items:
        rows = list_follows(db, side=side, actor_id=member.actor_id, state=ACCEPTED, before=before)
        return [(row.id, absolute(node.base, row.other)) for row in rows]

    return Box(count, page)


def _asked(side: str) -> Box:
    """Follows that wait, whole: a client accepts or takes back the activity itself (FEP-4ccd)."""

    def count(db: Connection, member: Member) -> int:
        return count_follows(db, side=side, actor_id=member.actor_id, state=PENDING)

    def page(db: Connection, node: Identity, member: Member, before: int | None) -> Items:
        rows = list_follows(db, side=side, actor_id=member.actor_id, state=PENDING, before=before)
        return [(row.id, kept_follow_document(db, node, row)) for row in rows]

    return Box(count, page)


BOXES: Mapping[str, Box] = {
    "inbox": Box(count_arrived, _arrived),
    "liked": Box(count_own_likes, _liked),
    "followers": _people(FOLLOWED),
    "following": _people(FOLLOWER),
    "followers/asked": _asked(FOLLOWED),
    "following/asked": _asked(FOLLOWER),
}


async def show_box(
    request: Request, services: Services, node: Identity, member: Member, name: str
) -> Response:
    """A collection, or with `page=true` a page of it, for its owner."""
    work = _page if request.query_params.get("page") == "true" else _whole
    before = _before(request)

    def read() -> dict[str, Any]:
        with reading(services.engine) as db:
            return work(db, node, member, name, before)

    headers = {"vary": VARY, "cache-control": "private, no-store"}
    return JSONResponse(await run_in_threadpool(read), headers=headers, media_type=CONTENT_TYPE)


def _before(request: Request) -> int | None:
    given = request.query_params.get("max_id")
    if given is not None and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise NotFound
    return int(given) if given is not None else None


def _whole(db: Connection, node: Identity, member: Member, name: str, _before: int | None) -> dict[str, Any]:
    """An empty one carries its empty list: activitypub-cli stops at a collection that has none."""
    uri, total = f"{node.base}/p/{member.actor_id}/{name}", BOXES[name].count(db, member)
    document: dict[str, Any] = {"id": uri, "type": "OrderedCollection", "totalItems": total}
    document["@context"] = OBJECT_CONTEXT
    more: dict[str, Any] = {"first": f"{uri}?page=true"} if total else {"orderedItems": []}
    return document | more


def _page(db: Connection, node: Identity, member: Member, name: str, before: int | None) -> dict[str, Any]:
    uri = f"{node.base}/p/{member.actor_id}/{name}"
    items = BOXES[name].page(db, node, member, before)
    document: dict[str, Any] = {
        "@context": OBJECT_CONTEXT,
        "id": f"{uri}?page=true" + (f"&max_id={before}" if before is not None else ""),
        "type": "OrderedCollectionPage",
        "partOf": uri,
        "orderedItems": [item for _, item in items],
    }
    return document | ({"next": f"{uri}?page=true&max_id={items[-1][0]}"} if len(items) == PAGE else {})


async def show_inbox(request: Request) -> Response:
    """Everybody else is answered as by a box that only takes."""
    owner = await _owner(request, *READ_INBOX)
    if owner is None:
        raise HTTPException(405, headers={"Allow": "POST"})
    return await _shown(request, owner, "inbox")


async def show_liked(request: Request) -> Response:
    return await _hidden(request, "liked", *READ_LIKES)


async def show_asking(request: Request) -> Response:
    return await _hidden(request, "followers/asked", *READ_FOLLOWS)


async def show_asked(request: Request) -> Response:
    return await _hidden(request, "following/asked", *READ_FOLLOWS)


async def _hidden(request: Request, name: str, *scopes: str) -> Response:
    """There for its owner alone; for everybody else nothing is there (rule 7)."""
    owner = await _owner(request, *scopes)
    if owner is None:
        raise NotFound
    return await _shown(request, owner, name)


async def _owner(request: Request, *scopes: str) -> Member | None:
    member = await find_bearer(request, *scopes)
    return member if member is not None and member.actor_id == request.path_params["id"] else None


async def _shown(request: Request, owner: Member, name: str) -> Response:
    services = services_of(request)
    node = await run_in_threadpool(_load, services)
    return await show_box(request, services, node, owner, name)


def _load(services: Services) -> Identity:
    with reading(services.engine) as db:
        return identity.load(db, services.settings.scheme)


ROUTES: list[BaseRoute] = [
    Route("/p/{id:id}/inbox", show_inbox),
    Route("/p/{id:id}/liked", show_liked),
    Route("/p/{id:id}/followers/asked", show_asking),
    Route("/p/{id:id}/following/asked", show_asked),
]
