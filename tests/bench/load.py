"""Asks as fast as it can over a fixed number of connections, cheaply: what is asked is bytes made before."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def request(port: int, path: str, *, token: str = "", method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if method != "GET" else []
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Tally:
    """What all connections got together; anything but 200 is remembered as wrong."""

    asked: Iterator[bytes]
    answered: int = 0
    wrong: list[bytes] = field(default_factory=list)
    is_over: bool = False


class Connection(asyncio.Protocol):
    """One request after the other until the tally is over."""

    def __init__(self, tally: Tally, done: asyncio.Future[None]) -> None:
        self.tally, self.done = tally, done
        self.left, self.head = 0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own kind
        self._ask()

    def data_received(self, data: bytes) -> None:
        if self.left:
            self.left -= len(data)
        else:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begin(end)
        if self.left <= 0:
            self.tally.answered += 1
            self._ask()

    def _begin(self, end: int) -> None:
        length = _LENGTH.search(self.head, 0, end)
        assert length is not None, self.head
        if not self.head.startswith(b"HTTP/1.1 200"):
            self.tally.wrong.append(self.head[:300])
        self.left = int(length[1]) - (len(self.head) - end - 4)
        self.head = b""

    def _ask(self) -> None:
        if self.tally.is_over:
            self.transport.close()
        else:
            self.transport.write(next(self.tally.asked))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def rate(port: int, requests: Sequence[bytes], *, seconds: float, connections: int) -> float:
    """Answers in a second; fails when one was not 200."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally, taken = runner.run(_ask_all(port, requests, seconds, connections))
    assert not tally.wrong, tally.wrong[0]
    return tally.answered / taken


async def _ask_all(
    port: int, requests: Sequence[bytes], seconds: float, connections: int
) -> tuple[Tally, float]:
    loop, tally = asyncio.get_running_loop(), Tally(cycle(requests))
    ends = [loop.create_future() for _ in range(connections)]
    started = time.monotonic()
    for end in ends:
        await loop.create_connection(partial(Connection, tally, end), "127.0.0.1", port)
    await asyncio.sleep(seconds)
    tally.is_over = True
    await asyncio.gather(*ends)
    return tally, time.monotonic() - started
