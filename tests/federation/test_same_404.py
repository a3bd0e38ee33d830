"""To outsiders what is not for them does not exist: the same answer, by the same database statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event, select

from node.media.tables import files
from node.objects import PUBLIC
from node.posts.actions import delete_post
from node.queue import activities
from node.rings.tables import agreements
from tests.factories import post, ring_of
from tests.federation.canaries import canary
from tests.federation.readers import DOCUMENT, PAGE, Reader
from tests.federation.routes import NOBODYS
from tests.federation.world import World
from tests.network import RunningNode

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUTSIDERS = ("anonymous", "vik", "node branche", "pretender", "person's key of smit", "disabled otto")
NOT_THEIRS = (
    "company text",
    "company reply",
    "company reply under open",
    "company deleted",
    "held in ring",
    "ring text",
    "ring topic post",
    "ring deleted",
    "left ring before",
    "left ring after",
    "personal of anna",
)
UNRELATED = {"date", "x-request-id"}


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[str]]:
    """The text of every statement, without its parameters."""
    found: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


Seen = tuple[int, dict[str, str], bytes, list[str]]


async def ask(world: World, reader: Reader, path: str, accept: str, known: str) -> Seen:
    """What can be observed of one request; `known` is the part of the path that differs."""
    with statements_of(world.bakker.engine) as statements:
        answer = await reader.get(world.bakker, path, accept)
    headers = {name: value for name, value in answer.headers.items() if name not in UNRELATED}
    return answer.status_code, headers, without(answer, known), list(statements)


def without(answer: httpx.Response, known: str) -> bytes:
    return answer.content.replace(known.encode(), b"ID")


async def assert_same(world: World, kind: str, template: str, known: str, unknown: str, accept: str) -> None:
    reader = world.readers[kind]
    await reader.get(world.bakker, f"/o/{NOBODYS}", DOCUMENT)  # by now the reader's key was fetched
    there = await ask(world, reader, template.format(known), accept, known)
    nowhere = await ask(world, reader, template.format(unknown), accept, unknown)
    about = f"{kind}: {template.format(known)} {accept}"
    assert there[0] in (401, 404), about
    assert there[:3] == nowhere[:3], about
    assert there[3] == nowhere[3], about


@pytest.mark.parametrize("kind", OUTSIDERS)
async def test_an_object_not_for_them_is_as_none(world: World, kind: str) -> None:
    for label in NOT_THEIRS:
        known = str(world.posts[label])
        for accept in (DOCUMENT, PAGE):
            await assert_same(world, kind, "/o/{}", known, str(NOBODYS), accept)
    for page in ("/o/{}/reply", "/o/{}/edit", "/o/{}/delete"):
        await assert_same(world, kind, page, str(world.posts["ring text"]), str(NOBODYS), PAGE)


@pytest.mark.parametrize("kind", OUTSIDERS)
async def test_a_file_of_such_an_object_is_as_none(world: World, kind: str) -> None:
    for label in ("company text", "ring text", "left ring before"):
        for known in file_ids(world.bakker, world.posts[label]):
            for template in ("/media/{}", "/media/{}/thumb"):
                await assert_same(world, kind, template, known, str(NOBODYS), PAGE)


@pytest.mark.parametrize("kind", OUTSIDERS)
async def test_a_topic_not_for_them_is_as_none(world: World, kind: str) -> None:
    for topic in topic_ids(world):
        for template, accept in (
            ("/topics/{}", PAGE),
            ("/topics/{}/feed.atom", PAGE),
            ("/o/{}", DOCUMENT),
            ("/p/{}", DOCUMENT),
        ):
            await assert_same(world, kind, template, topic, str(NOBODYS), accept)


@pytest.mark.parametrize("kind", OUTSIDERS)
async def test_an_activity_not_for_them_is_as_none(world: World, kind: str) -> None:
    query = select(activities.c.id).where(activities.c.audience != PUBLIC).limit(5)
    for known in world.bakker.read(lambda db: list(db.scalars(query))):
        await assert_same(world, kind, "/a/{}", str(known), str(NOBODYS), DOCUMENT)


@pytest.mark.parametrize("kind", OUTSIDERS)
async def test_a_person_without_a_face_is_as_none(world: World, kind: str) -> None:
    bram = str(world.people["bram"])
    for template in ("/p/{}", "/p/{}/outbox", "/p/{}/outbox?page=true", "/p/{}/followers", "/p/{}/following"):
        await assert_same(world, kind, template, bram, str(NOBODYS), DOCUMENT)
    await assert_same(world, kind, "/p/{}", bram, str(NOBODYS), PAGE)
    finger = "/.well-known/webfinger?resource=acct:{}@bakker.localhost"
    handle, unknown = canary("handle of bram"), canary("nobody at all")
    await assert_same(world, kind, finger, handle, unknown, DOCUMENT)
    await assert_same(world, kind, "/@{}", handle, unknown, PAGE)
    await assert_same(world, kind, "/@{}/feed.rss", handle, unknown, PAGE)
    await assert_same(world, kind, "/@{}", handle, unknown, DOCUMENT)


@pytest.mark.parametrize("kind", [*OUTSIDERS, "node jansen"])
async def test_a_ring_not_theirs_is_as_none(world: World, kind: str) -> None:
    ring = ring_of(world.bakker, canary("ring handle at bakker"))
    for page in ("/rings/{}", "/rings/{}/about", "/rings/{}/renew", "/rings/{}/leave"):
        await assert_same(world, kind, page, ring.handle, canary("no such ring"), PAGE)
    for asked in (
        "/node/rings/{}/people?nonce=a",
        "/node/rings/{}/activities?epoch=1&after=0&nonce=a",
        "/node/rings/{}/rosters?number=1&hash=abc&nonce=a",
    ):
        await assert_same(world, kind, asked, ring.hash, "0" * 64, DOCUMENT)
    for known in world.bakker.read(lambda db: list(db.scalars(select(agreements.c.hash)))):
        await assert_same(world, kind, "/agreements/{}", known, "0" * 64, PAGE)


async def test_gone_is_said_only_to_those_who_had_it(world: World) -> None:
    paths = {label: f"/o/{world.posts[label]}" for label in ("ring deleted", "company deleted")}
    for kind, expected in (("node smit", 410), ("node branche", 404), ("anonymous", 404), ("vik", 404)):
        answer = await world.readers[kind].get(world.bakker, paths["ring deleted"], DOCUMENT)
        assert answer.status_code == expected, kind
    for kind in ("node smit", "anonymous"):
        assert (
            await world.readers[kind].get(world.bakker, paths["company deleted"], DOCUMENT)
        ).status_code == 404


async def test_gone_is_said_to_everyone_of_what_was_open(world: World) -> None:
    gone = post(world.bakker, "anna", PUBLIC, "Straks weg")
    world.bakker.write(lambda db: delete_post(db, world.bakker.identity, world.people["anna"], gone))
    for kind in ("anonymous", "vik", "node smit"):
        answer = await world.readers[kind].get(world.bakker, f"/o/{gone}", DOCUMENT)
        assert (answer.status_code, answer.json()["type"]) == (410, "Tombstone"), kind


def file_ids(node: RunningNode, object_id: int) -> list[str]:
    query = select(files.c.id).where(files.c.object_id == object_id)
    found = node.read(lambda db: [str(file_id) for file_id in db.scalars(query)])
    assert found
    return found


def topic_ids(world: World) -> list[str]:
    return [str(world.posts[label]) for label in ("company topic", "ring topic")]
