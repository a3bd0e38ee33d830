"""The state machine in small: 500 steps by Hypothesis, and some planted faults that it must find."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.machine import runs
from tests.machine.all_acts import ACTS
from tests.machine.faults import FAULTS, planted
from tests.machine.machine import fresh, running
from tests.machine.starts import paired, ringed

pytestmark = pytest.mark.timeout(900)  # on a busy machine

EXAMPLES, STEPS = 10, 50
FOUND_IN = 400


class Nodes(RuleBasedStateMachine):
    """Whatever happens to three nodes: nobody has what is not theirs, and at last everybody has what is."""

    @initialize(start=st.sampled_from([ringed, ringed, paired, fresh]))
    def begin(self, start: Any) -> None:
        self.context = running(start(3))
        self.machine, self.runner = self.context.__enter__()

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        try:
            self.runner.run(self.machine.heal(random.Random(self.machine.steps)))
        finally:
            self.context.__exit__(None, None, None)


def _rule_of(name: str) -> Any:
    @rule(number=st.integers(0, 2**32 - 1))
    def step(self: Nodes, number: int) -> None:
        self.runner.run(self.machine.step(ACTS[name].act, random.Random(number)))

    return step


for _name in ACTS:
    setattr(Nodes, f"do_{_name}", _rule_of(_name))


def test_nobody_has_what_is_not_theirs_and_nothing_is_lost() -> None:
    wanted = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Nodes, settings=wanted)


@pytest.mark.parametrize("name", ["who_left_goes_on_reading", "updates_go_to_whoever_had_it"])
def test_a_planted_fault_is_found(name: str) -> None:
    outcome = runs.find(name, seed=1, most=FOUND_IN, count=3, each=100)
    assert outcome.kind in ("leak", "lost"), f"not found in {outcome.steps} steps"


def test_every_fault_has_its_place_in_the_product() -> None:
    for name in FAULTS:
        with planted(name) as fault:
            assert set(fault.acts) <= set(ACTS), name


def test_a_run_is_made_again_by_its_seed() -> None:
    once, again = (runs.run(7, 30, ringed(3)) for _ in range(2))
    assert once == again
