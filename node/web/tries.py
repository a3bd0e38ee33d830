"""Wrong passwords are counted, so that nobody guesses one and nobody can lock another person out."""

from typing import Any

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from node.errors import TooMany
from node.ids import now

_PER_NAME_AND_ADDRESS = RateLimitItemPerMinute(10, 10)
_PER_ADDRESS = RateLimitItemPerHour(200)


class Tries:
    """Failed tries per name *and* address, and per address; kept in memory, per process."""

    def __init__(self) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def check(self, name: str, address: str) -> None:
        """Raises TooMany when this address failed too often."""
        for item, keys in _counters(name, address):
            if not self._window.test(item, *keys):
                reset = self._window.get_window_stats(item, *keys).reset_time
                raise TooMany(max(1, int(reset - now().timestamp())))

    def count_failure(self, name: str, address: str) -> None:
        for item, keys in _counters(name, address):
            self._window.hit(item, *keys)


def _counters(name: str, address: str) -> tuple[tuple[Any, tuple[str, ...]], ...]:
    return (_PER_NAME_AND_ADDRESS, (address, name.casefold())), (_PER_ADDRESS, (address,))
