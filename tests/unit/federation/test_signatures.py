import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from federation import signatures
from federation.errors import Rejected
from federation.keys import load_private, load_public_pem, new_rsa, rsa_public_pem
from federation.messages import Request
from tests.unit.federation.vectors import (
    CAVAGE_HEADERS,
    CAVAGE_SIGNED,
    CAVAGE_TEXTS,
    ED25519_PRIVATE,
    ED25519_PUBLIC,
    RFC9421_B26,
    RFC9421_SIGNED,
    RSA_PRIVATE,
    RSA_PUBLIC,
    Signed,
    SigningText,
)

NOW = datetime(2021, 4, 20, 2, 7, 55, tzinfo=UTC)
KEY_ID = "https://firm.example/p/1#main-key"
INBOX = "https://example.com/inbox"
Sign = Callable[[Request, str, str, datetime], dict[str, str]]
SCHEMES = [signatures.sign_cavage, signatures.sign_rfc9421]


def verify(request: Request, pem: str = RSA_PUBLIC, now: datetime = NOW, own: str = "example.com") -> None:
    parsed = signatures.parse_signature(request)
    signatures.verify(request, parsed, load_public_pem(pem), now, own)


def request_of(signed: Signed) -> Request:
    return Request(signed.method, signed.url, signed.headers, signed.body)


def signed_post(sign: Sign, body: bytes = b"{}", pem: str = RSA_PRIVATE, url: str = INBOX) -> Request:
    request = Request("POST", url, {"content-type": "application/activity+json"}, body)
    request.headers.update(sign(request, KEY_ID, pem, NOW))
    return request


def signed_get(sign: Sign, url: str = "https://example.com/o/1?page=2") -> Request:
    request = Request("GET", url, {"accept": "text/html"})
    request.headers.update(sign(request, KEY_ID, RSA_PRIVATE, NOW))
    return request


def cavage(
    covered: str, *, method: str = "POST", body: bytes = b"{}", extra: str = "", **headers: str
) -> Request:
    """A request signed over whatever the test wants covered."""
    request = Request(method, INBOX, {"host": "example.com", **headers}, body)
    request.headers.setdefault("date", "Tue, 20 Apr 2021 02:07:55 GMT")
    request.headers.setdefault(
        "digest", signatures.sign_cavage(request, "", RSA_PRIVATE, NOW).get("digest", "")
    )
    request.headers["signature"] = f'keyId="{KEY_ID}",headers="{covered}",signature="AA=="{extra}'
    parsed = signatures.parse_signature(request)
    text = signatures.signing_text(request, parsed, f"{method.lower()} /inbox")
    private = load_private(RSA_PRIVATE)
    assert isinstance(private, RSAPrivateKey)
    made = base64.b64encode(private.sign(text.encode(), PKCS1v15(), SHA256())).decode()
    request.headers["signature"] = request.headers["signature"].replace("AA==", made)
    return request


@pytest.mark.parametrize("vector", CAVAGE_TEXTS)
def test_the_cavage_signature_string_is_that_of_the_draft(vector: SigningText) -> None:
    parsed = signatures.ParsedSignature("cavage", "k", vector.covered)
    request = Request("POST", "https://example.com/foo?param=value&pet=dog", CAVAGE_HEADERS)
    assert signatures.signing_text(request, parsed, "post /foo?param=value&pet=dog") == vector.text


@pytest.mark.parametrize("vector", [*CAVAGE_SIGNED.values(), *RFC9421_SIGNED.values()])
def test_signatures_of_other_programs_are_accepted(vector: Signed) -> None:
    verify(request_of(vector), vector.public_pem)


def test_the_ed25519_signature_of_rfc_9421_is_right_but_covers_too_little() -> None:
    request = request_of(RFC9421_B26)
    parsed = signatures.parse_signature(request)
    signatures.check_key(request, parsed, load_public_pem(RFC9421_B26.public_pem))
    with pytest.raises(Rejected, match="does not cover @target-uri"):
        signatures.check_terms(request, parsed, NOW, "example.com")


@pytest.mark.parametrize("sign", SCHEMES)
@pytest.mark.parametrize(
    ("private", "public"), [(RSA_PRIVATE, RSA_PUBLIC), (ED25519_PRIVATE, ED25519_PUBLIC)]
)
def test_what_we_sign_we_accept(sign: Sign, private: str, public: str) -> None:
    verify(signed_post(sign, pem=private), public)


@pytest.mark.parametrize("sign", SCHEMES)
def test_a_signed_get_is_accepted(sign: Sign) -> None:
    verify(signed_get(sign))


def test_cavage_signs_exactly_what_every_server_accepts() -> None:
    post = signed_post(signatures.sign_cavage).headers["signature"]
    get = signed_get(signatures.sign_cavage).headers["signature"]
    assert 'headers="(request-target) host date digest content-type"' in post
    assert 'headers="(request-target) host date"' in get
    assert f'keyId="{KEY_ID}",algorithm="rsa-sha256"' in post


def test_rfc_9421_signs_method_target_and_body() -> None:
    headers = signed_post(signatures.sign_rfc9421, pem=ED25519_PRIVATE).headers
    assert headers["signature-input"] == (
        f'sig1=("@method" "@target-uri" "content-digest");created=1618884475;keyid="{KEY_ID}";alg="ed25519"'
    )


def test_a_body_without_content_type_is_signed_too() -> None:
    request = Request("POST", INBOX, body=b"{}")
    request.headers.update(signatures.sign_cavage(request, KEY_ID, RSA_PRIVATE, NOW))
    verify(request)


@pytest.mark.parametrize("sign", SCHEMES)
@pytest.mark.parametrize(
    "change",
    [
        lambda request: setattr(request, "body", b'{"x":1}'),
        lambda request: setattr(request, "method", "PUT"),
        lambda request: setattr(request, "url", "https://example.com/other"),
        lambda request: setattr(request, "url", INBOX + "?query=1"),
        lambda request: request.headers.pop("digest", request.headers.pop("content-digest", "")),
    ],
    ids=["body", "method", "path", "query", "digest"],
)
def test_a_changed_request_is_rejected(sign: Sign, change: Callable[[Request], None]) -> None:
    request = signed_post(sign)
    change(request)
    with pytest.raises(Rejected) as caught:
        verify(request)
    assert caught.value.status == 401


@pytest.mark.parametrize("sign", SCHEMES)
@pytest.mark.parametrize("pem", [ED25519_PUBLIC, ""])
def test_the_key_of_somebody_else_is_rejected(sign: Sign, pem: str) -> None:
    with pytest.raises(Rejected):
        verify(signed_post(sign), pem or rsa_public_pem(new_rsa()))


@pytest.mark.parametrize("sign", SCHEMES)
def test_a_signature_for_another_host_is_rejected(sign: Sign) -> None:
    with pytest.raises(Rejected, match="another host"):
        verify(signed_post(sign), own="other.example")


@pytest.mark.parametrize("sign", SCHEMES)
def test_a_get_signature_does_not_open_a_post(sign: Sign) -> None:
    request = signed_get(sign)
    request.method = "POST"
    with pytest.raises(Rejected):
        verify(request)


@pytest.mark.parametrize("sign", SCHEMES)
@pytest.mark.parametrize(
    ("late", "good"),
    [(-61, False), (-59, True), (0, True), (64, True), (66, False), (24 * 60, False)],
)
def test_clocks_may_differ_by_an_hour(sign: Sign, late: int, good: bool) -> None:
    request = signed_post(sign)
    if good:
        verify(request, now=NOW + timedelta(minutes=late))
        return
    with pytest.raises(Rejected, match=r"future|expired"):
        verify(request, now=NOW + timedelta(minutes=late))


@pytest.mark.parametrize(("hours", "good"), [(12, True), (13.5, False)])
def test_an_end_given_by_the_signer_counts_for_half_a_day_at_most(hours: float, good: bool) -> None:
    created = int(NOW.timestamp())
    times = f",created={created},expires={created + 10 * 86400}"
    request = cavage("(request-target) host (created) (expires) digest", extra=times)
    if good:
        verify(request, now=NOW + timedelta(hours=hours))
        return
    with pytest.raises(Rejected, match="expired"):
        verify(request, now=NOW + timedelta(hours=hours))


@pytest.mark.parametrize("port_of", ["https://example.com:443/inbox", "https://EXAMPLE.com/inbox"])
def test_the_default_port_and_capitals_make_no_other_host(port_of: str) -> None:
    verify(signed_post(signatures.sign_cavage, url=port_of))
    verify(signed_post(signatures.sign_rfc9421, url=port_of))


def test_a_port_belongs_to_the_host() -> None:
    request = signed_post(signatures.sign_cavage, url="http://bakker.localhost:8001/inbox")
    verify(request, own="bakker.localhost:8001")
    assert request.headers["host"] == "bakker.localhost:8001"


def test_the_query_may_be_left_out_on_get_only() -> None:
    request = request_of(CAVAGE_SIGNED["get without query"])
    verify(request)
    request.url = "https://example.com/other?x=1"
    with pytest.raises(Rejected):
        verify(request)


@pytest.mark.parametrize(
    "covered",
    [
        "",
        "date",
        "host date digest",
        "(request-target) date digest",
        "(request-target) host digest",
        "(request-target) host date",
    ],
)
def test_a_signature_that_covers_too_little_is_rejected(covered: str) -> None:
    with pytest.raises(Rejected, match="cover"):
        verify(cavage(covered))


def test_a_field_the_request_does_not_have_cannot_be_covered() -> None:
    for unknown in ("x-absent", "(unknown)", "(expires)"):
        request = signed_post(signatures.sign_cavage)
        value = request.headers["signature"].replace("host date", f"host {unknown} date")
        request.headers["signature"] = value
        with pytest.raises(Rejected, match="does not have"):
            verify(request)


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Tue, 99 Apr 2021 02:07:55 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"]
)
def test_an_unreadable_date_is_rejected(date: str) -> None:
    with pytest.raises(Rejected, match="date"):
        verify(cavage("(request-target) host date digest", date=date))


def test_a_date_at_the_end_of_time_is_rejected() -> None:
    with pytest.raises(Rejected, match="future"):
        verify(cavage("(request-target) host date digest", date="Fri, 31 Dec 9999 23:59:59 GMT"))


def test_a_date_without_zone_is_utc() -> None:
    verify(cavage("(request-target) host date digest", date="Tue, 20 Apr 2021 02:07:55 -0000"))


@pytest.mark.parametrize("extra", ["", ',algorithm="rsa-sha256",created=1618884475'])
def test_created_needs_hs2019_and_a_value(extra: str) -> None:
    request = signed_post(signatures.sign_cavage)
    request.headers["signature"] = (
        f'keyId="k",headers="(request-target) host digest (created)",signature="AA=="{extra}'
    )
    with pytest.raises(Rejected, match="created"):
        verify(request)


@pytest.mark.parametrize(
    ("digest", "good"),
    [
        ("sha-256={}", True),
        ("MD5=1B2M2Y8AsgTpgAmY7PhCfg==, SHA-256={}", True),
        ("SHA-256={}, SHA-256=AAAA", False),
        ("MD5=1B2M2Y8AsgTpgAmY7PhCfg==", False),
        ("SHA-512={}", False),
        ("", False),
        ("SHA-256=é", False),
    ],
)
def test_the_sha_256_digest_must_be_there_and_right(digest: str, good: bool) -> None:
    right = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
    request = cavage("(request-target) host date digest", digest=digest.format(right))
    if good:
        verify(request)
        return
    with pytest.raises(Rejected, match="digest"):
        verify(request)


@pytest.mark.parametrize("digest", ["", "nonsense", "sha-256=:AAAA:", "md5=:AAAA:", "sha-256=1"])
def test_an_rfc_9421_digest_must_be_readable_and_right(digest: str) -> None:
    request = signed_post(signatures.sign_rfc9421)
    request.headers["content-digest"] = digest
    with pytest.raises(Rejected, match="digest"):
        verify(request)


def test_the_scheme_name_inside_the_header_is_forgiven() -> None:
    request = signed_post(signatures.sign_cavage)
    request.headers["signature"] = "Signature " + request.headers["signature"]
    verify(request)


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "none", "rsa-sha1", "ed25519"])
def test_an_algorithm_that_does_not_fit_the_key_is_rejected(algorithm: str) -> None:
    request = signed_post(signatures.sign_cavage)
    request.headers["signature"] = request.headers["signature"].replace("rsa-sha256", algorithm)
    with pytest.raises(Rejected, match="algorithm"):
        verify(request)


def test_a_missing_algorithm_means_hs2019() -> None:
    request = signed_post(signatures.sign_cavage)
    value = request.headers["signature"].replace('algorithm="rsa-sha256",', "")
    request.headers["signature"] = value
    verify(request)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        'keyId="k"',
        'signature="AA=="',
        'keyId="k",signature="not base64"',
        'keyId="k",keyId="l",signature="AA=="',
        'keyId="k",signature="AA==",created="soon"',
        'keyId="k",signature="AA==",expires=1.5',
        "x" * 9000,
    ],
)
def test_a_malformed_cavage_header_is_rejected(header: str) -> None:
    with pytest.raises(Rejected):
        signatures.parse_signature(Request("GET", INBOX, {"signature": header}))


def test_a_request_without_signature_is_rejected() -> None:
    request = Request("GET", INBOX)
    assert not signatures.has_signature(request)
    with pytest.raises(Rejected, match="no signature"):
        signatures.parse_signature(request)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "(",
        "sig1=?1",
        "sig1=é",
        'sig1=("@method");created=1',
        'sig1=("@method");keyid=1',
        'sig1=("@method");keyid="k";alg=1',
        'sig1=("@method");keyid="k";created="now"',
        'sig1=("@method");keyid="k";created=?1',
        'sig1=("@method");keyid="k";created=999999999999',
        'sig1=("@method");keyid="k", sig2=("@method");keyid="l"',
    ],
)
def test_a_malformed_signature_input_is_rejected(header: str) -> None:
    with pytest.raises(Rejected):
        signatures.parse_signature(
            Request("GET", INBOX, {"signature-input": header, "signature": "sig1=:AA==:"})
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"content-digest"', '"content-digest" "@unknown"'),
        ('"content-digest"', '"content-digest" "x-absent"'),
        ('"content-digest"', '"content-digest" "@query-param";name="a"'),
        ('"content-digest"', '"content-digest" "content-type";tr'),
        ("sig1=", "sig2="),
        ('alg="rsa-v1_5-sha256"', 'alg="rsa-pss-sha512"'),
        ('alg="rsa-v1_5-sha256"', "private=1"),
    ],
)
def test_what_cannot_be_rebuilt_is_rejected(old: str, new: str) -> None:
    request = signed_post(signatures.sign_rfc9421)
    changed = request.headers["signature-input"].replace(old, new)
    assert changed != request.headers["signature-input"]
    request.headers["signature-input"] = changed
    with pytest.raises(Rejected, match="wrong signature"):
        verify(request)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ('"@method" ', "@method"),
        (' "@target-uri"', "@target-uri"),
        (' "content-digest"', "content-digest"),
        (";created=[0-9]+", "no time"),
    ],
)
def test_an_rfc_9421_signature_must_cover_enough(pattern: str, reason: str) -> None:
    request = signed_post(signatures.sign_rfc9421)
    request.headers["signature-input"] = re.sub(pattern, "", request.headers["signature-input"])
    with pytest.raises(Rejected, match=reason):
        verify(request)


def test_a_component_with_parameters_does_not_count_as_covered() -> None:
    request = signed_post(signatures.sign_rfc9421)
    request.headers["signature-input"] = request.headers["signature-input"].replace(
        '"@method"', '"@method";req'
    )
    with pytest.raises(Rejected, match="does not cover @method"):
        verify(request)


def test_an_rfc_9421_end_is_honoured() -> None:
    request = signed_post(signatures.sign_rfc9421)
    request.headers["signature-input"] += ";expires=1"
    with pytest.raises(Rejected, match="expired"):
        verify(request)


@given(st.text(max_size=300), st.one_of(st.none(), st.text(max_size=300)))
def test_any_headers_are_read_or_rejected(signature: str, signature_input: str | None) -> None:
    headers = {"signature": signature}
    if signature_input is not None:
        headers["signature-input"] = signature_input
    request = Request("POST", INBOX, headers, b"{}")
    with pytest.raises(Rejected):
        verify(request)


LABELS = st.sampled_from(["keyId", "headers", "signature", "created", "algorithm", "x"])
VALUES = st.one_of(
    st.integers(0, 10**13).map(str), st.text(alphabet='a"=,() -', max_size=12).map('"{}"'.format)
)


@given(st.lists(st.tuples(LABELS, VALUES), max_size=6))
def test_any_cavage_parameters_are_read_or_rejected(pairs: list[tuple[str, str]]) -> None:
    header = ",".join(f"{name}={value}" for name, value in pairs)
    with pytest.raises(Rejected):
        verify(Request("POST", INBOX, {"signature": header, "host": "example.com"}, b"{}"))
