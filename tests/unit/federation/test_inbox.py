import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import AddressRefused, FederationError, Gone, Rejected, Unreachable
from federation.inbox import Dropped, KnownKey, Lookups, Verified, authenticate, identify
from federation.keys import load_public_pem, new_rsa, rsa_public_pem
from federation.messages import MAX_BODY, Request
from federation.signatures import sign_cavage, sign_rfc9421
from schemas.activitystreams import CONTENT_TYPE, PUBLIC, ring_urn, room_urn
from tests.unit.federation.test_documents import JSON
from tests.unit.federation.vectors import ED25519_PRIVATE, ED25519_PUBLIC, RSA_PRIVATE, RSA_PUBLIC

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OURS = "ours.example"
INBOX = f"https://{OURS}/inbox"
ALICE, BOB, NODE = "https://a.example/p/1", "https://b.example/p/2", "https://a.example/p/0"
KEY_ID, NODE_KEY_ID = f"{ALICE}#main-key", f"{NODE}#ed25519-key"
RING = ring_urn("a1" * 32)
ALICE_KEY = KnownKey(KEY_ID, ALICE, load_public_pem(RSA_PUBLIC))
NODE_KEY = KnownKey(NODE_KEY_ID, NODE, load_public_pem(ED25519_PUBLIC), "https://a.example")
OTHER_KEY = load_public_pem(rsa_public_pem(new_rsa()))


@dataclass
class Node:
    """What a node knows, and what the rest of the web would answer it."""

    keys: list[KnownKey] = field(default_factory=lambda: [ALICE_KEY, NODE_KEY])
    elsewhere: list[KnownKey] = field(default_factory=list)
    failure: FederationError | None = None
    blocked: str = ""
    known_actors: tuple[str, ...] = ()
    fetched: list[str] = field(default_factory=list)

    def lookups(self) -> Lookups:
        return Lookups(OURS, self.find_key, self.fetch_key, self.is_blocked, self.is_known)

    async def find_key(self, key_id: str) -> KnownKey | None:
        return next((key for key in self.keys if key.key_id == key_id), None)

    async def fetch_key(self, key_id: str) -> KnownKey:
        self.fetched.append(key_id)
        found = next((key for key in self.elsewhere if key.key_id == key_id), None)
        if found is None:
            raise self.failure or Rejected("answered 404")
        return found

    async def is_blocked(self, host: str) -> bool:
        return host == self.blocked

    async def is_known(self, actor: str) -> bool:
        return actor in self.known_actors


def activity(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": ["https://www.w3.org/ns/activitystreams", {"x": "urn:x"}],
        "id": f"{ALICE}/a/1",
        "type": "Create",
        "actor": ALICE,
        "to": [PUBLIC],
        "object": {"id": "https://a.example/o/1", "type": "Note", "to": [PUBLIC]},
    }
    return {name: value for name, value in {**document, **changes}.items() if value is not None}


def closed(**changes: Any) -> dict[str, Any]:
    note = {"id": "https://a.example/o/1", "type": "Note", "to": [RING]}
    return activity(**{"to": [RING], "object": note, **changes})


def unsigned(document: Any) -> Request:
    return Request("POST", INBOX, {"content-type": CONTENT_TYPE}, json.dumps(document).encode())


def by_alice(document: Any, key_id: str = KEY_ID) -> Request:
    request = unsigned(document)
    request.headers.update(sign_cavage(request, key_id, RSA_PRIVATE, NOW))
    return request


def by_node(document: Any, sign: Any = sign_rfc9421, pem: str = ED25519_PRIVATE) -> Request:
    request = unsigned(document)
    request.headers.update(sign(request, NODE_KEY_ID, pem, NOW))
    return request


async def receive(request: Request, node: Node | None = None) -> Verified | Dropped:
    return await authenticate(request, (node or Node()).lookups(), NOW)


async def refusal(request: Request, node: Node | None = None) -> int:
    with pytest.raises(Rejected) as caught:
        await receive(request, node)
    return caught.value.status


# Who is believed


async def test_an_actor_signs_for_itself() -> None:
    document = activity()
    assert await receive(by_alice(document)) == Verified(document, ALICE, KEY_ID, "actor")


async def test_a_person_s_key_may_sign_by_either_scheme() -> None:
    request = unsigned(activity())
    request.headers.update(sign_rfc9421(request, KEY_ID, RSA_PRIVATE, NOW))
    assert isinstance(await receive(request), Verified)


async def test_a_pinned_node_key_vouches_for_the_people_of_its_node() -> None:
    document = closed()
    assert await receive(by_node(document)) == Verified(document, NODE, NODE_KEY_ID, "node")


async def test_a_node_vouches_for_its_own_people_only() -> None:
    document = closed(actor=BOB, id="https://b.example/a/1")
    assert isinstance(await receive(by_node(document)), Dropped)


async def test_a_node_key_signs_nothing_open() -> None:
    assert isinstance(await receive(by_node(activity())), Dropped)
    assert isinstance(await receive(by_node(closed(cc=["as:Public"]))), Dropped)


async def test_a_node_key_signs_by_rfc_9421_only() -> None:
    assert isinstance(await receive(by_node(closed(), sign_cavage)), Dropped)


async def test_only_an_ed25519_key_is_a_node_key() -> None:
    node = Node([KnownKey(NODE_KEY_ID, NODE, load_public_pem(RSA_PUBLIC), "https://a.example")])
    assert isinstance(await receive(by_node(closed(), pem=RSA_PRIVATE), node), Dropped)


@pytest.mark.parametrize(
    "document",
    [
        closed(),
        activity(to=[room_urn("b2" * 32)]),
        activity(object={"type": "Note", "audience": RING}),
        activity(object=[{"type": "Note"}, {"type": "Note", "to": RING}]),
        activity(type="Announce", object={"type": "Create", "object": {"type": "Note", "cc": [RING]}}),
    ],
)
async def test_a_person_s_key_opens_nothing_of_a_ring(document: dict[str, Any]) -> None:
    assert isinstance(await receive(by_alice(document)), Dropped)


async def test_a_signer_who_is_not_the_actor_is_dropped() -> None:
    for actor in (BOB, "https://a.example/p/9"):
        document = activity(actor=actor, id=f"{actor}/a/1")
        assert isinstance(await receive(by_alice(document)), Dropped)


async def test_an_id_of_another_origin_is_dropped() -> None:
    assert isinstance(await receive(by_alice(activity(id="https://b.example/a/1"))), Dropped)


# What is refused, and with which status


async def test_only_post_is_taken() -> None:
    request = by_alice(activity())
    request.method = "PUT"
    assert await refusal(request) == 405


@pytest.mark.parametrize("content_type", ["", "application/json", "text/html"])
async def test_only_activitypub_is_taken(content_type: str) -> None:
    request = by_alice(activity())
    request.headers["content-type"] = content_type
    assert await refusal(request) == 415


async def test_a_large_body_is_refused_before_anything_is_read() -> None:
    request = Request("POST", INBOX, {"content-type": CONTENT_TYPE}, b"[" * (MAX_BODY + 1))
    assert await refusal(request) == 413


async def test_no_signature_is_401_before_the_body_is_parsed() -> None:
    request = Request("POST", INBOX, {"content-type": CONTENT_TYPE}, b"not json")
    assert await refusal(request) == 401


@pytest.mark.parametrize("key_id", ["acct:alice@a.example", "main-key", "https://user@a.example/"])
async def test_a_key_id_must_be_a_web_address(key_id: str) -> None:
    assert await refusal(by_alice(activity(), key_id)) == 401


async def test_a_blocked_host_is_refused_before_the_body_is_parsed() -> None:
    request = by_alice(activity())
    request.body = b"not json"
    assert await refusal(request, Node(blocked="a.example")) == 403


@pytest.mark.parametrize(
    "document",
    [
        [],
        "text",
        activity(id=None),
        activity(id="urn:x"),
        activity(id=["https://a.example/a/1"]),
        activity(actor=None),
        activity(actor="acct:alice@a.example"),
        activity(type=None),
        activity(**{"@context": None}),
        activity(**{"@context": ["https://w3id.org/security/v1"]}),
        activity(to=["urn:leerkring:ring:short"]),
    ],
)
async def test_a_malformed_activity_is_400(document: Any) -> None:
    assert await refusal(by_alice(document)) == 400


@pytest.mark.parametrize(
    "change",
    [
        lambda request: setattr(request, "body", request.body + b" "),
        lambda request: request.headers.update(digest="SHA-256=AAAA"),
        lambda request: request.headers.update(host="other.example"),
        lambda request: setattr(request, "url", f"https://{OURS}/p/1/inbox"),
    ],
)
async def test_a_changed_request_is_401(change: Callable[[Request], None]) -> None:
    request = by_alice(activity())
    change(request)
    assert await refusal(request) == 401


async def test_an_old_request_is_401_and_fetches_no_key() -> None:
    node = Node([])
    with pytest.raises(Rejected) as caught:
        await authenticate(by_alice(activity()), node.lookups(), NOW + timedelta(hours=2))
    assert (caught.value.status, node.fetched) == (401, [])


# Finding the key


async def test_an_unknown_key_is_fetched() -> None:
    node = Node([], elsewhere=[ALICE_KEY])
    assert isinstance(await receive(by_alice(activity()), node), Verified)
    assert node.fetched == [KEY_ID]


async def test_a_stored_key_that_fits_is_not_fetched() -> None:
    node = Node()
    await receive(by_alice(activity()), node)
    assert node.fetched == []


async def test_a_key_that_changed_is_fetched_once() -> None:
    node = Node([KnownKey(KEY_ID, ALICE, OTHER_KEY)], elsewhere=[ALICE_KEY])
    assert isinstance(await receive(by_alice(activity()), node), Verified)
    assert node.fetched == [KEY_ID]


async def test_a_forged_signature_is_401_after_one_fetch() -> None:
    forged = KnownKey(KEY_ID, ALICE, OTHER_KEY)
    node = Node([forged], elsewhere=[forged])
    assert await refusal(by_alice(activity()), node) == 401
    assert node.fetched == [KEY_ID]


async def test_a_pinned_node_key_is_never_fetched_anew() -> None:
    pinned = KnownKey(NODE_KEY_ID, NODE, OTHER_KEY, "https://a.example")
    node = Node([pinned], elsewhere=[NODE_KEY])
    assert await refusal(by_node(closed()), node) == 401
    assert node.fetched == []


@pytest.mark.parametrize(
    "failure", [Rejected("answered 404"), Rejected("no JSON", 400), AddressRefused("private")]
)
async def test_a_key_that_cannot_be_had_is_401(failure: FederationError) -> None:
    assert await refusal(by_alice(activity()), Node([], failure=failure)) == 401


async def test_a_silent_key_server_is_named_as_such() -> None:
    with pytest.raises(Unreachable):
        await receive(by_alice(activity()), Node([], failure=Unreachable("no answer in time")))


# Deletes of those we do not know


@pytest.mark.parametrize("kind", ["Delete", "Update"])
async def test_an_unknown_actor_about_itself_is_dropped_without_a_fetch(kind: str) -> None:
    node = Node([])
    document = activity(type=kind, object={"id": ALICE, "type": "Person"})
    assert isinstance(await receive(by_alice(document), node), Dropped)
    assert node.fetched == []


async def test_a_known_actor_may_sign_its_end_with_a_new_key() -> None:
    node = Node([], elsewhere=[ALICE_KEY], known_actors=(ALICE,))
    assert isinstance(await receive(by_alice(activity(type="Delete", object=ALICE)), node), Verified)


async def test_the_delete_of_an_actor_that_is_gone_is_believed() -> None:
    node = Node([], failure=Gone(ALICE), known_actors=(ALICE,))
    document = activity(type="Delete", object=ALICE)
    assert await receive(by_alice(document), node) == Verified(document, ALICE, KEY_ID, "actor")


@pytest.mark.parametrize(
    ("document", "key_id"),
    [
        (activity(), KEY_ID),
        (activity(type="Delete", object="https://a.example/o/1"), KEY_ID),
        (activity(type="Update", object=ALICE), KEY_ID),
        (activity(type="Delete", object=ALICE), "https://b.example/gone#main-key"),
        (activity(type="Delete", object=ALICE, id="https://b.example/a/1"), KEY_ID),
    ],
)
async def test_nothing_else_is_believed_of_a_key_that_is_gone(document: Any, key_id: str) -> None:
    node = Node([], failure=Gone(), known_actors=(ALICE,))
    assert isinstance(await receive(by_alice(document, key_id), node), Dropped)


# Signed reads


def read(sign: Any, key_id: str, pem: str) -> Request:
    request = Request("GET", f"https://{OURS}/o/1", {"accept": CONTENT_TYPE})
    request.headers.update(sign(request, key_id, pem, NOW))
    return request


async def test_a_signed_read_says_whose_key_it_is() -> None:
    lookups = Node().lookups()
    assert await identify(read(sign_cavage, KEY_ID, RSA_PRIVATE), lookups, NOW) == ALICE_KEY
    assert await identify(read(sign_rfc9421, NODE_KEY_ID, ED25519_PRIVATE), lookups, NOW) == NODE_KEY


async def test_a_node_reads_by_rfc_9421_only() -> None:
    with pytest.raises(Rejected):
        await identify(read(sign_cavage, NODE_KEY_ID, ED25519_PRIVATE), Node().lookups(), NOW)


async def test_a_blocked_reader_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        await identify(read(sign_cavage, KEY_ID, RSA_PRIVATE), Node(blocked="a.example").lookups(), NOW)
    assert caught.value.status == 403


@given(
    st.one_of(JSON, st.dictionaries(st.sampled_from(list(activity())), JSON).map(lambda c: activity() | c))
)
async def test_any_signed_document_is_judged_or_rejected(document: Any) -> None:
    try:
        await receive(by_alice(document))
    except Rejected:
        return
