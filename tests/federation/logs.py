"""Everything that the nodes log, in the very form in which `serve` writes it."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from node.cli.logs import configure_logs


@contextmanager
def captured_logs() -> Iterator[io.StringIO]:
    """All lines from debug up, ours and those of libraries; the test's own HTTP client is none of them."""
    handlers, level, standard_error = logging.root.handlers[:], logging.root.level, sys.stderr
    written = sys.stderr = io.StringIO()
    try:
        configure_logs("debug")
        structlog.configure(cache_logger_on_first_use=False)
    finally:
        sys.stderr = standard_error
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        yield written
    finally:
        structlog.reset_defaults()
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
