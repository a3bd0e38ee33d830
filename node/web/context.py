"""What every page knows about its reader and its node; the middleware in app.py fills it in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from starlette.datastructures import URL
from starlette.requests import Request

from node.i18n import DEFAULT_LANGUAGE, choose_language


@dataclass(frozen=True, kw_only=True)
class Shell:
    language: str = DEFAULT_LANGUAGE
    node_name: str = "Leerkring"
    node_kind: Literal["firm", "hub"] = "firm"
    local: bool = False
    member_handle: str | None = None
    member_name: str | None = None
    roles: frozenset[str] = frozenset()
    unread: int = 0
    guest_until: datetime | None = None
    host_name: str = ""
    path: str = "/"
    address: str = "/"

    def is_here(self, place: str) -> bool:
        """Does the page belong under this link of the navigation?"""
        return self.path == place or (place != "/" and self.path.startswith(place + "/"))

    def has_role(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


def shell_of(request: Request) -> Shell:
    """The shell of this request; a bare one for an error raised before the middleware ran."""
    shell = getattr(request.state, "shell", None)
    if isinstance(shell, Shell):
        return shell
    asked = choose_language(None, accept=request.headers.get("accept-language"))
    return Shell(path=request.url.path, address=address_of(request), language=asked)


def address_of(request: Request) -> str:
    """Where the reader is, with its query, to come back to: for a form, the page that it stands on."""
    try:
        url = request.url if request.method == "GET" else URL(request.headers.get("referer", "/"))
        return f"{url.path}?{url.query}" if url.query else url.path
    except ValueError:  # a Referer that is no address
        return "/"
