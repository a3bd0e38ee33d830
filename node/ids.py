"""64-bit ids that sort by time: 48 bits of milliseconds, 16 bits of sequence (what Mastodon apps sort by)."""

import itertools
import secrets
import time
from datetime import UTC, datetime

_sequence = itertools.count(secrets.randbits(16))  # starts anywhere, so two processes seldom meet


def new_id() -> int:
    return (time.time_ns() // 1_000_000) << 16 | (next(_sequence) & 0xFFFF)


def new_token() -> str:
    """A secret for links, cookies and codes: 256 bits, URL-safe."""
    return secrets.token_urlsafe(32)


def now() -> datetime:
    return datetime.now(UTC)
