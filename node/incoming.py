"""What a subject's inbound handler is given, and how it says that it cannot go on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from federation.documents import as_id, as_list
from node.boundary import Outside, exchanges
from node.db import relative
from node.identity import Identity

ENDING = frozenset(("Delete", "Undo", "Reject"))  # takes something back: welcome from everybody


def is_closed_to(db: Connection, peer_id: int, kinds: Iterable[str], *, by_node: bool) -> bool:
    """Of a server we exchange no open posts with only its node counts, for rings, and what takes back."""
    return not by_node and ENDING.isdisjoint(kinds) and not exchanges(db, peer_id)


class Dropped(Exception):
    """Refused for good: nothing of it is kept but its id; the reason holds no text of it."""


class Early(Exception):
    """About somebody whom we have not heard of yet, as another node's word may be on its way: tried later."""


class Missing(Exception):
    """Something must be fetched first; the worker does that and calls the handler again.

    `what` is `actor` or `object`; `uri` is its full URL.
    """

    def __init__(self, what: str, uri: str) -> None:
        super().__init__(f"{what} {uri}")
        self.what = what
        self.uri = uri


@dataclass(frozen=True)
class Incoming:
    """One verified inbound activity; `by_node` when the sender's pinned node key signed it (rule 8)."""

    node: Identity
    activity: dict[str, Any]
    actor_uri: str
    peer_id: int
    by_node: bool
    received_at: datetime

    @property
    def reader(self) -> Outside:
        """The sender as a reader: what it may not read counts as unknown to it (rule 4)."""
        return Outside(self.peer_id, node_key=self.by_node)

    @property
    def object_uri(self) -> str:
        """The id of the activity's object in stored form: a path when it is ours."""
        return relative(self.node.base, as_id(self.activity.get("object")))

    @property
    def object(self) -> dict[str, Any]:
        """The embedded object, of several the first, as in `object_uri`; {} when only an id was sent."""
        first = next(iter(as_list(self.activity.get("object"))), None)
        return first if isinstance(first, dict) else {}


Handler = Callable[[Connection, Incoming], None]
