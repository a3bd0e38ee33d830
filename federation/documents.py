"""Safe reading of JSON from elsewhere: limits first, then values in whatever of their shapes they come."""

import ipaddress
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from federation.errors import Rejected
from schemas.activitystreams import is_activity_type

MAX_DEPTH = 32
MAX_STRING = 500_000
MAX_URL = 2048
MAX_ITEMS = 1000
_MAX_INTEGER = 2**53

Document = dict[str, Any]

_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMERIC_END = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_NOT_IN_IDS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


# Parsing


def parse_document(body: bytes, content_type: str) -> Document:
    """An ActivityPub document; another content type could be a file that somebody uploaded."""
    if not is_activity_type(content_type):
        raise Rejected("not an ActivityPub content type", 415)
    return parse_json(body)


def parse_json(body: bytes) -> Document:
    try:
        document = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except (ValueError, RecursionError) as error:
        raise Rejected("unreadable JSON", 400) from error
    if not isinstance(document, dict):
        raise Rejected("not a JSON object", 400)
    _check_values(document)
    return document


def _object(pairs: list[tuple[str, Any]]) -> Document:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Rejected("a JSON key stands there twice", 400)
    return found


def _refuse_constant(name: str) -> None:
    raise Rejected(f"{name} is not JSON", 400)


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _MAX_INTEGER:
        raise Rejected("a number is too large", 400)
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if abs(number) > 1e300:
        raise Rejected("a number is too large", 400)
    return number


def _check_values(document: Document) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Rejected("JSON nested too deeply", 400)


def _children(value: Any) -> Iterator[Any]:
    """The containers directly inside; the strings on the way are checked."""
    if isinstance(value, dict):
        _check_ids(value)
        for key in value:
            _check_string(key)
    for child in value.values() if isinstance(value, dict) else value:
        if isinstance(child, str):
            _check_string(child)
        elif isinstance(child, (dict, list)):
            yield child


def _check_ids(value: Document) -> None:
    for name in ("id", "@id", "type", "actor"):
        text = value.get(name)
        if isinstance(text, str) and (len(text) > MAX_URL or _NOT_IN_IDS.search(text)):
            raise Rejected("control characters or spaces in an id", 400)


def _check_string(text: str) -> None:
    if len(text) > MAX_STRING:
        raise Rejected("a text is too long", 400)
    # PostgreSQL stores no NUL, and no encoding takes half a surrogate pair.
    if _UNSTORABLE.search(text):
        raise Rejected("unstorable character", 400)


# Values: ActivityStreams lets one thing be `x`, `[x]` or `{"id": x}`


def as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value[:MAX_ITEMS] if isinstance(value, list) else [value]


def as_id(value: Any) -> str:
    """The id in any of its shapes, or an empty string."""
    for item in as_list(value)[:1]:
        text = item.get("id", item.get("@id")) if isinstance(item, dict) else item
        if isinstance(text, str) and len(text) <= MAX_URL and not _NOT_IN_IDS.search(text):
            return text
    return ""


def as_ids(value: Any) -> list[str]:
    """All ids, each once, in order."""
    found = (as_id(item) for item in as_list(value))
    return list(dict.fromkeys(uri for uri in found if uri))


def as_text(value: Any, limit: int = MAX_STRING) -> str:
    """The first string, cut at the limit."""
    return next((item[:limit] for item in as_list(value) if isinstance(item, str)), "")


def as_object(value: Any) -> Document:
    """The first embedded object, or an empty one."""
    return next((item for item in as_list(value) if isinstance(item, dict)), {})


def types_of(document: Document) -> list[str]:
    return [item for item in as_list(document.get("type")) if isinstance(item, str)]


def as_link(value: Any) -> str:
    """The first http(s) URL in a string, a Link's `href` or an Image's `url`, or an empty string."""
    for item in as_list(value):
        text = (item.get("href") or as_link(item.get("url"))) if isinstance(item, dict) else item
        if is_web_url(text):
            return str(text)
    return ""


def parse_time(value: Any) -> datetime:
    """An ISO 8601 time with a zone, as ActivityStreams and proofs write it."""
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is None:
            raise Rejected("a time without zone", 400)
        return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise Rejected("unreadable time", 400) from error


# URLs


def web_url(value: Any) -> str:
    """The same text back when it is a sound http(s) URL; judged once, here, for everything."""
    _split(value)
    return str(value)


def is_web_url(value: Any) -> bool:
    try:
        _split(value)
    except Rejected:
        return False
    return True


def origin(url: Any) -> str:
    """Scheme, host and port in lower case, without the default port."""
    parts = _split(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else str(parts.hostname)
    port = parts.port
    return f"{parts.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def same_origin(one: Any, other: Any) -> bool:
    return is_web_url(one) and is_web_url(other) and origin(one) == origin(other)


def without_fragment(url: str) -> str:
    return url.partition("#")[0]


def _split(value: Any) -> SplitResult:
    if not isinstance(value, str) or len(value) > MAX_URL or not _URL_CHARACTERS.fullmatch(value):
        raise Rejected("not a web address", 400)
    try:
        parts = urlsplit(value)
        sound = parts.port != 0 and _is_host(parts.hostname or "")
    except ValueError as error:
        raise Rejected("not a web address", 400) from error
    if not sound or parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc:
        raise Rejected("not a web address", 400)
    return parts


def _is_host(host: str) -> bool:
    """A name, or an address in its usual form: resolvers also take `127.1`, `0x7f000001`, `2130706433`."""
    if ":" in host or _NUMERIC_END.search(host):
        return is_address(host)
    return len(host) <= 253 and _HOST.fullmatch(host) is not None


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
