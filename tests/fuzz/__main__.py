"""`make fuzz REQUESTS=100000 SEED=…`: the whole campaign, its report in the last line."""

import asyncio
import os
import secrets
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.campaign import LEAST_SHARE, Outcome, campaign
from tests.network import fediverse
from tests.schema import create_schema


def main() -> int:
    requests = int(os.environ.get("REQUESTS") or 100_000)
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**9))
    with TemporaryDirectory() as folder:
        outcome = asyncio.run(_run(Path(folder), seed, requests))
    for line in outcome.wrong[:50]:
        print(line)
    print(f"seed {seed}: {outcome.report()}")
    return 1 if outcome.wrong or outcome.share < LEAST_SHARE else 0


async def _run(folder: Path, seed: int, requests: int) -> Outcome:
    url = f"sqlite:///{folder / 'leerkring.sqlite3'}"
    create_schema(url)
    async with fediverse(folder / "homes", {"bakker.localhost:8001": url}) as nodes:
        return await campaign(nodes["bakker"], seed, requests)


if __name__ == "__main__":
    sys.exit(main())
