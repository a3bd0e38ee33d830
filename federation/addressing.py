"""What `to`, `cc` and `audience` mean, and which inboxes a set of receivers comes down to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from federation.documents import MAX_ITEMS, Document, as_id, as_list, is_web_url
from federation.errors import Rejected
from schemas.activitystreams import PUBLIC_SPELLINGS, URN_PREFIX, parse_ring_urn, parse_room_urn

_BLIND = ("bto", "bcc")


@dataclass(frozen=True)
class Addressing:
    """`rings` and `rooms` hold the 64 digits of their urns; `actors` every other web address named."""

    public_in_to: bool = False
    public_in_cc: bool = False
    rings: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()
    followers: bool = False
    actors: tuple[str, ...] = ()

    @property
    def public(self) -> bool:
        return self.public_in_to or self.public_in_cc

    @property
    def closed(self) -> bool:
        """Names a ring or a room, which outranks everything else named."""
        return bool(self.rings or self.rooms)


def read_addressing(*documents: Document, followers: str = "") -> Addressing:
    """Of an activity and its object together; `followers` is the author's own collection."""
    to = _named(documents, "to")
    cc = _named(documents, "cc")
    everyone = list(dict.fromkeys([*to, *cc, *_named(documents, "audience")]))
    _check_urns(everyone)
    return Addressing(
        public_in_to=not PUBLIC_SPELLINGS.isdisjoint(to),
        public_in_cc=not PUBLIC_SPELLINGS.isdisjoint(cc),
        rings=frozenset(filter(None, map(parse_ring_urn, everyone))),
        rooms=frozenset(filter(None, map(parse_room_urn, everyone))),
        followers=followers != "" and followers in everyone,
        actors=tuple(uri for uri in everyone if uri != followers and _is_actor(uri)),
    )


def _named(documents: Iterable[Document], field: str) -> list[str]:
    return [_read_name(item) for document in documents for item in _items(document.get(field))]


def _items(value: Any) -> list[Any]:
    """Nothing is passed over: the one name left out could be the ring."""
    if isinstance(value, list) and len(value) > MAX_ITEMS:
        raise Rejected("too many receivers", 400)
    return [item for item in as_list(value) if item is not None]


def _read_name(item: Any) -> str:
    uri = "" if isinstance(item, list) else as_id(item)
    if not uri:
        raise Rejected("unreadable receiver", 400)
    return uri


def _is_actor(uri: str) -> bool:
    return uri not in PUBLIC_SPELLINGS and is_web_url(uri)


def _check_urns(uris: Iterable[str]) -> None:
    """A ring's name that cannot be read must not leave the post as open as its other addresses."""
    for uri in uris:
        if uri.lower().startswith(URN_PREFIX) and not (parse_ring_urn(uri) or parse_room_urn(uri)):
            raise Rejected("unreadable name of a ring or room", 400)


def strip_blind(document: Document) -> Document:
    """A copy without `bto` and `bcc`, also inside the object."""
    return {name: _strip(value) for name, value in document.items() if name not in _BLIND}


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return strip_blind(value)
    if isinstance(value, list):
        return [_strip(item) for item in value]
    return value


def shared_inboxes(receivers: Iterable[tuple[str, str]]) -> list[str]:
    """Of pairs (inbox, shared inbox or empty): each inbox once, the shared one where there is one."""
    return list(dict.fromkeys(_inboxes(receivers)))


def _inboxes(receivers: Iterable[tuple[str, str]]) -> Iterator[str]:
    for inbox, shared in receivers:
        if shared or inbox:
            yield shared or inbox
