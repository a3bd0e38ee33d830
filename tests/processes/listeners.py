"""Somebody at a node's port who is no node: takes requests and answers none."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from queue import Queue
from types import TracebackType
from typing import Self

from tests.processes.nodes import Node, wait_until


@dataclass(frozen=True)
class Taken:
    """One request, byte for byte."""

    path: str
    data: bytes

    def replay(self, node: Node) -> int:
        """Hand it to the node that it was meant for; returns the status of the answer."""
        with socket.create_connection(("127.0.0.1", node.port), timeout=20) as connection:
            connection.sendall(self.data)
            return int(connection.recv(4096).split(b" ", 2)[1])


class Listener:
    """Listens at a port of this computer, reads each request whole, and lets its sender wait."""

    def __init__(self, port: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", port))
        self._taken: Queue[Taken] = Queue()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            connection.close()
        self._thread.join()

    def take(self, path: str) -> Taken:
        """The next request for a path."""
        return wait_until(lambda: self._next(path), f"a request for {path}")

    def _next(self, path: str) -> Taken | None:
        while not self._taken.empty():
            taken = self._taken.get()
            if taken.path == path:
                return taken
        return None

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                self._taken.put(_read(connection))


def _read(connection: socket.socket) -> Taken:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.startswith("content-length:")), 0)
    while len(body) < length:
        more = connection.recv(65536)
        body, data = body + more, data + more
    return Taken(head.decode("latin-1").split(" ", 2)[1], data)
