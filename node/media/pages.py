"""Files over HTTP, under /media/ only: each read asks the boundary, and nothing served here can run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from node import identity
from node.access.oauth.answers import bearer
from node.access.oauth.queries import member_of_token
from node.boundary import Anonymous, Member, Outside, Reader
from node.db import reading, writing
from node.departures import record_departure
from node.errors import NotFound
from node.identity import Identity
from node.media.app_links import PARAMETER, member_of_key
from node.media.images import EXTENSIONS, THUMB_TYPE
from node.media.queries import ServedFile, find_file
from node.media.storage import read_picture_file, read_thumb
from node.network import Network
from node.objects import PUBLIC
from node.peers import get_peer
from node.web.visits import Services, services_of

SignerOf = Callable[[Request, Network, Identity], Awaitable[Anonymous | Outside]]

_LONGEST_ID = 19  # digits of a 64-bit number
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Vary": "Authorization, Cookie, Signature",
}


@dataclass(frozen=True)
class _Served:
    data: bytes
    media_type: str
    is_public: bool


def media_routes(signer_of: SignerOf) -> list[BaseRoute]:
    """`signer_of` tells who signed a GET; without a signature the log-in cookie counts."""

    async def show_file(request: Request) -> Response:
        return await _show(request, signer_of, is_thumb=False)

    async def show_thumb(request: Request) -> Response:
        return await _show(request, signer_of, is_thumb=True)

    return [Route("/media/{id:id}", show_file), Route("/media/{id:id}/thumb", show_thumb)]


async def _show(request: Request, signer_of: SignerOf, *, is_thumb: bool) -> Response:
    services = services_of(request)
    node = await run_in_threadpool(_load, services)
    signer = await signer_of(request, services.network, node)
    served = await run_in_threadpool(_serve, request, services, signer, is_thumb)
    extension = "webp" if is_thumb else EXTENSIONS[served.media_type]
    caching = "public, max-age=300" if served.is_public else "private, no-store"
    name = f'inline; filename="{request.path_params["id"]}.{extension}"'
    headers = {**_HEADERS, "Cache-Control": caching, "Content-Disposition": name}
    return Response(served.data, headers=headers, media_type=served.media_type)


def _load(services: Services) -> Identity:
    with reading(services.engine) as db:
        return identity.load(db, services.settings.scheme)


def _serve(request: Request, services: Services, signer: Anonymous | Outside, is_thumb: bool) -> _Served:
    """Raises NotFound alike for no file and for a file of others."""
    file_id: int = request.path_params["id"]
    if len(str(file_id)) > _LONGEST_ID:
        raise NotFound
    with reading(services.engine) as db:
        reader: Reader = signer
        if isinstance(signer, Anonymous):
            reader = _reader_here(db, request, services, file_id)
        row = find_file(db, reader, file_id)
    if row is None:
        raise NotFound
    data = _read(services.settings.media_folder, row.name, is_thumb)
    is_public = row.audience == PUBLIC
    if isinstance(reader, Outside) and not is_public:
        with writing(services.engine) as db:
            _note_departure(db, reader, row, data)
    return _Served(data, THUMB_TYPE if is_thumb else row.media_type, is_public)


def _reader_here(db: Connection, request: Request, services: Services, file_id: int) -> Anonymous | Member:
    """By the log-in of a browser, by the address that an app was given, or by its token itself."""
    key = request.query_params.get(PARAMETER)
    if key is not None:
        return member_of_key(db, key, file_id) or Anonymous()
    token = bearer(request)
    if token:
        return member_of_token(db, token, "read:statuses") or Anonymous()
    return services.identify(db, request, services.settings).reader


def _read(folder: Path, name: str, is_thumb: bool) -> bytes:
    try:
        return read_thumb(folder, name) if is_thumb else read_picture_file(folder, name)
    except FileNotFoundError as error:
        raise NotFound from error


def _note_departure(db: Connection, reader: Outside, row: ServedFile, data: bytes) -> None:
    ids = [f"/media/{row.id}", row.uri]
    domain = get_peer(db, reader.peer_id).domain
    record_departure(db, "file", ids=ids, receivers=[domain], content=data)
