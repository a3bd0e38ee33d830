"""One page request: sync functions get a Visit in one transaction, async ones an Errand for the network."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from node import identity
from node.boundary import Anonymous, Member
from node.db import reading, writing
from node.errors import Forbidden, NotFound
from node.identity import Identity
from node.network import Network
from node.settings import Settings
from node.web.context import Shell
from node.web.forms import FORM_BYTES, Form, read_form
from node.web.tries import Tries


class IdConvertor(Convertor[int]):
    """`{name:id}` in a path: a number of ours. A longer one fits no database column and is nobody's."""

    regex = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("id", IdConvertor())

Found = TypeVar("Found")
Prepared = TypeVar("Prepared")


class LoginNeeded(NotFound):
    """A page for members, asked by nobody: the one 404 page, with a log-in that returns."""


@dataclass(frozen=True)
class Services:
    """What app.py makes once and every request uses; `identify` tells who a request's cookie belongs to."""

    settings: Settings
    engine: Engine
    network: Network
    identify: Callable[[Connection, Request, Settings], "Known"]
    wake: Callable[[], None]
    tries: Tries


@dataclass(frozen=True)
class Known:
    """Who is visiting and the shell their pages get."""

    reader: Member | Anonymous
    shell: Shell

    @property
    def is_guest(self) -> bool:
        return self.shell.guest_until is not None


@dataclass(frozen=True)
class Visit:
    """Everything a sync page needs; its transaction commits when the function returns."""

    request: Request
    services: Services
    db: Connection
    node: Identity
    reader: Member | Anonymous
    form: Form = field(default_factory=Form)

    @property
    def member(self) -> Member:
        """The logged-in member; raises LoginNeeded."""
        if isinstance(self.reader, Member):
            return self.reader
        raise LoginNeeded

    def require_role(self, *roles: str) -> Member:
        if self.member.roles.isdisjoint(roles):
            raise Forbidden("Your role does not allow this.")
        return self.member


@dataclass(frozen=True)
class Errand:
    """Everything an async page needs; it touches the database only through `read` and `write`."""

    request: Request
    services: Services
    form: Form

    @property
    def network(self) -> Network:
        return self.services.network

    async def read(self, work: Callable[[Visit], Found]) -> Found:
        return await run_in_threadpool(_in_visit, self.request, self.services, self.form, work, False)

    async def write(self, work: Callable[[Visit], Found]) -> Found:
        found = await run_in_threadpool(_in_visit, self.request, self.services, self.form, work, True)
        self.services.wake()
        return found


SyncPage = Callable[[Visit], Response]
AsyncPage = Callable[[Errand], Awaitable[Response]]


def page(
    path: str, function: SyncPage, *, method: str = "GET", writes: bool | None = None, guests: bool = False
) -> Route:
    """A route whose function runs in a thread with its own transaction, a writing one unless it is a GET.

    For a guest there is nothing but what says `guests` (rule 14).
    """
    is_writing = method != "GET" if writes is None else writes

    async def endpoint(request: Request) -> Response:
        services = services_of(request)
        form = await _form_of(request, FORM_BYTES)
        response = await run_in_threadpool(_in_visit, request, services, form, function, is_writing, guests)
        if is_writing:
            services.wake()
        return response

    return Route(path, endpoint, methods=[method], name=function.__name__)


def upload_page(
    path: str,
    prepare: Callable[[Form], Prepared],
    function: Callable[[Visit, Prepared], Response],
    *,
    max_bytes: int,
    guests: bool = False,
) -> Route:
    """A POST route for members whose form may carry files of up to `max_bytes` together.

    Only a member's body is read; `prepare` does the slow reading of it before the transaction begins.
    """

    async def endpoint(request: Request) -> Response:
        services = services_of(request)
        await run_in_threadpool(_in_visit, request, services, Form(), _require_member, False, guests)
        form = await read_form(request, max_bytes)
        prepared = await run_in_threadpool(prepare, form)

        def publish(visit: Visit) -> Response:
            return function(visit, prepared)

        response = await run_in_threadpool(_in_visit, request, services, form, publish, True, guests)
        services.wake()
        return response

    return Route(path, endpoint, methods=["POST"], name=function.__name__)


def _require_member(visit: Visit) -> Member:
    return visit.member


def errand(path: str, function: AsyncPage, *, method: str = "POST") -> Route:
    """A route that talks to other servers between its transactions."""

    async def endpoint(request: Request) -> Response:
        form = await _form_of(request, FORM_BYTES)
        return await function(Errand(request, services_of(request), form))

    return Route(path, endpoint, methods=[method], name=function.__name__)


def services_of(request: Request) -> Services:
    return cast("Services", request.app.state.services)


def see_other(path: str) -> RedirectResponse:
    """After a form was taken: the browser GETs the next page."""
    return RedirectResponse(path, status_code=303)


async def _form_of(request: Request, most_bytes: int) -> Form:
    return await read_form(request, most_bytes) if request.method == "POST" else Form()


def _in_visit(
    request: Request,
    services: Services,
    form: Form,
    work: Callable[[Visit], Found],
    writes: bool,
    guests: bool = False,
) -> Found:
    opened = writing(services.engine) if writes else reading(services.engine)
    with opened as db:
        node = identity.load(db, services.settings.scheme)
        known = services.identify(db, request, services.settings)
        request.state.shell = known.shell
        if known.is_guest and not guests:
            raise NotFound
        return work(Visit(request, services, db, node, known.reader, form))
