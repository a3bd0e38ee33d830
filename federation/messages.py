"""The HTTP request and answer that the whole library speaks, and the shape of whatever sends them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from federation.errors import Rejected

MAX_BODY = 1_000_000
LONGEST_WAIT = 12 * 3600.0


def _lower_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass(slots=True)
class Request:
    """`url` is absolute and encoded; `headers` gets lower-case names, repeated fields come joined by ', '."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    max_bytes: int = MAX_BODY

    def __post_init__(self) -> None:
        self.headers = _lower_names(self.headers)


@dataclass(slots=True)
class Response:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""

    def __post_init__(self) -> None:
        self.headers = _lower_names(self.headers)


class Sender(Protocol):
    """One hop: sends the request, follows no redirect."""

    async def __call__(self, request: Request) -> Response: ...


class Get(Protocol):
    """What fetching functions are given: `functools.partial(http.get, sender, sign=…)`."""

    async def __call__(self, url: str, *, accept: str) -> Response: ...


Signer = Callable[[Request], Mapping[str, str]]


def parse_http_date(text: str) -> datetime:
    try:
        parsed = parsedate_to_datetime(text[:64])
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise Rejected("unreadable date") from error


def retry_after(response: Response) -> float | None:
    """Seconds to wait, given as such or as a date, which is read by the other side's own clock."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        wait = parse_http_date(text) - parse_http_date(response.headers.get("date", ""))
    except Rejected:
        return None
    return min(max(wait.total_seconds(), 0.0), LONGEST_WAIT)
