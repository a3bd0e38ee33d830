"""Pages on which members write: a new post, an answer, a change, a deletion, a like."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from node.boundary import nodes_inside
from node.errors import Conflict, Forbidden, Invalid
from node.i18n import Message, msg
from node.media.images import MAX_BYTES
from node.objects import COMPANY, LIVE, PEOPLE, PUBLIC, is_room
from node.people.actions import FACE_PAGE, FaceNeeded, refuse_guest, show_face
from node.posts.actions import (
    LONGEST_SOURCE,
    LONGEST_TITLE,
    LONGEST_WARNING,
    Draft,
    delete_post,
    edit_on_page,
    publish_post,
    unreached,
)
from node.posts.forms import LANGUAGES, PICTURES, compose, compose_in, read_draft
from node.posts.queries import get_readable_post, list_thread
from node.posts.reactions import like, unlike
from node.posts.shown import audience_choice, post_views, reach_words, ring_names, thread_views
from node.posts.storing import own_post
from node.posts.waiting import AT_HOME, find_wait
from node.posts.waiting_pages import offered
from node.web.context import shell_of
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render, wants_fragment
from node.web.visits import Visit, page, see_other, upload_page

WRITE, POSTS = "/write", "/posts"


# --- write -----------------------------------------------------------------------------------------


def show_write(visit: Visit) -> Response:
    return _write_page(visit, None)


def _write_page(visit: Visit, form: Form | None) -> Response:
    language = shell_of(visit.request).language
    made = compose(visit.db, visit.member, language, form)
    return render(visit.request, "posts/write.html", status_code=_status(form), compose=made)


def _status(form: Form | None) -> int:
    return 422 if form is not None and not form.ok else 200


def take_post(visit: Visit, draft: Draft) -> Response:
    """Publish; whatever is wrong, everything typed is still there on the page that says so."""
    member, form = visit.member, visit.form
    if not form.ok:
        return _again(visit, draft)
    try:
        with visit.db.begin_nested():
            if form.flag("face"):
                show_face(visit.db, member.actor_id)
            made = publish_post(
                visit.db, visit.node, visit.services.settings, member.actor_id, draft, on_page=True
            )
    except Invalid as error:
        form.fail_all(error.fields)
    except FaceNeeded:
        form.fail("face", msg("This goes outside for the first time: first choose to be visible there."))
    except (Conflict, Forbidden) as error:
        form.fail("", error.args[0])
    else:
        return _published(visit, draft, made)
    return _again(visit, draft)


def _again(visit: Visit, draft: Draft) -> Response:
    if draft.parent_id is None:
        return _write_page(visit, visit.form)
    return _reply_page(visit, get_readable_post(visit.db, visit.member, draft.parent_id), visit.form)


def _published(visit: Visit, draft: Draft, made: int) -> Response:
    post = own_post(visit.db, visit.member.actor_id, made)
    wait = find_wait(visit.db, made)
    if wait is not None:
        return to_gate(visit, made, wait)
    root = f"/o/{post.root_id}#post-{made}" if draft.parent_id else f"/o/{made}"
    response = see_other(root)
    said, missed = _sent_words(visit, post), unreached(visit.db, visit.node, made)
    if missed:
        names = ", ".join(f"@{name}" for name in missed)
        said = msg(
            "%(sent)s These people cannot read it and hear nothing: %(names)s.", sent=said, names=names
        )
    flash(visit.request, response, "warning" if missed else "done", said)
    return response


def to_gate(visit: Visit, object_id: int, wait: Row[Any]) -> Response:
    """To the questions, or where it waits."""
    return see_other(f"/o/{object_id}/check") if wait.state == AT_HOME else offered(visit, object_id)


def _sent_words(visit: Visit, post: Row[Any]) -> Message:
    if post.audience == PUBLIC:
        return msg("Your post is open: everyone can read it.")
    if post.audience == PEOPLE:
        return msg("Your answer goes to the people it is addressed to.")
    reach = reach_words(visit.db, post.audience)
    if not nodes_inside(visit.db, post.audience):
        return msg("Your post is there for: %(reach)s", reach=reach)
    return msg("Your post is on its way to: %(reach)s", reach=reach)


# --- answer ----------------------------------------------------------------------------------------


def show_reply(visit: Visit) -> Response:
    return _reply_page(visit, get_readable_post(visit.db, visit.member, _id(visit)), None)


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["id"])


def _reply_page(visit: Visit, parent: Row[Any], form: Form | None) -> Response:
    if not is_room(parent.audience):
        refuse_guest(visit.db, visit.member.actor_id)
    thread = [entry for entry in list_thread(visit.db, visit.member, parent.id) if entry[0].id == parent.id]
    made = compose_in(
        visit.db,
        visit.member,
        parent.language or shell_of(visit.request).language,
        parent.audience,
        reply_to=str(parent.id),
        form=form,
    )
    posts = thread_views(visit.db, visit.node, visit.member, [(parent, 0) for parent, _ in thread])
    return render(visit.request, "posts/reply.html", status_code=_status(form), posts=posts, compose=made)


# --- change ----------------------------------------------------------------------------------------


def show_edit(visit: Visit) -> Response:
    post = own_post(visit.db, visit.member.actor_id, _id(visit))
    wait = find_wait(visit.db, post.id)
    words = wait if wait is not None and wait.is_edit else post
    start = {name: getattr(words, name) or "" for name in ("source", "title", "warning", "language")}
    return _edit_page(visit, post, blank_form(start))


def _edit_page(visit: Visit, post: Row[Any], form: Form) -> Response:
    choice = audience_choice(visit.db, post.audience, ring_names(visit.db, visit.member))
    return render(
        visit.request,
        "posts/edit.html",
        status_code=_status(form),
        post=post,
        form=form,
        choice=choice,
        languages=LANGUAGES,
    )


def take_edit(visit: Visit) -> Response:
    post = own_post(visit.db, visit.member.actor_id, _id(visit))
    form = visit.form
    words = {
        "source": form.text("source", longest=LONGEST_SOURCE),
        "title": form.line("title", required=False, longest=LONGEST_TITLE),
        "warning": form.line("warning", required=False, longest=LONGEST_WARNING),
        "language": form.choice("language", {code for code, _ in LANGUAGES}),
    }
    if not form.ok:
        return _edit_page(visit, post, form)
    edit_on_page(visit.db, visit.node, visit.member.actor_id, post.id, words)
    wait = find_wait(visit.db, post.id)
    if wait is not None:
        return to_gate(visit, post.id, wait)
    response = see_other(f"/o/{post.id}")
    missed = unreached(visit.db, visit.node, post.id)
    said = msg("Changed. Who has the post gets the new text.")
    if missed:
        names = ", ".join(f"@{name}" for name in missed)
        said = msg(
            "%(sent)s These people cannot read it and hear nothing: %(names)s.", sent=said, names=names
        )
    flash(visit.request, response, "warning" if missed else "done", said)
    return response


# --- delete ----------------------------------------------------------------------------------------


def show_delete(visit: Visit) -> Response:
    post = own_post(visit.db, visit.member.actor_id, _id(visit))
    posts = post_views(visit.db, visit.node, visit.member, [post])
    return render(visit.request, "posts/delete.html", post=posts[0])


def take_delete(visit: Visit) -> Response:
    post = own_post(visit.db, visit.member.actor_id, _id(visit))
    delete_post(visit.db, visit.node, visit.member.actor_id, post.id)
    has_left = post.state == LIVE and post.audience not in (COMPANY, PEOPLE)
    response = see_other(f"/recalled/{post.id}" if has_left else "/")
    said = msg("Deleted here. Everyone who got it is asked to delete it too.")
    flash(visit.request, response, "done", said if has_left else msg("Deleted."))
    return response


# --- like ------------------------------------------------------------------------------------------


def take_like(visit: Visit) -> Response:
    try:
        like(visit.db, visit.node, visit.member.actor_id, _id(visit))
    except FaceNeeded:
        return _to_face(visit)
    return _liked(visit)


def take_unlike(visit: Visit) -> Response:
    unlike(visit.db, visit.node, visit.member.actor_id, _id(visit))
    return _liked(visit)


def _to_face(visit: Visit) -> Response:
    target = f"{FACE_PAGE}?next={quote(f'/o/{_id(visit)}')}"
    if wants_fragment(visit.request):
        return Response(headers={"HX-Redirect": target})
    return see_other(target)


def _liked(visit: Visit) -> Response:
    row = get_readable_post(visit.db, visit.member, _id(visit))
    if not wants_fragment(visit.request):
        return see_other(f"/o/{row.root_id}#post-{row.id}")
    view = post_views(visit.db, visit.node, visit.member, [row])[0]
    return render(visit.request, "posts/like.html", post=view)


ROUTES: list[BaseRoute] = [
    page(WRITE, show_write),
    upload_page(POSTS, read_draft, take_post, max_bytes=PICTURES * MAX_BYTES + 256 * 1024, guests=True),
    page("/o/{id:id}/reply", show_reply, guests=True),
    page("/o/{id:id}/edit", show_edit, guests=True),
    page("/o/{id:id}/edit", take_edit, method="POST", guests=True),
    page("/o/{id:id}/delete", show_delete, guests=True),
    page("/o/{id:id}/delete", take_delete, method="POST", guests=True),
    page("/o/{id:id}/like", take_like, method="POST", guests=True),
    page("/o/{id:id}/unlike", take_unlike, method="POST", guests=True),
]
