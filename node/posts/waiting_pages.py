"""Pages of what waits: sending a draft past its questions, an editor's look, taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from node.errors import Conflict, Invalid, NotFound
from node.gates.checklists import MAYBE, NO, Question, answer, has_answered, questions_for
from node.gates.pages import read_answers
from node.gates.rules import Rules, rules_of, rules_words
from node.i18n import Message, msg
from node.posts.mentions import find_mentioned, page_links, pick_readers
from node.posts.rendering import render_markdown
from node.posts.shown import joined, post_views, reach_words
from node.posts.storing import addressees_of, get_post, own_post
from node.posts.waiting import (
    AT_HOME,
    LONGEST_REASON,
    drop_edit,
    editors_for,
    find_wait,
    get_waiting,
    let_go,
    list_own,
    list_waiting,
    offer,
    send_back,
    take_back,
    wait_words,
)
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.views import PostView
from node.web.visits import Visit, page, see_other

PATH = "/waiting"
CHECK = "/o/{id:id}/check"


@dataclass(frozen=True)
class Waiting:
    """Something at the gate, as its page shows it; an edit with its new words."""

    post: PostView
    words: str
    until: datetime | None
    reach: str
    is_edit: bool
    version: int
    doubts: str
    reason: str


# --- what waits ------------------------------------------------------------------------------------


def show_queue(visit: Visit) -> Response:
    member = visit.member
    return render(
        visit.request,
        "posts/waiting_list.html",
        theirs=[_view(visit, object_id) for object_id in list_waiting(visit.db, member)],
        mine=[_view(visit, object_id) for object_id in list_own(visit.db, member.actor_id)],
        is_editor="editor" in member.roles,
    )


def _view(visit: Visit, object_id: int) -> Waiting:
    post, wait = get_waiting(visit.db, visit.member, object_id)
    shown = post_views(visit.db, visit.node, visit.member, [post])[0]
    return Waiting(
        post=_with_new_words(visit, shown, post, wait) if wait.is_edit else shown,
        words=wait_words(wait),
        until=wait.until_at if wait.state != AT_HOME and not wait.stuck else None,
        reach=reach_words(visit.db, post.audience),
        is_edit=wait.is_edit,
        version=wait.version,
        doubts=_doubt_words(visit, post.audience, wait.doubts),
        reason=wait.reason,
    )


def _with_new_words(visit: Visit, shown: PostView, post: Row[Any], wait: Row[Any]) -> PostView:
    found = find_mentioned(visit.db, visit.node, wait.source)
    readers = pick_readers(visit.db, found.values(), post.audience, addressees_of(visit.db, post.id))
    html = render_markdown(wait.source, page_links(found, readers))
    return replace(shown, html=html, title=wait.title, warning=wait.warning, language=wait.language)


def _doubt_words(visit: Visit, audience: str, doubts: str) -> str:
    names = doubts.split()
    asked = [question.words for question in questions_for(visit.db, audience) if question.name in names]
    return joined(asked)


def show_waiting(visit: Visit) -> Response:
    return _waiting_page(visit, blank_form())


def _waiting_page(visit: Visit, form: Form) -> Response:
    object_id = _id(visit)
    post, wait = get_waiting(visit.db, visit.member, object_id)
    is_mine = post.author_id == visit.member.actor_id
    return render(
        visit.request,
        "posts/waiting.html",
        status_code=200 if form.ok else 422,
        form=form,
        waiting=_view(visit, object_id),
        is_mine=is_mine,
        is_home=wait.state == AT_HOME,
        has_editor=not wait.needs_eyes or bool(editors_for(visit.db, post)),
        longest_reason=LONGEST_REASON,
    )


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["id"])


def take_let_go(visit: Visit) -> Response:
    try:
        let_go(visit.db, visit.node, visit.member, _id(visit), _version(visit.form))
    except Conflict as error:
        return _refused(visit, error)
    return _back(visit, PATH, msg("It is on its way. Its author is told."))


def take_send_back(visit: Visit) -> Response:
    try:
        send_back(visit.db, visit.member, _id(visit), _version(visit.form), visit.form.value("reason"))
    except Invalid as error:
        visit.form.fail_all(error.fields)
        return _waiting_page(visit, visit.form)
    except Conflict as error:
        return _refused(visit, error)
    return _back(visit, PATH, msg("Sent back. Its author reads why."))


def _version(form: Form) -> int:
    typed = form.value("version")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _refused(visit: Visit, error: Conflict) -> Response:
    """It may be gone from the gate: then the page says no more than that."""
    if find_wait(visit.db, _id(visit)) is None:
        raise error
    visit.form.fail("", error.args[0])
    return _waiting_page(visit, visit.form)


def take_take_back(visit: Visit) -> Response:
    take_back(visit.db, visit.member.actor_id, _id(visit))
    return _back(visit, f"/o/{_id(visit)}/waiting", msg("Taken back. Nothing has left; only you see it."))


def take_drop_edit(visit: Visit) -> Response:
    drop_edit(visit.db, visit.member.actor_id, _id(visit))
    return _back(visit, f"/o/{_id(visit)}", msg("The post stays as it is."))


def _back(visit: Visit, target: str, words: Message) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", words)
    return response


# --- sending a draft -------------------------------------------------------------------------------


def show_check(visit: Visit) -> Response:
    return _check_page(visit, blank_form())


def _draft(visit: Visit) -> tuple[Row[Any], Row[Any]]:
    """What is with its author still; NotFound otherwise."""
    post = own_post(visit.db, visit.member.actor_id, _id(visit))
    wait = find_wait(visit.db, post.id)
    if wait is None or wait.state != AT_HOME:
        raise NotFound
    return post, wait


def _check_page(visit: Visit, form: Form) -> Response:
    post, _ = _draft(visit)
    rules = rules_of(visit.db, post.audience)
    return render(
        visit.request,
        "posts/check.html",
        status_code=200 if form.ok else 422,
        form=form,
        waiting=_view(visit, post.id),
        questions=questions_for(visit.db, post.audience) if rules.checklist else [],
        is_known=has_answered(visit.db, visit.member.actor_id, post.audience),
        may_ask=rules.four_eyes,
        gate=rules_words(Rules(minutes=rules.minutes, four_eyes=rules.four_eyes)),
    )


def take_check(visit: Visit) -> Response:
    post, wait = _draft(visit)
    form, rules = visit.form, rules_of(visit.db, post.audience)
    questions = questions_for(visit.db, post.audience) if rules.checklist else []
    if wait.version != _version(form):
        form.fail("", msg("The text was changed meanwhile. Read it again."))
    doubts = _read_doubts(form, questions) if rules.four_eyes and form.flag("ask") else ""
    if form.ok and questions and not doubts:
        _answer(visit, post.audience, questions)
    if not form.ok:
        return _check_page(visit, form)
    try:
        with visit.db.begin_nested():
            offer(visit.db, visit.node, visit.member.actor_id, post.id, doubts=doubts)
    except Conflict as error:
        form.fail("", error.args[0])
        return _check_page(visit, form)
    return offered(visit, post.id)


def _answer(visit: Visit, audience: str, questions: Sequence[Question]) -> None:
    """Each question, or who answered them before, all in one."""
    form, member_id = visit.form, visit.member.actor_id
    answers = read_answers(form, questions)
    if form.flag("all") and has_answered(visit.db, member_id, audience):
        answers = dict.fromkeys(answers, NO)
    try:
        answer(visit.db, member_id, audience, answers)
    except Invalid as error:
        form.fail_all(error.fields)


def _read_doubts(form: Form, questions: Sequence[Question]) -> str:
    """The questions that its author leaves to an editor."""
    answers = read_answers(form, questions)
    for number, (name, given) in enumerate(answers.items(), 1):
        if given not in (NO, MAYBE):
            form.fail(name, msg("Answer question %(number)s.", number=number))
    return " ".join(name for name, given in answers.items() if given == MAYBE)


def offered(visit: Visit, object_id: int) -> Response:
    """To where it stands, with what happens to it now."""
    post, wait = get_post(visit.db, object_id), find_wait(visit.db, object_id)
    response = see_other(f"/o/{post.root_id}#post-{object_id}" if post.parent_id else f"/o/{object_id}")
    if wait is None:
        flash(visit.request, response, "done", msg("It is on its way."))
        return response
    if wait.needs_eyes and not editors_for(visit.db, post):
        words = msg("It waits, but nobody else here is an editor. Your admins are told; until then it stays.")
        flash(visit.request, response, "warning", words)
        return response
    flash(visit.request, response, "done", wait_words(wait))
    return response


ROUTES: list[BaseRoute] = [
    page(PATH, show_queue),
    page("/o/{id:id}/waiting", show_waiting),
    page("/o/{id:id}/let-go", take_let_go, method="POST"),
    page("/o/{id:id}/send-back", take_send_back, method="POST"),
    page("/o/{id:id}/take-back", take_take_back, method="POST"),
    page("/o/{id:id}/drop-edit", take_drop_edit, method="POST"),
    page(CHECK, show_check),
    page(CHECK, take_check, method="POST"),
]
