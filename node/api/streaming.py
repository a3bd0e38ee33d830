"""The way in to streams: by WebSocket, and line by line for those who cannot (server-sent events)."""

import asyncio
import json
from collections.abc import Awaitable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from node.access.oauth.answers import bearer
from node.access.oauth.callers import Callers
from node.access.oauth.queries import Caller, find_caller_by_id
from node.api.calls import Call, Refused
from node.api.channels import Channel, Event, read_channel
from node.api.streams import Stream, Streams
from node.db import reading
from node.errors import NotFound
from node.posts.rendering import fold_hashtag
from node.web.bodies import Params
from node.web.visits import Services

PATH = "/api/v1/streaming"
MOST_CHANNELS = 50
POLICY_VIOLATION = 1008
GOODBYE_SECONDS = 2.0
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"private, no-store"),
    (b"x-accel-buffering", b"no"),
]


def stream_routes() -> list[BaseRoute]:
    return [
        WebSocketRoute(PATH, _talk),
        WebSocketRoute(f"{PATH}/", _talk),
        Route(f"{PATH}/health", _tell_health, methods=["GET"]),
        Route("/health", _tell_health, methods=["GET"]),
        Route(f"{PATH}/{{channel:path}}", _stream_lines, methods=["GET"]),
        Route(PATH, _tell_nothing, methods=["GET"]),
    ]


async def _tell_health(_request: Request) -> Response:
    return PlainTextResponse("OK")


async def _tell_nothing(_request: Request) -> Response:
    return JSONResponse({"error": "Not Found"}, 404)


# --- who asks, and for what --------------------------------------------------------------------------


async def _caller(connection: HTTPConnection) -> Caller:
    token = _token(connection)
    if not token:
        raise Refused(401, "Missing access token")
    callers = cast("Callers", connection.app.state.callers)
    caller = await run_in_threadpool(callers.find, token)
    if caller is None or caller.member is None:
        raise Refused(401, "Invalid access token")
    return caller


def _token(connection: HTTPConnection) -> str:
    return bearer(connection) or connection.query_params.get("access_token") or _protocol(connection)


def _protocol(connection: HTTPConnection) -> str:
    return connection.headers.get("sec-websocket-protocol", "").partition(",")[0].strip()


async def _new_stream(connection: HTTPConnection) -> Stream:
    return Stream(connection.scope, _services(connection), await _caller(connection))


def _services(connection: HTTPConnection) -> Services:
    return cast("Services", connection.app.state.services)


def _streams(connection: HTTPConnection) -> Streams:
    return cast("Streams", connection.app.state.streams)


async def _find_channel(stream: Stream, services: Services, name: str, values: Mapping[str, str]) -> Channel:
    """What is asked for, by the token as it is worth something now; raises Refused."""

    def find() -> Channel:
        with reading(services.engine) as db:
            caller = find_caller_by_id(db, stream.token_id)
            call = Call(stream.scope, services, caller, Params(), {}, db=db)
            return read_channel(call, name, values)

    try:
        return await run_in_threadpool(find)
    except NotFound as error:
        raise Refused(404, "Record not found") from error


# --- server-sent events -------------------------------------------------------------------------------


async def _stream_lines(request: Request) -> Response:
    query = request.query_params
    name = request.path_params["channel"].strip("/").replace("/", ":")
    if query.get("only_media") in ("true", "1", "on") and name.startswith("public"):
        name += ":media"
    try:
        stream = await _new_stream(request)
        stream.channels[await _find_channel(stream, _services(request), name, query)] = None
        await _streams(request).open(stream)
    except Refused as error:
        return JSONResponse({"error": str(error)}, error.status)
    return _Lines(stream, _streams(request))


class _Lines(Response):
    """An answer that goes on until the stream ends or nobody listens."""

    def __init__(self, stream: Stream, streams: Streams) -> None:
        self.background = None
        self._stream = stream
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def write(text: str, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": text.encode(), "more_body": more})

        async def deliver(event: Event | None) -> None:
            await write(":thump\n" if event is None else _lines_of(event))

        async def listen() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await write(":)\n")
            if await _first_of(self._stream.run(deliver), listen()):
                await _say_goodbye(write("", more=False))
        finally:
            self._streams.close(self._stream)


def _lines_of(event: Event) -> str:
    # Mastodon sends no payload for filters_changed; browsers hear of no event without a line of data.
    return f"event: {event.name}\ndata: {event.payload if event.payload is not None else 'undefined'}\n\n"


async def _first_of(talking: Coroutine[Any, Any, None], listening: Coroutine[Any, Any, None]) -> bool:
    """Runs both until one ends, and the other with it; whether it was the first."""
    tasks = [asyncio.create_task(talking), asyncio.create_task(listening)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
        return tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _say_goodbye(said: Awaitable[None]) -> None:
    """Who did not read does not read this either."""
    with suppress(TimeoutError):
        await asyncio.wait_for(said, GOODBYE_SECONDS)


# --- by WebSocket ------------------------------------------------------------------------------------


async def _talk(socket: WebSocket) -> None:
    streams = _streams(socket)
    try:
        stream = await _new_stream(socket)
        if socket.query_params.get("stream"):
            await _subscribe(socket, stream, socket.query_params)
        await streams.open(stream)
    except Refused as error:
        await socket.send_denial_response(JSONResponse({"error": str(error)}, error.status))
        return
    try:
        await socket.accept(subprotocol=_protocol(socket) or None)
        if await _first_of(stream.run(_by_socket(socket)), _listen(socket, stream)):
            await _say_goodbye(socket.close(POLICY_VIOLATION))
    except WebSocketDisconnect:
        return
    finally:
        streams.close(stream)


def _by_socket(socket: WebSocket) -> Any:
    async def deliver(event: Event | None) -> None:
        if event is None:
            return  # the server itself pings
        told: dict[str, Any] = {"stream": event.channel.words, "event": event.name}
        if event.payload is not None:
            told["payload"] = event.payload
        await socket.send_text(json.dumps(told, ensure_ascii=False, separators=(",", ":")))

    return deliver


async def _listen(socket: WebSocket, stream: Stream) -> None:
    """What the app says: which channels it wants, and which no longer."""
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        said = _words_in(message.get("text") or "")
        try:
            if said.get("type") == "subscribe":
                await _subscribe(socket, stream, said)
            elif said.get("type") == "unsubscribe":
                _unsubscribe(stream, said)
        except Refused as error:
            await socket.send_text(json.dumps({"error": str(error), "status": error.status}))


def _words_in(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


async def _subscribe(socket: WebSocket, stream: Stream, said: Mapping[str, str]) -> None:
    channel = await _find_channel(stream, _services(socket), said.get("stream", ""), said)
    if len(stream.channels) >= MOST_CHANNELS and channel not in stream.channels:
        raise Refused(429, "Too many channels on one stream")
    stream.channels[channel] = None


def _unsubscribe(stream: Stream, said: Mapping[str, str]) -> None:
    value = said.get("list", "") or said.get("tag", "")
    for channel in list(stream.channels):
        if channel.name == said.get("stream") and channel.value in ("", value, fold_hashtag(value)):
            del stream.channels[channel]
