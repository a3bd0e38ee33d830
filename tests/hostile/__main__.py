"""Plays every trick and prints the table, for `make hostile`; also written to build/hostile.md."""

import asyncio
import shutil
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.hostile.everything import TRICKS
from tests.hostile.stage import Stage, made_stage
from tests.hostile.tricks import Trick
from tests.schema import create_schema

TABLE = Path("build/hostile.md")


def main() -> int:
    """0 when no trick got more than its rule allows."""
    structlog.configure(processors=[_say_nothing])
    with TemporaryDirectory() as folder:
        lines = asyncio.run(_play_all(Path(folder)))
    table = "\n".join(["| it tried to | it got | rule |", "|---|---|---|", *lines])
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(table + "\n")
    broken = sum("**GOT THROUGH**" in line for line in lines)
    print(f"{table}\n\n{len(lines)} tricks, {broken} got through")
    return 1 if broken else 0


def _say_nothing(*_: object) -> str:
    raise structlog.DropEvent


async def _play_all(folder: Path) -> list[str]:
    new_url = _maker(folder)
    staying = [trick for trick in TRICKS.values() if not trick.ends]
    async with made_stage(folder / "all", new_url) as stage:
        lines = [await _line(trick, stage) for trick in staying]
    for trick in TRICKS.values():
        if trick.ends:
            async with made_stage(folder / trick.name, new_url) as stage:
                lines.append(await _line(trick, stage))
    return lines


async def _line(trick: Trick, stage: Stage) -> str:
    try:
        got = await trick.play(stage)
    except AssertionError as error:
        got = f"**GOT THROUGH** {error}"
    return f"| {trick.tried} | {got} | {trick.rule} |"


def _maker(folder: Path) -> Callable[[], str]:
    template, numbers = folder / "template.sqlite3", count(1)
    create_schema(f"sqlite:///{template}")

    def make() -> str:
        path = folder / f"{next(numbers)}.sqlite3"
        shutil.copy(template, path)
        return f"sqlite:///{path}"

    return make


if __name__ == "__main__":
    sys.exit(main())
