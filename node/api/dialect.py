"""The API as one thin layer of ASGI before the pages: find the endpoint and the caller, run it, tell errors.

What is remembered is answered without a thread: half of the calls of an app ask what it asked a moment ago.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from secrets import token_hex
from typing import Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from node.access.oauth.callers import Callers
from node.access.oauth.queries import Caller
from node.access.oauth.scopes import covers
from node.api.calls import ANYONE, USER, Call, Endpoint, Errand, Refused, Reply
from node.api.errors import NO_SUCH_ENDPOINT, reply_to
from node.api.rates import Rates
from node.db import reading, writing
from node.errors import TooMany
from node.i18n import choose_language
from node.settings import Settings
from node.web.bodies import query_params, read_params
from node.web.visits import Services

PREFIX = "/api/"
STREAMS = "/api/v1/streaming"  # answered by routes of their own
KEPT_SECONDS = 0.5
MOST_KEPT = 2_000
_ALWAYS = [
    (b"content-type", b"application/json; charset=utf-8"),
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id",
    ),
    (b"cache-control", b"private, no-store"),
    (b"vary", b"Authorization, Origin"),
    (b"x-content-type-options", b"nosniff"),
]
_PREFLIGHT = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key"),
    (b"access-control-max-age", b"7200"),
    (b"content-length", b"0"),
]
Tree = dict[str, Any]
_HERE, _ANY = "\0here", "\0any"  # no path has these in it


def endpoint_tree(endpoints: Iterable[Endpoint]) -> Tree:
    """Endpoints by the parts of their path; a part in braces stands for any."""
    tree: Tree = {}
    for endpoint in endpoints:
        branch, names = tree, []
        for part in endpoint.path.strip("/").split("/"):
            is_place = part.startswith("{")
            names += [part[1:-1]] if is_place else []
            branch = branch.setdefault(_ANY if is_place else part, {})
        branch.setdefault(_HERE, {})[endpoint.method] = (endpoint, names)
    return tree


def find_endpoint(tree: Tree, method: str, path: str) -> tuple[Endpoint, dict[str, str]] | Reply:
    branch, found = tree, []
    for part in path.strip("/").split("/"):
        known = branch.get(part)
        if known is None:
            known = branch.get(_ANY)
            found.append(part)
        if known is None:
            return NO_SUCH_ENDPOINT
        branch = known
    by_method = branch.get(_HERE)
    if by_method is None:
        return NO_SUCH_ENDPOINT
    one = by_method.get("GET" if method == "HEAD" else method)
    if one is None:
        return Reply({"error": "Method not allowed"}, 405, {"allow": ", ".join(by_method)})
    endpoint, names = one
    return endpoint, dict(zip(names, found, strict=True))


class Dialect:
    """Middleware: what is below /api/ ends here, everything else goes on."""

    def __init__(self, app: ASGIApp, endpoints: Sequence[Endpoint], settings: Settings, base: str) -> None:
        self.app = app
        self._tree = endpoint_tree(endpoints)
        self._settings = settings
        self._base = base
        self._rates = Rates()
        self._kept: OrderedDict[tuple[str, str, bytes], tuple[float, Reply]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(PREFIX) or path.startswith(STREAMS):
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id, counted = token_hex(8), 0
        caller: Caller | None = None
        try:
            found = find_endpoint(self._tree, scope["method"], scope["path"])
            if isinstance(found, Reply):
                reply = found
            else:
                endpoint, places = found
                caller = await self._caller(scope)
                counted = self._count(scope, endpoint, caller)
                _check(endpoint, caller)
                reply = await self._reply(scope, receive, endpoint, places, caller)
        except Exception as error:  # the one place that tells every error to an app; a bug is logged there
            reply = reply_to(error, self._language(scope, caller), self._base, request_id)
        await self._send(scope, send, reply, request_id, counted)

    async def _caller(self, scope: Scope) -> Caller | None:
        """Who holds the token that was sent; one that is worth nothing opens not even what is open."""
        token = _token(scope)
        if token is None:
            return None
        callers = cast("Callers", scope["app"].state.callers)
        caller = callers.remembered(token) or await run_in_threadpool(callers.find, token)
        if caller is None:
            raise Refused(401, "The access token is invalid")
        return caller

    def _count(self, scope: Scope, endpoint: Endpoint, caller: Caller | None) -> int:
        """Raises TooMany for who asks too often."""
        who = str(caller.token_id) if caller is not None else f"@{(scope.get('client') or ['?'])[0]}"
        counted = self._rates.count(who)
        special = endpoint.most is not None and self._rates.count(f"{who} {endpoint.path}") > endpoint.most
        if counted > self._settings.app_rate or special:
            raise TooMany(self._rates.wait_seconds)
        return counted

    async def _reply(
        self,
        scope: Scope,
        receive: Receive,
        endpoint: Endpoint,
        places: dict[str, str],
        caller: Caller | None,
    ) -> Reply:
        services: Services = scope["app"].state.services
        key = caller.token_hash if caller else "", scope["path"], scope["query_string"]
        if endpoint.keeps:
            until, kept = self._kept.get(key, (0.0, NO_SUCH_ENDPOINT))
            if time.monotonic() < until:
                return kept
        if scope["method"] in ("GET", "HEAD"):
            params = query_params(scope["query_string"])
        else:
            params = await read_params(Request(scope, receive), endpoint.max_bytes)
        prepared = await run_in_threadpool(endpoint.prepare, params) if endpoint.prepare else None
        asked: dict[str, Any] = {
            "scope": scope,
            "services": services,
            "caller": caller,
            "params": params,
            "places": places,
        }
        if endpoint.errand is not None:
            return _as_reply(await endpoint.errand(Errand(**asked, prepared=prepared)))
        reply = await run_in_threadpool(_run, endpoint, {**asked, "prepared": prepared})
        if endpoint.writes:
            self._forget(caller)
            services.wake()
        elif endpoint.keeps:
            self._keep(key, reply)
        return reply

    def _keep(self, key: tuple[str, str, bytes], reply: Reply) -> None:
        self._kept[key] = (time.monotonic() + KEPT_SECONDS, reply)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _forget(self, caller: Caller | None) -> None:
        """Whoever changed something sees it at once."""
        mine = caller.token_hash if caller else ""
        for key in [key for key in self._kept if key[0] == mine]:
            del self._kept[key]

    def _language(self, scope: Scope, caller: Caller | None) -> str:
        accepted = next((value for key, value in scope["headers"] if key == b"accept-language"), b"")
        return choose_language(None, caller.language if caller else None, accepted.decode("latin-1"))

    async def _send(self, scope: Scope, send: Send, reply: Reply, request_id: str, counted: int) -> None:
        body, most = reply.body, self._settings.app_rate
        headers = [
            *_ALWAYS,
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
        ]
        if counted:
            headers += [
                (b"x-ratelimit-limit", str(most).encode()),
                (b"x-ratelimit-remaining", str(max(0, most - counted)).encode()),
                (b"x-ratelimit-reset", self._rates.reset.encode()),
            ]
        headers += [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _token(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else None
    return None


def _check(endpoint: Endpoint, caller: Caller | None) -> None:
    """Mastodon's own answers: 401 without a token, 422 for an app that speaks for nobody, 403 for a scope."""
    if caller is None:
        if endpoint.who != ANYONE:
            raise Refused(401, "This method requires an authenticated user")
        return
    if endpoint.who == USER and caller.member is None:
        raise Refused(422, "This method requires an authenticated user")
    if endpoint.scopes and not any(covers(caller.scopes, scope) for scope in endpoint.scopes):
        raise Refused(403, "This action is outside the authorized scopes")


def _run(endpoint: Endpoint, asked: dict[str, Any]) -> Reply:
    engine = asked["services"].engine
    assert endpoint.handler is not None
    with writing(engine) if endpoint.writes else reading(engine) as db:
        reply = _as_reply(endpoint.handler(Call(**asked, db=db)))
        len(reply.body)  # rendered here, in the thread
        return reply


def _as_reply(answer: Any) -> Reply:
    return answer if isinstance(answer, Reply) else Reply(answer)
