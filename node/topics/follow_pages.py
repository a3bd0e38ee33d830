"""Finding somebody to follow, by handle or in the list of people; following and stopping."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute

from federation.actors import Actor, fetch_actor, find_actor
from federation.documents import is_web_url
from federation.errors import AddressRefused, FederationError, Gone, Rejected, Unreachable
from node.actors import find_actor as find_stored
from node.actors import find_local
from node.boundary import Member, is_guest
from node.db import relative
from node.errors import Invalid
from node.i18n import Message, msg
from node.memberships import PENDING
from node.network import Network
from node.peers import is_blocked
from node.people.actions import FACE_PAGE, FaceNeeded
from node.people.followers import followed_ids
from node.people.follows import follow, unfollow
from node.people.queries import author_views, find_person, get_known_actor, list_people
from node.people.remote import keep_actor
from node.rings.people import people_of_ring
from node.rings.queries import RingRow, open_rings
from node.topics.remote import keep_remote_topic
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.language import local_path
from node.web.pages import render
from node.web.views import AuthorView
from node.web.visits import Errand, Visit, errand, page, see_other

FOLLOW, PEOPLE = "/follow", "/people"


@dataclass(frozen=True)
class Target:
    """What was typed: the address of an actor, or a handle; and the domain that knows more."""

    url: str = ""
    handle: str = ""
    domain: str = ""


@dataclass(frozen=True)
class PersonEntry:
    id: int
    author: AuthorView
    state: str  # "", pending, accepted


@dataclass(frozen=True)
class PeopleGroup:
    """The members of this node (no name), or the others' people of one ring."""

    ring: str
    people: tuple[PersonEntry, ...]


def show_follow(visit: Visit) -> Response:
    """Other servers lead here with `uri`, when somebody there presses follow."""
    asked = visit.request.query_params
    return _follow_page(visit, blank_form({"handle": asked.get("handle") or asked.get("uri") or ""}))


def _follow_page(visit: Visit, form: Form) -> Response:
    require_login(visit)
    return render(visit.request, "topics/follow.html", form=form, status_code=200 if form.ok else 422)


def require_login(visit: Visit) -> Member:
    return visit.member


async def take_follow(errand_: Errand) -> Response:
    """Look up who is meant, on their own server if need be, and follow."""
    form = errand_.form
    typed = form.line("handle")
    try:
        actor_id = await errand_.read(lambda visit: _known(visit, typed))
        fetched = None if actor_id else await look_up(errand_.network, _parse(typed))
        return await errand_.write(lambda visit: _follow_found(visit, actor_id, fetched, typed))
    except Invalid as error:
        form.fail_all(error.fields)
        return await errand_.read(lambda visit: _follow_page(visit, form))


def _known(visit: Visit, typed: str) -> int | None:
    """Somebody we know already; raises LoginNeeded, or Invalid for what can only be ours and is not there."""
    require_login(visit)
    target = _parse(typed)
    if not target.url and target.domain in ("", visit.node.domain):
        row = find_local(visit.db, target.handle.lower())
        if row is None or is_guest(visit.db, row.id):
            raise Invalid(handle=msg("Nobody here has this name. For people elsewhere, add their server."))
        return int(row.id)
    if target.url:
        row = find_stored(visit.db, relative(visit.node.base, target.url))
    else:
        row = find_person(visit.db, visit.node, f"{target.handle}@{target.domain}")
    if is_blocked(visit.db, target.domain):
        raise Invalid(handle=msg("Your node has blocked that server."))
    return int(row.id) if row is not None else None


def _parse(typed: str) -> Target:
    text = typed.strip().removeprefix("acct:")
    if is_web_url(text):
        return Target(url=text, domain=urlsplit(text).netloc.lower())
    handle, _, domain = text.removeprefix("@").partition("@")
    if not handle:
        raise Invalid(handle=msg("Type a handle, for example @anna@example.org."))
    return Target(handle=handle, domain=domain.lower())


async def look_up(network: Network, target: Target) -> Actor:
    """The actor on their own server; raises Invalid with what went wrong in words."""
    try:
        if target.url:
            return await fetch_actor(network.get, target.url)
        return await find_actor(network.get, target.handle, target.domain, network.scheme)
    except FederationError as error:
        raise Invalid(handle=_explain(error)) from error


def _explain(error: FederationError) -> Message:
    if isinstance(error, Unreachable):
        return msg("That server does not answer now. Try again later, or check the name after the @.")
    if isinstance(error, AddressRefused):
        return msg("Your node may not connect to that address.")
    if isinstance(error, Gone):
        return msg("This person or topic is no longer there.")
    if isinstance(error, Rejected) and error.reason in ("answered 401", "answered 403"):
        return msg("That server does not let your node look there.")
    if isinstance(error, Rejected) and error.reason == "answered 404":
        return msg("There is nobody with this name on that server, or they are not visible outside.")
    return msg("That server gives an answer that your node does not understand.")


def _follow_found(visit: Visit, actor_id: int | None, fetched: Actor | None, typed: str) -> Response:
    known = actor_id if fetched is None else keep_actor(visit.db, fetched)
    assert known is not None
    keep_remote_topic(visit.db, known)
    back = f"{FOLLOW}?handle={quote(typed)}"
    return _follow_id(visit, known, when_done="", to_confirm=back)


def take_follow_one(visit: Visit) -> Response:
    """The button beside a name."""
    target = local_path(visit.form.value("next") or PEOPLE)
    return _follow_id(visit, visit.request.path_params["id"], when_done=target, to_confirm=target)


def _follow_id(visit: Visit, actor_id: int, *, when_done: str, to_confirm: str) -> Response:
    """Without a face the confirmation comes first, and leads back to where the button is."""
    actor = get_known_actor(visit.db, actor_id)
    shown = author_views(visit.db, visit.node, [actor_id])[actor_id]
    try:
        state = follow(visit.db, visit.node, visit.member.actor_id, actor)
    except FaceNeeded:
        return see_other(f"{FACE_PAGE}?next={quote(to_confirm)}")
    said = msg("You follow %(name)s.", name=shown.name)
    if state == PENDING:
        said = msg("You asked to follow %(name)s. You hear when they answer.", name=shown.name)
    return _back(visit, when_done or _page_of(actor, shown), said)


def _page_of(actor: Any, shown: AuthorView) -> str:
    """A topic's or a person's page on this node."""
    return f"/topics/{actor.id}" if actor.type == "Group" else shown.url


def take_unfollow_one(visit: Visit) -> Response:
    actor = get_known_actor(visit.db, visit.request.path_params["id"])
    shown = author_views(visit.db, visit.node, [actor.id])[actor.id]
    unfollow(visit.db, visit.node, visit.member.actor_id, actor)
    target = local_path(visit.form.value("next") or PEOPLE)
    return _back(visit, target, msg("You no longer follow %(name)s.", name=shown.name))


def show_people(visit: Visit) -> Response:
    followed = followed_ids(visit.db, visit.member.actor_id)
    own = [row.id for row in list_people(visit.db)]
    lists = [("", own)] + [(ring.name, _ids_of(visit, ring)) for ring in open_rings(visit.db)]
    names = author_views(visit.db, visit.node, {one for _, ids in lists for one in ids})
    groups = [
        PeopleGroup(ring, tuple(PersonEntry(one, names[one], followed.get(one, "")) for one in ids))
        for ring, ids in lists
    ]
    return render(visit.request, "topics/people.html", groups=groups, me=visit.member.actor_id)


def _ids_of(visit: Visit, ring: RingRow) -> list[int]:
    return [row.id for row in people_of_ring(visit.db, ring)]


def _back(visit: Visit, target: str, text: str) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(FOLLOW, show_follow),
    errand(FOLLOW, take_follow),
    page(f"{FOLLOW}/{{id:id}}", take_follow_one, method="POST"),
    page("/unfollow/{id:id}", take_unfollow_one, method="POST"),
    page(PEOPLE, show_people),
]
