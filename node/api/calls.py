"""One call of an app: who asks, what was sent, what is answered; and how an endpoint is declared."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pydantic_core import to_json
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from node import identity
from node.access.oauth.queries import Caller
from node.boundary import Anonymous, Member
from node.db import reading, writing
from node.errors import NodeError, NotFound
from node.identity import Identity
from node.people.filters import Filter, list_filters
from node.web.bodies import Params, read_id
from node.web.forms import FORM_BYTES
from node.web.visits import Services
from node.windows import Window

Found = TypeVar("Found")
USER, APP, ANYONE = "user", "app", "anyone"  # whose token is needed


class Refused(NodeError):
    """Mastodon's own words for what it does not do, with its status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Reply:
    """An answer that is more than a value: a status, headers, or JSON that was rendered before."""

    content: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else to_json(self.content)


@dataclass(frozen=True)
class Asked:
    """What is known of a call before any transaction; `prepared` is what its endpoint made of an upload."""

    scope: Scope
    services: Services
    caller: Caller | None
    params: Params
    places: Mapping[str, str]
    prepared: Any = None

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for key, value in self.scope["headers"] if key == name), "")

    def id(self, name: str = "id") -> int:
        """A number in the path; NotFound for what is none."""
        found = read_id(self.places[name])
        if not found:
            raise NotFound
        return found


@dataclass(frozen=True)
class Call(Asked):
    """A call in its transaction, which commits when the function returns."""

    db: Connection = field(kw_only=True)

    @cached_property
    def node(self) -> Identity:
        return identity.load(self.db, self.services.settings.scheme)

    @property
    def member(self) -> Member:
        """Who asks; the endpoint's `who` has seen to it that there is somebody."""
        if self.caller is None or self.caller.member is None:
            raise Refused(401, "This method requires an authenticated user")
        return self.caller.member

    @property
    def member_id(self) -> int:
        return self.member.actor_id

    @property
    def reader(self) -> Member | Anonymous:
        return self.caller.member if self.caller and self.caller.member else Anonymous()

    @property
    def language(self) -> str:
        """Of words that we add: the member's own, else Dutch."""
        return (self.caller.language if self.caller else None) or self.services.settings.language

    @cached_property
    def filters(self) -> list[Filter]:
        """What the reader does not want to come across."""
        if not isinstance(self.reader, Member):
            return []
        return list_filters(self.db, self.reader.actor_id, active=True)

    def window(self, default: int = 20, most: int = 40) -> Window:
        """Which page of a list is asked for."""
        params = self.params
        return Window(
            limit=params.whole("limit", default=default, least=1, most=most),
            max_id=params.id("max_id"),
            since_id=params.id("since_id"),
            min_id=params.id("min_id"),
        )


@dataclass(frozen=True)
class Errand(Asked):
    """A call that talks to other servers between its transactions."""

    async def read(self, work: Callable[[Call], Found]) -> Found:
        return await run_in_threadpool(self._within, work, False)

    async def write(self, work: Callable[[Call], Found]) -> Found:
        found = await run_in_threadpool(self._within, work, True)
        self.services.wake()
        return found

    def _within(self, work: Callable[[Call], Found], writes: bool) -> Found:
        opened = writing(self.services.engine) if writes else reading(self.services.engine)
        with opened as db:
            return work(Call(**vars(self), db=db))


Handler = Callable[[Call], Any]
AsyncHandler = Callable[[Errand], Awaitable[Any]]


@dataclass(frozen=True)
class Endpoint:
    """`scopes`: one of them is needed. `keeps`: may be half a second old. `most`: in five minutes."""

    method: str
    path: str
    scopes: Sequence[str]
    handler: Handler | None = None
    errand: AsyncHandler | None = None
    who: str = USER
    writes: bool = False
    keeps: bool = False
    most: int | None = None
    max_bytes: int = FORM_BYTES
    prepare: Callable[[Params], Any] | None = None


def get(path: str, handler: Handler, *scopes: str, **more: Any) -> Endpoint:
    return Endpoint("GET", path, scopes, handler, **more)


def post(path: str, handler: Handler, *scopes: str, **more: Any) -> Endpoint:
    return Endpoint("POST", path, scopes, handler, **{"writes": True, **more})


def put(path: str, handler: Handler, *scopes: str, **more: Any) -> Endpoint:
    return Endpoint("PUT", path, scopes, handler, **{"writes": True, **more})


def patch(path: str, handler: Handler, *scopes: str, **more: Any) -> Endpoint:
    return Endpoint("PATCH", path, scopes, handler, **{"writes": True, **more})


def delete(path: str, handler: Handler, *scopes: str, **more: Any) -> Endpoint:
    return Endpoint("DELETE", path, scopes, handler, **{"writes": True, **more})


def errand(method: str, path: str, handler: AsyncHandler, *scopes: str, **more: Any) -> Endpoint:
    return Endpoint(method, path, scopes, errand=handler, **more)
