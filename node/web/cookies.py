"""Cookies of this node: names that keep ports apart in local mode, and one set of safe attributes."""

from starlette.requests import Request
from starlette.responses import Response

from node.web.context import shell_of


def cookie_name(request: Request, name: str) -> str:
    """Browsers do not keep ports apart, so a local trial puts the port in the name."""
    if shell_of(request).local:
        return f"leerkring-{name}-{request.url.port or 80}"
    return f"__Host-leerkring-{name}"


def read_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(cookie_name(request, name))


def set_cookie(request: Request, response: Response, name: str, value: str, *, max_age: int) -> None:
    secure = not shell_of(request).local
    response.set_cookie(
        cookie_name(request, name), value, max_age=max_age, httponly=True, secure=secure, samesite="lax"
    )


def clear_cookie(request: Request, response: Response, name: str) -> None:
    set_cookie(request, response, name, "", max_age=0)
