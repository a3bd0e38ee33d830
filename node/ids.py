"""64-bit ids that sort by time: 48 bits of milliseconds, 16 bits of sequence (what Mastodon apps sort by)."""

import itertools
import secrets
import threading
import time
from datetime import UTC, datetime

_sequence = itertools.count(secrets.randbits(16))  # starts anywhere, so two processes seldom meet
_lock = threading.Lock()
_last = [0]


def new_id() -> int:
    """Larger than every id that this process made before, whatever the clock does: queues go by it."""
    with _lock:
        wanted = (time.time_ns() // 1_000_000) << 16 | (next(_sequence) & 0xFFFF)
        _last[0] = max(wanted, _last[0] + 1)
        return _last[0]


def new_token() -> str:
    """A secret for links, cookies and codes: 256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def now() -> datetime:
    return datetime.now(UTC)
