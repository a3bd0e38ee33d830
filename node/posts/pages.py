"""Pages on which posts are read: home, company, ring, topic, person, conversation."""

from typing import Any

from sqlalchemy import Row
from starlette.responses import Response
from starlette.routing import BaseRoute

from node.actors import GROUP
from node.boundary import Anonymous, Member, is_guest, is_in_ring, person_is_inside
from node.errors import NotFound
from node.gates.rules import rules_of
from node.identity import SELF
from node.objects import COMPANY, is_ring, is_room
from node.people.followers import followed_ids
from node.people.queries import author_views, find_person, is_active, shares_room
from node.posts import writing_pages
from node.posts.forms import Compose, compose, compose_in, read_id
from node.posts.queries import (
    Timeline,
    get_readable_post,
    list_audience,
    list_company,
    list_home,
    list_in_topic,
    list_of_person,
    list_open,
    list_thread,
)
from node.posts.shown import audience_view, post_views, reach_words, ring_names, thread_views
from node.rings.queries import find_ring, open_rings
from node.rooms.queries import get_room, is_in, own_rooms
from node.topics.queries import get_topic, list_topics
from node.web.context import shell_of
from node.web.pages import render
from node.web.views import PageLinks, PostView
from node.web.visits import LoginNeeded, Visit, page, see_other


def show_home(visit: Visit) -> Response:
    """A member's own page; a visitor gets what this node shows to the whole web."""
    if not isinstance(visit.reader, Member):
        return _show_front(visit)
    if is_guest(visit.db, visit.reader.actor_id):
        return _guest_home(visit, visit.reader)
    timeline = list_home(visit.db, visit.reader, _before(visit))
    return render(
        visit.request,
        "posts/home.html",
        compose=compose(visit.db, visit.reader, _language(visit)) if _before(visit) is None else None,
        rings=open_rings(visit.db),
        rooms=own_rooms(visit.db, visit.reader),
        **_feed(visit, timeline),
    )


def _guest_home(visit: Visit, guest: Member) -> Response:
    """A guest has one room, and is at home there."""
    for room in own_rooms(visit.db, guest):
        return see_other(f"/rooms/{room.id}")
    return render(visit.request, "posts/guest.html")


def _show_front(visit: Visit) -> Response:
    topics = [row for row in list_topics(visit.db, Anonymous()) if row.origin == SELF]
    return render(
        visit.request,
        "posts/front.html",
        node=visit.node,
        topics=topics,
        **_feed(visit, list_open(visit.db, _before(visit))),
    )


def _before(visit: Visit) -> int | None:
    typed = visit.request.query_params.get("before", "")
    return read_id(typed) or None


def _language(visit: Visit) -> str:
    return shell_of(visit.request).language


def _feed(visit: Visit, timeline: Timeline) -> dict[str, Any]:
    """The posts of a page and the way to older ones."""
    posts: list[PostView] = post_views(visit.db, visit.node, visit.reader, timeline.rows)
    path = visit.request.url.path
    older = f"{path}?before={timeline.older}" if timeline.older else ""
    newer = path if _before(visit) else ""
    return {"posts": posts, "links": PageLinks(newer_url=newer, older_url=older)}


def show_company(visit: Visit) -> Response:
    member = visit.member
    return render(
        visit.request,
        "posts/company.html",
        compose=_compose_in(visit, COMPANY),
        reach=reach_words(visit.db, COMPANY),
        **_feed(visit, list_company(visit.db, member, _before(visit))),
    )


def _compose_in(visit: Visit, audience: str, topic_id: str = "") -> Compose | None:
    """The form at the top of a first page, for those who may write there."""
    if not isinstance(visit.reader, Member) or _before(visit) is not None:
        return None
    if is_ring(audience) and not is_in_ring(visit.db, audience):
        return None
    if is_room(audience) and not person_is_inside(visit.db, audience, visit.reader.actor_id):
        return None
    return compose_in(visit.db, visit.reader, _language(visit), audience, topic_id=topic_id)


def show_ring(visit: Visit) -> Response:
    """The posts of a ring; when we are no longer in it, it says so."""
    member = visit.member
    ring = find_ring(visit.db, visit.request.path_params["handle"])
    return render(
        visit.request,
        "posts/ring.html",
        ring=ring,
        is_open=is_in_ring(visit.db, ring.audience),
        topics=[row for row in list_topics(visit.db, member) if row.audience == ring.audience],
        audience=audience_view(ring.audience, ring_names(visit.db, member)),
        reach=reach_words(visit.db, ring.audience),
        has_questions=rules_of(visit.db, ring.audience).checklist,
        compose=_compose_in(visit, ring.audience),
        **_feed(visit, list_audience(visit.db, member, ring.audience, _before(visit))),
    )


def show_room(visit: Visit) -> Response:
    """The posts of a room, for who is in it; who may only know of it sees its card."""
    member, room = visit.member, get_room(visit.db, visit.member, visit.request.path_params["id"])
    if not is_in(visit.db, member, room):
        return see_other(f"/rooms/{room.id}/about")
    return render(
        visit.request,
        "posts/room.html",
        room=room,
        reach=reach_words(visit.db, room.audience),
        compose=_compose_in(visit, room.audience),
        **_feed(visit, list_audience(visit.db, member, room.audience, _before(visit))),
    )


def show_topic(visit: Visit) -> Response:
    """A topic for those who may read it: ours that are open for everyone, all others for members."""
    topic = get_topic(visit.db, visit.reader, int(visit.request.path_params["id"]))
    if topic.origin != SELF and not isinstance(visit.reader, Member):
        raise LoginNeeded
    return _topic_page(visit, topic)


def _topic_page(visit: Visit, topic: Row[Any]) -> Response:
    is_member = isinstance(visit.reader, Member)
    makers = author_views(visit.db, visit.node, {topic.author_id} if topic.origin != SELF else set())
    return render(
        visit.request,
        "posts/topic.html",
        topic=topic,
        node=visit.node,
        is_ours=topic.origin == SELF,
        firm=makers[topic.author_id].firm if topic.author_id in makers else "",
        follow_state=_follow_state(visit, topic.actor_id),
        audience=audience_view(topic.audience, ring_names(visit.db, visit.member) if is_member else {}),
        compose=None if topic.archived else _compose_in(visit, topic.audience, str(topic.object_id)),
        **_feed(visit, list_in_topic(visit.db, visit.reader, topic.object_id, _before(visit))),
    )


def _follow_state(visit: Visit, actor_id: int | None) -> str:
    if actor_id is None or not isinstance(visit.reader, Member):
        return ""
    return followed_ids(visit.db, visit.reader.actor_id).get(actor_id, "")


def show_profile(visit: Visit) -> Response:
    """A person: for members anybody we know, for visitors our own people who have a face outside."""
    actor = find_person(visit.db, visit.node, visit.request.path_params["handle"])
    if actor is None or not _may_see(visit, actor):
        raise NotFound
    if actor.type == GROUP:
        return _topic_page(visit, get_topic(visit.db, visit.reader, actor.id))
    is_member = isinstance(visit.reader, Member)
    return render(
        visit.request,
        "posts/profile.html",
        actor=actor,
        node=visit.node,
        person=author_views(visit.db, visit.node, [actor.id])[actor.id],
        is_ours=actor.peer_id == SELF,
        is_me=is_member and visit.member.actor_id == actor.id,
        follow_state=_follow_state(visit, actor.id),
        **_feed(visit, list_of_person(visit.db, visit.reader, actor.id, _before(visit))),
    )


def _may_see(visit: Visit, actor: Row[Any]) -> bool:
    if isinstance(visit.reader, Member):
        return _member_may_see(visit, visit.reader.actor_id, actor)
    # No statement more for somebody without a face than for nobody (rule 7).
    return actor.peer_id == SELF and actor.face_at is not None and is_active(visit.db, actor.id)


def _member_may_see(visit: Visit, member_id: int, actor: Row[Any]) -> bool:
    """A guest and the others see of each other whom they share a room with (rule 14)."""
    with_guest = is_guest(visit.db, member_id) or is_guest(visit.db, actor.id)
    return not with_guest or member_id == actor.id or shares_room(visit.db, member_id, actor.id)


def show_thread(visit: Visit) -> Response:
    """The conversation around a post; the same 404 for what is not there and what is not for this reader."""
    object_id = int(visit.request.path_params["id"])
    post = get_readable_post(visit.db, visit.reader, object_id)
    thread = list_thread(visit.db, visit.reader, object_id)
    if isinstance(visit.reader, Anonymous) and not _is_ours(visit, thread):
        raise LoginNeeded
    posts = thread_views(visit.db, visit.node, visit.reader, thread)
    return render(
        visit.request,
        "posts/thread.html",
        posts=posts,
        compose=_answer_form(visit, post),
    )


def _is_ours(visit: Visit, thread: list[tuple[Row[Any], int]]) -> bool:
    """Visitors see conversations that are at home here, not what members happen to follow elsewhere."""
    topic_ids = {row.topic_id for row, _ in thread if row.topic_id is not None}
    if any(row.origin == SELF for row, _ in thread):
        return True
    return any(get_topic(visit.db, visit.reader, topic_id).origin == SELF for topic_id in topic_ids)


def _answer_form(visit: Visit, post: Row[Any]) -> Compose | None:
    if not isinstance(visit.reader, Member) or post.state != "live":
        return None
    if not is_room(post.audience) and is_guest(visit.db, visit.reader.actor_id):
        return None
    if is_ring(post.audience) and not is_in_ring(visit.db, post.audience):
        return None
    if is_room(post.audience) and not person_is_inside(visit.db, post.audience, visit.reader.actor_id):
        return None
    language = post.language or _language(visit)
    return compose_in(visit.db, visit.reader, language, post.audience, reply_to=str(post.id))


ROUTES: list[BaseRoute] = [
    page("/", show_home, guests=True),
    page("/company", show_company),
    page("/rings/{handle}", show_ring),
    page("/rooms/{id:id}", show_room, guests=True),
    page("/topics/{id:id}", show_topic),
    page("/@{handle}", show_profile, guests=True),
    *writing_pages.ROUTES,
]
