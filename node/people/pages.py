"""A member's own pages: settings, password, log-ins, the face outside, followers and who asks to follow."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from node.access.logins import end_logins, get_member
from node.access.visitors import client_address, login_token, take_cookie
from node.actors import get_actor
from node.errors import Invalid
from node.i18n import LANGUAGES, msg
from node.people.actions import (
    FACE_PAGE,
    LONGEST_NAME,
    LONGEST_SUMMARY,
    change_password,
    change_profile,
    end_one_login,
    show_face,
)
from node.people.follows import approve_follow, refuse_follow
from node.people.queries import author_views, has_face, list_follow_requests, list_followers, list_logins
from node.web.flashes import flash
from node.web.forms import Form, blank_form
from node.web.language import local_path
from node.web.pages import render
from node.web.visits import Visit, page, see_other

SETTINGS = "/settings"
FOLLOWERS = "/followers"


def show_settings(visit: Visit) -> Response:
    return _settings_page(visit, _saved_form(visit), blank_form())


def _saved_form(visit: Visit) -> Form:
    """The profile form as it is stored."""
    row, actor = get_member(visit.db, visit.member.actor_id), get_actor(visit.db, visit.member.actor_id)
    start = {"name": actor.name, "summary": actor.summary, "language": row.language or ""}
    return blank_form({**start, "mail": row.mail or "", "approves": "on" if actor.approves_follows else ""})


def _settings_page(visit: Visit, form: Form, password_form: Form) -> Response:
    member_id = visit.member.actor_id
    return render(
        visit.request,
        "people/settings.html",
        status_code=200 if form.ok and password_form.ok else 422,
        form=form,
        password_form=password_form,
        actor=get_actor(visit.db, member_id),
        ends_at=get_member(visit.db, member_id).ends_at,
        logins=list_logins(visit.db, member_id),
        longest_name=LONGEST_NAME,
        longest_summary=LONGEST_SUMMARY,
    )


def take_settings(visit: Visit) -> Response:
    member_id, form = visit.member.actor_id, visit.form
    name, mail = form.line("name", longest=LONGEST_NAME), form.line("mail", required=False)
    summary = form.text("summary", required=False, longest=LONGEST_SUMMARY)
    language = form.choice("language", ("", *LANGUAGES))
    if not form.ok:
        return _settings_page(visit, form, blank_form())
    try:
        change_profile(
            visit.db,
            visit.node,
            member_id,
            name=name,
            summary=summary,
            language=language or None,
            mail=mail,
            approves_follows=form.flag("approves"),
        )
    except Invalid as error:
        form.fail_all(error.fields)
        return _settings_page(visit, form, blank_form())
    return _back(visit, SETTINGS, msg("Saved."))


def take_password(visit: Visit) -> Response:
    """Every log-in ends, so whoever else was in is out."""
    member_id, form = visit.member.actor_id, visit.form
    old, new = form.secret("old"), form.secret("password")
    name, address = str(member_id), client_address(visit.request)
    visit.services.tries.check(name, address)
    try:
        if form.ok:
            change_password(visit.db, member_id, old=old, new=new)
    except Invalid as error:
        visit.services.tries.count_failure(name, address)
        form.fail_all(error.fields)
    if not form.ok:
        return _settings_page(visit, _saved_form(visit), form)
    response = _back(visit, "/login", msg("Your password is changed. Log in with the new one."))
    take_cookie(visit.request, response)
    return response


def take_end_login(visit: Visit) -> Response:
    end_one_login(visit.db, visit.member.actor_id, visit.request.path_params["id"])
    return _back(visit, SETTINGS, msg("That device is logged out."))


def take_end_logins(visit: Visit) -> Response:
    end_logins(visit.db, visit.member.actor_id, but_token=login_token(visit.request))
    return _back(visit, SETTINGS, msg("All other devices are logged out."))


def show_face_page(visit: Visit) -> Response:
    actor = get_actor(visit.db, visit.member.actor_id)
    target = local_path(visit.request.query_params.get("next", SETTINGS))
    return render(visit.request, "people/face.html", actor=actor, node=visit.node, target=target)


def take_face(visit: Visit) -> Response:
    show_face(visit.db, visit.member.actor_id)
    target = local_path(visit.form.value("next") or SETTINGS)
    return _back(visit, target, msg("You are visible outside now. You can go on with what you were doing."))


def show_followers(visit: Visit) -> Response:
    member_id = visit.member.actor_id
    requests, followers = list_follow_requests(visit.db, member_id), list_followers(visit.db, member_id)
    names = author_views(visit.db, visit.node, {row.follower_id for row in [*requests, *followers]})
    return render(
        visit.request,
        "people/followers.html",
        requests=requests,
        followers=followers,
        names=names,
        has_face=has_face(visit.db, member_id),
    )


def take_approve(visit: Visit) -> Response:
    approve_follow(visit.db, visit.node, visit.member.actor_id, visit.request.path_params["id"])
    return _back(visit, FOLLOWERS, msg("They follow you now."))


def take_refuse(visit: Visit) -> Response:
    refuse_follow(visit.db, visit.node, visit.member.actor_id, visit.request.path_params["id"])
    return _back(visit, FOLLOWERS, msg("They do not follow you."))


def _back(visit: Visit, target: str, text: str) -> Response:
    response = see_other(target)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(SETTINGS, show_settings, guests=True),
    page(SETTINGS, take_settings, method="POST", guests=True),
    page(f"{SETTINGS}/password", take_password, method="POST"),
    page(f"{SETTINGS}/logins/end", take_end_logins, method="POST", guests=True),
    page(f"{SETTINGS}/logins/{{id:id}}/end", take_end_login, method="POST", guests=True),
    page(FACE_PAGE, show_face_page),
    page(FACE_PAGE, take_face, method="POST"),
    page(FOLLOWERS, show_followers),
    page(f"{FOLLOWERS}/{{id:id}}/approve", take_approve, method="POST"),
    page(f"{FOLLOWERS}/{{id:id}}/refuse", take_refuse, method="POST"),
]
