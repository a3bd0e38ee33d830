"""Log lines as JSON on standard error: what happened and where, never a word of what people wrote."""

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, Processor

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(level: str) -> None:
    """The same form for our lines and those of libraries."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_error,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[lines], level=LEVELS[level], force=True)
    logging.getLogger("uvicorn.error").addFilter(_tells_no_stream)


def _tells_no_stream(record: logging.LogRecord) -> bool:
    """The server's own lines about streams hold tokens, and at `debug` all that is said."""
    about_one = "WebSocket" in str(record.msg) or str(record.msg).startswith(("connection ", "ASGI callable"))
    return record.levelno > logging.DEBUG and not about_one


def _name_error(_logger: object, _method: str, event: EventDict) -> EventDict:
    """An exception's text may quote a post: only its name and place are kept."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        event["error"] = type(error).__name__
        event["where"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    return event
