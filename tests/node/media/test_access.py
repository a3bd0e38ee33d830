"""Who gets which file: the log-in, or the node's own key of a ring node; the same 404 for everyone else."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from sqlalchemy import event, select

from federation import http
from node.access.members import disable_member
from node.actors import get_actor
from node.departures import list_departures
from node.media.queries import list_files
from node.media.tables import files
from node.network import actor_signer, node_signer
from node.objects import objects
from tests.factories import log_in, make_member, make_ring, member_row, pair, picture, post
from tests.network import RunningNode, fediverse, settle

AUDIENCES = ("company", "ring", "public")


class World(NamedTuple):
    bakker: RunningNode
    smit: RunningNode
    branche: RunningNode
    files: dict[str, int]
    posts: dict[str, int]


@pytest.fixture
async def world(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[World]:
    """Bakker has one picture for each audience; Smit shares its ring, the hub shares nothing."""
    domains = {}
    for domain in ("bakker.localhost:8001", "smit.localhost:8002", "branche.localhost:8003"):
        copy = tmp_path / f"{domain.partition('.')[0]}.sqlite3"
        shutil.copy(sqlite_template, copy)
        domains[domain] = f"sqlite:///{copy}"
    async with fediverse(tmp_path / "homes", domains) as nodes:
        bakker, smit, branche = nodes["bakker"], nodes["smit"], nodes["branche"]
        await pair(bakker, smit)
        ring = await make_ring(bakker, smit)
        make_member(bakker, "anna", has_face=True)
        make_member(smit, "piet", has_face=True)
        make_member(branche, "hanna", has_face=True)
        audiences = {"company": "company", "ring": ring, "public": "public"}
        posts = {
            name: post(bakker, "anna", audience, f"Foto voor {name}", pictures=[picture()], alts=["Een foto"])
            for name, audience in audiences.items()
        }
        await settle(bakker, smit)
        files = {name: first_file(bakker, one) for name, one in posts.items()}
        yield World(bakker, smit, branche, files, posts)


def first_file(node: RunningNode, object_id: int) -> int:
    return int(node.read(lambda db: list_files(db, object_id)[0].id))


def private_key(node: RunningNode, actor_id: int) -> str:
    return str(node.read(lambda db: get_actor(db, actor_id).rsa_private))


async def answers(world: World, client: httpx.AsyncClient) -> dict[str, int]:
    return {name: (await client.get(f"/media/{world.files[name]}")).status_code for name in AUDIENCES}


async def signed(world: World, asker: RunningNode, handle: str = "") -> dict[str, int]:
    """With the node's own key, or with a person's."""
    found = {}
    who = member_row(asker, handle) if handle else None
    for name in AUDIENCES:
        if who is None:
            signer = node_signer(asker.identity)
        else:
            key = private_key(asker, who.actor_id)
            signer = actor_signer(f"{asker.base}{who.uri}#main-key", key)
        url = f"{world.bakker.base}/media/{world.files[name]}"
        found[name] = (await http.get(asker.sender, url, accept="*/*", sign=signer)).status
    return found


ALL = {"company": 200, "ring": 200, "public": 200}
OPEN_ONLY = {"company": 404, "ring": 404, "public": 200}
RING_TOO = {"company": 404, "ring": 200, "public": 200}


async def test_each_reader_gets_exactly_the_files_of_what_they_may_read(world: World) -> None:
    """The table: member, visitor, ring node by node key and by a person's, strangers signed both ways."""
    assert await answers(world, await log_in(world.bakker, "anna")) == ALL
    assert await answers(world, world.bakker.client()) == OPEN_ONLY
    assert file_departures(world.bakker) == ["smit.localhost:8002"]  # Smit's worker, while the world settled
    assert await signed(world, world.smit) == RING_TOO
    assert file_departures(world.bakker) == ["smit.localhost:8002"] * 2
    assert await signed(world, world.smit, "piet") == OPEN_ONLY
    assert await signed(world, world.branche) == OPEN_ONLY
    assert await signed(world, world.branche, "hanna") == OPEN_ONLY
    assert file_departures(world.bakker) == ["smit.localhost:8002"] * 2
    assert copies(world.smit) == [("ring", "Een foto")]
    assert copies(world.branche) == []


def file_departures(node: RunningNode) -> list[str]:
    """To whom files left that are not open."""
    lines = node.read(lambda db: list(list_departures(db)))
    return [",".join(json.loads(row.receivers)) for row in lines if row.kind == "file"]


def copies(node: RunningNode) -> list[tuple[str, str]]:
    """The kind of audience and description of each picture that the node holds."""
    query = select(objects.c.audience, files.c.alt).join(files, files.c.object_id == objects.c.id)
    rows = node.read(lambda db: db.execute(query.where(files.c.name.is_not(None))).all())
    return [(audience.partition(":")[0], alt) for audience, alt in rows]


@pytest.fixture
def two_files(node: RunningNode) -> dict[str, int]:
    """One file for the company and one for everyone, on a node alone."""
    make_member(node, "anna", has_face=True)
    posts = {name: post(node, "anna", name, "Foto", pictures=[picture()]) for name in ("company", "public")}
    return {name: first_file(node, one) for name, one in posts.items()}


async def test_no_file_and_a_file_of_others_are_not_told_apart(
    node: RunningNode, two_files: dict[str, int]
) -> None:
    client, seen = node.client(), list[str]()
    await client.get("/media/1")  # the gate of the first-run wizard looks once
    event.listen(node.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    found = []
    for file_id in (two_files["company"], two_files["company"] + 1):
        seen.clear()
        answer = await client.get(f"/media/{file_id}/thumb")
        headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        found.append((answer.status_code, answer.text.replace(str(file_id), "ID"), headers, list(seen)))
    assert found[0] == found[1]
    assert found[0][0] == 404


async def test_files_are_served_so_that_nothing_in_them_can_run(
    node: RunningNode, two_files: dict[str, int]
) -> None:
    client = await log_in(node, "anna")
    for path, kind in (("", "image/png"), ("/thumb", "image/webp")):
        for name, file_id in two_files.items():
            answer = await client.get(f"/media/{file_id}{path}")
            assert answer.headers["content-type"] == kind
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
            assert answer.headers["content-disposition"].startswith("inline; filename=")
            wanted = "public, max-age=300" if name == "public" else "private, no-store"
            assert answer.headers["cache-control"] == wanted


async def test_a_thumbnail_that_a_backup_left_out_is_drawn_again(
    node: RunningNode, two_files: dict[str, int]
) -> None:
    for path in node.settings.media_folder.glob("*/*.thumb.webp"):
        path.unlink()
    assert (await node.client().get(f"/media/{two_files['public']}/thumb")).status_code == 200


async def test_when_a_member_is_disabled_their_files_end_at_once(
    node: RunningNode, two_files: dict[str, int]
) -> None:
    piet = make_member(node, "piet")
    client = await log_in(node, "piet")
    url = f"/media/{two_files['company']}"
    assert (await client.get(url)).status_code == 200
    make_member(node, "baas", roles=("admin",))
    node.write(lambda db: disable_member(db, piet))
    assert (await client.get(url)).status_code == 404
