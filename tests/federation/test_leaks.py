"""No reader finds a word that is not theirs in any byte that leaves: answers, logs, exports, other disks."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import ColumnElement, Connection, Table, select

from node.access.oauth.queries import find_caller
from node.activitypub.clients.proxy import ProxyLimit
from node.actors import actors
from node.admin.check_rings import check_rings
from node.admin.exports import FORMATS, export_departures
from node.api import streams
from node.app import build_app
from node.changes import FILTERS, GONE, NEW, NOTICE, note_change
from node.db import metadata
from node.identity import SELF
from node.memberships import guests
from node.notices import notices
from node.objects import COMPANY, DELETED, PUBLIC, objects
from node.posts.reactions import like
from node.posts.tables import posts
from node.rooms.tables import room_details
from tests.factories import make_topic, post, ring_of
from tests.federation.api_routes import API_GUESSED, API_READ, endpoints_without_a_line
from tests.federation.canaries import canary
from tests.federation.readers import DOCUMENT, JSON, PAGE, Reader
from tests.federation.routes import (
    DOCUMENTS,
    GUESSED,
    NEGOTIATED,
    NOBODYS,
    READ,
    SIGNED,
    WORD,
    filled,
    fillings,
    without_a_line,
)
from tests.federation.who import BAKKER, BRANCHE, EVERYONE, GUESTS, JANSEN, NODES, ODD_KEYS, SMIT, UNSEEN, WHO
from tests.federation.world import World
from tests.network import RunningNode
from tests.streams import Listener, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEMBERS = {"bakker": BAKKER | GUESTS, "smit": SMIT, "jansen": JANSEN, "branche": BRANCHE}
WITH_CLIENTS = {"anna", "bram", "ed", "sara"}  # who read documents with a token
PEOPLE = BAKKER | GUESTS | SMIT | JANSEN | BRANCHE


def allowed(kind: str) -> set[str]:
    return {label for label, (who, _) in WHO.items() if kind in who}


def must_see(kind: str) -> set[str]:
    """The entitled reader really does find it: or a suite that reads nothing would pass."""
    return {label for label in allowed(kind) if kind not in UNSEEN.get(label, set())}


def nodes_for(world: World, kind: str) -> list[RunningNode]:
    """A member reads at home, where the cookie is worth something; everybody else reads everywhere."""
    homes = [node for name, node in world.nodes.items() if kind in MEMBERS[name]]
    others = [node for name, node in world.nodes.items() if kind != f"node {name}"]
    if homes or kind in ("anonymous", *NODES):
        return homes or others
    return [world.bakker, world.smit]  # the nodes that know these keys


def requests_to(node: RunningNode, kind: str) -> Iterator[tuple[str, str]]:
    """Path and Accept of everything that this reader asks of this node."""
    words = fillings(node)
    for route, templates in READ.items():
        if route not in SIGNED and kind not in PEOPLE | {"anonymous"}:
            continue
        for path in filled(templates, words):
            # A log-in counts on pages, a signature or a client's token in documents.
            if (route in DOCUMENTS or route in NEGOTIATED) and kind not in PEOPLE - WITH_CLIENTS:
                yield path, DOCUMENT
            if route not in DOCUMENTS and (route not in NEGOTIATED or kind not in ODD_KEYS):
                yield path, PAGE
            if kind == "anonymous" and route in NEGOTIATED:
                yield path, JSON
    if kind in (PEOPLE - GUESTS) | {"anonymous"}:
        for templates in API_READ.values():
            for path in filled(templates, words):
                yield path, JSON


def bytes_of(answer: httpx.Response) -> bytes:
    """Everything that left: headers and body."""
    return b"\n".join(name + b": " + value for name, value in answer.headers.raw) + answer.content


async def read_all(world: World, reader: Reader) -> tuple[set[str], list[str]]:
    """The labels that a reader finds, and the requests that gave one that is not theirs."""
    mine, seen, leaks = allowed(reader.kind), set[str](), list[str]()
    for node in nodes_for(world, reader.kind):
        for path, accept in requests_to(node, reader.kind):
            answer = await reader.get(node, path, accept)
            assert answer.status_code < 500, f"{node.domain}{path} for {reader.kind}: a bug"
            found = world.canaries.find(bytes_of(answer)) - world.canaries.find(path.encode())
            seen |= found
            leaks += [
                f"{label!r} at {node.domain}{path} ({accept}, {answer.status_code})"
                for label in sorted(found - mine)
            ]
    return seen, leaks


async def test_every_route_has_a_line_in_the_table(world: World) -> None:
    assert without_a_line(world.bakker.app.routes) == set()
    assert endpoints_without_a_line() == set()


@pytest.mark.parametrize("kind", sorted(EVERYONE))
async def test_a_reader_finds_what_is_theirs_and_nothing_else(world: World, kind: str) -> None:
    seen, leaks = await read_all(world, world.readers[kind])
    assert leaks == []
    assert must_see(kind) - seen == set()


HEARD = {"anna": "company text", "bram": "ring text", "sara": "ring text", "jan": "sector text"}


@pytest.mark.parametrize("kind", sorted(HEARD))
async def test_a_stream_tells_nothing_that_is_not_its_readers(
    world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_WAITING", 100_000)
    node = home_of(world, kind)
    heard = await hear_everything(node, world.readers[kind].token)
    found = world.canaries.find("\n".join(heard).encode())
    assert found - allowed(kind) == set()
    assert HEARD[kind] in found


def home_of(world: World, kind: str) -> RunningNode:
    return next(node for name, node in world.nodes.items() if kind in MEMBERS[name])


async def hear_everything(node: RunningNode, token: str) -> list[str]:
    """All that one app hears on every channel when everything that the node holds changes at once."""
    words = fillings(node)
    lists = [*words["room"], *words["ring_id"]]
    async with listening(node, token) as app:
        assert (await app.message())["type"] == "websocket.accept"
        for name in ("user", "user:notification", "public", "public:local", "public:remote", "direct"):
            await app.say(type="subscribe", stream=name)
        for number in lists:
            await app.say(type="subscribe", stream="list", list=number)
        for tag in words["tag"][:2]:
            await app.say(type="subscribe", stream="hashtag", tag=tag)
        heard = [await say_nonsense(app)]
        node.write(change_everything)
        node.write(lambda db: note_change(db, FILTERS, member_id=_member_of(db, token)))
        while "filters_changed" not in heard[-1]:
            heard.append((await app.message())["text"])
    return heard


async def say_nonsense(app: Listener) -> str:
    """Everything that was said before has been understood when this is refused."""
    await app.say(type="subscribe", stream="nonsense")
    while "Unknown stream type" not in (said := str((await app.message())["text"])):
        continue
    return said


def change_everything(db: Connection) -> None:
    for row in db.execute(select(objects.c.id, objects.c.state).where(objects.c.kind == "post")).all():
        note_change(db, GONE if row.state == DELETED else NEW, row.id)
    for notice in db.execute(select(notices.c.id, notices.c.member_id)).all():
        note_change(db, NOTICE, notice.id, member_id=notice.member_id)


def _member_of(db: Connection, token: str) -> int:
    caller = find_caller(db, token)
    assert caller is not None
    assert caller.member is not None
    return caller.member.actor_id


# --- what leaves otherwise -------------------------------------------------------------------------


UNKNOWN = {"ring": canary("no such ring"), "agreement": "0" * 64}
FOR_ALL_MEMBERS = {"/follow/{id}", "/unfollow/{id}", "/rings/{handle}/check"}  # members know people and rings


@pytest.mark.parametrize("kind", ["bram", "sara"])
async def test_a_form_with_a_guessed_id_gets_the_answer_of_no_id_at_all(world: World, kind: str) -> None:
    node, reader = nodes_for(world, kind)[0], world.readers[kind]
    closed = unreadable(world, kind)
    words = fillings(node) | {"object": closed, "topic": closed, "room": rooms_of_others(world, node, kind)}
    for route, (path, form) in GUESSED.items():
        for name in set(WORD.findall(path + str(form))) - {"hash"}:
            if route in FOR_ALL_MEMBERS:
                continue
            unknown = UNKNOWN.get(name, str(NOBODYS))
            expected = await send_guess(world, reader, node, path, form, {name: unknown})
            for known in words[name][:4]:
                assert await send_guess(world, reader, node, path, form, {name: known}) == expected, path


@pytest.mark.parametrize("kind", ["bram", "sara"])
async def test_an_app_that_guesses_an_id_gets_the_answer_of_no_id_at_all(world: World, kind: str) -> None:
    node, reader = nodes_for(world, kind)[0], world.readers[kind]
    theirs = {"notice": notices_of_others(world, node, kind), "room": rooms_of_others(world, node, kind)}
    theirs |= {"actor": unknown_people(node)}
    words = fillings(node) | {"object": unreadable(world, kind)} | theirs
    for (method, _), (path, form) in API_GUESSED.items():
        [name] = WORD.findall(path + str(form))
        expected = await guess_by_app(reader, node, method, path, form, {name: str(NOBODYS)})
        assert expected[0] >= 400
        for known in words[name][:4]:
            assert await guess_by_app(reader, node, method, path, form, {name: known}) == expected, path


def unknown_people(node: RunningNode) -> list[str]:
    """Members know each other and whom this node met; a guest is known to who invited them alone."""
    return [str(one) for one in node.read(lambda db: db.scalars(select(guests.c.actor_id)).all())]


def notices_of_others(world: World, node: RunningNode, kind: str) -> list[str]:
    query = select(notices.c.id).where(notices.c.member_id != world.people[kind])
    return [str(notice_id) for notice_id in node.read(lambda db: db.scalars(query).all())]


async def guess_by_app(
    reader: Reader, node: RunningNode, method: str, path: str, form: dict[str, str], words: dict[str, str]
) -> tuple[int, bytes]:
    values = {name: value.format(**words) for name, value in form.items()}
    answer = await reader.send(node, method, path.format(**words), JSON, form=values)
    return answer.status_code, answer.content


def unreadable(world: World, kind: str) -> list[str]:
    """Things that stand in the database of this member's node and are not for them."""
    if kind == "sara":
        return [str(world.stored_at(world.smit, "left ring before"))]
    mia = world.bakker.read(lambda db: db.scalar(select(posts.c.object_id).where(_holds("personal of mia"))))
    return [str(mia), str(world.posts["personal of anna"]), str(world.posts["held in ring"])]


def rooms_of_others(world: World, node: RunningNode, kind: str) -> list[str]:
    """Rooms at this member's node of which they may not even know the name."""
    rows = node.read(lambda db: db.execute(select(room_details.c.id, room_details.c.name)).all())
    found = [str(row.id) for row in rows if world.canaries.find(row.name.encode()) - allowed(kind)]
    assert found or kind == "sara"
    return found


def _holds(label: str) -> ColumnElement[bool]:
    return posts.c.html.contains(canary(label))


async def send_guess(
    world: World, reader: Reader, node: RunningNode, path: str, form: dict[str, str], words: dict[str, str]
) -> tuple[int, bytes]:
    """Status and body of the answer, without the id that was asked."""
    values = {name: value.format(**words) if "{" in value else value for name, value in form.items()}
    answer = await reader.send(node, "POST", path.format(**words), form=values)
    forget_flashes(reader.clients[node.domain.partition(".")[0]])
    [asked] = words.values()
    assert world.canaries.find(bytes_of(answer)) <= allowed(reader.kind) | {"unknown word " + asked}
    return answer.status_code, answer.content.replace(f"/{asked}/".encode(), b"/ID/")


def forget_flashes(client: httpx.AsyncClient) -> None:
    """A message that waits for the next page would make that one look different."""
    for name in [name for name in client.cookies if "flash" in name]:
        client.cookies.delete(name)


@pytest.mark.parametrize("kind", ["bram", "sara"])
async def test_the_proxy_of_a_client_opens_nothing_more(world: World, kind: str) -> None:
    """Neither what stands here nor what another node would show to this node's own key."""
    node, reader = nodes_for(world, kind)[0], world.readers[kind]
    uris = [uri for other in world.nodes.values() for uri in other.read(closed_uris(other))]
    assert len(uris) > 20
    for uri in uris:
        node.app.state.proxy_limit = ProxyLimit()
        answer = await reader.send(node, "POST", "/client/proxy", JSON, form={"id": uri})
        assert answer.status_code < 500 or answer.status_code == 502, uri
        assert world.canaries.find(bytes_of(answer)) <= allowed(kind), uri


def closed_uris(node: RunningNode) -> Callable[[Connection], list[str]]:
    """What is not open at a node, at its own addresses, and its people without a face."""

    def read(db: Connection) -> list[str]:
        closed = select(objects.c.uri).where(objects.c.origin == SELF, objects.c.audience != PUBLIC)
        people = select(actors.c.uri).where(actors.c.peer_id == SELF, actors.c.face_at.is_(None))
        return [node.base + uri for query in (closed, people) for uri in db.scalars(query)]

    return read


async def test_nothing_of_what_people_write_is_logged(world: World) -> None:
    anna = world.readers["anna"]
    too_long = canary("company text") + "x" * 30_000
    await anna.send(world.bakker, "POST", "/posts", form={"source": too_long, "audience": "company"})
    broken = world.strangers["mia"].activity("Create", {"type": "Note", "content": canary("ring text")})
    await world.strangers["mia"].deliver(f"{world.bakker.base}/inbox", broken)
    await world.settle()
    assert world.logs.getvalue().count("\n") > 10
    assert world.canaries.find(world.logs.getvalue().encode()) == set()


async def test_a_node_sends_a_server_only_what_may_stand_on_its_disk(world: World) -> None:
    for request, _ in world.sender.log:
        host = urlsplit(request.url).netloc
        name = host.partition(".")[0]
        found = world.canaries.find(request.url.encode(), str(request.headers).encode(), request.body)
        allowed_there = {label for label, (who, disks) in WHO.items() if name in disks or name in who}
        assert found <= allowed_there, f"{request.method} {request.url}"


async def test_the_log_of_departures_holds_no_words(world: World) -> None:
    for node in world.nodes.values():
        for form in FORMATS:
            assert world.canaries.find(export(node, form).encode()) == set()


def export(node: RunningNode, form: str) -> str:
    return node.read(lambda db: "".join(export_departures(db, form)))


async def test_the_disk_of_a_node_holds_only_what_was_shared_with_it(world: World) -> None:
    for name, node in world.nodes.items():
        found = world.canaries.find(*bytes_on_disk(node))
        assert found - {label for label, (_, disks) in WHO.items() if name in disks} == set()
        assert {"name of anna"} & found == ({"name of anna"} if name != "branche" else set())


def bytes_on_disk(node: RunningNode) -> Iterator[bytes]:
    """Database, write-ahead log and media as they lie there; from PostgreSQL every value of every table."""
    url = node.engine.url
    if url.get_backend_name() == "sqlite":
        for path in Path(str(url.database)).parent.glob(f"{Path(str(url.database)).name}*"):
            yield path.read_bytes()
    else:
        for table in metadata.tables.values():
            yield rows_of(node, table)
    for path in node.settings.home.rglob("*"):
        if path.is_file():
            yield path.read_bytes()


def rows_of(node: RunningNode, table: Table) -> bytes:
    return node.read(lambda db: str(db.execute(select(table)).all())).encode()


async def test_check_rings_agrees_with_the_nodes_of_this_world(world: World) -> None:
    for node in world.nodes.values():
        check = await check_rings(node.settings, build_app)
        assert check.asked > 50
        assert check.differences == [], node.domain


FEED_KINDS = ("atom", "rss", "json")


async def test_a_private_feed_gives_nothing_but_the_name_of_its_ring(world: World) -> None:
    for kind in FEED_KINDS:
        async with world.bakker.client() as anybody:
            answer = await anybody.get(f"{world.feed}.{kind}")
        assert answer.status_code == 200
        assert world.canaries.find(bytes_of(answer)) == {"ring name"}


RELATIVE_TIME = re.compile(rb"<time [^>]*>[^<]*</time>")  # says how many seconds ago
OPEN_PAGES = [
    ("/", PAGE),
    ("/@anna", PAGE),
    ("/@anna", DOCUMENT),
    ("/o/{post}", PAGE),
    ("/o/{post}", DOCUMENT),
    ("/p/{anna}", DOCUMENT),
    ("/p/{anna}/outbox", DOCUMENT),
    ("/p/{anna}/outbox?page=true", DOCUMENT),
    ("/p/{anna}/followers", DOCUMENT),
    ("/p/{anna}/following", DOCUMENT),
    *((f"/@anna/feed.{kind}", PAGE) for kind in FEED_KINDS),
    ("/nodeinfo/2.0", JSON),
    ("/nodeinfo/2.1", JSON),
]


@pytest.mark.parametrize("kind", ["anonymous", "vik", "node branche"])
async def test_no_total_moves_when_something_closed_is_added(world: World, kind: str) -> None:
    before = await open_answers(world, world.readers[kind])
    node, anna = world.bakker, world.people["anna"]
    ring = ring_of(node, canary("ring handle at bakker")).audience
    for audience in (COMPANY, ring):
        made = post(node, "anna", audience, "Nog iets", parent_id=world.posts["open text"])
        like_it(node, anna, made)
        post(node, "anna", audience, "Los")
    make_topic(node, "dirk", COMPANY, f"t{kind[:4].strip()}{len(world.sender.log)}")
    assert await open_answers(world, world.readers[kind]) == before


def like_it(node: RunningNode, member_id: int, object_id: int) -> None:
    node.write(lambda db: like(db, node.identity, member_id, object_id))


async def open_answers(world: World, reader: Reader) -> list[tuple[int, bytes]]:
    answers = []
    for path, accept in OPEN_PAGES:
        words = {"post": world.posts["open text"], "anna": world.people["anna"]}
        answer = await reader.get(world.bakker, path.format(**words), accept)
        assert answer.status_code == 200, path
        answers.append((answer.status_code, RELATIVE_TIME.sub(b"", answer.content)))
    return answers
