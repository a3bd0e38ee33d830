"""Everybody who reads the demo: with no name, with somebody's key, or logged in as a member."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from federation.messages import Request
from federation.signatures import sign_cavage, sign_rfc9421
from node.demo.firms import Place
from node.demo.rooms import guest_again
from node.demo.visitors import Answer, Visitor, log_in, send
from tests.demo_check.homes import NodeKeys

Sign = Callable[[Request], dict[str, str]]
DOCUMENT = "application/activity+json"
PAGE = "text/html,application/xhtml+xml"


@dataclass(frozen=True)
class Outsider:
    """`name` is as in the table, without the node that is asked; without `sign` it is anonymous."""

    name: str
    sign: Sign | None = None

    def read(self, place: Place, path: str, accept: str) -> Answer:
        headers = {"accept": accept}
        if self.sign is not None:
            request = Request("GET", f"{place.url}{path}", {**headers, "host": place.domain})
            headers |= self.sign(request)
        headers.pop("host", None)
        return send(place, "GET", path, b"", headers)


@dataclass(frozen=True)
class Insider:
    """A member with a log-in cookie."""

    name: str
    visitor: Visitor

    def read(self, path: str, accept: str = PAGE) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.visitor.cookies.items())
        return send(self.visitor.place, "GET", path, b"", {"accept": accept, "cookie": cookies})


def by_key(key_id: str, private: str) -> Sign:
    """Signed as Mastodon does."""
    return lambda request: sign_cavage(request, key_id, private, datetime.now(UTC))


def by_node_key(keys: NodeKeys) -> Sign:
    """Signed as nodes of a ring do."""
    key_id = f"{keys.url}/actor#ed25519-key"
    return lambda request: sign_rfc9421(request, key_id, keys.ed25519, datetime.now(UTC))


def outsiders_at(asked: str, keys: Mapping[str, NodeKeys], stranger: tuple[str, str]) -> list[Outsider]:
    """Everybody without a log-in who reads this node."""
    found = [Outsider("anonymous"), Outsider("stranger", by_key(*stranger))]
    if asked == "branche":
        return [*found, *(Outsider(f"{one} node", by_node_key(keys[one])) for one in ("bakker", "smit"))]
    partner, hub = "smit" if asked == "bakker" else "bakker", keys["branche"]
    person = f"{keys[partner].url}{keys[partner].person_path}#main-key"
    return [
        *found,
        Outsider("hub actor", by_key(f"{hub.url}/actor#main-key", hub.rsa)),
        Outsider("hub node", by_node_key(hub)),
        Outsider(f"{partner} node", by_node_key(keys[partner])),
        Outsider(f"{partner} person", by_key(person, keys[partner].person_rsa)),
    ]


MEMBERS = {
    "bakker": ("daan", "fatima", "ingrid", "henk"),
    "smit": ("emily", "bram", "marieke"),
    "branche": ("roos", "nel"),
}


def insiders_at(place: Place) -> list[Insider]:
    """One plain member, an admin, a director; at Bakker an editor, who keeps the rooms, and her guest too."""
    found = [Insider(handle, log_in(place, place.firm.person(handle))) for handle in MEMBERS[place.firm.key]]
    if place.firm.key == "bakker":
        host = next(one for one in found if one.name == "fatima")
        found.append(Insider("guest", guest_again(host.visitor)))
    return found
