"""check-rings finds what was planted, nothing where nothing is wrong, and changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import ColumnElement, select, true

import node.boundary as boundary
from node.admin.check_rings import Check, check_rings, last_check, note_check
from node.admin.servers import set_federation
from node.app import build_app
from node.db import metadata
from node.identity import ALLOW_LIST
from node.objects import COMPANY, PUBLIC, objects
from node.people.actions import show_face
from node.posts.actions import delete_post
from tests.factories import leave_ring, make_topic, picture, post
from tests.federation.circle import Circle
from tests.federation.readers import DOCUMENT
from tests.network import RunningNode

pytestmark = pytest.mark.asyncio


async def fill(circle: Circle) -> None:
    """Something of each audience, with pictures, answers and deletions; Smit leaves the ring after it."""
    bakker = circle.bakker
    bakker.write(lambda db: show_face(db, circle.anna))
    for audience in (COMPANY, circle.ring, PUBLIC):
        circle.post("Tekst", audience=audience, pictures=[picture()], alts=["Foto"])
        delete(bakker, circle.anna, circle.post("Straks weg", audience=audience))
    make_topic(bakker, "directeur", PUBLIC, "warmte")
    make_topic(bakker, "directeur", circle.ring, "storing")
    post(circle.smit, "sara", circle.ring, "Van Smit")
    await circle.settle()


async def checked(node: RunningNode) -> Check:
    return await check_rings(node.settings, build_app)


def delete(node: RunningNode, author: int, object_id: int) -> None:
    node.write(lambda db: delete_post(db, node.identity, author, object_id))


def contents(node: RunningNode) -> dict[str, list[Any]]:
    """Every row of every table."""
    return node.read(
        lambda db: {name: list(db.execute(select(table))) for name, table in metadata.tables.items()}
    )


async def test_nothing_is_found_and_nothing_written_where_nothing_is_wrong(own_circle: Circle) -> None:
    await fill(own_circle)
    for node in (own_circle.bakker, own_circle.smit, own_circle.branche):
        before = contents(node)
        check = await checked(node)
        assert check.differences == []
        assert check.asked > 20
        assert contents(node) == before
    await leave_ring(own_circle.smit, "monteurs")
    await own_circle.settle()
    own_circle.bakker.write(lambda db: set_federation(db, own_circle.bakker.identity, ALLOW_LIST))
    for node in (own_circle.bakker, own_circle.smit):
        assert (await checked(node)).differences == []


Plant = Callable[[pytest.MonkeyPatch], None]


def ignore_periods(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(boundary, "_spans", lambda _period, _moment: true())
    boundary.readable.cache_clear()


def show_company(patch: pytest.MonkeyPatch) -> None:
    real = boundary.readable.__wrapped__

    def readable(reader: boundary.Reader) -> ColumnElement[bool]:
        return real(reader) | (objects.c.audience == COMPANY)

    for module in ("node.boundary", "node.posts.queries", "node.media.queries", "node.activitypub.queries"):
        patch.setattr(f"{module}.readable", readable)


def miscount(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("node.activitypub.collections.count_by_author", lambda *_args, **_named: 99)


@pytest.mark.parametrize(
    ("plant", "where"), [(ignore_periods, "node"), (show_company, "anonymous"), (miscount, "/outbox")]
)
async def test_a_planted_leak_is_found(
    own_circle: Circle, monkeypatch: pytest.MonkeyPatch, plant: Plant, where: str
) -> None:
    await fill(own_circle)
    await leave_ring(own_circle.smit, "monteurs")
    await own_circle.settle()
    plant(monkeypatch)
    found = (await checked(own_circle.bakker)).differences
    monkeypatch.undo()
    boundary.readable.cache_clear()
    assert found
    assert any(where in one.path or where in one.asker or one.asker == "smit.localhost" for one in found)
    assert "Tekst" not in json.dumps([vars(one) for one in found])


async def test_no_request_can_say_who_asks(own_circle: Circle) -> None:
    made = own_circle.post("Voor de ring")
    client = own_circle.bakker.client()
    for name in ("leerkring.reader", "leerkring-reader", "x-leerkring-reader", "http_leerkring_reader"):
        headers = {"accept": DOCUMENT, name: "Outside(peer_id=1, node_key=True)"}
        answer = await client.get(f"/o/{made}?{name}=1", headers=headers)
        assert answer.status_code == 404


async def test_the_last_check_stands_in_the_home(own_circle: Circle) -> None:
    home = own_circle.bakker.settings.home
    assert last_check(home) is None
    check = await check_rings(own_circle.bakker.settings, build_app, sample=5, seed=7)
    assert check.total == 5
    note_check(home, check)
    assert last_check(home) == check
    again = await check_rings(own_circle.bakker.settings, build_app, sample=5, seed=7)
    assert again.asked == check.asked
