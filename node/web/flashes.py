"""Messages shown once on the next page, carried by a short-lived cookie."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal, NamedTuple, get_args

from starlette.requests import Request
from starlette.responses import Response

from node.i18n import translate
from node.web.context import shell_of
from node.web.cookies import clear_cookie, read_cookie, set_cookie

FlashKind = Literal["done", "info", "warning", "error"]
COOKIE = "flash"
SECONDS = 60
LONGEST = 600


class Flash(NamedTuple):
    kind: str
    text: str


def flash(request: Request, response: Response, kind: FlashKind, text: str) -> None:
    """Show this text, in the reader's language, at the top of the next page."""
    words = translate(shell_of(request).language, text)[:LONGEST]
    packed = urlsafe_b64encode(json.dumps([kind, words]).encode()).decode()
    set_cookie(request, response, COOKIE, packed, max_age=SECONDS)


def read_flash(request: Request) -> Flash | None:
    packed = read_cookie(request, COOKIE)
    if not packed:
        return None
    try:
        kind, text = json.loads(urlsafe_b64decode(packed))
    except (ValueError, TypeError):
        return None
    known = kind in get_args(FlashKind) and isinstance(text, str)
    return Flash(kind, text[:LONGEST]) if known else None


def clear_flash(request: Request, response: Response) -> None:
    clear_cookie(request, response, COOKIE)
