"""Errors told to apps: each family once, in Mastodon's shape."""

import structlog
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from node.api.calls import Refused, Reply
from node.db import OnlyReads
from node.errors import Forbidden, Invalid, NodeError, NotFound, TooMany
from node.i18n import translate
from node.people.actions import FaceNeeded

log = structlog.get_logger()
WORDS = {
    400: "The request could not be understood",
    404: "Record not found",
    405: "Method not allowed",
    413: "The request is too large",
    503: "There was a temporary problem serving your request, please try again",
}
NO_SUCH_ENDPOINT = Reply({"error": "Not Found"}, 404)


def reply_to(error: Exception, language: str, base: str, request_id: str) -> Reply:
    """What an app hears; a bug is logged with the request id, without what was asked or typed."""
    if isinstance(error, Refused):
        return _reply(error.status, str(error))
    if isinstance(error, NodeError):
        return _reply_to_ours(error, language, base)
    if isinstance(error, HTTPException):
        return _reply(error.status_code, WORDS.get(error.status_code, "Error"))
    if isinstance(error, OnlyReads):
        return Reply({})
    if isinstance(error, OperationalError | OSError):
        log.error("not_stored", request_id=request_id, exc_info=error)
        return _reply(503, WORDS[503], {"retry-after": "60"})
    log.error("bug", request_id=request_id, error=type(error).__name__, exc_info=error)
    return _reply(500, "We're sorry, but something went wrong on our end.")


def _reply_to_ours(error: NodeError, language: str, base: str) -> Reply:
    """A 404 says the same for what is missing and what is not for this reader (rule 7)."""
    if isinstance(error, NotFound):
        return _reply(404, WORDS[404])
    if isinstance(error, Invalid):
        said = {name: translate(language, why) for name, why in error.fields.items()}
        details = {name: [{"error": "ERR_INVALID", "description": why}] for name, why in said.items()}
        words = f"Validation failed: {', '.join(said.values())}"
        return Reply({"error": words, "details": details}, 422)
    words = translate(language, error.args[0]) if error.args else ""
    if isinstance(error, FaceNeeded):
        return _reply(422, f"{words} {base}{error.link}")
    if isinstance(error, TooMany):
        return _reply(429, words, {"retry-after": str(error.wait_seconds)})
    status = 403 if isinstance(error, Forbidden) else 422
    return _reply(status, words or "This action is not allowed")


def _reply(status: int, words: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply({"error": words}, status, headers or {})
