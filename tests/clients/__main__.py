"""Lets every client act and writes the published table: `python -m tests.clients`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clients import mastodon_py, mastojs_calls, toot_commands
from tests.clients.matrix import CHECKS, TABLE, complaint, render
from tests.clients.world import open_world

MODULES = (mastodon_py, mastojs_calls, toot_commands)  # declare the checks, each for its column
LONGEST_REASON = 110


def main() -> None:
    works: dict[tuple[str, str], bool] = {}
    with TemporaryDirectory() as folder, open_world(Path(folder)) as world:
        for one in CHECKS:
            why = complaint(world, one)
            works |= {(one.client, name): not why for name in one.names}
            if why:
                print(f"{one.client} {', '.join(one.names)}: {why[:LONGEST_REASON]}", flush=True)
    TABLE.write_text(render(works), "utf-8")
    print(f"{sum(works.values())} of {len(works)} calls work; the table is {TABLE.name}")


if __name__ == "__main__":
    main()
