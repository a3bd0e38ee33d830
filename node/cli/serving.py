"""`leerkring serve` and `leerkring work`: the node itself, in the foreground."""

import asyncio
import fcntl
import importlib.util
import runpy
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvicorn

from node import identity
from node.access.logins import hash_token
from node.admin.domain import is_local_name, port_of
from node.app import build_app, workers
from node.cli.homes import TRIAL_NAME, make_home
from node.cli.logs import configure_logs
from node.cli.options import Home, Json
from node.cli.site import Site, is_made, load_settings, opened
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.identity import Identity
from node.ids import new_token
from node.queue import release_all_claims
from node.rings.restoring import begin_comparing
from node.settings import Settings
from node.workers.loop import Wake, Work, run_forever

LOCK = "serve.lock"
LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 5
BACKLOG = 2048
MOST_WORDS = 16_384  # of what an app says on a stream: which channels it wants


def serve(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on.")] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="Make a trial on this computer when the home is empty.")
    ] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start again when code changes.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Run the node: its pages, and the work behind them."""
    if reload:
        _serve_again_and_again()
    overrides = {} if port is None else {"port": port}
    found = load_settings(home, **overrides)
    if trial and not is_made(found):
        _make_trial(found)
    with opened(home, **overrides) as site, _alone(site.settings):
        node, token = _prepare(site)
        listening = _listen(site.settings)
        configure_logs(site.settings.log_level)
        _announce(site, node, token, as_json)
        _run(build_app(site.settings, works=True), listening)


def _make_trial(found: Settings) -> None:
    name = f"localhost:{found.port}" if found.port != 80 else "localhost"
    make_home(found.home, domain=name, name=TRIAL_NAME, kind="firm", local=True, port=found.port)


def _prepare(site: Site) -> tuple[Identity, str | None]:
    """The node, and as long as nobody set it up a new one-time token for the page that does."""
    with site.writing() as db:
        if not site.settings.database:
            release_all_claims(db)
        node = site.node(db)
        _check_port(site.settings, node)
        if node.ready_at is not None:
            return node, None
        token = new_token()
        identity.change(db, setup_token_hash=hash_token(token))
        return node, token


def _check_port(settings: Settings, node: Identity) -> None:
    if settings.local and is_local_name(node.domain) and port_of(node.domain) != settings.port:
        raise Invalid(
            port=msg(
                "The node in this home is %(base)s, so it cannot run on port %(port)s. "
                "Use port %(right)s, or another home for another node.",
                base=node.base,
                port=settings.port,
                right=port_of(node.domain),
            )
        )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One `serve` for a home on SQLite; with PostgreSQL there may be many."""
    with (settings.home / LOCK).open("w") as lock:
        try:
            if not settings.database:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                msg("The node in %(home)s runs already. Stop it first.", home=settings.home)
            ) from error
        yield


def _listen(settings: Settings) -> socket.socket:
    """Bound before anything is promised; a trial never listens beyond this computer."""
    address = LOOPBACK if settings.local else settings.listen
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, settings.port))
        listening.listen(BACKLOG)  # from now on a visitor waits instead of being refused
    except OSError as error:
        listening.close()
        text = msg(
            "Port %(port)s on %(address)s is in use or not allowed (%(why)s). Choose another port.",
            port=settings.port,
            address=address,
            why=error.strerror,
        )
        raise Conflict(text) from error
    listening.set_inheritable(True)
    return listening


def _announce(site: Site, node: Identity, token: str | None, as_json: bool) -> None:
    data: dict[str, Any] = {"url": node.base}
    lines: list[str] = [msg("%(name)s runs at %(base)s", name=node.name, base=node.base)]
    if token is not None:
        start = f"http://localhost:{site.settings.port}" if site.settings.local else node.base
        data["setup_url"] = f"{start}/setup?token={token}"
        lines.append(msg("Set it up here (this link works until then): %(url)s", url=data["setup_url"]))
    site.answer(as_json, data, *lines)
    sys.stdout.flush()


def _run(app: Any, listening: socket.socket) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # uvicorn hands its signal on to us after it has finished
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=MOST_WORDS,
        ws_per_message_deflate=False,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    if not server.started:
        raise typer.Exit(1)


def _leave(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)


def _serve_again_and_again() -> NoReturn:
    if importlib.util.find_spec("watchfiles") is None:
        raise Invalid(reload=msg("--reload needs the tools for developing: use `make dev`."))
    source = Path(__file__).parents[2]
    words = [one for one in sys.argv[1:] if one != "--reload"]
    command = shlex.join([sys.executable, "-m", "node", *words])
    folders = [str(source / name) for name in ("node", "federation", "schemas")]
    sys.argv = ["watchfiles", command, *folders]
    runpy.run_module("watchfiles", run_name="__main__", alter_sys=True)
    sys.exit(0)


def work(home: Home = None) -> None:
    """Do the work behind the pages only: beside one or more `serve` of a node on PostgreSQL."""
    with opened(home) as site:
        with site.writing() as db:
            begin_comparing(db)
        configure_logs(site.settings.log_level)
        site.say(msg("Working for %(home)s. Stop with Ctrl-C.", home=site.settings.home))
        with suppress(KeyboardInterrupt):
            asyncio.run(_work(site))


async def _work(site: Site) -> None:
    """Until SIGTERM; what was begun is claimed for seconds only, so another worker takes it up."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _cancel_all)
    running = workers()
    async with site.sender as sender:
        with suppress(asyncio.CancelledError):
            due = Work(site.settings, site.engine, site.network(sender))
            await run_forever(due, [Wake() for _ in running], running)


def _cancel_all() -> None:
    for task in asyncio.all_tasks():
        task.cancel()
