"""The client API as a share of an empty Starlette GET: `python -m tests.bench.api` adds to build/bench.jsonl.

One process on one core, the asking on another, 16 connections, 100 thousand posts.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.crowd import Crowd, fill
from tests.bench.load import rate, request
from tests.processes.nodes import Node, free_port, make_node

RESULTS = Path("build/bench.jsonl")
CONNECTIONS = 16
SERVER_CORE, CLIENT_CORE = "0", 1
# Shares of the empty GET.
TARGETS = {
    "api.verify_credentials": 0.35,
    "api.home warm": 0.12,
    "api.home cold, 200 readers": 0.04,
    "api.notifications of 20": 0.05,
    "api.context of 200 replies": 0.015,
    "api.post": 0.02,
}


def main() -> None:
    seconds = float(os.environ.get("SECONDS") or 5)
    count = int(os.environ.get("POSTS") or 100_000)
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {CLIENT_CORE})
    RESULTS.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, RESULTS.open("a", encoding="utf-8") as results:
        for line in measure(Path(folder), seconds, count):
            print(
                "{name:28} {value:9.0f}/s of {other:.0f}/s = {ratio:6.2%}  target {target:.1%}".format(**line)
            )
            results.write(json.dumps(line) + "\n")


def measure(folder: Path, seconds: float, count: int) -> Iterator[dict[str, Any]]:
    node = make_node(folder, "bakker", ("fatima", "admin"))
    crowd = node.write(lambda db: fill(db, count=count))
    asked = {name: requests_for(name, node.port, crowd) for name in TARGETS}
    with serving("-m", "node", "serve", "--home", str(node.home), node=node):
        for name, requests in asked.items():
            rate(node.port, requests[:64], seconds=min(1.0, seconds), connections=CONNECTIONS)
            value = rate(node.port, requests, seconds=seconds, connections=CONNECTIONS)
            yield _line(name, value, _empty(seconds))


def _empty(seconds: float) -> float:
    """Beside each figure, because a machine is not as fast at one moment as at the next."""
    port = free_port()
    with serving("-m", "tests.bench.empty", str(port), node=Node(f"localhost:{port}", Path()), page="/"):
        rate(port, [request(port, "/")], seconds=min(1.0, seconds), connections=CONNECTIONS)
        return rate(port, [request(port, "/")], seconds=seconds, connections=CONNECTIONS)


def _line(name: str, value: float, other: float) -> dict[str, Any]:
    ratio, target = value / other, TARGETS[name]
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "1/s",
        "other": round(other, 1),
        "ratio": round(ratio, 4),
        "target": target,
        "met": ratio >= target,
    }


def requests_for(name: str, port: int, crowd: Crowd) -> Sequence[bytes]:
    token, random = crowd.tokens[0], Random(2)
    home = "/api/v1/timelines/home?limit=20"
    match name:
        case "api.verify_credentials":
            return [request(port, "/api/v1/accounts/verify_credentials", token=token)]
        case "api.home warm":
            return [request(port, home, token=token)]
        case "api.home cold, 200 readers":
            # Each asks for another page, so that neither answers nor posts are still known.
            pages = random.choices(crowd.ids[len(crowd.ids) // 2 :], k=20 * len(crowd.tokens))
            readers = crowd.tokens * 20
            return [
                request(port, f"{home}&max_id={one}", token=own)
                for one, own in zip(pages, readers, strict=True)
            ]
        case "api.notifications of 20":
            return [request(port, "/api/v1/notifications?limit=20", token=token)]
        case "api.context of 200 replies":
            return [request(port, f"/api/v1/statuses/{crowd.thread}/context", token=token)]
        case _:
            body = json.dumps({"status": "Een bericht van een app."}).encode()
            return [
                request(port, "/api/v1/statuses", token=own, method="POST", body=body) for own in crowd.tokens
            ]


@contextmanager
def serving(*words: str, node: Node, page: str = "/login") -> Iterator[None]:
    command = ["taskset", "-c", SERVER_CORE, sys.executable, *words]
    environment = {**os.environ, "LEERKRING_APP_RATE": "1000000000"}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment) as process:
        try:
            node.wait_for(page)
            yield
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
