"""Makes requests: an endpoint, ids that exist or not, parameters as apps send them, then spoiled or not."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from node.api.calls import Endpoint

WILD = [
    "",
    "0",
    "-1",
    "1",
    "9" * 18,
    "9" * 40,
    "null",
    "true",
    "é",
    "\0",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "‮abc",
    "a" * 3000,
    "' OR 1=1 --",
    "%00",
    "../../etc/passwd",
    "2099-01-01T10:00:00Z",
    "1e400",
    "[]",
    "<script>",
    "@anna",
    "#woord",
]
MOST_KNOWN = 400
KEEPS_ITS_SHAPE = 0.75  # of the requests
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cf50070003820180a1d5d5a40000000049454e44ae426082"
)


@dataclass
class Known:
    """Ids that answers named, so that most of what is asked for is there."""

    random: Random
    ids: dict[str, list[str]] = field(default_factory=dict)

    def learn(self, kind: str, found: Any) -> None:
        """Every `id` in an answer to a request of that kind."""
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, dict) and isinstance(one.get("id"), str):
                self._keep(kind, one["id"])
                if isinstance(one.get("account"), dict):
                    self._keep("accounts", one["account"].get("id", "0"))

    def _keep(self, kind: str, value: str) -> None:
        kept = self.ids.setdefault(kind, [])
        kept.append(value)
        del kept[:-MOST_KNOWN]

    def pick(self, kind: str) -> str:
        if self.random.random() < 0.1:
            return self.random.choice(WILD[1:9])
        kept = self.ids.get(kind) or [one for some in self.ids.values() for one in some] or ["1"]
        return self.random.choice(kept)


def kind_of(path: str) -> str:
    """What an id in this path names: the word before it."""
    words = [word for word in path.split("/")[3:] if word]
    places = [at for at, word in enumerate(words) if word.startswith("{")]
    return words[places[0] - 1] if places and places[0] else words[0]


@dataclass(frozen=True)
class Made:
    """One request, ready to be sent."""

    method: str
    path: str
    params: list[tuple[str, str]]
    body: dict[str, Any]
    headers: dict[str, str]


class Maker:
    """The same seed makes the same requests of the same answers."""

    def __init__(self, random: Random, known: Known) -> None:
        self.random = random
        self.known = known
        pick, draw = known.pick, self._number
        self._values: dict[str, Callable[[], str]] = {
            "status": self._text,
            "spoiler_text": self._text,
            "visibility": lambda: random.choice(["public", "unlisted", "private", "private", "direct"]),
            "language": lambda: random.choice(["nl", "en", "nl-BE"]),
            "in_reply_to_id": lambda: pick("statuses"),
            "media_ids[]": lambda: pick("media"),
            "poll[options][]": self._text,
            "poll[expires_in]": lambda: "3600",
            "scheduled_at": lambda: "2099-01-01T10:00:00Z",
            "sensitive": self._flag,
            "id[]": lambda: pick(random.choice(["accounts", "statuses"])),
            "account_ids[]": lambda: pick("accounts"),
            "account_id": lambda: pick("accounts"),
            "status_id": lambda: pick("statuses"),
            "choices[]": lambda: random.choice(["0", "1"]),
            "limit": draw,
            "offset": draw,
            "max_id": lambda: pick("statuses"),
            "min_id": lambda: pick("statuses"),
            "since_id": lambda: pick("statuses"),
            "q": lambda: random.choice(
                ["anna", "bericht", "#woord", "@bob", "http://bakker.localhost:8001/o/1"]
            ),
            "acct": lambda: random.choice(["anna", "bob", "niemand", "bob@elders.example"]),
            "types[]": lambda: random.choice(["mention", "favourite", "follow"]),
            "exclude_types[]": lambda: random.choice(["mention", "favourite", "follow"]),
            "timeline[]": lambda: random.choice(["home", "notifications"]),
            "home[last_read_id]": lambda: pick("statuses"),
            "local": self._flag,
            "pinned": self._flag,
            "only_media": self._flag,
            "resolve": self._flag,
            "locked": self._flag,
            "title": self._text,
            "phrase": self._text,
            "description": self._text,
            "comment": self._text,
            "note": self._text,
            "display_name": self._text,
            "context[]": lambda: random.choice(["home", "public", "thread", "notifications", "account"]),
            "filter_action": lambda: random.choice(["warn", "hide"]),
            "keywords_attributes[][keyword]": self._text,
            "keyword": self._text,
            "expires_in": draw,
            "domain": lambda: random.choice(["ver.example", "elders.example"]),
            "client_name": self._text,
            "redirect_uris": lambda: "https://app.example/back",
            "scopes": lambda: "read write",
        }
        self._needed: dict[tuple[str, str], list[str]] = {
            ("POST", "/api/v1/statuses"): ["status"],
            ("PUT", "/api/v1/statuses/{id}"): ["status"],
            ("POST", "/api/v1/apps"): ["client_name", "redirect_uris", "scopes"],
            ("GET", "/api/v1/accounts/lookup"): ["acct"],
            ("GET", "/api/v1/accounts/search"): ["q"],
            ("GET", "/api/v2/search"): ["q"],
            ("POST", "/api/v2/filters"): ["title", "context[]"],
            ("POST", "/api/v1/filters"): ["phrase", "context[]"],
            ("POST", "/api/v1/lists"): ["title"],
            ("PUT", "/api/v1/lists/{id}"): ["title"],
            ("POST", "/api/v1/markers"): ["home[last_read_id]"],
            ("POST", "/api/v1/polls/{id}/votes"): ["choices[]"],
            ("PUT", "/api/v1/scheduled_statuses/{id}"): ["scheduled_at"],
            ("POST", "/api/v1/domain_blocks"): ["domain"],
        }

    def make(self, endpoint: Endpoint) -> Made:
        random = self.random
        names = list(self._needed.get((endpoint.method, endpoint.path), ()))
        names += random.sample(list(self._values), random.choice([0, 0, 1, 2, 4]))
        values = {name: self._values[name]() for name in names}
        if random.random() > KEEPS_ITS_SHAPE and values:
            values[random.choice(list(values))] = random.choice(WILD)
        kind = kind_of(endpoint.path)
        parts = [
            (self._place(part, kind) if part.startswith("{") else part) for part in endpoint.path.split("/")
        ]
        path, headers = "/".join(parts), {}
        if random.random() < 0.05:
            headers["idempotency-key"] = random.choice(["een", "twee", "drie"])
        if endpoint.method == "GET":
            return Made("GET", path, list(values.items()), {}, headers)
        return Made(endpoint.method, path, [], self._body(endpoint, values, headers), headers)

    def _place(self, part: str, kind: str) -> str:
        if part in ("{tag}", "{name}"):
            return self.random.choice(["woord", "nergens", "%00", "a" * 200])
        return self.known.pick(kind)

    def _body(self, endpoint: Endpoint, values: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
        """Form, JSON or multipart; sometimes JSON that is none, or holds what nobody expects."""
        random = self.random
        if endpoint.prepare is not None and random.random() < 0.8:
            return {"data": values, "files": {"file": ("vlak.png", PICTURE, "image/png")}}
        chance = random.random()
        if chance < 0.6:
            return {"data": values}
        headers["content-type"] = "application/json"
        if chance < 0.9:
            plain = {
                name.removesuffix("[]"): ([one] if name.endswith("[]") else one)
                for name, one in values.items()
            }
            return {"content": json.dumps(plain)}
        odd: list[Any] = [
            None,
            [],
            {},
            1,
            "x",
            [[[[[[1]]]]]],
            {"status": {"a": {"b": [1, None]}}},
            {"id": [None, {}]},
        ]
        return {"content": random.choice([json.dumps(random.choice(odd)), "{", "\ufeff{}", '{"a":NaN}'])}

    def _text(self) -> str:
        words = ["bericht", "#woord", "@bob", "*nadruk*", "http://bakker.localhost:8001/o/1", "é😀"]
        return " ".join(self.random.choices(words, k=self.random.randrange(1, 6)))

    def _flag(self) -> str:
        return self.random.choice(["true", "false", "1", "0"])

    def _number(self) -> str:
        return str(self.random.randrange(0, 100))
