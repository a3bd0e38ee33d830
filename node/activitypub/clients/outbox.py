"""POST to an outbox: one activity or bare object of a member's client, done by the actions of the pages."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from federation.actors import Actor, fetch_actor
from federation.documents import Document, as_id, as_ids, is_web_url, parse_json, same_origin, types_of
from federation.errors import FederationError
from federation.messages import MAX_BODY
from node import identity
from node.access.oauth.queries import Caller
from node.activitypub.clients.acts import accept, follow_one, like_one, reject, undo
from node.activitypub.clients.bearers import need_caller, need_scope
from node.activitypub.clients.posts import create, delete, update
from node.activitypub.clients.problems import VARY, Problem, unusable, with_problems
from node.activitypub.clients.proxy import ProxyLimit
from node.activitypub.clients.wishes import Wish, as_activity, check_whose
from node.actors import find_actor, get_actor
from node.boundary import Member
from node.db import reading, writing
from node.people.remote import keep_actor
from node.web.forms import capped
from node.web.visits import Services, services_of
from schemas.activitystreams import CONTENT_TYPE, OBJECT_CONTEXT, PUBLIC_SPELLINGS

ACTS: dict[str, tuple[str, Callable[[Wish], Document]]] = {
    "Create": ("write:statuses", create),
    "Update": ("write:statuses", update),
    "Delete": ("write:statuses", delete),
    "Like": ("write:favourites", like_one),
    "Follow": ("write:follows", follow_one),
    "Accept": ("write:follows", accept),
    "Reject": ("write:follows", reject),
    "Undo": ("write", undo),
}
UNDO_SCOPES = {"Like": "write:favourites", "Follow": "write:follows"}
TYPES = (CONTENT_TYPE, "application/ld+json", "application/json")
MOST_LOOKED_UP, LONGEST_KEY = 10, 255


async def take_activity(request: Request) -> Response:
    caller, member = await need_caller(request)
    if request.path_params["id"] != member.actor_id:
        raise Problem(403, "This is not the outbox of the member whose access token this is.")
    activity = as_activity(await _read(request), tuple(ACTS))
    need_scope(caller, _scope_of(activity))
    services = services_of(request)
    strangers = await run_in_threadpool(_unknown, services, activity)
    limit: ProxyLimit = request.app.state.proxy_limit
    for _ in strangers:
        limit.count(member.actor_id)
    fetched = [await _look_up(services, uri) for uri in strangers]
    key = request.headers.get("idempotency-key", "")[:LONGEST_KEY]
    made = await run_in_threadpool(_act, services, caller, member, activity, fetched, key)
    services.wake()
    headers = {"location": made["id"], "vary": VARY, "cache-control": "private, no-store"}
    return JSONResponse({"@context": OBJECT_CONTEXT, **made}, 201, headers, media_type=CONTENT_TYPE)


async def _read(request: Request) -> Document:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise Problem(415, f"Send it as {CONTENT_TYPE}.")
    return parse_json(await capped(request, MAX_BODY).body())


def _scope_of(activity: Document) -> str:
    kind = types_of(activity)[0]
    if kind == "Undo" and isinstance(activity["object"], dict):
        return UNDO_SCOPES.get("".join(types_of(activity["object"])), "write")
    return ACTS[kind][0]


def _unknown(services: Services, activity: Document) -> list[str]:
    """Who is named and not known here: asked on their own server before anything is written."""
    note = activity["object"] if isinstance(activity["object"], dict) else {}
    if types_of(activity) == ["Follow"]:
        named = [as_id(activity["object"])]
    elif types_of(activity) == ["Create"]:
        named = [uri for one in (activity, note) for name in ("to", "cc") for uri in as_ids(one.get(name))]
    else:
        return []
    with reading(services.engine) as db:
        base = identity.load(db, services.settings.scheme).base
        asked = dict.fromkeys(uri for uri in named if is_web_url(uri) and uri not in PUBLIC_SPELLINGS)
        found = [uri for uri in asked if not same_origin(uri, base) and find_actor(db, uri) is None]
    if len(found) > MOST_LOOKED_UP:
        raise unusable(f"At most {MOST_LOOKED_UP} people who are not known here yet.")
    return found


async def _look_up(services: Services, uri: str) -> Actor:
    try:
        return await fetch_actor(services.network.get, uri)
    except FederationError as error:
        raise unusable("One of the addresses is nobody that could be found on their server.") from error


def _act(
    services: Services, caller: Caller, member: Member, activity: Document, fetched: list[Actor], key: str
) -> Document:
    with writing(services.engine) as db:
        for actor in fetched:
            keep_actor(db, actor)
        node = identity.load(db, services.settings.scheme)
        wish = Wish(db, node, services.settings, member, get_actor(db, member.actor_id), activity, key)
        check_whose(wish)
        if types_of(activity) == ["Update"] and wish.object_uri == wish.own.uri:
            need_scope(caller, "write:accounts")
        return ACTS[types_of(activity)[0]][1](wish)


ROUTES: list[BaseRoute] = [
    Route("/p/{id:id}/outbox", with_problems(take_activity), methods=["POST"]),
]
