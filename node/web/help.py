"""The help pages, for everyone: who sees what, how to run a node, and what Leerkring cannot promise."""

from starlette.responses import Response
from starlette.routing import Route

from node.web.pages import render
from node.web.visits import Visit, page


def show_help(visit: Visit) -> Response:
    return render(visit.request, "help/start.html")


def show_limits(visit: Visit) -> Response:
    return render(visit.request, "help/limits.html")


def show_running(visit: Visit) -> Response:
    return render(visit.request, "help/running.html")


def help_routes() -> list[Route]:
    return [
        page("/help", show_help, guests=True),
        page("/help/limits", show_limits, guests=True),
        page("/help/running", show_running, guests=True),
    ]
