"""Runs by chance: acts drawn from a seed, so that the same seed makes the same run."""

import random
from dataclasses import dataclass, field
from traceback import format_exception

from tests.machine.all_acts import ACTS
from tests.machine.faults import planted
from tests.machine.machine import Bug, Leak, Lost, Start, running
from tests.machine.starts import any_start, ringed

MORE_OFTEN = 6


@dataclass
class Outcome:
    """How one run went; `failure` is empty when all was well."""

    seed: int
    steps: int = 0
    effective: int = 0
    failure: str = ""
    kind: str = ""  # leak, lost, bug
    done: list[tuple[str, int]] = field(default_factory=list)


def run(seed: int, steps: int, start: Start | None = None, more: tuple[str, ...] = ()) -> Outcome:
    """`more` are acts that come more often than they would."""
    chance, found = random.Random(seed), Outcome(seed)
    names = list(ACTS)
    weights = [ACTS[name].weight * (MORE_OFTEN if name in more else 1) for name in names]
    with running(start or any_start(chance)) as (machine, runner):
        try:
            for _ in range(steps):
                name, number = chance.choices(names, weights)[0], chance.randrange(2**32)
                found.done.append((name, number))
                runner.run(machine.step(ACTS[name].act, random.Random(number)))
            runner.run(machine.heal(chance))
        except (Leak, Lost, Bug) as error:
            found.failure, found.kind = str(error), type(error).__name__.lower()
        except Exception as error:  # a page or worker that falls over is a finding too
            found.failure, found.kind = "".join(format_exception(error)[-3:]), "bug"
        found.steps, found.effective = machine.steps, machine.effective
    return found


def find(name: str, *, seed: int, most: int, count: int = 4, each: int = 250) -> Outcome:
    """Look for a planted fault: runs of `each` steps over `count` nodes, at most `most` steps in all."""
    steps = 0
    with planted(name) as fault:
        while True:
            outcome = run(seed, each, ringed(count), fault.acts)
            steps += outcome.steps
            if outcome.failure or steps >= most:
                return Outcome(seed, steps, outcome.effective, outcome.failure, outcome.kind, outcome.done)
            seed += 1
