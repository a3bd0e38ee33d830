"""`python -m node.demo`: makes the demo and keeps it running until it is stopped."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

import typer

from node.demo.errors import DemoFailed
from node.demo.firms import FIRMS, Place
from node.demo.listing import NAME, write_listing
from node.demo.processes import Nodes, check_ports
from node.demo.story import make_home, tell_story
from node.demo.telling import begin

PORTS = (8001, 8002, 8003)
WATCH_SECONDS = 0.5


def main() -> int:
    options = _read_options()
    for name in [name for name in os.environ if name.startswith("LEERKRING_")]:
        del os.environ[name]
    signal.signal(signal.SIGTERM, _stop)
    try:
        _run(options.data.resolve(), options.ports, with_content=not options.no_content)
    except KeyboardInterrupt:
        typer.echo("\nThe demo has stopped.")
    except DemoFailed as error:
        typer.echo(f"The demo cannot go on. {error}", err=True)
        return 1
    return 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m node.demo", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder for demo/ and demo.json")
    parser.add_argument(
        "--ports", type=int, nargs=3, default=PORTS, metavar="PORT", help="of the three nodes"
    )
    parser.add_argument("--no-content", action="store_true", help="only the nodes and their members")
    return parser.parse_args()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _run(data: Path, ports: Sequence[int], *, with_content: bool) -> None:
    listing = data / NAME
    places = [Place(firm, port, data / "demo" / firm.key) for firm, port in zip(FIRMS, ports, strict=True)]
    check_ports(places)
    listing.unlink(missing_ok=True)
    tell = _teller()
    tell("Making three homes …")
    for place in places:
        make_home(place)
    with Nodes(places) as nodes:
        if with_content:
            story = begin(places, tell)
            tell_story(story)
            write_listing(listing, story)
            tell(f"Ready; all of it is in {listing}.\n")
        _print_addresses(places, nodes)
        while True:
            time.sleep(WATCH_SECONDS)
            nodes.watch()


def _teller() -> Callable[[str], None]:
    """Says what happens and how many seconds after the start."""
    started = time.monotonic()
    return lambda text: typer.echo(f"{time.monotonic() - started:3.0f} s  {text}")


def _print_addresses(places: list[Place], nodes: Nodes) -> None:
    for place in places:
        typer.echo(f"{place.firm.name}\t{place.url}\t(process {nodes.pid(place)})")
        for one in place.firm.people:
            roles = ", ".join(one.roles) or "member"
            typer.echo(f"    {one.handle:10}{one.password:28}{one.name} ({roles})")
    typer.echo("\nIf your browser does not find these addresses, add these lines to /etc/hosts:")
    for place in places:
        typer.echo(f"127.0.0.1 {place.firm.key}.localhost")
    typer.echo("\nStop with Ctrl-C.")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
