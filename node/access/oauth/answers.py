"""What programs ask of OAuth: register, tokens for codes, revoke, who is it (RFC 6749, 7009, 7591, 8414)."""

import base64
import binascii
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from node import identity
from node.access.oauth.actions import (
    Issued,
    Refusal,
    exchange_code,
    issue_for_app,
    refresh_token,
    register_app,
    revoke_token,
)
from node.access.oauth.queries import find_app, find_caller, is_secret
from node.access.oauth.scopes import KNOWN, covers, read_scopes
from node.actors import get_actor
from node.db import reading, writing
from node.errors import Invalid
from node.web.bodies import Params, read_params
from node.web.visits import Services, services_of

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
BAD_CLIENT = Refusal(
    "invalid_client",
    "Client authentication failed due to unknown client, no client authentication included, or unsupported "
    "authentication method.",
    401,
)
NOT_YOURS = Refusal("unauthorized_client", "You are not authorized to revoke this token", 403)

Answer = Callable[[Connection, Request, Params], Any]


def _answered(path: str, work: Answer, *, methods: tuple[str, ...] = ("POST",), writes: bool = True) -> Route:
    """A route for programs: form or JSON in, JSON out; a Refusal is answered in the words of RFC 6749."""

    async def endpoint(request: Request) -> Response:
        params = await read_params(request)
        answer = await run_in_threadpool(_work, services_of(request), work, request, params, writes)
        if writes:
            services_of(request).wake()
        return _json(answer)

    return Route(path, endpoint, methods=list(methods), name=work.__name__)


def _work(services: Services, work: Answer, request: Request, params: Params, writes: bool) -> Any:
    with writing(services.engine) if writes else reading(services.engine) as db:
        return work(db, request, params)


def _json(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    if not isinstance(answer, Refusal):
        return JSONResponse(answer, headers=NO_STORE)
    headers = {**NO_STORE, "WWW-Authenticate": f'Bearer realm="Leerkring", error="{answer.error}"'}
    return JSONResponse({"error": answer.error, "error_description": answer.words}, answer.status, headers)


def give_token(db: Connection, request: Request, params: Params) -> Any:
    app = _client(db, request, params)
    if isinstance(app, Refusal):
        return app
    answer = _issue(db, app, params)
    if isinstance(answer, Refusal):
        return answer
    token = {
        "access_token": answer.token,
        "token_type": "Bearer",
        "scope": answer.scopes,
        "created_at": int(answer.created_at.timestamp()),
    }
    return token | ({"refresh_token": answer.refresh} if answer.refresh else {})


def _issue(db: Connection, app: Row[Any], params: Params) -> Issued | Refusal:
    kind = params.line("grant_type")
    if kind == "authorization_code":
        asked = {"redirect_uri": params.line("redirect_uri"), "verifier": params.line("code_verifier")}
        return exchange_code(db, app, code=params.line("code"), **asked)
    if kind == "client_credentials":
        return issue_for_app(db, app, read_scopes(params.line("scope")))
    if kind == "refresh_token":
        return refresh_token(db, app, params.line("refresh_token"))
    if not kind:
        return Refusal("invalid_request", "Missing required parameter: grant_type.")
    return Refusal(
        "unsupported_grant_type", "The authorization grant type is not supported by the authorization server."
    )


def _client(db: Connection, request: Request, params: Params) -> Row[Any] | Refusal:
    """The app that asks, by its secret in the body or in a Basic header."""
    client_id, secret = _basic(request) or (params.line("client_id"), params.line("client_secret"))
    app = find_app(db, client_id)
    return app if app is not None and is_secret(app, secret) else BAD_CLIENT


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def take_revoke(db: Connection, request: Request, params: Params) -> Any:
    app = _client(db, request, params)
    if isinstance(app, Refusal):
        return NOT_YOURS
    return {} if revoke_token(db, app, params.line("token")) else NOT_YOURS


def register(db: Connection, _request: Request, params: Params) -> Any:
    """RFC 7591, for clients that register themselves by the metadata; Mastodon's way is in the API."""
    has_secret = params.line("token_endpoint_auth_method") != "none"
    uris, scopes = params.many("redirect_uris"), read_scopes(params.line("scope"))
    name = params.line("client_name") or "App"
    try:
        made = register_app(
            db,
            name=name,
            redirect_uris=uris,
            scopes=scopes,
            website=params.line("client_uri"),
            has_secret=has_secret,
        )
    except Invalid as error:
        wrong = "invalid_redirect_uri" if "redirect_uris" in error.fields else "invalid_client_metadata"
        return Refusal(wrong, str(error))
    answer = {
        "client_id": made.row.client_id,
        "client_id_issued_at": int(made.row.created_at.timestamp()),
        "client_name": made.row.name,
        "redirect_uris": made.row.redirect_uris.split("\n"),
        "scope": made.row.scopes,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post" if has_secret else "none",
    }
    secret = {"client_secret": made.secret, "client_secret_expires_at": 0} if has_secret else {}
    return JSONResponse(answer | secret, 201, NO_STORE)


def tell_who(db: Connection, request: Request, params: Params) -> Any:
    """OpenID's userinfo, for a token that may know its member."""
    caller = find_caller(db, bearer(request) or params.line("access_token"))
    if caller is None or caller.member is None:
        return Refusal("invalid_token", "The access token is invalid", 401)
    if not covers(caller.scopes, "profile") and not covers(caller.scopes, "read:accounts"):
        return Refusal("insufficient_scope", "This action is outside the authorized scopes", 403)
    node = identity.load(db, services_of(request).settings.scheme)
    actor = get_actor(db, caller.member.actor_id)
    return {
        "iss": node.base,
        "sub": node.base + actor.uri,
        "name": actor.name,
        "preferred_username": actor.handle,
        "profile": f"{node.base}/@{actor.handle}",
    }


def bearer(connection: HTTPConnection) -> str:
    """The token in the Authorization header; empty for none."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def show_metadata(db: Connection, request: Request, _params: Params) -> Any:
    base = identity.load(db, services_of(request).settings.scheme).base
    return {
        "issuer": f"{base}/",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "registration_endpoint": f"{base}/oauth/register",
        "app_registration_endpoint": f"{base}/api/v1/apps",
        "scopes_supported": list(KNOWN),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "service_documentation": f"{base}/help",
    }


ROUTES: list[BaseRoute] = [
    _answered("/oauth/token", give_token),
    _answered("/oauth/token/", give_token),
    _answered("/oauth/revoke", take_revoke),
    _answered("/oauth/revoke/", take_revoke),
    _answered("/oauth/register", register),
    _answered("/oauth/userinfo", tell_who, methods=("GET", "POST"), writes=False),
    _answered("/.well-known/oauth-authorization-server", show_metadata, methods=("GET",), writes=False),
]
