"""Who a request's cookie belongs to, and the shell that their pages get."""

from typing import Any, Literal, cast

from sqlalchemy import Connection, Row
from starlette.requests import Request
from starlette.responses import Response

from node import identity
from node.access.logins import LOGIN_DAYS, find_login
from node.actors import get_actor
from node.boundary import Anonymous, Member
from node.i18n import choose_language
from node.notices import count_unread
from node.settings import Settings
from node.web.context import Shell, address_of
from node.web.cookies import read_cookie, set_cookie
from node.web.language import language_cookie
from node.web.visits import Known

COOKIE = "login"

# Browsers name those they descend from as well, so the order matters.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "Chromebook"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def identify(db: Connection, request: Request, settings: Settings) -> Known:
    """The member behind the cookie, or nobody."""
    token = read_cookie(request, COOKIE)
    member = find_login(db, token) if token else None
    if member is None:
        return Known(Anonymous(), _shell(db, request, settings, None, 0))
    reader = Member(member.actor_id, frozenset(member.roles.split()))
    return Known(reader, _shell(db, request, settings, member, count_unread(db, reader)))


def _shell(
    db: Connection, request: Request, settings: Settings, member: Row[Any] | None, unread: int
) -> Shell:
    node = identity.find_row(db)
    language = choose_language(
        language_cookie(request),
        member.language if member is not None else None,
        request.headers.get("accept-language"),
    )
    return Shell(
        language=language,
        node_name=node.name if node is not None else "Leerkring",
        node_kind=cast("Literal['firm', 'hub']", node.kind if node is not None else "firm"),
        local=settings.local,
        member_handle=member.handle if member is not None else None,
        member_name=member.name if member is not None else None,
        roles=frozenset(member.roles.split()) if member is not None else frozenset(),
        unread=unread,
        guest_until=member.ends_at if member is not None and member.is_guest else None,
        host_name=_host_name(db, member),
        path=request.url.path,
        address=address_of(request),
    )


def _host_name(db: Connection, member: Row[Any] | None) -> str:
    """Whom a guest can ask."""
    if member is None or member.host_id is None:
        return ""
    return str(get_actor(db, member.host_id).name)


def login_token(request: Request) -> str | None:
    return read_cookie(request, COOKIE)


def give_cookie(request: Request, response: Response, token: str, hours: int = LOGIN_DAYS * 24) -> None:
    set_cookie(request, response, COOKIE, token, max_age=hours * 3600)


def take_cookie(request: Request, response: Response) -> None:
    set_cookie(request, response, COOKIE, "", max_age=0)


def client_address(request: Request) -> str:
    """The visitor's address; behind a trusted proxy the middleware has put the real one in the scope."""
    return request.client.host if request.client else "unknown"


def device_name(request: Request) -> str:
    """Words by which members know where they are logged in: "Firefox, Android"."""
    said = request.headers.get("user-agent", "")
    words = [next((name for sign, name in signs if sign in said), "") for signs in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, words)) or said[:60]
