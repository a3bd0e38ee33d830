import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import actors
from federation.actors import Actor, fetch_actor, fetch_key, find_actor, parse_actor, webfinger
from federation.errors import Gone, Rejected, Unreachable
from federation.fetches import fetch_document
from federation.keys import ed25519_multikey, load_multikey, load_public_pem
from federation.messages import Response
from schemas.activitystreams import CONTENT_TYPE
from tests.unit.federation.test_documents import JSON
from tests.unit.federation.vectors import ED25519_PRIVATE, RSA_PUBLIC

ALICE = "https://a.example/p/1"
KEY_ID = f"{ALICE}#main-key"
MULTIKEY = ed25519_multikey(ED25519_PRIVATE)


def actor(uri: str = ALICE, key_id: str = "", **changes: Any) -> dict[str, Any]:
    document = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": uri,
        "type": "Person",
        "preferredUsername": "alice",
        "name": "Alice Jansen",
        "summary": "<p>Installateur</p>",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "endpoints": {"sharedInbox": "https://a.example/inbox"},
        "icon": {"type": "Image", "url": "https://a.example/a.png"},
        "url": "https://a.example/@alice",
        "manuallyApprovesFollowers": True,
        "alsoKnownAs": ["https://old.example/alice", "nonsense"],
        "publicKey": {"id": key_id or f"{uri}#main-key", "owner": uri, "publicKeyPem": RSA_PUBLIC},
        "assertionMethod": [
            {
                "id": f"{uri}#ed25519-key",
                "type": "Multikey",
                "controller": uri,
                "publicKeyMultibase": MULTIKEY,
            }
        ],
    }
    return {**document, **changes}


@dataclass
class Web:
    """A web of documents in memory."""

    pages: dict[str, Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, url: str, document: Any, *, final_url: str = "", content_type: str = CONTENT_TYPE) -> None:
        body = json.dumps(document).encode()
        self.pages[url] = Response(200, {"content-type": content_type}, body, final_url or url)

    def finger(self, account: str, subject: str, uri: str, host: str = "", **link: Any) -> None:
        at = host or account.partition("@")[2]
        links = [{"rel": "self", "type": CONTENT_TYPE, "href": uri, **link}]
        url = f"https://{at}/.well-known/webfinger?resource=acct:{account}"
        self.put(url, {"subject": subject, "links": links}, content_type="application/jrd+json")

    async def __call__(self, url: str, *, accept: str) -> Response:
        assert accept
        self.asked.append(url)
        return self.pages.get(url, Response(404, url=url))


# Documents


def test_an_actor_document_is_read() -> None:
    assert parse_actor(actor()) == Actor(
        uri=ALICE,
        type="Person",
        handle="alice",
        name="Alice Jansen",
        summary="<p>Installateur</p>",
        inbox=f"{ALICE}/inbox",
        shared_inbox="https://a.example/inbox",
        outbox=f"{ALICE}/outbox",
        followers=f"{ALICE}/followers",
        public_keys=((KEY_ID, RSA_PUBLIC),),
        assertion_keys=((f"{ALICE}#ed25519-key", MULTIKEY),),
        icon="https://a.example/a.png",
        url="https://a.example/@alice",
        manually_approves=True,
        also_known_as=("https://old.example/alice",),
    )


def test_keys_are_found_by_their_id() -> None:
    found = parse_actor(actor())
    assert (found.public_key_id, found.public_key_pem) == (KEY_ID, RSA_PUBLIC)
    assert found.find_key(KEY_ID) == load_public_pem(RSA_PUBLIC)
    assert found.find_key(f"{ALICE}#ed25519-key") == load_multikey(MULTIKEY)
    assert found.find_key(f"{ALICE}#other") is None


def test_an_actor_needs_little() -> None:
    found = parse_actor({"id": ALICE, "type": ["Person", "urn:x"], "inbox": f"{ALICE}/inbox"})
    assert (found.handle, found.name, found.shared_inbox, found.public_key_id) == ("", "", "", "")
    assert (found.public_key_pem, found.url) == ("", ALICE)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "ftp://a.example/1"},
        {"id": None},
        {"type": "Note"},
        {"type": None},
        {"inbox": None},
        {"inbox": "https://b.example/inbox"},
    ],
)
def test_what_is_no_actor_is_rejected(change: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        parse_actor(actor(**change))


@pytest.mark.parametrize("name", ["outbox", "followers"])
def test_addresses_of_another_origin_are_left_out(name: str) -> None:
    found = parse_actor(actor(**{name: "https://b.example/x"}))
    assert getattr(found, name) == ""
    assert parse_actor(actor(endpoints={"sharedInbox": "https://b.example/inbox"})).shared_inbox == ""


@pytest.mark.parametrize(
    "key",
    [
        "https://a.example/key",
        {"id": KEY_ID, "owner": "https://a.example/p/2", "publicKeyPem": RSA_PUBLIC},
        {"id": "https://b.example/key", "owner": ALICE, "publicKeyPem": RSA_PUBLIC},
        {"id": KEY_ID, "owner": ALICE},
    ],
)
def test_a_key_that_is_not_the_actor_s_own_is_left_out(key: Any) -> None:
    assert parse_actor(actor(publicKey=key)).public_keys == ()


def test_ten_keys_are_read_and_long_texts_cut() -> None:
    key = {"owner": ALICE, "publicKeyPem": RSA_PUBLIC}
    many = [{**key, "id": f"{ALICE}#{number}"} for number in range(20)]
    found = parse_actor(actor(publicKey=many, name="x" * 1000, preferredUsername="x" * 1000))
    assert len(found.public_keys) == 10
    assert len(found.name) == actors.MAX_NAME
    assert found.handle == ""


@given(st.dictionaries(st.sampled_from(list(actor())), JSON))
def test_any_actor_is_read_or_rejected(changes: dict[str, Any]) -> None:
    try:
        parse_actor(actor() | changes)
    except Rejected:
        return


# Fetching


async def test_a_document_is_believed_at_its_own_id() -> None:
    web = Web()
    web.put(ALICE, actor())
    assert (await fetch_actor(web, ALICE)).uri == ALICE
    assert (await fetch_actor(web, f"{ALICE}#main-key")).uri == ALICE


async def test_a_document_found_elsewhere_is_fetched_at_its_id() -> None:
    web = Web()
    web.put("https://a.example/@alice", actor())
    web.put(ALICE, actor(name="The real one"))
    assert (await fetch_actor(web, "https://a.example/@alice")).name == "The real one"
    assert web.asked == ["https://a.example/@alice", ALICE]


async def test_a_document_that_moves_on_is_rejected() -> None:
    web = Web()
    web.put("https://a.example/@alice", actor())
    web.put(ALICE, actor("https://a.example/p/2"))
    with pytest.raises(Rejected, match="own id"):
        await fetch_document(web, "https://a.example/@alice")


@pytest.mark.parametrize(
    "final_url", ["https://b.example/proxy", "http://a.example/p/1", "https://a.example:444/"]
)
async def test_another_origin_cannot_speak_for_an_id(final_url: str) -> None:
    web = Web()
    web.put(ALICE, actor(), final_url=final_url)
    with pytest.raises(Rejected, match="another origin"):
        await fetch_document(web, ALICE)


async def test_an_uploaded_file_is_no_document() -> None:
    web = Web()
    web.put(ALICE, actor(), content_type="application/json")
    with pytest.raises(Rejected) as caught:
        await fetch_document(web, ALICE)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    ("status", "error"),
    [(410, Gone), (404, Rejected), (401, Rejected), (302, Rejected), (429, Unreachable), (503, Unreachable)],
)
async def test_each_status_has_its_meaning(status: int, error: type[Exception]) -> None:
    web = Web({ALICE: Response(status, {"retry-after": "5"}, url=ALICE)})
    with pytest.raises(error):
        await fetch_document(web, ALICE)


# Keys


async def test_a_key_in_its_actor_s_document_needs_one_fetch() -> None:
    web = Web()
    web.put(ALICE, actor())
    owner, key = await fetch_key(web, KEY_ID)
    assert (owner.uri, key, web.asked) == (ALICE, load_public_pem(RSA_PUBLIC), [ALICE])


async def test_gotosocial_serves_a_stub_of_the_actor_under_the_key() -> None:
    web, key_id = Web(), f"{ALICE}/main-key"
    whole = actor(key_id=key_id)
    stub = {name: whole[name] for name in ("@context", "id", "type", "preferredUsername", "publicKey")}
    web.put(key_id, stub)
    web.put(ALICE, whole)
    assert (await fetch_key(web, key_id))[0].name == "Alice Jansen"


@pytest.mark.parametrize("owner_field", ["owner", "controller"])
async def test_a_key_on_its_own_names_its_owner(owner_field: str) -> None:
    web, key_id = Web(), "https://a.example/keys/1"
    web.put(key_id, {"id": key_id, "type": "Key", owner_field: ALICE, "publicKeyPem": RSA_PUBLIC})
    web.put(ALICE, actor(key_id=key_id))
    assert (await fetch_key(web, key_id))[0].uri == ALICE


async def test_the_owner_must_list_the_key() -> None:
    web, key_id = Web(), "https://b.example/key"
    web.put(key_id, {"id": key_id, "type": "Key", "owner": ALICE, "publicKeyPem": RSA_PUBLIC})
    web.put(ALICE, actor())
    with pytest.raises(Rejected, match="does not list"):
        await fetch_key(web, key_id)


async def test_an_actor_s_document_cannot_lend_a_key_to_another_id() -> None:
    web = Web()
    web.put(ALICE, actor())
    with pytest.raises(Rejected, match="does not list"):
        await fetch_key(web, f"{ALICE}#stolen")


async def test_a_key_document_with_another_id_is_rejected() -> None:
    web, key_id = Web(), "https://a.example/keys/1"
    web.put(key_id, {"id": "https://a.example/keys/2", "type": "Key", "owner": ALICE})
    with pytest.raises(Rejected, match="another key"):
        await fetch_key(web, key_id)


async def test_a_key_id_that_is_no_web_address_is_not_fetched() -> None:
    web = Web()
    with pytest.raises(Rejected):
        await fetch_key(web, "acct:alice@a.example")
    assert web.asked == []


# WebFinger


async def test_a_handle_leads_to_its_actor() -> None:
    web = Web()
    web.finger("alice@a.example", "acct:Alice@A.example", ALICE)
    web.put(ALICE, actor())
    assert await webfinger(web, "Alice", "A.example") == ALICE
    assert (await find_actor(web, "alice", "a.example")).uri == ALICE


async def test_a_local_node_asks_over_http_and_with_its_port() -> None:
    web = Web()
    uri = "http://bakker.localhost:8001/p/1"
    web.put(
        "http://bakker.localhost:8001/.well-known/webfinger?resource=acct:alice@bakker.localhost:8001",
        {
            "subject": "acct:alice@bakker.localhost:8001",
            "links": [
                7,
                {"rel": "self", "type": "text/html"},
                {"rel": "self", "type": CONTENT_TYPE, "href": uri},
            ],
        },
    )
    assert await webfinger(web, "alice", "bakker.localhost:8001", "http") == uri


async def test_international_names_are_asked_in_ascii() -> None:
    web = Web()
    with pytest.raises(Rejected):
        await webfinger(web, "alice", "Café.example")
    assert urlsplit(web.asked[0]).hostname == "xn--caf-dma.example"
    assert parse_qs(urlsplit(web.asked[0]).query)["resource"] == ["acct:alice@xn--caf-dma.example"]


async def test_a_subject_of_another_host_must_confirm_itself() -> None:
    web = Web()
    web.finger("alice@handle.example", "acct:alice@a.example", ALICE)
    web.finger("alice@a.example", "acct:alice@a.example", ALICE)
    assert await webfinger(web, "alice", "handle.example") == ALICE


@pytest.mark.parametrize(
    ("subject", "uri"),
    [("acct:alice@third.example", ALICE), ("acct:alice@a.example", "https://a.example/p/2")],
)
async def test_a_subject_that_does_not_confirm_itself_is_rejected(subject: str, uri: str) -> None:
    web = Web()
    web.finger("alice@handle.example", "acct:alice@a.example", ALICE)
    web.finger("alice@a.example", subject, uri)
    with pytest.raises(Rejected, match="confirm"):
        await webfinger(web, "alice", "handle.example")


@pytest.mark.parametrize(
    "subject", ["", "alice", "acct:@a.example", "acct:al ice@a.example", "acct:a@b.example/x", 7]
)
async def test_a_malformed_subject_is_rejected(subject: Any) -> None:
    web = Web()
    web.finger("alice@a.example", subject, ALICE)
    with pytest.raises(Rejected, match="account"):
        await webfinger(web, "alice", "a.example")


@pytest.mark.parametrize(
    "link", [{"type": "text/html"}, {"rel": "other"}, {"href": "acct:x"}, {"href": None}]
)
async def test_webfinger_without_a_sound_actor_is_rejected(link: dict[str, Any]) -> None:
    web = Web()
    web.finger("alice@a.example", "acct:alice@a.example", ALICE, **link)
    with pytest.raises(Rejected):
        await webfinger(web, "alice", "a.example")


@pytest.mark.parametrize(
    ("handle", "host"),
    [
        ("alice", "a..example"),
        ("alice", "x" * 80),
        ("alice", "a.example/x"),
        ("alice", "a.example?x="),
        ("alice", "user@a.example"),
        ("al ice", "a.example"),
        ("x" * 101, "a.example"),
    ],
)
async def test_an_impossible_account_is_not_asked_for(handle: str, host: str) -> None:
    web = Web()
    with pytest.raises(Rejected):
        await webfinger(web, handle, host)
    assert web.asked == []


async def test_webfinger_and_the_actor_must_agree_on_the_id() -> None:
    web = Web()
    web.finger("alice@a.example", "acct:alice@a.example", "https://a.example/@alice")
    web.put("https://a.example/@alice", actor())
    web.put(ALICE, actor())
    with pytest.raises(Rejected, match="another actor"):
        await find_actor(web, "alice", "a.example")
