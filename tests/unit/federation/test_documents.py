import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import documents
from federation.documents import (
    as_id,
    as_ids,
    as_link,
    as_list,
    as_object,
    as_text,
    parse_document,
    parse_json,
)
from federation.errors import Rejected

AP = "application/activity+json"


@pytest.mark.parametrize(
    "content_type",
    [
        AP,
        "Application/Activity+JSON; charset=utf-8",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        'application/ld+json; charset=utf-8; profile="urn:x https://www.w3.org/ns/activitystreams"',
    ],
)
def test_activitypub_content_types_are_read(content_type: str) -> None:
    assert parse_document(b'{"id":"https://a.example/1"}', content_type)["id"] == "https://a.example/1"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/html",
        "application/json",
        "application/ld+json",
        'application/ld+json; profile="urn:x"',
        "image/png",
    ],
)
def test_another_content_type_is_no_document(content_type: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_document(b"{}", content_type)
    assert caught.value.status == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"\xff",
        b"{} {}",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":9007199254740993}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"\\u0000":1}',
        b'{"a":"' + b"x" * 500_001 + b'"}',
        b'{"id":"https://a.example/\\n"}',
        b'{"x":[{"id":"https://a.example/a b"}]}',
        b'{"actor":"https://a.example/\\u2028"}',
        b'{"id":"https://a.example/' + b"x" * 3000 + b'"}',
    ],
)
def test_hostile_json_is_rejected(body: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        parse_json(body)
    assert caught.value.status == 400


def nested(depth: int) -> bytes:
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def test_documents_may_be_32_levels_deep() -> None:
    parse_json(nested(32))
    with pytest.raises(Rejected):
        parse_json(nested(33))


def test_ordinary_values_come_through() -> None:
    text = '{"a":[1,-2.5,true,null,"Één regel\\nen nog een 😀"],"b":{"c":[]}}'
    assert parse_json(text.encode()) == json.loads(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected(body: bytes) -> None:
    try:
        parse_json(body)
    except Rejected:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["id", "type", "to", "x"]), JSON))
def test_any_json_is_read_as_it_is_or_rejected(value: dict[str, Any]) -> None:
    try:
        parsed = parse_json(json.dumps(value).encode())
    except Rejected:
        return
    assert parsed == value


@given(JSON)
def test_reading_a_value_never_fails(value: Any) -> None:
    as_list(value), as_id(value), as_ids(value), as_text(value), as_object(value), as_link(value)
    documents.types_of({"type": value})
    documents.is_web_url(value)
    documents.same_origin(value, value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("https://a.example/1", ["https://a.example/1"]),
        ({"id": "https://a.example/1"}, ["https://a.example/1"]),
        ({"@id": "https://a.example/1"}, ["https://a.example/1"]),
        (["a", {"id": "b"}, "a", 1, "", "with space", {}], ["a", "b"]),
        (None, []),
        (7, []),
        ("x" * 3000, []),
    ],
)
def test_ids_are_found_in_all_their_shapes(value: Any, found: list[str]) -> None:
    assert as_ids(value) == found
    assert as_id(value) == (found[0] if found else "")


def test_long_lists_and_texts_are_cut() -> None:
    assert len(as_list(list(range(5000)))) == documents.MAX_ITEMS
    assert as_text([1, "hallo allemaal"], 5) == "hallo"
    assert as_text(3) == ""


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("https://a.example/x.png", "https://a.example/x.png"),
        ({"type": "Image", "url": "https://a.example/x.png"}, "https://a.example/x.png"),
        ({"type": "Link", "href": "https://a.example/x.png"}, "https://a.example/x.png"),
        (
            [{"type": "Image", "url": {"href": "https://a.example/1"}}, "https://a.example/2"],
            "https://a.example/1",
        ),
        (["javascript:alert(1)", "https://a.example/2"], "https://a.example/2"),
        ({"href": 4}, ""),
        (None, ""),
    ],
)
def test_the_first_sound_link_is_taken(value: Any, link: str) -> None:
    assert as_link(value) == link


def test_the_first_embedded_object_is_taken() -> None:
    assert as_object(["https://a.example/1", {"type": "Note"}]) == {"type": "Note"}
    assert as_object("https://a.example/1") == {}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://A.Example/x", "https://a.example"),
        ("HTTPS://a.example:443", "https://a.example"),
        ("http://a.example:80/", "http://a.example"),
        ("http://bakker.localhost:8001/p/1", "http://bakker.localhost:8001"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("https://127.0.0.1/", "https://127.0.0.1"),
        ("https://xn--caf-dma.example/", "https://xn--caf-dma.example"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert documents.origin(url) == origin
    assert documents.web_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "a.example",
        "//a.example/",
        "https://",
        "https:///x",
        "ftp://a.example/",
        "javascript:alert(1)",
        "acct:a@a.example",
        "https://user@a.example/",
        "https://user:pass@a.example/",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://a..example/",
        "https://.example/",
        "https://café.example/",
        "https://a.example/\r\nX: y",
        "https://a.example/ x",
        "https://a.example\\@b.example/",
        "https://[::1/",
        "https://[x]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://1.2.3.4./",
        "https://a.example/" + "x" * 3000,
        "https://" + "a." * 200 + "example/",
    ],
)
def test_an_unsound_address_is_rejected(url: Any) -> None:
    assert not documents.is_web_url(url)
    assert not documents.same_origin(url, url)
    with pytest.raises(Rejected):
        documents.origin(url)


def test_scheme_host_and_port_make_the_origin() -> None:
    assert documents.same_origin("https://a.example/1", "https://A.example:443/2")
    assert not documents.same_origin("https://a.example/1", "http://a.example/1")
    assert not documents.same_origin("https://a.example/1", "https://a.example:444/1")
    assert not documents.same_origin("https://a.example/1", "https://b.a.example/1")


def test_a_fragment_is_cut_off() -> None:
    assert documents.without_fragment("https://a.example/p#main-key") == "https://a.example/p"


def test_times_need_a_zone() -> None:
    assert documents.parse_time("2026-11-22T02:00:00+01:00").isoformat() == "2026-11-22T01:00:00+00:00"
    for value in ("2026-11-22T02:00:00", "gisteren", None, 3):
        with pytest.raises(Rejected):
            documents.parse_time(value)
