"""The HTTP request and answer that the whole library speaks, and the shape of whatever sends them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MAX_BODY = 1_000_000


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
