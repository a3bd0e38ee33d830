"""From a template and its values to a response, in the reader's language."""

from functools import lru_cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.filters import do_mark_safe
from starlette.requests import Request
from starlette.responses import HTMLResponse

from node.i18n import say_name, translate, translator
from node.web.assets import asset_url
from node.web.context import shell_of
from node.web.flashes import clear_flash, read_flash
from node.web.formats import filters_for

ERROR_PAGES = (403, 404, 409, 413, 422, 429, 500, 503)


@lru_cache
def environment(language: str) -> Environment:
    """One for each language, so macros need no context; they are `ui` everywhere, in single blocks too."""
    made = Environment(
        loader=PackageLoader("node.web"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    vars(made)["install_gettext_translations"](translator(language), newstyle=True)
    made.globals |= {"asset": asset_url, "language": language}
    made.filters |= filters_for(language)
    made.filters |= {"safe_html": do_mark_safe, "words": partial(translate, language)}
    made.filters |= {"named": partial(say_name, language)}
    made.globals["ui"] = made.get_template("macros.html").module
    return made


def render(
    request: Request,
    template: str,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A whole page; shows and clears a waiting flash message."""
    shell, flashed = shell_of(request), read_flash(request)
    page = environment(shell.language).get_template(template)
    html = page.render(shell=shell, flash=flashed, status_code=status_code, **context)
    response = HTMLResponse(html, status_code, headers)
    if flashed:
        clear_flash(request, response)
    return response


def render_block(
    request: Request, template: str, block: str, *, status_code: int = 200, **context: Any
) -> HTMLResponse:
    """One block of a page, for a part that htmx replaces."""
    shell = shell_of(request)
    page = environment(shell.language).get_template(template)
    values = page.new_context({"shell": shell, "flash": None, "status_code": status_code, **context})
    return HTMLResponse("".join(page.blocks[block](values)), status_code)


def wants_fragment(request: Request) -> bool:
    """Does htmx ask for a part of the page?"""
    return request.headers.get("hx-request") == "true"


def render_error(request: Request, status_code: int, message: str = "") -> HTMLResponse:
    """The page for this error; the message, if any, is said in the reader's language."""
    shown = status_code if status_code in ERROR_PAGES else 500
    request_id = getattr(request.state, "request_id", "")
    return render(
        request, f"errors/{shown}.html", status_code=status_code, message=message, request_id=request_id
    )
