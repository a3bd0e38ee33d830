"""Which function works in which client: what is checked, and the table that is published of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.clients.world import World

TABLE = Path(__file__).parents[2] / "node" / "api" / "CLIENTS.md"
CLIENTS = {"Mastodon.py": "2.3.3", "toot": "0.52.1", "masto.js": "7.12.0"}
WORKS, NOT_SHOWN = "✓", "–"
HEAD = """# Clients

Made by `make clients` from a run of real clients against a real node; a test compares it with each run.
✓: the client did it, and a second client or a page saw the effect. –: it does not work, or not yet.
An empty place: the client has no such function.
"""

Act = Callable[[World], None]


@dataclass(frozen=True)
class Check:
    """Calls of one client; `act` fails unless somebody else saw the effect."""

    function: str
    client: str
    names: tuple[str, ...]
    act: Act


CHECKS: list[Check] = []


def perform(world: World, one: Check) -> None:
    """Fails unless all its calls were made and their effect seen."""
    world.called.clear()
    one.act(world)
    missing = sorted(set(one.names) - world.called)
    assert not missing, f"the check does not call {missing}"


def complaint(world: World, one: Check) -> str:
    """Why it does not work; empty when it does. Other programs raise what they like."""
    try:
        perform(world, one)
    except Exception as error:
        return f"{type(error).__name__} {error}".replace("\n", " ")
    return ""


def check(function: str, client: str, *names: str) -> Callable[[Act], Act]:
    """Declares a check; its function is named after the client's own unless `names` are given."""

    def declare(act: Act) -> Act:
        CHECKS.append(Check(function, client, names or (act.__name__,), act))
        return act

    return declare


def render(works: dict[tuple[str, str], bool]) -> str:
    """The published table, by client and name of its function."""
    rows: dict[str, dict[str, list[str]]] = {}
    for one in CHECKS:
        cell = rows.setdefault(one.function, {}).setdefault(one.client, [])
        cell += [f"{WORKS if works.get((one.client, name)) else NOT_SHOWN} `{name}`" for name in one.names]
    heads = [f"{name} {version}" for name, version in CLIENTS.items()]
    lines = [f"| Function | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for function, cells in rows.items():
        shown = [", ".join(cells.get(client, ())) for client in CLIENTS]
        lines.append(f"| {function} | {' | '.join(shown)} |")
    counts = [_count(client, works) for client in CLIENTS]
    return f"{HEAD}\n{'. '.join(counts)}.\n\n" + "\n".join(lines) + "\n"


def _count(client: str, works: dict[tuple[str, str], bool]) -> str:
    own = [done for (whose, _), done in works.items() if whose == client]
    return f"{client}: {sum(own)} of {len(own)} work"


def published() -> dict[tuple[str, str], bool]:
    """What the table says, by client and name."""
    said: dict[tuple[str, str], bool] = {}
    for line in TABLE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or cells[0] == "Function":
            continue
        for client, cell in zip(CLIENTS, cells[1:], strict=True):
            for sign, name in re.findall(rf"([{WORKS}{NOT_SHOWN}]) `([^`]+)`", cell):
                said[client, name] = sign == WORKS
    return said
