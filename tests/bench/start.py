"""Measures a node as an owner meets it: `python -m tests.bench.start` adds lines to build/bench.jsonl."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from node.objects import COMPANY
from tests.processes.nodes import Node, free_port, make_node
from tests.processes.posting import publish

RESULTS = Path("build/bench.jsonl")
POSTS = 200
REST_SECONDS = 5.0


def main() -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, RESULTS.open("a", encoding="utf-8") as results:
        for name, value, unit in measure(Path(folder)):
            line = json.dumps({"name": name, "value": round(value, 2), "unit": unit})
            print(line, flush=True)
            results.write(line + "\n")


def measure(folder: Path) -> Iterator[tuple[str, float, str]]:
    trial = Node(f"localhost:{free_port()}", folder / "trial")
    for name in ("first start", "second start"):
        started = time.monotonic()
        with serving(trial, "--trial", "--port", str(trial.port), page="/setup"):
            yield name, time.monotonic() - started, "s"
    node = make_node(folder, "bakker", ("fatima", "admin"))
    with serving(node, page="/login") as pid:
        time.sleep(REST_SECONDS)
        yield "idle memory", resident(pid), "MB"
        with node.log_in("fatima") as browser:
            started = time.monotonic()
            for number in range(POSTS):
                publish(browser, COMPANY, f"bericht {number}")
            yield "posts through the page, one member", POSTS / (time.monotonic() - started), "1/s"
        yield "memory after posting", resident(pid), "MB"


@contextmanager
def serving(node: Node, *words: str, page: str) -> Iterator[int]:
    """The whole program in a process of its own, from loading its code on; gives its pid once it answers."""
    command = [sys.executable, "-m", "node", "serve", "--home", str(node.home), *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            node.wait_for(page)
            yield process.pid
        finally:
            process.terminate()
            process.wait(20)


def resident(pid: int) -> float:
    """Megabytes in memory now (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
