"""Before closed content goes anywhere, who is there signs a fresh nonce with its pinned key (rule 8)."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, update
from starlette.applications import Starlette
from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from federation import keys
from federation.keys import decode_multibase, load_multikey
from federation.messages import Request
from federation.signatures import sign_rfc9421
from node.boundary import Receiver
from node.ids import now
from node.objects import PUBLIC
from node.outbox import publish
from node.peers import find_peer, peers
from node.rings.proving import PATH, UNPROVEN, proof_words
from node.rings.rosters import block_peer
from schemas.agreement import moment_text
from tests.factories import log_in
from tests.federation.circle import Circle, made_circle
from tests.federation.conftest import NewUrl
from tests.network import RunningNode

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "niet-voor-anderen"
ANSWER = "leerkring-answer"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def circle(
    databases: Callable[[str], NewUrl], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Circle]:
    """One for all tests here; each leaves the ring as it is."""
    async with made_circle(tmp_path_factory.mktemp("homes") / "all", databases("sqlite")) as made:
        yield made


def forget(node: RunningNode) -> None:
    """Over an hour passes for what this node knows of others."""
    node.write(lambda db: db.execute(update(peers).values(proved_at=None, retry_at=None, failures=0)))


def paths_to(circle: Circle, since: int) -> list[str]:
    """What was asked of or sent to Smit since then, in order."""
    sent = [request for request, _ in circle.bakker.sender.log[since:]]
    return [
        request.url.removeprefix(circle.smit.base) for request in sent if circle.smit.domain in request.url
    ]


def trouble(node: RunningNode, partner: RunningNode) -> str | None:
    query = peers.select().where(peers.c.domain == partner.domain)
    return str(node.read(lambda db: db.execute(query).one()).last_error)


class Impostor:
    """Whoever has Smit's name now: takes everything, and answers the question as a test says."""

    def __init__(self, circle: Circle, answer: Callable[[WebRequest], Awaitable[Response]]) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self._answer = answer
        routes = [Route("/{path:path}", self._take, methods=["GET", "POST"])]
        circle.bakker.sender.apps[circle.smit.domain] = Starlette(routes=routes)

    async def _take(self, request: WebRequest) -> Response:
        self.taken.append((request.url.path, await request.body()))
        if request.url.path == PATH:
            return await self._answer(request)
        return Response(status_code=202)

    def check_got_nothing(self) -> None:
        assert {path for path, _ in self.taken} == {PATH}
        assert not any(SECRET.encode() in body for _, body in self.taken)


async def test_a_partner_is_asked_once_an_hour_before_ring_content_goes(circle: Circle) -> None:
    forget(circle.bakker)
    start = len(circle.bakker.sender.log)
    circle.post(SECRET)
    await circle.bakker.run_once()
    assert paths_to(circle, start)[:2] == [PATH, "/inbox"]
    start = len(circle.bakker.sender.log)
    circle.post("nog een")
    await circle.settle()
    assert PATH not in paths_to(circle, start)
    with time_machine.travel(now() + timedelta(minutes=61), tick=True):
        start = len(circle.bakker.sender.log)
        circle.post("een uur later")
        await circle.bakker.run_once()
        assert paths_to(circle, start)[:1] == [PATH]


def send_openly(db: Connection, circle: Circle) -> None:
    smit = find_peer(db, circle.smit.domain)
    assert smit is not None
    us = circle.bakker.identity
    said = {"type": "Update", "actor": us.actor_uri, "object": us.actor_uri}
    publish(db, us, said, audience=PUBLIC, receivers=[Receiver(smit.id, smit.inbox)])


async def test_open_posts_go_without_asking(circle: Circle) -> None:
    forget(circle.bakker)
    start = len(circle.bakker.sender.log)
    circle.bakker.write(lambda db: send_openly(db, circle))
    await circle.bakker.run_once()
    assert paths_to(circle, start) == ["/inbox"]


async def test_who_took_over_a_domain_gets_the_question_and_nothing_else(circle: Circle) -> None:
    stolen = keys.new_ed25519()

    async def sign_with_another_key(request: WebRequest) -> Response:
        asked = json.loads(await request.body())
        words = proof_words(asked["from"], asked["to"], asked["nonce"], asked["at"])
        private = keys.load_private(stolen)
        assert isinstance(private, Ed25519PrivateKey)
        proof = keys.encode_multibase(private.sign(words))
        return JSONResponse({"proof": proof}, headers={ANSWER: proof})

    forget(circle.bakker)
    impostor = Impostor(circle, sign_with_another_key)
    circle.post(SECRET)
    await circle.bakker.run_once()
    impostor.check_got_nothing()
    assert trouble(circle.bakker, circle.smit) == UNPROVEN
    page = await (await log_in(circle.bakker, "directeur")).get("/rings/monteurs/about")
    assert "bewijst niet dat hij van hen is" in page.text
    circle.bakker.sender.apps[circle.smit.domain] = circle.smit.app
    with time_machine.travel(now() + timedelta(minutes=1), tick=True):
        await circle.settle()
    assert circle.smit.read(lambda db: SECRET in str(db.exec_driver_sql("select html from posts").all()))


async def recorded(circle: Circle) -> tuple[bytes, dict[str, str]]:
    """A true answer of Smit to Bakker."""
    forget(circle.bakker)
    circle.post("eerst")
    await circle.bakker.run_once()
    answers = [a for r, a in circle.bakker.sender.log if r.url == f"{circle.smit.base}{PATH}"]
    return answers[-1].body, {ANSWER: answers[-1].headers[ANSWER]}


async def test_an_answer_to_an_older_question_proves_nothing(circle: Circle) -> None:
    body, headers = await recorded(circle)

    async def replay(_: WebRequest) -> Response:
        return Response(body, headers=headers, media_type="application/json")

    await check_refused(circle, replay)


async def test_an_answer_between_two_others_proves_nothing(circle: Circle) -> None:
    """Smit, honest, signs what the impostor passes on in its own name: other words."""

    async def pass_on(request: WebRequest) -> Response:
        asked = json.loads(await request.body()) | {"from": circle.branche.domain}
        answer = await ask(circle.smit, circle.branche, asked)
        return Response(answer.content, answer.status_code, media_type="application/json")

    await check_refused(circle, pass_on)


async def test_a_redirect_is_not_followed(circle: Circle) -> None:
    async def redirect(_: WebRequest) -> Response:
        return Response(status_code=307, headers={"location": f"{circle.branche.base}{PATH}"})

    await check_refused(circle, redirect)


async def check_refused(circle: Circle, answer: Callable[[WebRequest], Awaitable[Response]]) -> None:
    forget(circle.bakker)
    impostor = Impostor(circle, answer)
    circle.post(SECRET)
    start = len(circle.bakker.sender.log)
    await circle.bakker.run_once()
    impostor.check_got_nothing()
    assert trouble(circle.bakker, circle.smit) == UNPROVEN
    others = [r.url for r, _ in circle.bakker.sender.log[start:] if PATH in r.url]
    assert not any(circle.branche.domain in url for url in others if "redirect" in answer.__name__)
    circle.bakker.sender.apps[circle.smit.domain] = circle.smit.app
    forget(circle.bakker)
    await circle.settle()


async def test_a_partner_that_does_not_answer_is_down(circle: Circle) -> None:
    forget(circle.bakker)
    circle.bakker.sender.down.add(circle.smit.domain)
    circle.post("later")
    await circle.bakker.run_once()
    assert trouble(circle.bakker, circle.smit) == "not there"
    circle.bakker.sender.down.clear()
    forget(circle.bakker)
    await circle.settle()


# --- being asked -----------------------------------------------------------------------------------


async def ask(node: RunningNode, asker: RunningNode, question: dict[str, str]) -> httpx.Response:
    """The question under the asker's node key."""
    url, body, us = f"{node.base}{PATH}", json.dumps(question).encode(), asker.identity
    request = Request("POST", url, {"content-type": "application/json"}, body)
    headers = request.headers | sign_rfc9421(request, us.node_key_id, us.ed25519_private, now())
    async with node.client() as client:
        return await client.post(url, content=body, headers=headers)


def question(asker: RunningNode, node: RunningNode, **changes: str) -> dict[str, str]:
    words = {"from": asker.domain, "to": node.domain, "nonce": "a" * 64, "at": moment_text(now())}
    return words | changes


async def test_a_partner_gets_our_signature_over_exactly_these_words(circle: Circle) -> None:
    asked = question(circle.smit, circle.bakker)
    answer = await ask(circle.bakker, circle.smit, asked)
    key = load_multikey(circle.bakker.identity.multikey)
    words = proof_words(circle.smit.domain, circle.bakker.domain, asked["nonce"], asked["at"])
    assert isinstance(key, Ed25519PublicKey)
    key.verify(decode_multibase(answer.json()["proof"]), words)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "branche.localhost"},
        {"to": "smit.localhost"},
        {"nonce": "kort"},
        {"nonce": "A" * 64},
        {"at": "2020-01-01T00:00:00Z"},
        {"at": "gisteren"},
    ],
)
async def test_we_sign_no_other_words(circle: Circle, changes: dict[str, str]) -> None:
    answer = await ask(circle.bakker, circle.smit, question(circle.smit, circle.bakker, **changes))
    assert answer.status_code == 404


async def test_strangers_get_the_404_of_what_does_not_exist(circle: Circle) -> None:
    """Branche and Smit are not paired with each other."""
    asked = question(circle.branche, circle.smit)
    refused = await ask(circle.smit, circle.branche, asked)
    async with circle.smit.client() as client:
        missing = await client.post("/node/nothing", json=asked)
        unsigned = await client.post(PATH, json=asked)
    for answer in (refused, unsigned):
        assert (answer.status_code, answer.content) == (404, missing.content)


async def test_a_firm_put_out_still_gets_the_deletes(own_circle: Circle) -> None:
    wrong = own_circle.post("vergissing")
    await own_circle.settle()
    smit = peers.select().where(peers.c.domain == own_circle.smit.domain)
    own_circle.bakker.write(lambda db: block_peer(db, db.execute(smit).one().id))
    forget(own_circle.bakker)
    browser = await log_in(own_circle.bakker, "anna")
    assert (await browser.post(f"/o/{wrong}/delete")).status_code == 303
    start = len(own_circle.bakker.sender.log)
    await own_circle.bakker.run_once()
    assert paths_to(own_circle, start) == ["/inbox"]
