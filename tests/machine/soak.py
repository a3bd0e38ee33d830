"""`make soak MINUTES=n`: the machine, random kills and all planted faults for n minutes; one closing line.

Every piece becomes a line of build/soak.jsonl at once, so that runs add up and one that is cut short counts.
"""

import gc
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.machine import runs
from tests.machine.faults import FAULTS

STEPS = 500  # of one run; then new nodes
SHARE = 0.15  # of the time for planted faults
MOST_STEPS = 3000  # to find one
LOG = Path("build/soak.jsonl")
SPARE = 60.0  # seconds that the last kills may take


@dataclass
class Totals:
    """What the closing line says."""

    steps: int = 0
    effective: int = 0
    kills: int = 0
    planted: int = 0
    found: int = 0
    leaks: int = 0
    lost: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, piece: dict[str, Any]) -> None:
        match piece["what"]:
            case "machine":
                self.steps += piece["steps"]
                self.effective += piece["effective"]
                self.leaks += piece["kind"] == "leak"
                self.lost += piece["kind"] in ("lost", "bug")
            case "kills":
                self.kills += piece["kills"]
                self.lost += bool(piece["failure"])
            case "planted":
                self.planted += 1
                self.found += piece["kind"] in ("leak", "lost")
        if piece["what"] != "planted" and piece["failure"]:
            self.failures.append(f"seed {piece['seed']}: {piece['failure']}")

    def line(self) -> str:
        return (
            f"steps {self.steps} (effective {self.effective}), kills {self.kills}, "
            f"planted found {self.found}/{self.planted}, leaks {self.leaks}, lost {self.lost}"
        )


def soak(minutes: float, seed: int) -> Totals:
    totals, begun = Totals(), time.monotonic()
    print(f"seed {seed}", flush=True)
    killer = _start_kills(minutes, seed)
    for piece in _pieces(begun, minutes * 60, seed):
        _keep(piece, totals)
    for line in killer.communicate(timeout=minutes * 60 + 600)[0].splitlines():
        _keep(json.loads(line), totals)
    if killer.returncode:
        _keep({"what": "kills", "seed": seed, "kills": 0, "failure": "the kills ended early"}, totals)
    return totals


def _start_kills(minutes: float, seed: int) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "tests.machine.kills", str(max(0.0, minutes - SPARE / 60)), str(seed)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def _pieces(begun: float, seconds: float, seed: int) -> Iterator[dict[str, Any]]:
    """Runs of the machine until the time is over, planted faults in between, and all that are left."""
    waiting, spent = list(FAULTS), 0.0
    while time.monotonic() < begun + seconds:
        outcome = runs.run(seed, STEPS)
        yield _piece("machine", outcome)
        seed += 1
        if waiting and spent < SHARE * (time.monotonic() - begun):
            started = time.monotonic()
            yield _find(waiting.pop(0), seed)
            spent += time.monotonic() - started
    for name in waiting:
        yield _find(name, seed)


def _find(name: str, seed: int) -> dict[str, Any]:
    return {**_piece("planted", runs.find(name, seed=seed, most=MOST_STEPS)), "name": name}


def _piece(what: str, outcome: runs.Outcome) -> dict[str, Any]:
    said = {
        "what": what,
        "seed": outcome.seed,
        "steps": outcome.steps,
        "effective": outcome.effective,
        "kind": outcome.kind,
        "failure": outcome.failure,
    }
    return {**said, "done": outcome.done} if what == "machine" and outcome.failure else said


def _keep(piece: dict[str, Any], totals: Totals) -> None:
    totals.add(piece)
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a") as log:
        log.write(json.dumps(piece) + "\n")
    if piece["what"] != "planted" and piece["failure"]:
        print(f"{piece['what']}, seed {piece['seed']}: {piece['failure']}", flush=True)
        print(f"again: make soak SEED={piece['seed']}", flush=True)


def replay(seed: int) -> Totals:
    """One run of the machine by its seed, with every act that it did."""
    totals, outcome = Totals(), runs.run(seed, STEPS)
    totals.add(_piece("machine", outcome))
    for number, (name, drawn) in enumerate(outcome.done, 1):
        print(number, name, drawn)
    return totals


def total() -> Totals:
    """Of everything in the log."""
    totals = Totals()
    for line in LOG.read_text().splitlines():
        totals.add(json.loads(line))
    return totals


def main() -> int:
    gc.set_threshold(50_000, 20, 50)  # statements make much garbage, hardly any of it in circles
    if "total" in sys.argv[1:]:
        totals = total()
    elif os.environ.get("SEED"):
        totals = replay(int(os.environ["SEED"]))
    else:
        totals = soak(float(os.environ.get("MINUTES", "10")), random.SystemRandom().randrange(10**9))
    for failure in totals.failures:
        print(failure)
    print(totals.line())
    return 1 if totals.failures or totals.found < totals.planted else 0


if __name__ == "__main__":
    sys.exit(main())
