"""WebFinger, host-meta and NodeInfo: how this node and its open actors are found."""

from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from node import identity
from node.activitypub.documents import Asker, ask_openly, query, visible_actor
from node.actors import GROUP, find_local
from node.boundary import Anonymous
from node.db import absolute
from node.errors import NotFound
from node.identity import Identity
from node.posts.queries import count_open_posts
from node.web.visits import Services, services_of
from schemas import discovery

OPEN_TO_ALL = {"access-control-allow-origin": "*"}


async def show_webfinger(request: Request) -> Response:
    resource = request.query_params.get("resource", "")
    if not resource:
        return JSONResponse({"error": "resource is missing"}, 400, OPEN_TO_ALL)
    services, node, asker = await ask_openly(request)
    document = await query(services, lambda db: _find(db, node, asker, resource))
    caching = {} if isinstance(asker, Anonymous) else {"cache-control": "private, no-store"}
    headers = OPEN_TO_ALL | {"vary": "Signature"} | caching
    return JSONResponse(document, 200, headers, media_type=discovery.JRD_CONTENT_TYPE)


def _find(db: Connection, node: Identity, asker: Asker, resource: str) -> dict[str, Any]:
    """Raises NotFound alike for no such name and for a person without a face."""
    name = node.domain.replace(":", ".")
    if resource in (node.base, f"{node.base}/", node.actor_uri, f"acct:{node.domain}@{node.domain}"):
        subject = f"{node.domain}@{node.domain}"
        return discovery.webfinger(subject=subject, actor=node.actor_uri, kind="Application", page=node.base)
    if resource == f"acct:{name}@{node.domain}":
        subject = f"{name}@{node.domain}"
        return discovery.webfinger(subject=subject, actor=node.actor_uri, kind="Application", page=node.base)
    actor = visible_actor(db, asker, _path_of(db, node, resource))
    is_topic = actor.type == GROUP
    return discovery.webfinger(
        subject=f"{actor.handle}@{node.domain}",
        actor=absolute(node.base, actor.uri),
        kind=actor.type,
        page=f"{node.base}/topics/{actor.id}" if is_topic else f"{node.base}/@{actor.handle}",
        subscribe=f"{node.base}/follow?uri={{uri}}",
    )


def _path_of(db: Connection, node: Identity, resource: str) -> str:
    if resource.startswith(("https:", "http:")):
        path = urlsplit(resource).path
        handle = path.removeprefix("/@") if path.startswith("/@") else ""
        if not resource.startswith(f"{node.base}/"):
            raise NotFound
    else:
        handle, _, host = resource.removeprefix("acct:").removeprefix("@").partition("@")
        path = ""
        if host.lower() != node.domain:
            raise NotFound
    row = find_local(db, handle.lower()) if handle else None
    return row.uri if row is not None else path


async def show_host_meta(request: Request) -> Response:
    node = await _node(services_of(request))
    if "json" in request.headers.get("accept", "") or request.url.path.endswith(".json"):
        return JSONResponse(discovery.host_meta_json(node.base), 200, OPEN_TO_ALL)
    document = discovery.host_meta(node.base)
    return Response(document, 200, OPEN_TO_ALL, media_type=discovery.XRD_CONTENT_TYPE)


async def show_nodeinfo_index(request: Request) -> Response:
    node = await _node(services_of(request))
    return JSONResponse(discovery.nodeinfo_index(node.base, node_actor=node.actor_uri), 200, OPEN_TO_ALL)


async def show_nodeinfo(request: Request) -> Response:
    """Figures are of open posts only; how many people work here is nobody's business outside."""
    number = request.path_params["version"]
    if number not in ("2.0", "2.1"):
        raise NotFound
    services = services_of(request)
    node = await _node(services)
    document = discovery.nodeinfo(
        number,
        software_version=version("leerkring"),
        node_name=node.name,
        usage={"localPosts": await query(services, count_open_posts)},
    )
    return JSONResponse(document, 200, OPEN_TO_ALL, media_type=discovery.nodeinfo_content_type(number))


async def _node(services: Services) -> Identity:
    return await query(services, lambda db: identity.load(db, services.settings.scheme))


ROUTES: list[BaseRoute] = [
    Route("/.well-known/webfinger", show_webfinger),
    Route("/.well-known/host-meta", show_host_meta),
    Route("/.well-known/host-meta.json", show_host_meta),
    Route("/.well-known/nodeinfo", show_nodeinfo_index),
    Route("/nodeinfo/{version}", show_nodeinfo),
]
