"""Posts for later: planned in an app, published at their time by the rules of that time."""

from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from shutil import copyfile
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import func, select, update

from node.gates.rules import Rules, set_rules
from node.ids import now
from node.media.tables import files
from node.objects import COMPANY, HELD, LIVE, PUBLIC, objects
from node.posts.tables import planned_posts, posts
from node.web.days import moment_text
from node.workers import planned
from node.workers.housekeeping import tidy
from tests.factories import leave_ring, log_in, make_member, make_ring, open_app, pair
from tests.network import RunningNode, fediverse

PATH = "/api/v1/scheduled_statuses"


def copy_of(template: Path, target: Path) -> str:
    return f"sqlite:///{copyfile(template, target)}"


def in_an_hour() -> str:
    return (now() + timedelta(hours=1)).isoformat()


async def plan(app: httpx.AsyncClient, text: str, **more: Any) -> dict[str, Any]:
    body = {"status": text, "scheduled_at": in_an_hour(), **more}
    answer = await app.post("/api/v1/statuses", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def let_time_pass(node: RunningNode, *, past: timedelta = timedelta()) -> None:
    """Every planned post is due; the worker looks twice."""
    node.write(lambda db: db.execute(update(planned_posts).values(at=now() - past)))
    await planned.run_once(node.work)
    assert await planned.run_once(node.work) == 0


def published(node: RunningNode) -> list[tuple[str, str, str]]:
    query = select(posts.c.source, objects.c.audience, objects.c.state)
    joined = query.join(objects, objects.c.id == posts.c.object_id).order_by(objects.c.id)
    return [tuple(row) for row in node.read(lambda db: db.execute(joined).all())]


def plans(node: RunningNode) -> int:
    return int(node.read(lambda db: db.scalar(select(func.count()).select_from(planned_posts))) or 0)


@pytest.mark.each_database
async def test_a_planned_post_goes_out_once_at_its_time_and_not_before(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    made = await plan(app, "Morgen", spoiler_text="Let op")
    assert (made["params"]["text"], made["params"]["spoiler_text"]) == ("Morgen", "Let op")
    assert await planned.run_once(node.work) == 0
    assert published(node) == []
    await let_time_pass(node)
    assert published(node) == [("Morgen", COMPANY, LIVE)]
    assert plans(node) == 0
    assert (await app.get(f"{PATH}/{made['id']}")).status_code == 404


async def test_a_plan_is_listed_moved_and_deleted_by_its_author_alone(node: RunningNode) -> None:
    for handle in ("anna", "bram"):
        make_member(node, handle)
    anna, bram = open_app(node, "anna"), open_app(node, "bram")
    made = await plan(anna, "Later")
    assert [one["id"] for one in (await anna.get(PATH)).json()] == [made["id"]]
    assert (await bram.get(PATH)).json() == []
    later = (now() + timedelta(days=3)).replace(microsecond=0)
    path = f"{PATH}/{made['id']}"
    for method in ("GET", "PUT", "DELETE"):
        assert (await bram.request(method, path, data={"scheduled_at": in_an_hour()})).status_code == 404
    moved = (await anna.put(path, json={"scheduled_at": later.isoformat()})).json()
    assert datetime.fromisoformat(moved["scheduled_at"]) == later
    assert (await anna.put(path, json={"scheduled_at": now().isoformat()})).status_code == 422
    assert (await anna.delete(path)).json() == {}
    assert plans(node) == 0


async def test_what_could_not_be_sent_now_cannot_be_planned(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    soon = (now() + timedelta(minutes=4)).isoformat()
    for wrong in (
        {"scheduled_at": soon},
        {"scheduled_at": "morgen"},
        {"status": "Open", "visibility": "public"},
        {"status": ""},
        {"status": "@niemand", "visibility": "direct"},
    ):
        body = {"status": "Later", "scheduled_at": in_an_hour(), **wrong}
        assert (await app.post("/api/v1/statuses", json=body)).status_code == 422, wrong
    assert (plans(node), published(node)) == (0, [])


async def test_the_same_key_plans_one_post(node: RunningNode) -> None:
    make_member(node, "anna")
    app = open_app(node, "anna")
    app.headers["idempotency-key"] = "een"
    first = await plan(app, "Eens")
    assert (await plan(app, "Eens"))["id"] == first["id"]
    await let_time_pass(node)
    await app.post("/api/v1/statuses", json={"status": "Eens", "scheduled_at": in_an_hour()})
    assert (plans(node), len(published(node))) == (0, 1)


async def test_a_post_to_a_ring_that_is_gone_by_then_stays_and_can_be_changed(
    tmp_path: Path, sqlite_template: Path
) -> None:
    names = ("bakker.localhost:8001", "smit.localhost:8002")
    places = {name: copy_of(sqlite_template, tmp_path / f"{at}.db") for at, name in enumerate(names)}
    async with fediverse(tmp_path / "homes", places) as nodes:
        bakker, smit = nodes["bakker"], nodes["smit"]
        make_member(bakker, "anna")
        await pair(bakker, smit)
        await make_ring(bakker, smit)
        app = open_app(bakker, "anna")
        made = await plan(app, "@monteurs Geheim", visibility="private")
        await leave_ring(bakker, "monteurs")
        await let_time_pass(bakker)
        assert published(bakker) == []
        browser = await log_in(bakker, "anna")
        assert "is niet weggegaan" in (await browser.get("/notices")).text
        page = (await browser.get("/planned")).text
        assert "Geheim" in page
        assert "naar andere mensen" in page
        form = {"text": "Voor ons", "warning": "", "at": moment_text(now() + timedelta(hours=2))}
        assert (await browser.post(f"/planned/{made['id']}", data=form)).status_code == 303
        await let_time_pass(bakker)
        assert published(bakker) == [("Voor ons", COMPANY, LIVE)]


async def test_a_gate_that_was_set_meanwhile_holds_a_planned_post(node: RunningNode) -> None:
    make_member(node, "anna", has_face=True)
    app, browser = open_app(node, "anna"), await log_in(node, "anna")
    await browser.post("/settings/apps/open", data={"open": "yes"})
    await plan(app, "Open", visibility="public")
    node.write(lambda db: set_rules(db, PUBLIC, Rules(minutes=30), None))
    await let_time_pass(node)
    assert published(node) == [("Open", PUBLIC, HELD)]


async def test_the_word_for_open_posts_is_asked_again_at_that_time(node: RunningNode) -> None:
    make_member(node, "anna", has_face=True)
    app, browser = open_app(node, "anna"), await log_in(node, "anna")
    await browser.post("/settings/apps/open", data={"open": "yes"})
    await plan(app, "Open", visibility="public")
    await browser.post("/settings/apps/open", data={"open": "no"})
    await let_time_pass(node)
    assert (published(node), plans(node)) == ([], 1)


async def test_a_node_that_was_away_for_long_asks_its_author_again(node: RunningNode) -> None:
    make_member(node, "anna")
    await plan(open_app(node, "anna"), "Gisteren")
    await let_time_pass(node, past=timedelta(days=1))
    assert published(node) == []
    assert "draaide toen niet" in (await (await log_in(node, "anna")).get("/planned")).text


async def test_a_picture_waits_with_its_post(node: RunningNode) -> None:
    make_member(node, "anna")
    app, data = open_app(node, "anna"), BytesIO()
    Image.new("RGB", (20, 10), "red").save(data, "PNG")
    picture = (await app.post("/api/v2/media", files={"file": ("a.png", data.getvalue())})).json()
    made = await plan(app, "Foto", media_ids=[picture["id"]])
    assert [one["id"] for one in made["media_attachments"]] == [picture["id"]]
    old = now() - timedelta(days=3)
    node.write(lambda db: db.execute(update(files).values(created_at=old)))
    tidy(node.work.engine, node.work.settings)
    await let_time_pass(node)
    [status] = (await app.get("/api/v1/timelines/home")).json()
    assert [one["id"] for one in status["media_attachments"]] == [picture["id"]]


async def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(node: RunningNode) -> None:
    make_member(node, "anna")
    made = await plan(open_app(node, "anna"), "Later")
    browser = await log_in(node, "anna")
    form = {"text": "Nieuwe woorden", "warning": "", "at": moment_text(now())}
    answer = await browser.post(f"/planned/{made['id']}", data=form)
    assert answer.status_code == 422
    assert "Nieuwe woorden" in answer.text
    assert "5 minuten" in answer.text
    assert (await browser.post(f"/planned/{made['id']}/delete")).status_code == 303
    assert plans(node) == 0
