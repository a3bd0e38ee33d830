"""Help inside the product, the honest limits, and what this node is; each a template per language."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.web.context import shell_of
from node.web.pages import render
from node.web.visits import Visit, page


def show_help(visit: Visit) -> Response:
    return _show(visit, "help")


def show_limits(visit: Visit) -> Response:
    return _show(visit, "limits")


def show_about(visit: Visit) -> Response:
    return _show(visit, "about")


def _show(visit: Visit, name: str) -> Response:
    language = shell_of(visit.request).language
    return render(visit.request, f"help/{name}.{language}.html", node=visit.node)


ROUTES: list[BaseRoute] = [
    page("/help", show_help),
    page("/help/limits", show_limits),
    page("/about", show_about),
]
