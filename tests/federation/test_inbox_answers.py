"""What an inbox answers to bad deliveries: the protocol's statuses, nothing stored, nothing of it logged."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from federation.messages import Request, Response
from federation.signatures import sign_cavage, sign_rfc9421
from node.peers import find_peer
from node.queue import received
from node.rings.rosters import block_peer
from schemas.activitystreams import CONTENT_TYPE
from tests.factories import make_member
from tests.federation.circle import Circle, made_circle
from tests.federation.logs import captured_logs
from tests.federation.strangers import Stranger, sign_as
from tests.federation.traffic import activity_of, deliver_as_node, find_text, get_text, ring_note

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Target:
    """Bakker's inbox, its log, and Mia who knocks."""

    def __init__(self, circle: Circle, log: Any) -> None:
        self.circle, self.log = circle, log
        self.node, self.inbox = circle.bakker, f"{circle.bakker.base}/inbox"
        self.mia = Stranger(circle.bakker.sender, "mia.localhost", "mia")
        self.open_anna = make_member(circle.bakker, "open_anna", has_face=True)

    def create(self, words: str, **fields: Any) -> dict[str, Any]:
        """An open post that names somebody here, so it is kept if it is sound."""
        tag = {"type": "Mention", "href": f"{self.node.base}/p/{self.open_anna}", "name": "@anna"}
        return self.mia.activity("Create", self.mia.note(words, tag=[tag], **fields))

    async def send(self, body: bytes, kind: str = CONTENT_TYPE, *, changed: bytes | None = None) -> Response:
        """Signed by Mia; with `changed` another body than she signed arrives."""
        request = self.mia.signed(Request("POST", self.inbox, {"content-type": kind}, body))
        if changed is not None:
            request = Request("POST", self.inbox, request.headers, changed)
        return await self.node.sender(request)

    def kept(self) -> int:
        return self.node.read(lambda db: int(db.scalar(select(func.count()).select_from(received)) or 0))

    async def assert_refused(self, status: int, body: bytes, kind: str = CONTENT_TYPE, **how: Any) -> None:
        before = self.kept()
        answer = await self.send(body, kind, **how)
        assert answer.status == status, answer.body
        assert self.kept() == before
        assert "GEHEIM" not in self.log.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def target(
    request: pytest.FixtureRequest,
    databases: Callable[[str], Callable[[], str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Target]:
    folder: Path = tmp_path_factory.mktemp("homes") / "all"
    with captured_logs() as log:
        async with made_circle(folder, databases(request.param)) as circle:
            yield Target(circle, log)


async def test_a_sound_delivery_is_kept(target: Target) -> None:
    answer = await target.send(json.dumps(target.create("Alles in orde")).encode())
    await target.circle.settle()
    assert answer.status == 202
    assert find_text(target.node, "Alles in orde") is not None


async def test_without_a_signature_nothing_is_read(target: Target) -> None:
    request = Request("POST", target.inbox, {"content-type": CONTENT_TYPE}, b"{ no json")
    assert (await target.node.sender(request)).status == 401


async def test_an_inbox_takes_post_only(target: Target) -> None:
    assert (await target.node.client().get("/inbox")).status_code == 405


@pytest.mark.parametrize("kind", ["application/json", "text/html", "application/ld+json"])
async def test_other_content_types_are_refused(target: Target, kind: str) -> None:
    await target.assert_refused(415, json.dumps(target.create("GEHEIM")).encode(), kind)


async def test_a_large_body_is_refused(target: Target) -> None:
    await target.assert_refused(413, json.dumps(target.create("GEHEIM" * 200_000)).encode())


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else "GEHEIM"


@pytest.mark.parametrize(
    "change",
    [
        {"deep": deep(40)},
        {"id": None},
        {"id": 5},
        {"id": "GEHEIM"},
        {"actor": None},
        {"actor": {"name": "GEHEIM"}},
        {"type": None},
        {"type": 7},
        {"@context": "https://example.org/GEHEIM"},
        {"@context": None},
    ],
)
async def test_what_is_no_activity_is_refused(target: Target, change: dict[str, Any]) -> None:
    await target.assert_refused(400, json.dumps(target.create("GEHEIM") | change).encode())


@pytest.mark.parametrize("body", [b"", b"GEHEIM", b"[]", b'"GEHEIM"', b"{", b"\xff\xfe", b'{"a": NaN}'])
async def test_what_is_no_json_object_is_refused(target: Target, body: bytes) -> None:
    await target.assert_refused(400, body)


async def test_a_body_changed_on_the_way_is_refused(target: Target) -> None:
    sound = json.dumps(target.create("Zo was het")).encode()
    await target.assert_refused(401, sound, changed=sound.replace(b"Zo was het", b"GEHEIM wel"))


async def test_a_signature_by_another_key_is_refused(target: Target) -> None:
    vik = Stranger(target.node.sender, "vik.localhost", "vik")
    body = json.dumps(target.create("GEHEIM")).encode()
    request = Request("POST", target.inbox, {"content-type": CONTENT_TYPE}, body)
    forged = sign_as(request, target.mia.key_id, vik.rsa, sign_cavage)
    assert (await target.node.sender(forged)).status == 401


async def test_a_pinned_key_cannot_be_replaced_by_one_that_fits(target: Target) -> None:
    """Whoever takes over a partner's domain signs with a new key: it opens nothing."""
    smit, vik = target.circle.smit, Stranger(target.node.sender, "vik.localhost", "vik")
    note = ring_note(smit, target.circle.sara, target.circle.ring, "Overgenomen domein")
    sent = activity_of(smit, target.circle.sara, "Create", note)
    request = Request("POST", target.inbox, {"content-type": CONTENT_TYPE}, json.dumps(sent).encode())
    forged = sign_as(request, smit.identity.node_key_id, vik.ed25519, sign_rfc9421)
    assert (await target.node.sender(forged)).status == 401


async def test_signed_by_somebody_else_than_the_actor_is_taken_and_dropped(target: Target) -> None:
    vik = Stranger(target.node.sender, "vik.localhost", "vik")
    answer = await vik.deliver(target.inbox, target.create("Namens een ander"))
    await target.circle.settle()
    assert answer.status == 202
    assert find_text(target.node, "Namens een ander") is None


async def test_a_blocked_server_is_refused(target: Target) -> None:
    boos = Stranger(target.node.sender, "boos.localhost", "boos")
    follow = boos.activity("Follow", f"{target.node.base}/p/{target.open_anna}")
    assert (await boos.deliver(target.inbox, follow)).status == 202
    peer = target.node.read(lambda db: find_peer(db, "boos.localhost"))
    assert peer is not None
    target.node.write(lambda db: block_peer(db, peer.id))
    assert (await boos.deliver(target.inbox, {**follow, "id": boos.new_id()})).status == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"content": 5},
        {"content": {"nl": ["GEHEIM"]}},
        {"content": None},
        {"attachment": "GEHEIM"},
        {"attachment": [[["GEHEIM"]]]},
        {"tag": 7},
        {"published": "GEHEIM"},
        {"inReplyTo": {"id": 5}},
        {"attributedTo": [5]},
        {"id": 5},
        {"name": ["GEHEIM"]},
        {"summary": {"x": 1}},
        {"source": "GEHEIM"},
        {"topic": 5},
        {"to": 5},
    ],
)
async def test_wrong_types_in_a_ring_post_break_nothing(target: Target, fields: dict[str, Any]) -> None:
    smit, sara = target.circle.smit, target.circle.sara
    note = ring_note(smit, sara, target.circle.ring, "GEHEIM van de ring") | fields
    answer = await deliver_as_node(smit, target.node, activity_of(smit, sara, "Create", note))
    await target.circle.settle()
    assert answer.status in (202, 400)
    assert "GEHEIM" not in target.log.getvalue()
    states = target.node.read(lambda db: set(db.scalars(select(received.c.state))))
    assert "failed" not in states
    assert "waiting" not in states


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">klik</a>',
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=http://boos.localhost></iframe>",
    "<p style='position:fixed'>groot</p>",
    "<form action=/logout method=post><button>Weg</button></form>",
    '<math><mtext></form><mglyph><style></math><img src onerror="alert(1)">',
]


@pytest.mark.parametrize("html", HOSTILE)
async def test_hostile_html_becomes_harmless(target: Target, html: str) -> None:
    words = f"Onschuldig {HOSTILE.index(html)} einde"
    await target.send(json.dumps(target.create(f"<p>{words}</p>{html}")).encode())
    await target.circle.settle()
    stored = get_text(target.node, words).html.lower()
    for bad in ("<script", "onerror", "javascript:", "<svg", "<iframe", "style=", "<form", "<img", "<math"):
        assert bad not in stored
