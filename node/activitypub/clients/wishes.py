"""What a client posted, as plain values: an activity, its one object, whose it says it is."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document, as_id, as_ids, as_list, as_object, types_of
from node.activitypub.clients.problems import Problem, unusable
from node.boundary import Member
from node.db import absolute, relative
from node.identity import Identity
from node.settings import Settings

OBJECTS = ("Note",)
ADDRESSES = ("to", "cc", "audience")
BLIND = ("bto", "bcc")


@dataclass(frozen=True)
class Wish:
    """One activity that a member's client wants done; `own` is the member's actor."""

    db: Connection
    node: Identity
    settings: Settings
    member: Member
    own: Row[Any]
    activity: Document
    repeat_key: str = ""  # the same within an hour is the same post

    @property
    def actor(self) -> str:
        return absolute(self.node.base, self.own.uri)

    @property
    def object(self) -> Document:
        """What is embedded; empty for a mere id."""
        return as_object(self.activity.get("object"))

    @property
    def object_uri(self) -> str:
        """The id of what it is about, in stored form."""
        return relative(self.node.base, as_id(self.activity.get("object")))


def as_activity(document: Document, known: tuple[str, ...]) -> Document:
    """A bare object inside its Create; of two types in one, or none, nothing is guessed."""
    kinds = types_of(document)
    if len(kinds) != 1:
        raise unusable("Give it exactly one type.")
    if kinds[0] in OBJECTS:
        kept = {name: document[name] for name in (*ADDRESSES, *BLIND) if name in document}
        return {"type": "Create", "object": document, **kept}
    if kinds[0] not in known:
        words = ", ".join((*known, *OBJECTS))
        raise unusable(f"{kinds[0][:40]} is nothing that can be done here. These can: {words}.")
    if len(as_list(document.get("object"))) != 1:
        raise unusable("Give the activity exactly one object.")
    return document


def check_whose(wish: Wish) -> None:
    """Who it says it is from must be the token's member, on the object too; blind copies are not kept."""
    for document, names in ((wish.activity, ("actor",)), (_made(wish), ("actor", "attributedTo"))):
        for name in names:
            if as_list(document.get(name)) and as_ids(document[name]) != [wish.actor]:
                raise Problem(403, "The actor is not the member whose access token this is.")
        if any(as_list(document.get(name)) for name in BLIND):
            raise unusable("There are no blind copies here: whoever gets it sees who else does.")


def _made(wish: Wish) -> Document:
    """What the activity itself makes or changes, as opposed to what it is about."""
    return wish.object if types_of(wish.activity)[0] in ("Create", "Update") else {}
