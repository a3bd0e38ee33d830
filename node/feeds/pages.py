"""Routes of feeds: those that everyone may read, those behind a secret address, and a member's own page."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.departures import record_departure
from node.errors import Invalid, NotFound
from node.feeds.answers import OPEN, PRIVATE, answer_feed
from node.feeds.formats import FORMATS, Format
from node.feeds.open_feeds import person_feed, topic_feed
from node.feeds.private_feeds import (
    LONGEST_DEVICE,
    count_read,
    end_feed,
    find_feed,
    list_feeds,
    make_feed,
    ring_feed,
)
from node.gates.rules import titles_may_leave
from node.i18n import msg
from node.rings.queries import open_rings
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.visits import Errand, Visit, errand, page, see_other

FEEDS_PAGE = "/settings/feeds"


def show_topic_feed(visit: Visit) -> Response:
    """The same for everyone, logged in or not."""
    how, topic_id = _format(visit), visit.request.path_params["id"]
    feed = topic_feed(visit.db, visit.node, topic_id, _url(visit))
    return answer_feed(visit.request.headers, feed, how, OPEN)


def show_person_feed(visit: Visit) -> Response:
    how, handle = _format(visit), visit.request.path_params["handle"]
    feed = person_feed(visit.db, visit.node, handle, _url(visit))
    return answer_feed(visit.request.headers, feed, how, OPEN)


def _format(visit: Visit) -> Format:
    how = FORMATS.get(visit.request.path_params["form"])
    if how is None:
        raise NotFound
    return how


def _url(visit: Visit) -> str:
    return f"{visit.node.base}{visit.request.url.path}"


async def show_private_feed(asked: Errand) -> Response:
    """A wrong address costs a look and never a write."""
    await asked.read(_find)
    return await asked.write(_give)


def _find(visit: Visit) -> None:
    _format(visit)
    find_feed(visit.db, visit.request.path_params["token"])


def _give(visit: Visit) -> Response:
    """Who may read what is looked up anew; each answer with words in it is a line (rule 11)."""
    how, row = _format(visit), find_feed(visit.db, visit.request.path_params["token"])
    count_read(visit.db, row)
    feed, uris = ring_feed(visit.db, visit.node, row, _url(visit))
    response = answer_feed(visit.request.headers, feed, how, PRIVATE, by_date=False)
    if response.status_code == 200:
        content = bytes(response.body)
        record_departure(visit.db, "feed", ids=uris, receivers=[f"feed:{row.id}"], content=content)
    return response


# --- a member's own page ---------------------------------------------------------------------------


def show_feeds(visit: Visit) -> Response:
    return _feeds_page(visit, blank_form())


def _feeds_page(visit: Visit, form: Form) -> Response:
    member_id = visit.member.actor_id
    return render(
        visit.request,
        "feeds/list.html",
        status_code=200 if form.ok else 422,
        form=form,
        feeds=list_feeds(visit.db, member_id),
        rings=[(ring, titles_may_leave(visit.db, ring.audience)) for ring in open_rings(visit.db)],
        longest_device=LONGEST_DEVICE,
    )


def take_feed(visit: Visit) -> Response:
    member_id, form = visit.member.actor_id, visit.form
    handle = form.choice("ring", {ring.handle for ring in open_rings(visit.db)})
    device = form.line("device", longest=LONGEST_DEVICE)
    try:
        token = make_feed(visit.db, member_id, handle=handle, device=device) if form.ok else ""
    except Invalid as error:
        form.fail_all(error.fields)
    if not form.ok:
        return _feeds_page(visit, form)
    address = f"{visit.node.base}/feeds/{token}"
    headers = {"referrer-policy": "no-referrer", "cache-control": "no-store"}
    return render(visit.request, "feeds/address.html", headers=headers, address=address, device=device)


def take_end(visit: Visit) -> Response:
    end_feed(visit.db, visit.member.actor_id, visit.request.path_params["id"])
    response = see_other(FEEDS_PAGE)
    flash(visit.request, response, "done", msg("The feed is gone. Its address does not work any more."))
    return response


ROUTES: list[BaseRoute] = [
    page("/topics/{id:id}/feed.{form}", show_topic_feed, guests=True),
    page("/@{handle}/feed.{form}", show_person_feed, guests=True),
    errand("/feeds/{token}.{form}", show_private_feed, method="GET"),
    page(FEEDS_PAGE, show_feeds),
    page(FEEDS_PAGE, take_feed, method="POST"),
    page(f"{FEEDS_PAGE}/{{id:id}}/end", take_end, method="POST"),
]
