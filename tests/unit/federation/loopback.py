"""A small web server on loopback that answers what a test tells it, and remembers what it was asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from federation.messages import Request

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Loopback:
    port: int = 0
    scheme: str = "http"
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str, host: str = "bakker.localhost") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            request = await self._read(reader)
            self.asked.append(request)
            await self._reply(writer, self.answers.get(request.url, answer(404)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        request = Request(method, target, headers)
        request.body = await reader.readexactly(int(request.headers.get("content-length", "0")))
        return request

    async def _reply(self, writer: asyncio.StreamWriter, reply: Answer) -> None:
        if callable(reply):
            await reply(writer)
        else:
            writer.write(reply)
            await writer.drain()


@asynccontextmanager
async def run_loopback(tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    loopback = Loopback(scheme="https" if tls else "http")
    server = await asyncio.start_server(loopback.serve, "127.0.0.1", 0, ssl=tls)
    loopback.port = server.sockets[0].getsockname()[1]
    async with server:
        yield loopback
