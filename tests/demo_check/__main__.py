"""`python -m tests.demo_check`: starts the demo, reads all of it as everybody, exits 1 if a cell is wrong."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.demo_check.homes import keys_of, places_of
from tests.demo_check.readers import insiders_at, outsiders_at
from tests.demo_check.reading import Seen, read_as_member, read_as_outsider
from tests.demo_check.report import differences, table_lines, total_line
from tests.demo_check.stranger import serving_stranger
from tests.demo_check.things import Thing, all_things

START_SECONDS, END_SECONDS = 420, 20  # a machine may have other work


def main() -> int:
    options = _read_options()
    if options.running:
        return _check(json.loads((options.data / "demo.json").read_text("utf-8")), options.stranger_port)
    with _demo(options.data, options.ports) as demo:
        return 1 if demo is None else _check(demo, options.stranger_port)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.demo_check", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the demo")
    parser.add_argument("--ports", type=int, nargs=3, default=(8001, 8002, 8003), metavar="PORT")
    parser.add_argument("--stranger-port", type=int, default=8009, help="where the stranger can be looked up")
    parser.add_argument("--running", action="store_true", help="read a demo that runs already")
    return parser.parse_args()


@contextmanager
def _demo(data: Path, ports: Sequence[int]) -> Iterator[dict[str, Any] | None]:
    """The demo while it runs; None when it did not get ready."""
    listing = data / "demo.json"
    listing.unlink(missing_ok=True)
    command = [sys.executable, "-m", "node.demo", "--data", str(data), "--ports", *map(str, ports)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        deadline = time.monotonic() + START_SECONDS
        while not listing.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        yield json.loads(listing.read_text("utf-8")) if listing.exists() else None
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _check(demo: dict[str, Any], stranger_port: int) -> int:
    things = all_things(demo)
    with serving_stranger(stranger_port) as stranger:
        seen = _read_all(demo, things, stranger)
    wrong = differences(things, seen)
    for line in (*table_lines(things, seen), "", *seen.bugs, *wrong, total_line(things, seen)):
        print(line)
    print(
        f"{len(wrong)} cells are wrong, {len(seen.bugs)} answers are bugs."
        if wrong or seen.bugs
        else "As written."
    )
    return 1 if wrong or seen.bugs else 0


def _read_all(demo: dict[str, Any], things: Sequence[Thing], stranger: tuple[str, str]) -> Seen:
    seen, places = Seen(), places_of(demo)
    keys = {name: keys_of(place) for name, place in places.items()}
    for name, place in places.items():
        pages: set[str] = set()
        for insider in insiders_at(place):
            pages |= read_as_member(seen, things, place, insider)
        for outsider in outsiders_at(name, keys, stranger):
            read_as_outsider(seen, things, place, outsider, pages)
    return seen


if __name__ == "__main__":
    sys.exit(main())
