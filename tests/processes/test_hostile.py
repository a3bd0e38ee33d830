"""What strangers throw at a node over real sockets: the answers of the inbox, and nothing kept of it."""

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from federation.messages import MAX_BODY
from node.actors import actors
from node.objects import objects
from node.queue import received
from tests.processes.conftest import Pair, copies
from tests.processes.nodes import wait_until
from tests.processes.sending import ring_post, send

TABLES = (objects, actors)


@pytest.fixture(scope="module")
def one(prepared: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Bakker runs; Smit does not, but whoever holds its key sends."""
    made = copies(prepared, tmp_path_factory.mktemp("hostile"))
    made.bakker.start_and_wait()
    yield made
    made.bakker.kill()


def kept(two: Pair) -> list[int]:
    """How much there is, once everything that was taken is handled."""
    waiting = select(received.c.id).where(received.c.state == "waiting")
    wait_until(lambda: not two.bakker.rows(waiting), "the inbox to be handled")
    return [two.bakker.rows(select(func.count()).select_from(table))[0][0] for table in TABLES]


def changed(two: Pair, **values: object) -> dict[str, Any]:
    """A sound ring post with other values, at the top and in its object alike; None takes one away."""
    made = ring_post(two, "kwaad")
    for part in (made, made["object"]):
        part.update(values)
        for name in [name for name, value in part.items() if value is None]:
            del part[name]
    return made


def deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_an_honest_post_of_the_same_sender_is_kept(one: Pair) -> None:
    before = kept(one)
    assert send(one.smit, one.bakker, ring_post(one, "goed")).status_code == 202
    assert kept(one)[0] == before[0] + 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b" " * (MAX_BODY + 1), 413, id="a byte too many"),
        pytest.param(deep(33), 400, id="too deep"),
        pytest.param(deep(30_000), 400, id="much too deep"),
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"[]", 400, id="a list"),
        pytest.param(b"null", 400, id="null"),
        pytest.param(b"{", 400, id="half a document"),
        pytest.param(b"\xff\xfe", 400, id="not UTF-8"),
        pytest.param(b'{"id": NaN}', 400, id="not a number"),
        pytest.param(b'{"id": 1e999}', 400, id="too large a number"),
        pytest.param(gzip.compress(b"{}"), 400, id="packed"),
    ],
)
def test_a_body_that_is_no_activity_is_refused(one: Pair, body: bytes, status: int) -> None:
    before = kept(one)
    assert send(one.smit, one.bakker, body).status_code == status
    assert kept(one) == before


@pytest.mark.parametrize("field", ["id", "actor", "type", "@context"])
def test_an_envelope_of_wrong_types_is_refused(one: Pair, field: str) -> None:
    before = kept(one)
    wrong: list[object] = [None, 5, {}, "", ["x"]]
    for value in wrong:
        answer = send(one.smit, one.bakker, changed(one, **{field: value}))
        assert answer.status_code in ((400, 202) if field == "type" else (400,)), value
    assert kept(one) == before


@pytest.mark.parametrize("field", ["object", "to", "cc", "audience", "published", "epoch", "n"])
def test_values_of_wrong_types_harm_nothing(one: Pair, field: str) -> None:
    wrong: list[object] = [7, {}, [[]], True, -1, "x", 2**52]
    for value in wrong:
        answer = send(one.smit, one.bakker, {**ring_post(one, "kwaad"), field: value})
        assert answer.status_code in (202, 400), value
    kept(one)
    failed = one.bakker.rows(select(received.c.id).where(received.c.state == "failed"))
    assert failed == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json"}, 415),
        ({"content-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}, 401),
        ({"signature": "sig1=:AAAA:"}, 401),
        ({"signature-input": "x"}, 400),
    ],
    ids=["text", "plain JSON", "another digest", "another signature", "no terms"],
)
def test_a_request_that_is_not_what_was_signed_is_refused(
    one: Pair, headers: dict[str, str], status: int
) -> None:
    before = kept(one)
    assert send(one.smit, one.bakker, ring_post(one, "kwaad"), headers=headers).status_code == status
    assert kept(one) == before


def test_ids_of_another_origin_are_taken_and_dropped(one: Pair) -> None:
    before = kept(one)
    elsewhere = "http://elders.localhost:1/o/1"
    for activity in (changed(one, id=elsewhere), changed(one, attributedTo=elsewhere)):
        assert send(one.smit, one.bakker, activity).status_code in (202, 400)
    foreign = ring_post(one, "kwaad")
    foreign["object"]["id"] = elsewhere
    assert send(one.smit, one.bakker, foreign).status_code == 202
    assert kept(one) == before


def test_an_unsigned_request_is_401_before_its_body_is_read(one: Pair) -> None:
    with socket.create_connection(("127.0.0.1", one.bakker.port), timeout=20) as connection:
        connection.sendall(
            f"POST /inbox HTTP/1.1\r\nHost: {one.bakker.domain}\r\nContent-Length: 900000\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_a_body_without_a_length_is_cut_off_at_the_limit(one: Pair) -> None:
    with one.bakker.browser() as browser:
        pieces = (b" " * 100_000 for _ in range(12))
        answer = browser.post("/inbox", content=pieces, headers={"signature": "x", "signature-input": "x"})
    assert answer.status_code == 413


def test_requests_that_never_end_hold_up_nobody(one: Pair) -> None:
    with ExitStack() as stack:
        for path in ("/inbox", "/login", "/posts", "/") * 20:
            drip = socket.create_connection(("127.0.0.1", one.bakker.port), timeout=20)
            stack.callback(drip.close)
            drip.sendall(f"POST {path} HTTP/1.1\r\nHost: {one.bakker.domain}\r\nSignature: x\r\n".encode())
            drip.sendall(b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nx")
        with one.bakker.browser() as browser:
            assert browser.get("/login").status_code == 200
            assert browser.post("/inbox").status_code == 401


def test_nothing_of_a_refused_ring_post_is_in_the_log(one: Pair) -> None:
    words = "geheimzinnigwoord"
    post = ring_post(one, words)
    send(one.smit, one.bakker, post, headers={"signature": "sig1=:AAAA:"})
    send(one.smit, one.bakker, {**post, "id": "http://elders.localhost:1/a/1"})
    send(one.smit, one.bakker, {**post, "object": {**post["object"], "attributedTo": words, "type": words}})
    send(one.smit, one.bakker, json.dumps(post).encode()[:-1])
    kept(one)
    assert words not in Path(one.bakker.log).read_text("utf-8")
