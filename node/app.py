"""The composition root: settings, database, network, routes and handlers meet here and nowhere else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from federation.http import GuardedSender
from federation.messages import Sender
from node import identity
from node.access import members_pages, setup_pages
from node.access.oauth import answers as oauth_answers
from node.access.oauth import pages as oauth_pages
from node.access.oauth.callers import Callers
from node.access.pages import login_routes
from node.access.setup_gate import SetupGate
from node.access.visitors import identify
from node.activitypub import discovery, inboxes
from node.activitypub.clients import boxes, outbox, uploads
from node.activitypub.clients.problems import Problem, show_problem
from node.activitypub.clients.proxy import ProxyLimit, proxy_routes
from node.activitypub.collections import collection_routes
from node.activitypub.documents import object_routes
from node.activitypub.errors import (
    show_bug,
    show_http_error,
    show_node_error,
    show_unstored,
    show_would_write,
)
from node.activitypub.keeping import Keeper
from node.activitypub.readers import signed_reader
from node.admin import pages as admin_pages
from node.admin import servers_pages
from node.api.dialect import Dialect
from node.api.endpoints import ENDPOINTS
from node.api.statuses_shown import Fragments
from node.api.streaming import stream_routes
from node.api.streams import Streams
from node.db import OnlyReads, is_only_reads, open_engine, reading, writing
from node.errors import NodeError
from node.feeds import pages as feed_pages
from node.gates import pages as gate_pages
from node.guests import pages as guest_pages
from node.guests import redeeming
from node.incoming import Dropped, Handler, Incoming
from node.media.pages import media_routes
from node.migrations.upgrade import upgrade
from node.network import Network
from node.people import activities as people
from node.people import notices_pages
from node.people import pages as people_pages
from node.posts import activities as posts
from node.posts import pages as post_pages
from node.posts import planned_pages, relays, sharing_pages, waiting_pages
from node.rings import activities as rings
from node.rings import pages as ring_pages
from node.rings.restoring import begin_comparing
from node.rooms import activities as rooms
from node.rooms import pages as room_pages
from node.settings import Settings
from node.topics import activities as topics
from node.topics import pages as topic_pages
from node.web.assets import static_mount
from node.web.cors import OpenToClients
from node.web.headers import SecurityHeaders
from node.web.help import help_routes
from node.web.language import language_routes
from node.web.origin import OriginGuard
from node.web.proxies import TrustedProxies
from node.web.shells import BareShell
from node.web.tries import Tries
from node.web.visits import Services, page
from node.workers import deliveries, files, gates, planned, trust
from node.workers import rings as ring_workers
from node.workers.housekeeping import Housekeeping
from node.workers.loop import RunOnce, Wake, Work, run_forever
from node.workers.received import ReceivedWorker


def open_home(settings: Settings) -> Engine:
    """The home's database, brought up to date."""
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.database_url)
    upgrade(engine)
    return engine


def build_app(
    settings: Settings, *, engine: Engine | None = None, sender: Sender | None = None, works: bool = False
) -> Starlette:
    """The node's web application; with `works` its workers run in the same process.

    Tests hand in a `sender` that reaches other nodes in process; everything else is as in production.
    """
    engine = engine or open_home(settings)
    with reading(engine) as db:
        node = identity.load(db, settings.scheme)
    way_out = sender or GuardedSender(local=settings.local, total_seconds=10)
    tries = Tries()
    network = Network(engine, settings.scheme, way_out)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if isinstance(way_out, GuardedSender):
                await stack.enter_async_context(way_out)
            app.state.keeper = Keeper(engine)
            if not is_only_reads(engine):
                await run_in_threadpool(_begin_comparing, engine)
            app.state.build = build_app
            running = workers()
            wakes = [Wake() for _ in running]
            callers = app.state.callers = Callers(engine)
            app.state.fragments = Fragments()
            app.state.proxy_limit, app.state.own_base = ProxyLimit(), node.base
            streams = app.state.streams = Streams(engine)
            stack.push_async_callback(streams.stop)
            wake = _after_write([*wakes, streams.wake], callers)
            app.state.services = Services(settings, engine, network, identify, wake, tries)
            if works:
                loops = run_forever(Work(settings, engine, network), wakes, running)
                stack.push_async_callback(_stop, asyncio.create_task(loops))
            yield

    app = Starlette(
        routes=_routes(),
        lifespan=lifespan,
        middleware=[
            Middleware(TrustedProxies, networks=settings.trusted_proxies),
            Middleware(Dialect, endpoints=ENDPOINTS, settings=settings, base=node.base),
            Middleware(SecurityHeaders),
            Middleware(OpenToClients),
            Middleware(OriginGuard, own_origin=node.base),
            Middleware(BareShell, settings=settings),
            Middleware(SetupGate, engine=engine),
        ],
        exception_handlers={
            Problem: show_problem,
            NodeError: show_node_error,
            HTTPException: show_http_error,
            OperationalError: show_unstored,
            OSError: show_unstored,
            OnlyReads: show_would_write,
            Exception: show_bug,
        },
    )
    app.router.redirect_slashes = False  # it would build the Location from the Host header
    return app


def _begin_comparing(engine: Engine) -> None:
    with writing(engine) as db:
        begin_comparing(db)


def workers() -> list[RunOnce]:
    """Every loop of a node, for `serve` and for `work`."""
    return [
        deliveries.run_once,
        ReceivedWorker(handlers(), posts.store_fetched, rings.note_incoming_number),
        files.run_once,
        gates.run_once,
        planned.run_once,
        ring_workers.RingsWorker(),
        trust.run_once,
        Housekeeping(),
    ]


def handlers() -> dict[tuple[str, str], Handler]:
    """(activity type, object type or *) → function; shared types go to the first subject that takes it."""
    return {
        **people.HANDLERS,
        **topics.HANDLERS,
        **rings.HANDLERS,
        **rooms.HANDLERS,
        **posts.HANDLERS,
        **relays.HANDLERS,
        ("Accept", "*"): _first(rings.accept_receipt, people.accept_follow),
        ("Reject", "*"): _first(people.reject_follow),
        ("Undo", "*"): _first(people.undo_follow, posts.undo_reaction),
        ("Delete", "*"): _first(
            topics.delete_topic_if_any, people.delete_person_if_any, posts.delete_post_if_any
        ),
    }


def _first(*takers: Callable[[Connection, Incoming], bool]) -> Handler:
    def handle(db: Connection, incoming: Incoming) -> None:
        if not any(taker(db, incoming) for taker in takers):
            raise Dropped("nothing here that it is about")

    return handle


def _routes() -> list[BaseRoute]:
    builders = {**posts.DOCUMENTS, **topics.DOCUMENTS}
    return [
        *discovery.ROUTES,
        *inboxes.ROUTES,
        *object_routes(builders, page("/o/{id:id}", post_pages.show_thread, guests=True)),
        *collection_routes(builders),
        *boxes.ROUTES,
        *outbox.ROUTES,
        *uploads.ROUTES,
        *proxy_routes(builders),
        *media_routes(signed_reader),
        *login_routes(),
        *oauth_pages.ROUTES,
        *oauth_answers.ROUTES,
        *stream_routes(),
        *setup_pages.ROUTES,
        *members_pages.ROUTES,
        *redeeming.ROUTES,
        *guest_pages.ROUTES,
        *people_pages.ROUTES,
        *notices_pages.ROUTES,
        *topic_pages.ROUTES,
        *ring_pages.ROUTES,
        *gate_pages.ROUTES,
        *room_pages.ROUTES,
        *admin_pages.ROUTES,
        *servers_pages.ROUTES,
        *help_routes(),
        *language_routes(),
        static_mount(),
        *feed_pages.ROUTES,
        *waiting_pages.ROUTES,
        *sharing_pages.ROUTES,
        *planned_pages.ROUTES,
        *post_pages.ROUTES,
    ]


def _after_write(wakes: Sequence[Callable[[], None]], callers: Callers) -> Callable[[], None]:
    """What was written may be due at once, and may have ended somebody's token."""

    def wake() -> None:
        callers.forget()
        for one in wakes:
            one()

    return wake


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
