"""The language switch at the foot of every page."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from node.i18n import LANGUAGES
from node.web.cookies import read_cookie, set_cookie
from node.web.forms import read_form

COOKIE = "language"
YEAR = 365 * 24 * 3600


def language_cookie(request: Request) -> str | None:
    """What the visitor chose on this browser."""
    return read_cookie(request, COOKIE)


def local_path(target: str) -> str:
    """A path on this node to go back to; `/` for anything that could lead elsewhere."""
    stays = target.startswith("/") and not target.startswith("//")
    return target if stays and target.isprintable() and "\\" not in target else "/"


async def switch_language(request: Request) -> Response:
    form = await read_form(request)
    chosen = form.choice("language", LANGUAGES)
    response = RedirectResponse(local_path(form.value("next")), 303)
    if form.ok:
        set_cookie(request, response, COOKIE, chosen, max_age=YEAR)
    return response


def language_routes() -> list[Route]:
    return [Route("/language", switch_language, methods=["POST"])]
