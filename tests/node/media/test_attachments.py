"""Which pictures of other nodes we fetch, and what happens when they are not to be had."""

import os
import time
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from federation.messages import Request, Response
from node.errors import Invalid
from node.ids import now
from node.incoming import Incoming
from node.media.actions import attach_pictures, delete_files, draw_upload, sweep_orphans
from node.media.activities import attachment_documents, keep_attachments
from node.media.images import Picture
from node.media.queries import MOST_FAILURES, file_views, list_files
from node.media.storage import SWEEP_AFTER_SECONDS
from node.media.tables import files
from node.objects import add_object
from node.peers import keep_peer
from node.web.forms import Upload
from node.workers.files import run_once
from node.workers.loop import Work
from tests.factories import make_member, picture
from tests.network import RunningNode

AUTHOR = "http://smit.localhost:8002/p/1"
OWN, OTHER = "http://smit.localhost:8002/media/1", "http://cdn.example/1.png"


def incoming(node: RunningNode, db: Connection) -> Incoming:
    return Incoming(node.identity, {}, AUTHOR, keep_peer(db, "smit.localhost:8002"), True, now())


def keep(node: RunningNode, audience: str, attachments: Any) -> int:
    def write(db: Connection) -> int:
        sent = incoming(node, db)
        uri = f"{AUTHOR}/{time.time_ns()}"
        object_id = add_object(
            db, kind="post", audience=audience, author_id=None, origin=sent.peer_id, uri=uri
        )
        keep_attachments(db, sent, object_id, audience, attachments)
        return object_id

    return node.write(write)


def urls(node: RunningNode, object_id: int) -> list[str]:
    return [row.remote_url for row in node.read(lambda db: list_files(db, object_id))]


def image(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "Document", "mediaType": "image/png", "url": url, **more}


def test_ring_pictures_come_from_the_authors_node_only(node: RunningNode) -> None:
    both = [image(OWN), image(OTHER)]
    assert urls(node, keep(node, f"ring:{'a' * 64}", both)) == [OWN]
    assert urls(node, keep(node, "people", both)) == [OWN]
    assert urls(node, keep(node, "public", both)) == [OWN, OTHER]


@pytest.mark.parametrize(
    "attachment",
    [
        image("javascript:alert(1)"),
        image(OWN) | {"mediaType": "text/html"},
        image(OWN) | {"mediaType": "image/svg+xml"},
        {"type": "Document", "url": OWN},
        {"type": "Link", "mediaType": "image/png"},
        OWN,
        None,
        [[image(OWN)]],
    ],
)
def test_what_is_no_picture_with_a_web_address_is_passed_over(node: RunningNode, attachment: Any) -> None:
    assert urls(node, keep(node, "public", attachment)) == []


def test_the_description_is_read_from_summary_or_name(node: RunningNode) -> None:
    object_id = keep(node, "public", [image(OWN, summary="Een ketel"), image(OTHER, name="Een klep")])
    rows = node.read(lambda db: list_files(db, object_id))
    assert [row.alt for row in rows] == ["Een ketel", "Een klep"]


def test_an_edit_keeps_what_stayed_and_forgets_what_went(node: RunningNode) -> None:
    object_id = keep(node, "public", [image(OWN), image(OTHER)])
    kept = node.read(lambda db: list_files(db, object_id))[0].id
    changed = [image(OWN, summary="Nieuw")]
    node.write(lambda db: keep_attachments(db, incoming(node, db), object_id, "public", changed))
    rows = node.read(lambda db: list_files(db, object_id))
    assert [(row.id, row.alt) for row in rows] == [(kept, "Nieuw")]


async def answer_with(node: RunningNode, response: Response) -> None:
    """Run the worker against a server that always says this."""

    async def sender(request: Request) -> Response:
        return Response(response.status, response.headers, response.body, response.url or request.url)

    network = type(node.work.network)(node.engine, node.settings.scheme, sender)
    await run_once(Work(node.settings, node.engine, network))


async def test_until_it_is_here_the_page_says_so_and_then_shows_our_copy(node: RunningNode) -> None:
    object_id = keep(node, "public", [image(OTHER)])
    assert node.read(lambda db: file_views(db, [object_id]))[object_id][0].state == "waiting"
    await answer_with(node, Response(200, {"content-type": "text/html"}, picture().data))
    view = node.read(lambda db: file_views(db, [object_id]))[object_id][0]
    assert (view.state, view.width, view.height) == ("here", 16, 16)
    assert (await node.client().get(view.url)).status_code == 200


@pytest.mark.parametrize("body", [b"<svg/>", b"", b"x" * 1000])
async def test_what_turns_out_to_be_no_picture_is_given_up(node: RunningNode, body: bytes) -> None:
    object_id = keep(node, "public", [image(OTHER)])
    await answer_with(node, Response(200, {}, body))
    assert node.read(lambda db: file_views(db, [object_id]))[object_id][0].state == "lost"


async def test_a_server_that_fails_is_asked_again_later_and_not_for_ever(node: RunningNode) -> None:
    object_id = keep(node, "public", [image(OTHER)])
    for tries in range(1, MOST_FAILURES + 1):
        await answer_with(node, Response(503))
        row = node.read(lambda db: list_files(db, object_id))[0]
        assert row.failures == tries
        assert row.retry_at is None or row.retry_at > now()
        node.write(lambda db: db.execute(update(files).values(retry_at=now())))
    await answer_with(node, Response(200, {}, picture().data))
    assert node.read(lambda db: file_views(db, [object_id]))[object_id][0].state == "lost"


async def test_a_ring_picture_is_not_taken_from_where_a_redirect_leads(node: RunningNode) -> None:
    object_id = keep(node, "people", [image(OWN)])
    await answer_with(node, Response(200, {}, picture().data, OTHER))
    assert node.read(lambda db: list_files(db, object_id))[0].name is None


def add_own_post(node: RunningNode, pictures: list[Picture], alts: list[str]) -> int:
    anna = make_member(node, f"anna{time.time_ns() % 10**6}")

    def write(db: Connection) -> int:
        object_id = add_object(db, kind="post", audience="public", author_id=anna)
        attach_pictures(db, node.settings, anna, object_id, pictures, alts)
        return object_id

    return node.write(write)


def test_our_pictures_carry_their_description_in_both_fields(node: RunningNode) -> None:
    object_id = add_own_post(node, [picture(), picture()], ["Een ketel"])
    first, second = node.read(lambda db: attachment_documents(db, node.identity, object_id))
    assert (first["name"], first["summary"], first["mediaType"]) == ("Een ketel", "Een ketel", "image/png")
    assert "name" not in second
    assert first["url"].startswith(f"{node.base}/media/")


def test_what_is_no_picture_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="not a picture"):
        draw_upload(Upload("x.png", "image/png", b"<svg/>"))


def test_more_pictures_than_fit_are_refused_in_words(node: RunningNode) -> None:
    with pytest.raises(Invalid, match="At most 8"):
        add_own_post(node, [picture()] * 9, [])
    assert not list(node.settings.media_folder.glob("*/*"))


def test_files_that_no_row_names_are_swept_after_a_day(node: RunningNode) -> None:
    object_id = add_own_post(node, [picture()], [])
    stays = add_own_post(node, [picture()], [])
    folder = node.settings.media_folder
    node.write(lambda db: delete_files(db, object_id))
    assert node.write(lambda db: sweep_orphans(db, node.settings)) == 0
    long_ago = time.time() - SWEEP_AFTER_SECONDS - 60
    for path in folder.glob("*/*"):
        os.utime(path, (long_ago, long_ago))
    assert node.write(lambda db: sweep_orphans(db, node.settings)) == 2
    name = node.read(lambda db: db.scalar(select(files.c.name).where(files.c.object_id == stays)))
    assert (folder / str(name)).exists()
