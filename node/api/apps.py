"""Apps register here, in Mastodon's own way."""

from typing import Any

from sqlalchemy import Row

from node.access.oauth.actions import register_app
from node.access.oauth.queries import get_app
from node.access.oauth.scopes import read_scopes
from node.api.calls import ANYONE, APP, Call, Refused, get, post


def register(call: Call) -> Any:
    params = call.params
    uris = [uri for words in params.many("redirect_uris") for uri in words.split()]
    made = register_app(
        call.db,
        name=params.line("client_name"),
        redirect_uris=uris,
        scopes=read_scopes(params.line("scopes")),
        website=params.line("website"),
    )
    secret = {"client_id": made.row.client_id, "client_secret": made.secret, "client_secret_expires_at": 0}
    return _app(made.row) | secret


def show_app(call: Call) -> Any:
    """Whose token this is."""
    if call.caller is None:
        raise Refused(401, "The access token is invalid")
    return _app(get_app(call.db, call.caller.app_id))


def _app(row: Row[Any]) -> dict[str, Any]:
    uris = row.redirect_uris.split("\n")
    return {
        "id": str(row.id),
        "name": row.name,
        "website": row.website,
        "scopes": row.scopes.split(),
        "redirect_uris": uris,
        "redirect_uri": "\n".join(uris),
    }


ENDPOINTS = [
    post("/api/v1/apps", register, who=ANYONE, most=60),
    get("/api/v1/apps/verify_credentials", show_app, who=APP),
]
