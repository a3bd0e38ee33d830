"""How often somebody may ask in five minutes, counted in each process.

Not by `limits`: its windows cost a third of what a remembered answer costs in all.
"""

import time
from datetime import UTC, datetime

SECONDS = 300


class Rates:
    """Counts of the window that runs now; the counts before it are forgotten whole."""

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[str, int] = {}
        self.reset = ""
        self.wait_seconds = SECONDS

    def count(self, who: str) -> int:
        """This time included."""
        moment = time.time()
        window = int(moment // SECONDS)
        if window != self._window:
            self._window, self._counts = window, {}
            end = datetime.fromtimestamp((window + 1) * SECONDS, UTC)
            self.reset = end.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
        self.wait_seconds = max(1, int((window + 1) * SECONDS - moment))
        counted = self._counts.get(who, 0) + 1
        self._counts[who] = counted
        return counted
