"""What actions raise; app.py maps each once to a page or a document.

NodeError
├── NotFound    missing, or not for this reader: never told apart
├── Forbidden   known reader, not allowed to act
├── Conflict    the state does not allow it now
├── Invalid     what was typed cannot be used: field → message
└── TooMany     a rate limit; carries the seconds to wait
"""


class NodeError(Exception):
    """Base; the text is an English msgid, translated where it is shown."""

    status = 500


class NotFound(NodeError):
    status = 404


class Forbidden(NodeError):
    status = 403


class Conflict(NodeError):
    status = 409


class Invalid(NodeError):
    status = 422

    def __init__(self, **fields: str) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = fields


class TooMany(NodeError):
    status = 429

    def __init__(self, wait_seconds: int) -> None:
        super().__init__("Too many attempts. Wait a moment and try again.")
        self.wait_seconds = wait_seconds
