"""What can go wrong between nodes.

FederationError
├── Rejected          wrong, never retried; `status` is what an inbox answers
│   └── AddressRefused  we do not connect to that address
├── Unreachable       try again later
└── Gone              the other side says it no longer exists
"""


class FederationError(Exception):
    """Anything this library raises on purpose."""


class Rejected(FederationError):
    def __init__(self, reason: str, status: int = 401) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class AddressRefused(Rejected):
    """Not an OSError: clients turn those into connection failures, which would be retried for days."""


class Unreachable(FederationError):
    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Gone(FederationError):
    def __init__(self, uri: str = "") -> None:
        super().__init__(uri)
        self.uri = uri
