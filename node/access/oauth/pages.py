"""The pages of OAuth: may this app come in, its code to copy, and which apps a member let in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sqlalchemy import Row
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from node.access.logins import end_login, get_member
from node.access.oauth.actions import (
    OUT_OF_BAND,
    allow_app,
    end_app,
    is_challenge,
    may_post_open,
    set_open_from_apps,
)
from node.access.oauth.queries import find_app, list_allowed, scopes_allowed
from node.access.oauth.scopes import are_known, cover_all, read_scopes, scope_words
from node.access.visitors import login_token, take_cookie
from node.boundary import Member, is_guest
from node.errors import Forbidden, Invalid
from node.i18n import LANGUAGES, msg
from node.web.flashes import flash
from node.web.headers import CONTENT_POLICY
from node.web.pages import render
from node.web.visits import Visit, page, see_other

APPS_PAGE = "/settings/apps"
AUTHORIZE = "/oauth/authorize"
ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)
LONGEST = 2000


@dataclass(frozen=True)
class Wish:
    """What an app asks of a member, checked: the app is known and the address is one of its own."""

    app: Row[Any]
    redirect_uri: str
    scopes: list[str]
    state: str
    challenge: str
    error: str


def show_consent(visit: Visit) -> Response:
    """May this app come in? Who is not logged in does that first, in every way that this node has."""
    asked = visit.request.query_params
    wish = _read_wish(visit, asked)
    if wish.error:
        return _back_to_app(wish, {"error": wish.error})
    if not isinstance(visit.reader, Member):
        return see_other(f"/login?next={quote(_address(asked), safe='')}")
    _refuse_guest(visit)
    if asked.get("lang") in LANGUAGES:
        visit.request.state.shell = replace(visit.request.state.shell, language=asked["lang"])
    response = render(
        visit.request,
        "access/consent.html",
        app=wish.app,
        asked={name: asked.get(name, "") for name in ASKED},
        address=_address(asked),
        words=scope_words(wish.scopes),
        host=_host(wish.redirect_uri),
    )
    response.headers["content-security-policy"] = _policy(wish.redirect_uri)
    return response


def take_consent(visit: Visit) -> Response:
    wish = _read_wish(visit, {name: visit.form.value(name) for name in ASKED})
    member = visit.member
    _refuse_guest(visit)
    if wish.error:
        return _back_to_app(wish, {"error": wish.error})
    if visit.form.value("decision") != "allow":
        return _back_to_app(wish, {"error": "access_denied"})
    code = allow_app(
        visit.db,
        member.actor_id,
        wish.app,
        redirect_uri=wish.redirect_uri,
        scopes=wish.scopes,
        challenge=wish.challenge,
    )
    if wish.redirect_uri == OUT_OF_BAND:
        return render(visit.request, "access/code.html", app=wish.app, code=code)
    return _back_to_app(wish, {"code": code})


def take_other(visit: Visit) -> Response:
    """It is somebody else's turn at this browser: log out, and in again on the way to the same question."""
    token = login_token(visit.request)
    if token:
        end_login(visit.db, token)
    asked = {name: visit.form.value(name) for name in ASKED}
    response = see_other(f"/login?next={quote(_address(asked), safe='')}")
    take_cookie(visit.request, response)
    return response


def _read_wish(visit: Visit, asked: Mapping[str, str]) -> Wish:
    """Raises Invalid where nothing may be sent anywhere; other faults go back to the app."""
    given = {name: asked.get(name, "")[: LONGEST + 1] for name in ASKED}
    if any("\0" in value or len(value) > LONGEST for value in given.values()):
        raise Invalid(scope=msg("This app asks in a way that we do not understand."))
    app = find_app(visit.db, given["client_id"])
    if app is None:
        raise Invalid(client_id=msg("We do not know this app. Let it register here again."))
    if given["redirect_uri"] not in app.redirect_uris.split("\n"):
        raise Invalid(
            redirect_uri=msg(
                "The app wants the answer at an address that it did not register. Nothing was sent."
            )
        )
    scopes = read_scopes(given["scope"])
    return Wish(
        app=app,
        redirect_uri=given["redirect_uri"],
        scopes=scopes,
        state=given["state"],
        challenge=given["code_challenge"],
        error=_fault(app, given, scopes),
    )


def _fault(app: Row[Any], given: Mapping[str, str], scopes: list[str]) -> str:
    if given["response_type"] != "code":
        return "unsupported_response_type"
    if not are_known(scopes) or not cover_all(app.scopes.split(), scopes):
        return "invalid_scope"
    challenge, method = given["code_challenge"], given["code_challenge_method"]
    if challenge or method:
        return "" if method == "S256" and is_challenge(challenge) else "invalid_request"
    return "" if app.secret_hash is not None else "invalid_request"


def _refuse_guest(visit: Visit) -> None:
    if is_guest(visit.db, visit.member.actor_id):
        raise Forbidden(msg("A guest cannot let apps in."))


def _address(asked: Mapping[str, str]) -> str:
    """The same question again; `force_login` was heard, since it is asked each time."""
    return f"{AUTHORIZE}?{urlencode({name: asked.get(name, '') for name in ASKED if asked.get(name)})}"


def _back_to_app(wish: Wish, answer: dict[str, str]) -> Response:
    if wish.redirect_uri == OUT_OF_BAND:
        raise Invalid(scope=msg("The app did not get in: %(why)s.", why=answer["error"]))
    words = urlencode({**answer, **({"state": wish.state} if wish.state else {})})
    joint = "&" if urlsplit(wish.redirect_uri).query else "?"
    response = RedirectResponse(f"{wish.redirect_uri}{joint}{words}", 303)
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    return response


def _host(redirect_uri: str) -> str:
    """Where the answer goes, in a word for people; empty for an app on their own device."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else ""


def _policy(redirect_uri: str) -> str:
    """Browsers hold `form-action` against the address that our answer leads to as well."""
    parts = urlsplit(redirect_uri)
    if redirect_uri == OUT_OF_BAND:
        return CONTENT_POLICY
    target = f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
    return CONTENT_POLICY.replace("form-action 'self'", f"form-action 'self' {target}")


# --- a member's own page of apps -------------------------------------------------------------------


def show_apps(visit: Visit) -> Response:
    member_id = visit.member.actor_id
    found = list_allowed(visit.db, member_id)
    return render(
        visit.request,
        "access/apps.html",
        apps=[(app, scope_words(scopes_allowed(visit.db, member_id, app.id))) for app in found],
        is_open=may_post_open(visit.db, member_id),
        address=visit.node.domain,
        handle=get_member(visit.db, member_id).handle,
    )


def take_end(visit: Visit) -> Response:
    end_app(visit.db, visit.member.actor_id, visit.request.path_params["id"])
    return _done(visit, msg("The app is out. It can do nothing in your name any more."))


def take_open(visit: Visit) -> Response:
    """Rule 6: open posts come from apps only once their writer said so here."""
    is_on = visit.form.flag("open")
    set_open_from_apps(visit.db, visit.member.actor_id, is_on)
    if is_on:
        return _done(visit, msg("You can write open posts in your apps now."))
    return _done(visit, msg("Your apps cannot write open posts now."))


def _done(visit: Visit, text: str) -> Response:
    response = see_other(APPS_PAGE)
    flash(visit.request, response, "done", text)
    return response


ROUTES: list[BaseRoute] = [
    page(AUTHORIZE, show_consent, guests=True),
    page(f"{AUTHORIZE}/", show_consent, guests=True),
    page(AUTHORIZE, take_consent, method="POST", guests=True),
    page(f"{AUTHORIZE}/", take_consent, method="POST", guests=True),
    page(f"{AUTHORIZE}/other", take_other, method="POST", guests=True),
    page(APPS_PAGE, show_apps),
    page(f"{APPS_PAGE}/open", take_open, method="POST"),
    page(f"{APPS_PAGE}/{{id:id}}/end", take_end, method="POST"),
]
