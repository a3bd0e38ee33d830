"""The table that is printed: kinds of things by readers, and one line for each cell that is wrong."""

from collections.abc import Sequence

from tests.demo_check.reading import Seen
from tests.demo_check.table import READERS, TABLE, expectation
from tests.demo_check.things import Thing


def differences(things: Sequence[Thing], seen: Seen) -> list[str]:
    """Each cell that is not as the table says."""
    wrong = []
    for thing in things:
        for reader in READERS:
            where, wanted = seen.where.get((thing.name, reader)), expectation(thing.kind, reader)
            if where and wanted == "-":
                wrong.append(f"{thing.name} ({thing.kind}) was seen by {reader}: {where}")
            if not where and wanted == "+":
                wrong.append(f"{thing.name} ({thing.kind}) was not seen by {reader}")
    return wrong


def table_lines(things: Sequence[Thing], seen: Seen) -> list[str]:
    """One line for each kind: how many of how many each reader saw."""
    heads = [f"{number:2}  {reader}" for number, reader in enumerate(READERS, 1)]
    width = max(map(len, TABLE)) + 2
    lines = ["Readers (who@node that is asked):", *heads, ""]
    lines.append(" " * width + "".join(f"{number:>6}" for number in range(1, len(READERS) + 1)))
    for kind in TABLE:
        these = [thing for thing in things if thing.kind == kind]
        cells = [_cell(these, reader, seen) for reader in READERS]
        lines.append(f"{kind:{width}}" + "".join(f"{cell:>6}" for cell in cells))
    return lines


def _cell(things: Sequence[Thing], reader: str, seen: Seen) -> str:
    count = sum((thing.name, reader) in seen.where for thing in things)
    return f"{count}/{len(things)}" if count else "-"


def total_line(things: Sequence[Thing], seen: Seen) -> str:
    cells = len(things) * len(READERS)
    return (
        f"{len(things)} things, {len(READERS)} readers, {cells} cells, {len(seen.where)} seen; "
        f"{seen.requests} answers read."
    )
