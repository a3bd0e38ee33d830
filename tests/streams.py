"""An app that listens: one stream of a node in process, by WebSocket or by server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.network import RunningNode

PATIENCE = 30.0  # a test that waits so long is wrong
Message = dict[str, Any]


@dataclass
class Listener:
    """What a node sent, message by message."""

    sent: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    said: "asyncio.Queue[Message]" = field(default_factory=asyncio.Queue)
    task: "asyncio.Task[None] | None" = None
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    unread: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)  # what waits while it reads nothing

    async def message(self) -> Message:
        return await asyncio.wait_for(self.sent.get(), PATIENCE)

    async def event(self) -> Message:
        """The next event of a socket, its payload read."""
        message = await self.message()
        assert message["type"] == "websocket.send", message
        told: Message = json.loads(message["text"])
        if "payload" in told and told["event"] != "delete":
            told["payload"] = json.loads(told["payload"])
        return told

    async def lines(self) -> str:
        """The next piece of a stream of lines."""
        message = await self.message()
        assert message["type"] == "http.response.body", message
        return str(message["body"].decode())

    async def say(self, **words: str) -> None:
        await self.said.put({"type": "websocket.receive", "text": json.dumps(words)})

    async def end(self) -> Message:
        """The last message, when the node itself ends it; nothing may come before."""
        message = await self.message()
        assert self.task is not None
        await asyncio.wait_for(self.task, PATIENCE)
        return message


@asynccontextmanager
async def listening(
    node: RunningNode, token: str, channel: str = "", *, kind: str = "websocket", **query: str
) -> AsyncIterator[Listener]:
    """A stream from its beginning to its end; the first message says whether it was let in."""
    listener = Listener()
    listener.reads.set()
    words = {**query, **({"stream": channel} if channel and kind == "websocket" else {})}
    path = "/api/v1/streaming" + (f"/{channel}" if kind == "http" else "")
    scope: Message = {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": urlencode(words).encode(),
        "headers": [(b"host", node.domain.encode()), (b"authorization", f"Bearer {token}".encode())],
        "client": ("127.0.0.1", 3),
        "server": ("127.0.0.1", 80),
    }
    scope |= (
        {"subprotocols": [], "extensions": {"websocket.http.response": {}}}
        if kind == "websocket"
        else {"method": "GET"}
    )
    if kind == "websocket":
        await listener.said.put({"type": "websocket.connect"})
    listener.task = asyncio.ensure_future(_run(node, scope, listener))
    try:
        yield listener
    finally:
        listener.reads.set()
        kind_of_end = "websocket.disconnect" if kind == "websocket" else "http.disconnect"
        await listener.said.put({"type": kind_of_end, "code": 1000})
        await asyncio.wait_for(listener.task, PATIENCE)


async def _run(node: RunningNode, scope: Message, listener: Listener) -> None:
    await node.app(scope, listener.said.get, _sender(listener))


def _sender(listener: Listener) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    async def send(message: MutableMapping[str, Any]) -> None:
        if not listener.reads.is_set():
            await listener.unread.put(message["type"])
        await listener.reads.wait()
        await listener.sent.put(dict(message))

    return send
