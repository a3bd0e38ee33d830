"""Rounds of random SIGKILLs with real processes, beside the machine: one JSON line per round."""

import json
import random
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.processes import nodes
from tests.processes.conftest import Pair, copies, prepare
from tests.processes.killing import kill_and_check

KILLS = 20  # in one round
PATIENCE = 600.0  # the machine runs beside it, and perhaps much else


def main(minutes: float, seed: int) -> None:
    """Until the time is over; at least one round."""
    nodes.SECONDS = PATIENCE
    end = time.monotonic() + minutes * 60
    with TemporaryDirectory() as folder:
        prepared = prepare(Path(folder))
        while True:
            said = {"what": "kills", "seed": seed, "kills": KILLS, "failure": _round(prepared, seed)}
            print(json.dumps(said), flush=True)
            seed += 1
            if time.monotonic() > end:
                return


def _round(prepared: Pair, seed: int) -> str:
    """What was wrong afterwards; empty when nothing was."""
    with TemporaryDirectory() as folder:
        two = copies(prepared, Path(folder))
        try:
            kill_and_check(two, random.Random(seed), KILLS)
        except AssertionError as error:
            return str(error)[:2000] or "an assertion without words"
        finally:
            for node in two.nodes:
                node.kill()
    return ""


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
