"""Topics for members: the list by audience, making one, changing and deleting it. A topic's posts: posts."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.errors import Forbidden, Invalid
from node.gates.rules import rules_of
from node.i18n import msg, nmsg
from node.identity import SELF
from node.objects import COMPANY, PUBLIC
from node.people.followers import followed_ids
from node.people.queries import author_views
from node.rings.queries import describe_reach, open_rings, ring_of_audience
from node.topics import follow_pages
from node.topics.actions import (
    LONGEST_NAME,
    LONGEST_SUMMARY,
    create_topic,
    delete_topic,
    edit_topic,
    get_own_topic,
    may_make_topics,
)
from node.topics.queries import list_topics
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.pages import render
from node.web.views import AudienceChoice, AudienceView
from node.web.visits import Visit, page, see_other

PATH = "/topics"


@dataclass(frozen=True)
class TopicEntry:
    """A topic in the list; only open ones can be followed (`actor_id`)."""

    id: int
    name: str
    summary: str
    handle: str
    actor_id: int | None
    firm: str
    archived: bool
    following: str  # "", pending, accepted
    may_edit: bool


@dataclass(frozen=True)
class TopicGroup:
    audience: AudienceView
    topics: tuple[TopicEntry, ...]


def show_topics(visit: Visit) -> Response:
    member = visit.member
    rows = list_topics(visit.db, member)
    followed = followed_ids(visit.db, member.actor_id)
    makers = author_views(visit.db, visit.node, {row.author_id for row in rows if row.origin != SELF})
    may_make = may_make_topics(member.roles)
    groups: dict[str, list[TopicEntry]] = {}
    for row in rows:
        firm = makers[row.author_id].firm if row.author_id in makers else ""
        following = followed.get(row.actor_id, "") if row.actor_id else ""
        groups.setdefault(row.audience, []).append(_entry(row, firm, following, may_make))
    return render(visit.request, "topics/list.html", groups=_in_order(visit, groups), may_make=may_make)


def _entry(row: Any, firm: str, following: str, may_make: bool) -> TopicEntry:
    return TopicEntry(
        id=row.object_id,
        name=row.name,
        summary=row.summary,
        handle=row.handle,
        actor_id=row.actor_id,
        firm=firm,
        archived=row.archived,
        following=following,
        may_edit=may_make and row.origin == SELF,
    )


def _in_order(visit: Visit, groups: dict[str, list[TopicEntry]]) -> list[TopicGroup]:
    """The company's, then each ring's, then the open ones."""
    order = [COMPANY, *(ring.audience for ring in open_rings(visit.db)), PUBLIC]
    return [TopicGroup(_audience(visit, one), tuple(groups[one])) for one in order if one in groups]


def _audience(visit: Visit, audience: str) -> AudienceView:
    if audience in (COMPANY, PUBLIC):
        return AudienceView(kind="company" if audience == COMPANY else "open")
    ring = ring_of_audience(visit.db, audience)
    return AudienceView(kind="ring", label=ring.name if ring is not None else "")


def show_new(visit: Visit) -> Response:
    _require_maker(visit)
    return _new_page(visit, blank_form())


def _require_maker(visit: Visit) -> None:
    if not may_make_topics(visit.member.roles):
        raise Forbidden(msg("Only editors, directors and admins make and change topics."))


def _new_page(visit: Visit, form: Form) -> Response:
    return render(
        visit.request,
        "topics/new.html",
        status_code=200 if form.ok else 422,
        form=form,
        choices=_choices(visit),
        domain=visit.node.domain,
        longest_name=LONGEST_NAME,
        longest_summary=LONGEST_SUMMARY,
    )


def _choices(visit: Visit) -> list[AudienceChoice]:
    own = AudienceChoice(
        value=COMPANY, audience=_audience(visit, COMPANY), reach=msg("Only colleagues of your own company.")
    )
    rings = [
        AudienceChoice(
            value=ring.audience,
            audience=_audience(visit, ring.audience),
            reach=_reach_words(visit, ring.audience),
            gate=_gate_words(visit, ring.audience),
        )
        for ring in open_rings(visit.db)
    ]
    everyone = msg("Everyone on the internet can read, follow and post in it.")
    public = AudienceChoice(
        value=PUBLIC,
        audience=_audience(visit, PUBLIC),
        reach=everyone,
        gate=_gate_words(visit, PUBLIC),
    )
    return [own, *rings, public]


def _gate_words(visit: Visit, audience: str) -> str:
    """Said before somebody fills in the form."""
    waits = rules_of(visit.db, audience).waits
    return msg("A topic cannot be made here: what is written waits at a gate.") if waits else ""


def _reach_words(visit: Visit, audience: str) -> str:
    reach = describe_reach(visit.db, audience)
    if reach.is_large:
        firms = nmsg("%(count)s firm", "%(count)s firms", len(reach.nodes))
        return msg("Your company and %(firms)s.", firms=firms)
    names = [one.name for one in reach.nodes]
    return msg("Your company and: %(names)s.", names=", ".join(names)) if names else msg("Your company.")


def take_new(visit: Visit) -> Response:
    _require_maker(visit)
    form = visit.form
    name = form.line("name", longest=LONGEST_NAME)
    handle, summary = form.line("handle", longest=21), _summary(form)
    audience = form.choice("audience", {choice.value for choice in _choices(visit)})
    if not form.ok:
        return _new_page(visit, form)
    try:
        topic_id = create_topic(visit.db, visit.node, visit.member.actor_id, audience, handle, name, summary)
    except Invalid as error:
        form.fail_all(error.fields)
        return _new_page(visit, form)
    return _back(visit, f"{PATH}/{topic_id}", msg("The topic is there. Write the first post in it."))


def _summary(form: Form) -> str:
    return form.text("summary", required=False, longest=LONGEST_SUMMARY)


def show_edit(visit: Visit) -> Response:
    topic = get_own_topic(visit.db, visit.member, visit.request.path_params["id"])
    start = {"name": topic.name, "summary": topic.summary, "archived": "on" if topic.archived else ""}
    return _edit_page(visit, topic, blank_form(start))


def _edit_page(visit: Visit, topic: Any, form: Form) -> Response:
    return render(
        visit.request,
        "topics/edit.html",
        status_code=200 if form.ok else 422,
        form=form,
        topic=topic,
        audience=_audience(visit, topic.audience),
        longest_name=LONGEST_NAME,
        longest_summary=LONGEST_SUMMARY,
    )


def take_edit(visit: Visit) -> Response:
    topic = get_own_topic(visit.db, visit.member, visit.request.path_params["id"])
    form = visit.form
    name, summary = form.line("name", longest=LONGEST_NAME), _summary(form)
    try:
        if form.ok:
            edit_topic(
                visit.db,
                visit.node,
                visit.member,
                topic.object_id,
                name=name,
                summary=summary,
                archived=form.flag("archived"),
            )
    except Invalid as error:
        form.fail_all(error.fields)
    if not form.ok:
        return _edit_page(visit, topic, form)
    return _back(visit, PATH, msg("Saved."))


def take_delete(visit: Visit) -> Response:
    delete_topic(visit.db, visit.node, visit.member, visit.request.path_params["id"])
    return _back(visit, PATH, msg("The topic is gone. Its posts stay where they are."))


def _back(visit: Visit, target: str, text: str) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(PATH, show_topics),
    page(f"{PATH}/new", show_new),
    page(f"{PATH}/new", take_new, method="POST"),
    page(f"{PATH}/{{id:id}}/edit", show_edit),
    page(f"{PATH}/{{id:id}}/edit", take_edit, method="POST"),
    page(f"{PATH}/{{id:id}}/delete", take_delete, method="POST"),
    *follow_pages.ROUTES,
]
