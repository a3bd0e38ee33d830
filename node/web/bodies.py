"""What programs send: query, form, multipart and JSON read alike, named as in forms (`poll[options][]`)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from node.errors import Invalid
from node.i18n import msg
from node.web.forms import FORM_BYTES, Upload, capped, read_form

NO = ("", "0", "f", "F", "false", "FALSE", "off", "OFF")  # what Rails reads as no
MOST_VALUES = 1000
DEEPEST = 4
_PLACE = re.compile(r"\[(\d*)\]")


@dataclass(frozen=True)
class Params:
    """Every value is a string, as in a form; what is missing is None and never the same as what is empty."""

    values: Mapping[str, list[str]] = field(default_factory=dict)
    uploads: Mapping[str, list[Upload]] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """The last value wins, as in Rails; raises Invalid at a character that no database keeps."""
        found = self.values.get(name)
        if found and "\0" in found[-1]:
            raise Invalid(**{name: msg("There is a character in this that cannot be used.")})
        return found[-1] if found else None

    def line(self, name: str) -> str:
        return (self.text(name) or "").strip()

    def many(self, name: str) -> list[str]:
        """`name[]`, `name` given often, or `name[0]`, `name[1]` …"""
        listed = [*self.values.get(f"{name}[]", ()), *self.values.get(name, ())]
        numbered = [self.values[key][-1] for key in self._numbered(name)]
        return [one for one in (*listed, *numbered) if "\0" not in one]

    def _numbered(self, name: str) -> list[str]:
        found = [
            key for key in self.values if key.startswith(f"{name}[") and key[len(name) + 1 : -1].isdigit()
        ]
        return sorted(found, key=lambda key: int(key[len(name) + 1 : -1]))

    def flag(self, name: str) -> bool | None:
        found = self.text(name)
        return None if found is None else found not in NO

    def whole(self, name: str, *, default: int, least: int = 0, most: int) -> int:
        """A whole number, drawn within its bounds; the default for what is none."""
        found = self.line(name)
        if not re.fullmatch(r"-?[0-9]{1,18}", found):
            return default
        return max(least, min(int(found), most))

    def id(self, name: str) -> int | None:
        """An id of ours; 0, which is nobody's, for anything else that was given."""
        found = self.line(name)
        return None if not found else read_id(found)

    def ids(self, name: str) -> list[int]:
        return [read_id(one) for one in self.many(name)]

    def part(self, name: str) -> "Params":
        """What stands under a name: `poll[expires_in]` is `expires_in` of the part `poll`."""
        inner: dict[str, list[str]] = {}
        for key, found in self.values.items():
            if key.startswith(f"{name}["):
                first, _, rest = key[len(name) + 1 :].partition("]")
                inner[first + rest] = found
        return Params(inner)

    def records(self, name: str) -> list["Params"]:
        """A list of parts: `name[0][x]`, or `name[][x]` where a name that comes again begins the next one."""
        numbered: dict[int, dict[str, list[str]]] = {}
        for key, found in self.values.items():
            place = _PLACE.match(key[len(name) :]) if key.startswith(f"{name}[") else None
            if place is None:
                continue
            first, _, rest = key[len(name) + place.end() :].removeprefix("[").partition("]")
            for count, value in enumerate(found):
                at = int(place[1][:9]) if place[1] else count
                numbered.setdefault(at, {}).setdefault(first + rest, []).append(value)
        return [Params(numbered[at]) for at in sorted(numbered)]

    def upload(self, name: str) -> Upload | None:
        return next(iter(self.uploads.get(name, ())), None)


def read_id(text: str) -> int:
    """A number of ours as programs write it; 0, which is nobody's, for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def query_params(query: bytes) -> Params:
    values: dict[str, list[str]] = {}
    _add_pairs(values, query)
    return Params(values)


def _add_pairs(values: dict[str, list[str]], encoded: bytes) -> None:
    try:
        pairs = parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_VALUES)
    except ValueError as error:
        raise HTTPException(400) from error
    for name, value in pairs:
        values.setdefault(name, []).append(value)


async def read_params(request: Request, most_bytes: int = FORM_BYTES) -> Params:
    """Query and body together; raises HTTPException 400 for what is no JSON and 413 for too much."""
    values: dict[str, list[str]] = {}
    _add_pairs(values, request.scope.get("query_string", b""))
    if request.method in ("GET", "HEAD"):
        return Params(values)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await read_form(request, most_bytes)
        return Params({**values, **form.values}, form.uploads)
    body = await capped(request, min(most_bytes, FORM_BYTES)).body()
    if kind == "application/json" or kind.endswith("+json"):
        values.update(_from_json(body))
    else:
        _add_pairs(values, body)
    return Params(values)


def _from_json(body: bytes) -> dict[str, list[str]]:
    try:
        document = json.loads(body) if body.strip() else {}
        found = list(_flat("", document, 0)) if isinstance(document, dict) else []
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error
    if len(found) > MOST_VALUES:
        raise HTTPException(400)
    values: dict[str, list[str]] = {}
    for name, value in found:
        values.setdefault(name, []).append(value)
    return values


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """`{"poll": {"options": ["a"]}}` as a form would say it: `poll[options][]=a`."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}[{key}]" if name else key, inner, depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            at = place if isinstance(inner, dict) else ""
            yield from _flat(f"{name}[{at}]", inner, depth + 1)
    else:
        yield name, _word(value)


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
