"""Looking again until something has arrived; messages between nodes take their time."""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from node.demo.errors import DemoFailed

Found = TypeVar("Found")
Given = ParamSpec("Given")
SECONDS, PAUSE = 90.0, 0.1


def wait_for(
    what: str, look: Callable[Given, Found | None], *given: Given.args, **named: Given.kwargs
) -> Found:
    """The first answer of `look` that is something; raises DemoFailed when it takes too long."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = look(*given, **named)
        if found:
            return found
        time.sleep(PAUSE)
    raise DemoFailed(f"Waited {SECONDS:.0f} seconds for {what}.")
