"""Pages on which an author places a post again, and of what was taken back from others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from node.errors import Conflict, Invalid
from node.i18n import Message, msg, nmsg
from node.people.actions import FACE_PAGE, FaceNeeded
from node.people.queries import author_views
from node.posts.recalls import (
    PER_PAGE,
    Holder,
    ask_again,
    confirmed_of,
    get_recalled,
    holders_view,
    list_recalled,
)
from node.posts.sharing import (
    FURTHER,
    NARROWER,
    place_again,
    placed_before,
    placed_from,
    shareable,
    targets,
)
from node.posts.shown import audience_choice, audience_view, post_views, ring_names
from node.posts.waiting import find_wait
from node.posts.writing_pages import to_gate
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.views import AudienceView, PageLinks
from node.web.visits import Visit, page, see_other

RECALLED = "/recalled"
STATES = {
    "confirmed": msg("confirmed: it is gone there"),
    "waits": msg("not told yet: we try again"),
    "handed_over": msg("told, not confirmed yet"),
    "refused": msg("does not take the message"),
}


# --- placing again ---------------------------------------------------------------------------------


def show_share(visit: Visit) -> Response:
    return _share_page(visit, blank_form())


def _share_page(visit: Visit, form: Form) -> Response:
    post = shareable(visit.db, visit.member.actor_id, _id(visit))
    rings = ring_names(visit.db, visit.member)
    choices = {
        way: [audience_choice(visit.db, audience, rings) for audience in targets(visit.db, post, way)]
        for way in (FURTHER, NARROWER)
    }
    before = placed_before(visit.db, post.id)
    return render(
        visit.request,
        "posts/share.html",
        status_code=200 if form.ok else 422,
        form=form,
        post=post_views(visit.db, visit.node, visit.member, [post])[0],
        further=choices[FURTHER],
        narrower=choices[NARROWER],
        is_answer=post.parent_id is not None,
        placed=[(row.id, audience_view(row.audience, rings)) for row in placed_from(visit.db, post.id)],
        before=before.id if before is not None and before.state == "live" else None,
    )


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["id"])


def take_share(visit: Visit) -> Response:
    form = visit.form
    shareable(visit.db, visit.member.actor_id, _id(visit))
    way = NARROWER if form.value(NARROWER) else FURTHER
    try:
        with visit.db.begin_nested():
            made = _place(visit, form.value(way), way)
    except Invalid as error:
        form.fail_all(error.fields)
    except Conflict as error:
        form.fail("", error.args[0])
    except FaceNeeded:
        return see_other(f"{FACE_PAGE}?next={quote(f'/o/{_id(visit)}/share')}")
    else:
        return _placed(visit, made, way)
    return _share_page(visit, form)


def _place(visit: Visit, audience: str, way: str) -> int:
    db, settings, author_id = visit.db, visit.services.settings, visit.member.actor_id
    return place_again(db, visit.node, settings, author_id, _id(visit), audience=audience, way=way)


def _placed(visit: Visit, made: int, way: str) -> Response:
    wait = find_wait(visit.db, made)
    if wait is not None:
        return to_gate(visit, made, wait)
    if way == FURTHER:
        return _to(visit, f"/o/{made}", msg("Placed. The first one stays where it is."))
    said = msg("Placed. Who had the first one is asked to delete it. Under Taken away you see who confirms.")
    return _to(visit, f"/o/{made}", said)


def _to(visit: Visit, target: str, words: Message) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", words)
    return response


# --- taken back ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recalled:
    """A line of the list: which post, for whom it was, by whom and when it was deleted, how that stands."""

    id: int
    audience: AudienceView
    author: str
    at: datetime
    words: str


def show_recalled(visit: Visit) -> Response:
    typed = visit.request.query_params.get("before", "")
    before = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
    rows = list_recalled(visit.db, visit.member, before)
    rings = ring_names(visit.db, visit.member)
    authors = author_views(visit.db, visit.node, {row.author_id for row in rows})
    older = f"{RECALLED}?before={rows[-1].act_id}" if len(rows) == PER_PAGE else ""
    return render(
        visit.request,
        "posts/recalled_list.html",
        rows=[_line(visit, row, rings, authors[row.author_id].name) for row in rows],
        links=PageLinks(older_url=older, newer_url=RECALLED if before is not None else ""),
    )


def _line(visit: Visit, row: Row[Any], rings: dict[str, str], author: str) -> Recalled:
    seen = holders_view(visit.db, row)
    return Recalled(row.id, audience_view(row.audience, rings), author, row.at, _confirmed_words(seen))


def _confirmed_words(seen: list[Holder]) -> Message:
    done, every = confirmed_of(seen)
    if not every:
        return msg("No other server had it.")
    return nmsg(
        "%(done)s of %(count)s server confirmed.",
        "%(done)s of %(count)s servers confirmed.",
        every,
        done=done,
    )


def show_recall(visit: Visit) -> Response:
    row = get_recalled(visit.db, visit.member, _id(visit))
    seen = holders_view(visit.db, row)
    return render(
        visit.request,
        "posts/recalled.html",
        id=row.id,
        audience=audience_view(row.audience, ring_names(visit.db, visit.member)),
        published=row.published,
        deleted=row.deleted,
        holders=[(one, STATES[one.state]) for one in seen],
        words=_confirmed_words(seen),
        may_ask=any(one.state in ("handed_over", "refused") for one in seen),
    )


def take_ask_again(visit: Visit) -> Response:
    asked = ask_again(visit.db, visit.node, visit.member, _id(visit))
    words = nmsg("Asked %(count)s server again.", "Asked %(count)s servers again.", asked)
    return _to(visit, f"{RECALLED}/{_id(visit)}", words)


ROUTES: list[BaseRoute] = [
    page("/o/{id:id}/share", show_share),
    page("/o/{id:id}/share", take_share, method="POST"),
    page(RECALLED, show_recalled),
    page(f"{RECALLED}/{{id:id}}", show_recall),
    page(f"{RECALLED}/{{id:id}}/again", take_ask_again, method="POST"),
]
