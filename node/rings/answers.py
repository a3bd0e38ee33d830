"""What other nodes may ask under their node key: pairing, people of a ring, its numbered activities."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from federation.documents import Document, as_text
from node import identity
from node.boundary import is_inside
from node.db import reading, writing
from node.errors import NotFound
from node.identity import SELF, Identity
from node.ids import now
from node.peers import change_peer, get_peer
from node.queue import wake_peer
from node.rings import pairing_talks, proving, restoring, rotation, witnesses
from node.rings.catching_up import answer_numbers
from node.rings.keys import statements_of
from node.rings.people import serve_people
from node.rings.proving import prove
from node.rings.queries import ring_of_audience
from node.rings.restoring import answer_state, heard_from, knows_more
from node.rings.sector import checks as sector_checks
from node.rings.signed import (
    NONCE,
    Caller,
    authenticate_former,
    authenticate_node,
    authenticate_stranger,
    read_message,
    signed_answer,
)
from node.rings.versions import VERSIONS_PATH, answer_versions
from node.rings.witnesses import witness
from node.web.visits import Services, services_of

Inside = Callable[[Connection, str, int], bool]
Answerer = Callable[[Connection, Identity, str, Row[Any]], Document]
MOST_NUMBERS = 2**31


async def talk_about_pairing(request: Request) -> Response:
    services = services_of(request)
    caller, message = await authenticate_stranger(request, services)
    answer = await run_in_threadpool(_pairing_answer, services, caller, message)
    services.wake()
    return JSONResponse(answer, headers={"cache-control": "no-store"})


def _pairing_answer(services: Services, caller: Caller, message: Document) -> Document:
    with writing(services.engine) as db:
        node = identity.load(db, services.settings.scheme)
        return pairing_talks.receive(db, node, caller, message)


async def prove_ourselves(request: Request) -> Response:
    services = services_of(request)
    caller, question = await authenticate_node(request, services)
    return await run_in_threadpool(_proof, services, caller, question)


def _proof(services: Services, caller: Caller, question: Document) -> Response:
    with reading(services.engine) as db:
        node = identity.load(db, services.settings.scheme)
        nonce, answer = prove(node, caller, question)
        answer["heard"] = heard_from(db, caller.peer_id or 0)
    return signed_answer(node, caller, nonce, answer)


async def show_state(request: Request) -> Response:
    """What a node that was put back from a copy forgot."""
    services = services_of(request)
    caller, is_present = await authenticate_former(request, services)
    nonce, after = request.query_params.get(NONCE, "")[:64], _number(request, "after", 0, 2**62)
    return await run_in_threadpool(_state, services, caller, is_present, nonce, after)


def _state(services: Services, caller: Caller, is_present: bool, nonce: str, after: int) -> Response:
    with writing(services.engine) as db:
        node, peer = identity.load(db, services.settings.scheme), get_peer(db, caller.peer_id or 0)
        if not is_present:
            return signed_answer(node, caller, nonce, {"key_changed": True})
        wake_peer(db, int(peer.id))
        return signed_answer(node, caller, nonce, answer_state(db, node, peer, after))


async def take_head(request: Request) -> Response:
    services = services_of(request)
    caller, head = await authenticate_node(request, services)
    return await run_in_threadpool(_witness, services, caller, head)


def _witness(services: Services, caller: Caller, head: Document) -> Response:
    with writing(services.engine) as db:
        node = identity.load(db, services.settings.scheme)
        answer = witness(db, caller.peer_id or 0, head)
    return signed_answer(node, caller, as_text(head.get(NONCE), 64), answer)


async def show_keys(request: Request) -> Response:
    """Open to everyone, as the key itself is."""
    return await run_in_threadpool(_keys, services_of(request))


def _keys(services: Services) -> Response:
    with reading(services.engine) as db:
        return JSONResponse({"statements": statements_of(db)}, headers={"cache-control": "no-store"})


async def take_keys(request: Request) -> Response:
    """A partner's new key proves itself; who sends it does not matter."""
    services = services_of(request)
    message = await read_message(request)
    await run_in_threadpool(_take_keys, services, message)
    services.wake()
    return JSONResponse({"taken": True}, headers={"cache-control": "no-store"})


def _take_keys(services: Services, message: Document) -> None:
    with writing(services.engine) as db:
        rotation.take_statements(db, identity.load(db, services.settings.scheme), message)


async def show_people(request: Request) -> Response:
    return await answer_partner(request, f"ring:{request.path_params['ring_hash']}", _people)


def _people(db: Connection, node: Identity, audience: str, peer: Row[Any]) -> Document:
    ring = ring_of_audience(db, audience)
    if ring is None:
        raise NotFound
    return serve_people(db, node, ring, peer)


async def show_activities(request: Request) -> Response:
    return await answer_activities(request, f"ring:{request.path_params['ring_hash']}")


async def answer_activities(request: Request, audience: str) -> Response:
    """The numbers of a ring or room that this node gave out."""
    epoch, after = _number(request, "epoch", 1), _number(request, "after", 0)

    def answer(db: Connection, node: Identity, audience: str, peer: Row[Any]) -> Document:
        # A question closes nothing: what a partner knows of us it says in its own signed answers.
        if knows_more(db, node, int(peer.id), {audience: [epoch, after]}):
            return {"epoch": epoch, "last": 0, "items": [], "next_epoch": None}
        if peer.compared_at is None:
            change_peer(db, int(peer.id), compared_at=now())
        answer = answer_numbers(db, node, audience, peer, epoch, after)
        return answer | {"heard": heard_from(db, int(peer.id))}

    return await answer_partner(request, audience, answer)


async def answer_partner(
    request: Request, audience: str, answerer: Answerer, *, may: Inside = is_inside
) -> Response:
    """Only a node that is in that ring or room with us now; all others get the 404 of what does not exist."""
    services = services_of(request)
    caller, _ = await authenticate_node(request, services)
    nonce = request.query_params.get(NONCE, "")[:64]
    return await run_in_threadpool(_signed_for, services, caller, audience, nonce, answerer, may)


def _signed_for(
    services: Services, caller: Caller, audience: str, nonce: str, answerer: Answerer, may: Inside
) -> Response:
    with writing(services.engine) as db:
        node, peer_id = identity.load(db, services.settings.scheme), caller.peer_id or 0
        # Both are asked even when we are not in it: who is refused causes the same statements.
        inside = may(db, audience, SELF), may(db, audience, peer_id)
        if not all(inside):
            raise NotFound
        wake_peer(db, peer_id)  # it is up again: what waits for it need not wait for its next try
        document = answerer(db, node, audience, get_peer(db, peer_id))
        return signed_answer(node, caller, nonce, document)


async def show_terms(request: Request) -> Response:
    """The sector rings whose roster we keep: for firms that our director paired with."""
    return await _answer_node(request, sector_checks.answer_terms)


async def show_rosters(request: Request) -> Response:
    ring_hash, held = request.path_params["ring_hash"], request.query_params.get("hash", "")[:64]
    number, all_signed = _number(request, "number", 0), request.query_params.get("signatures") == "all"

    def answer(db: Connection, peer: Row[Any]) -> Document:
        return sector_checks.answer_check(
            db, ring_hash, peer.id, number=number, held=held, all_signed=all_signed
        )

    return await _answer_node(request, answer)


async def _answer_node(request: Request, answerer: Callable[[Connection, Row[Any]], Document]) -> Response:
    """A paired node; what it may know is the answerer's to say."""
    services = services_of(request)
    caller, _ = await authenticate_node(request, services)
    nonce = request.query_params.get(NONCE, "")[:64]

    def answer() -> Response:
        with writing(services.engine) as db:
            node = identity.load(db, services.settings.scheme)
            return signed_answer(node, caller, nonce, answerer(db, get_peer(db, caller.peer_id or 0)))

    return await run_in_threadpool(answer)


async def show_versions(request: Request) -> Response:
    """The agreements that concern the asking node, with proofs and leavings."""
    after = _number(request, "after", 0)
    services = services_of(request)
    caller, _ = await authenticate_node(request, services)
    nonce = request.query_params.get(NONCE, "")[:64]
    return await run_in_threadpool(_versions_for, services, caller, nonce, after)


def _versions_for(services: Services, caller: Caller, nonce: str, after: int) -> Response:
    with writing(services.engine) as db:
        node, peer = identity.load(db, services.settings.scheme), get_peer(db, caller.peer_id or 0)
        return signed_answer(node, caller, nonce, answer_versions(db, node, peer, after))


def _number(request: Request, name: str, least: int, most: int = MOST_NUMBERS) -> int:
    text = request.query_params.get(name, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else least
    return max(least, min(number, most))


ROUTES: list[BaseRoute] = [
    Route("/node/pairing", talk_about_pairing, methods=["POST"]),
    Route(proving.PATH, prove_ourselves, methods=["POST"]),
    Route(restoring.PATH, show_state, methods=["GET"]),
    Route(rotation.PATH, show_keys, methods=["GET"]),
    Route(rotation.PATH, take_keys, methods=["POST"]),
    Route(witnesses.PATH, take_head, methods=["POST"]),
    Route("/node/rings/{ring_hash}/people", show_people, methods=["GET"]),
    Route("/node/rings/{ring_hash}/activities", show_activities, methods=["GET"]),
    Route("/node/rings/{ring_hash}/rosters", show_rosters, methods=["GET"]),
    Route(VERSIONS_PATH, show_versions, methods=["GET"]),
    Route("/node/sectors", show_terms, methods=["GET"]),
]
