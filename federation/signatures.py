"""HTTP signatures with their digests: draft-cavage-12 (ours) and RFC 9421 (library), made and checked."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import http_sf
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
)
from http_message_signatures.algorithms import ED25519, RSA_V1_5_SHA256, HTTPSignatureAlgorithm

from federation.errors import Rejected
from federation.keys import PrivateKey, PublicKey, load_private
from federation.messages import Request, parse_http_date

# Mastodon's windows: an hour of clock difference, five minutes when no end is given, half a day at most.
CLOCK_MARGIN = timedelta(hours=1)
DEFAULT_LIFE = timedelta(minutes=5)
LONGEST_LIFE = timedelta(hours=12)

_MAX_HEADER = 8192
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_CAVAGE_PARAMETER = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|(\d{1,11}))\s*(?:,|$)')


@dataclass(frozen=True)
class ParsedSignature:
    """What a request says about its own signature; nothing of it is believed before `verify`."""

    kind: Literal["cavage", "rfc9421"]
    key_id: str
    covered: tuple[str, ...]
    algorithm: str = ""
    created: int | None = None
    expires: int | None = None
    signature: bytes = field(default=b"", repr=False)


def authority(url: str) -> str:
    """Host and port as they stand in Host and @authority: lower case, without the scheme's default port."""
    parts = urlsplit(url)
    return _plain_authority(parts.scheme, parts.netloc)


def _plain_authority(scheme: str, netloc: str) -> str:
    return netloc.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ":443"))


# Making


def sign_cavage(request: Request, key_id: str, private_pem: str, now: datetime) -> dict[str, str]:
    """The headers to add. Exactly these fields are signed, because every known server accepts them."""
    headers = {"host": authority(request.url), "date": format_datetime(now.astimezone(UTC), usegmt=True)}
    names = ["(request-target)", "host", "date"]
    if _needs_digest(request):
        headers["digest"] = f"SHA-256={_sha256(request.body)}"
        names.append("digest")
        if "content-type" in request.headers:
            names.append("content-type")
    private = load_private(private_pem)
    text = _cavage_text(names, {**request.headers, **headers}, _request_target(request))
    signature = base64.b64encode(_sign(private, text.encode())).decode()
    algorithm = "hs2019" if isinstance(private, Ed25519PrivateKey) else "rsa-sha256"
    headers["signature"] = (
        f'keyId="{key_id}",algorithm="{algorithm}",headers="{" ".join(names)}",signature="{signature}"'
    )
    return headers


def sign_rfc9421(request: Request, key_id: str, private_pem: str, now: datetime) -> dict[str, str]:
    """The headers to add, for `@method`, `@target-uri` and, with a body, `content-digest`."""
    private = load_private(private_pem)
    message = Request(request.method, request.url)
    signer = HTTPMessageSigner(
        signature_algorithm=_rfc9421_algorithm(private.public_key()),
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: private}),
    )
    signer.sign(
        message,
        key_id=key_id,
        created=now,
        covered_component_ids=("@method", "@target-uri"),
        label="sig1",
        body=request.body if _needs_digest(request) else None,
    )
    return {name.lower(): value for name, value in message.headers.items()}


def _sign(private: PrivateKey, text: bytes) -> bytes:
    if isinstance(private, Ed25519PrivateKey):
        return private.sign(text)
    return private.sign(text, PKCS1v15(), SHA256())


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


# Reading


def has_signature(request: Request) -> bool:
    return "signature" in request.headers or "signature-input" in request.headers


def parse_signature(request: Request) -> ParsedSignature:
    """A request is RFC 9421 exactly when it carries `Signature-Input`, as at Mastodon."""
    if len(request.headers.get("signature", "")) > _MAX_HEADER:
        raise Rejected("signature header too long")
    if "signature-input" in request.headers:
        return _parse_rfc9421(request.headers["signature-input"])
    if "signature" in request.headers:
        return _parse_cavage(request.headers["signature"])
    raise Rejected("no signature")


def _parse_cavage(header: str) -> ParsedSignature:
    # Old node-http-signature repeats the scheme's name inside the header.
    parameters = _cavage_parameters(header.removeprefix("Signature "))
    try:
        signature = base64.b64decode(parameters["signature"], validate=True)
        key_id = parameters["keyId"]
    except (KeyError, binascii.Error, ValueError) as error:
        raise Rejected("incomplete signature header") from error
    return ParsedSignature(
        kind="cavage",
        key_id=key_id,
        covered=tuple(parameters.get("headers", "date").lower().split()),
        algorithm=parameters.get("algorithm", "hs2019").lower(),
        created=_seconds(parameters.get("created")),
        expires=_seconds(parameters.get("expires")),
        signature=signature,
    )


def _cavage_parameters(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _CAVAGE_PARAMETER.match(text, position)
        if match is None:
            raise Rejected("malformed signature header")
        name, quoted, number = match.groups()
        if name in parameters:
            raise Rejected("a signature parameter stands there twice")
        parameters[name] = number if quoted is None else quoted
        position = match.end()
    return parameters


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,11}", text):
        raise Rejected("malformed time in the signature")
    return int(text)


def _parse_rfc9421(header: str) -> ParsedSignature:
    components, parameters = _only_member(header)
    key_id, algorithm = parameters.get("keyid"), parameters.get("alg", "")
    if not isinstance(key_id, str) or not isinstance(algorithm, str):
        raise Rejected("the signature names no key")
    return ParsedSignature(
        kind="rfc9421",
        key_id=key_id,
        covered=tuple(name for name, options in components if isinstance(name, str) and not options),
        algorithm=algorithm,
        created=_timestamp(parameters.get("created")),
        expires=_timestamp(parameters.get("expires")),
    )


def _only_member(header: str) -> tuple[list[Any], dict[str, Any]]:
    """Two signatures on one request would leave it open which of them speaks; nobody sends that."""
    try:
        parsed: Any = http_sf.parse(header[:_MAX_HEADER].encode("ascii"), tltype="dictionary")
    except ValueError as error:
        raise Rejected("malformed Signature-Input", 400) from error
    if len(parsed) != 1:
        raise Rejected("exactly one signature is expected")
    ((components, parameters),) = parsed.values()
    if not isinstance(components, list):
        raise Rejected("malformed Signature-Input", 400)
    return components, parameters


def _timestamp(value: object) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < 10**11:
        raise Rejected("malformed time in the signature")
    return value


# Checking


def verify(
    request: Request, parsed: ParsedSignature, public_key: PublicKey, now: datetime, own_authority: str
) -> None:
    check_terms(request, parsed, now, own_authority)
    check_key(request, parsed, public_key)


def check_terms(request: Request, parsed: ParsedSignature, now: datetime, own_authority: str) -> None:
    """All that needs no key: meant for us, covers enough, digest is right, inside its time."""
    if parsed.kind == "cavage":
        _check_cavage_terms(request, parsed, now, own_authority)
    else:
        _check_rfc9421_terms(request, parsed, now, own_authority)


def check_key(request: Request, parsed: ParsedSignature, public_key: PublicKey) -> None:
    if parsed.kind == "cavage":
        _check_cavage_key(request, parsed, public_key)
    else:
        _check_rfc9421_key(request, parsed, public_key)


def _needs_digest(request: Request) -> bool:
    return bool(request.body) or request.method == "POST"


def _require(parsed: ParsedSignature, names: Iterable[str]) -> None:
    for name in names:
        if name not in parsed.covered:
            raise Rejected(f"the signature does not cover {name}")


def _check_own(actual: str, own_authority: str) -> None:
    if actual != own_authority.lower():
        raise Rejected("signed for another host")


def _check_window(made: datetime, expires: int | None, now: datetime) -> None:
    if made > now + CLOCK_MARGIN:
        raise Rejected("the signature is from the future")
    end = made + DEFAULT_LIFE
    if expires is not None:
        end = min(datetime.fromtimestamp(expires, UTC), made + LONGEST_LIFE)
    if now > end + CLOCK_MARGIN:
        raise Rejected("the signature has expired")


def _check_cavage_terms(request: Request, parsed: ParsedSignature, now: datetime, own_authority: str) -> None:
    _require(parsed, ["(request-target)", "host"])
    if _needs_digest(request):
        _require(parsed, ["digest"])
    scheme = urlsplit(request.url).scheme
    _check_own(_plain_authority(scheme, request.headers.get("host", "")), own_authority)
    for made in _cavage_times(request.headers, parsed):
        _check_window(made, parsed.expires, now)
    if "digest" in parsed.covered:
        _check_digest(request.headers.get("digest", ""), request.body)


def _cavage_times(headers: Mapping[str, str], parsed: ParsedSignature) -> list[datetime]:
    times = []
    if "(created)" in parsed.covered:
        if parsed.created is None or parsed.algorithm != "hs2019":
            raise Rejected("(created) needs hs2019 and a time")
        times.append(datetime.fromtimestamp(parsed.created, UTC))
    if "date" in parsed.covered:
        times.append(parse_http_date(headers.get("date", "")))
    if not times:
        raise Rejected("the signature covers no time")
    return times


def _check_digest(header: str, body: bytes) -> None:
    digests = [
        value.strip()
        for name, _, value in (entry.strip().partition("=") for entry in header.split(","))
        if name.lower() == "sha-256"
    ]
    if not digests:
        raise Rejected("no SHA-256 digest")
    if not all(hmac.compare_digest(digest.encode(), _sha256(body).encode()) for digest in digests):
        raise Rejected("the digest is not that of the body")


def _check_cavage_key(request: Request, parsed: ParsedSignature, public_key: PublicKey) -> None:
    kinds = {"hs2019", "ed25519"} if isinstance(public_key, Ed25519PublicKey) else {"hs2019", "rsa-sha256"}
    if parsed.algorithm not in kinds:
        raise Rejected("that algorithm does not fit the key")
    target = _request_target(request)
    targets = [target]
    if request.method == "GET" and "?" in target:
        # Mastodon before 4.3 and GoToSocial sign without the query.
        targets.append(target.partition("?")[0])
    if not any(_is_signed(request, parsed, public_key, each) for each in targets):
        raise Rejected("wrong signature")


def _is_signed(request: Request, parsed: ParsedSignature, public_key: PublicKey, target: str) -> bool:
    text = signing_text(request, parsed, target).encode()
    try:
        if isinstance(public_key, Ed25519PublicKey):
            public_key.verify(parsed.signature, text)
        else:
            public_key.verify(parsed.signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def signing_text(request: Request, parsed: ParsedSignature, target: str) -> str:
    """The draft-cavage signature string (its section 2.3)."""
    times = {"(created)": parsed.created, "(expires)": parsed.expires}
    values = {name: str(value) for name, value in times.items() if value is not None}
    return _cavage_text(parsed.covered, {**request.headers, **values}, target)


def _cavage_text(names: Iterable[str], values: Mapping[str, str], target: str) -> str:
    lines = []
    for name in names:
        value = target if name == "(request-target)" else values.get(name)
        if value is None:
            raise Rejected("the signature covers something the request does not have")
        lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _request_target(request: Request) -> str:
    parts = urlsplit(request.url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{request.method.lower()} {parts.path or '/'}{query}"


def _check_rfc9421_terms(
    request: Request, parsed: ParsedSignature, now: datetime, own_authority: str
) -> None:
    _require(parsed, ["@method", "@target-uri"])
    if _needs_digest(request):
        _require(parsed, ["content-digest"])
    _check_own(authority(request.url), own_authority)
    if parsed.created is None:
        raise Rejected("the signature has no time")
    _check_window(datetime.fromtimestamp(parsed.created, UTC), parsed.expires, now)
    if "content-digest" in parsed.covered:
        _check_content_digest(request)


def _check_content_digest(request: Request) -> None:
    header = request.headers.get("content-digest", "")
    try:
        ContentDigest.verify(header, request.body)
    except HTTPMessageSignaturesException as error:
        raise Rejected("the content digest is not that of the body") from error


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        """Times are judged by `check_terms`, by the caller's clock and with the fediverse's margins."""


def _check_rfc9421_key(request: Request, parsed: ParsedSignature, public_key: PublicKey) -> None:
    verifier = _Verifier(
        signature_algorithm=_rfc9421_algorithm(public_key),
        key_resolver=MappingKeyResolver(public_keys={parsed.key_id: public_key}, private_keys={}),
    )
    try:
        verifier.verify(request)
    except HTTPMessageSignaturesException as error:
        raise Rejected("wrong signature") from error


def _rfc9421_algorithm(public_key: PublicKey) -> type[HTTPSignatureAlgorithm]:
    return ED25519 if isinstance(public_key, Ed25519PublicKey) else RSA_V1_5_SHA256
