"""Drives `fedify/peer.mjs`: an independent server whose one person does what a test asks."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from tests import nodejs

SOURCE = Path(__file__).parent / "fedify"
STOP_SECONDS = 15
# Longer than the peer itself waits for a line.
PATIENCE_SECONDS = 30.0

Specification = Literal["rfc9421", "draft-cavage-http-signatures-12"]
RFC9421: Specification = "rfc9421"
CAVAGE: Specification = "draft-cavage-http-signatures-12"

Line = dict[str, Any]


@dataclass(frozen=True)
class RawAnswer:
    """An answer byte for byte, without what differs between any two answers."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(eq=False)
class FedifyPeer:
    """The running server; `lines` is what it told of so far."""

    base: str
    actor: str
    inbox: str
    lines: list[Line] = field(default_factory=list)

    def do(self, action: str, **values: Any) -> Any:
        """One act of its person; fails when Fedify could not do it."""
        said = self.try_to(action, **values)
        assert "done" in said, said
        return said["done"]

    def try_to(self, action: str, **values: Any) -> dict[str, Any]:
        """The same, for what may fail: holds `done` or `error`."""
        asked = {"action": action, **values}
        answer = httpx.post(f"{self.base}/do", json=asked, timeout=PATIENCE_SECONDS)
        said: dict[str, Any] = answer.raise_for_status().json()
        return said

    def find(self, uri: str) -> dict[str, Any]:
        """The object with that id as Fedify understands it."""
        found: dict[str, Any] | None = self.do("read", url=uri)["found"]
        assert found is not None, uri
        return found

    def finds_nothing(self, uri: str) -> bool:
        """Asked for with signatures of both kinds."""
        return self.do("read", url=uri)["found"] is None

    def get(self, url: str, sign: Specification | None = None, **values: str) -> RawAnswer:
        said = self.do("get", url=url, sign=sign, **values)
        names, texts = said["headers"][::2], said["headers"][1::2]
        headers = tuple(
            (name, text)
            for name, text in zip(names, texts, strict=True)
            if name.lower() not in ("date", "x-request-id")
        )
        return RawAnswer(said["status"], headers, base64.b64decode(said["body"]))

    def wait_for(self, is_it: Callable[[Line], bool]) -> Line:
        """The first line that is it, now or when it comes."""
        seen = 0
        while True:
            for line in self.lines[seen:]:
                if is_it(line):
                    return line
            seen = len(self.lines)
            self._listen()

    def _listen(self) -> None:
        asked = {"from": len(self.lines)}
        told = httpx.get(f"{self.base}/recorded", params=asked, timeout=PATIENCE_SECONDS).text.splitlines()
        assert told, "nothing more came"
        self.lines += [json.loads(line) for line in told]

    def accepted(self) -> list[Line]:
        """Every activity that Fedify has verified and understood."""
        return [line for line in self.lines if line["what"] == "accepted"]


@contextmanager
def fedify_peer(folder: Path, first_knock: Specification) -> Iterator[FedifyPeer]:
    command = [nodejs.NODE, "peer.mjs", str(folder), first_knock]
    with (folder / "peer.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=nodejs.installed(SOURCE),
            env=nodejs.environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdout is not None
            yield FedifyPeer(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            process.communicate(timeout=STOP_SECONDS)
