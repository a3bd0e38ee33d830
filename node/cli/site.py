"""The home that a command works in: its settings and database, the members who act, and how it answers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row

from federation.http import GuardedSender
from node import identity, settings
from node.access.logins import find_member, get_member, is_out
from node.access.members import members_with_role
from node.app import open_home
from node.boundary import Member
from node.db import reading, writing
from node.errors import Conflict, Invalid, NodeError, NotFound
from node.i18n import LANGUAGES, msg, say_name, translate
from node.identity import Identity
from node.network import Network
from node.objects import COMPANY, PUBLIC
from node.rings.queries import RingRow, find_ring, ring_of_audience
from node.rooms.queries import Room, own_rooms
from node.settings import Settings


class WrongUse(Exception):
    """What was asked cannot be done; the text says why and what to do, in the node's language."""


@dataclass(frozen=True)
class Site:
    """An opened home."""

    settings: Settings
    engine: Engine

    def reading(self) -> AbstractContextManager[Connection]:
        return reading(self.engine)

    def writing(self) -> AbstractContextManager[Connection]:
        return writing(self.engine)

    def node(self, db: Connection) -> Identity:
        return identity.load(db, self.settings.scheme)

    @property
    def sender(self) -> GuardedSender:
        return GuardedSender(local=self.settings.local)

    def network(self, sender: GuardedSender) -> Network:
        return Network(self.engine, self.settings.scheme, sender)

    def say(self, text: str, *, err: bool = False) -> None:
        """A line in the node's language."""
        typer.echo(translate(self.settings.language, text), err=err)

    def answer(self, as_json: bool, data: Mapping[str, Any] | list[Any], *lines: str) -> None:
        """What the command found or did: as JSON, or as lines of words."""
        if as_json:
            typer.echo(json.dumps(data, ensure_ascii=False, default=_as_text))
            return
        for line in lines:
            self.say(line)


def words_of(error: NodeError, language: str) -> str:
    """An error as its sentences in a language."""
    if isinstance(error, Invalid):
        return "\n".join(translate(language, text) for text in error.fields.values())
    nothing = msg("There is no such thing here. Look in the list which there are.")
    return translate(language, error.args[0] if error.args else nothing)


def columns(row: Mapping[str, Any], *names: str) -> str:
    """One line of a table, as other programs cut it: by tabs."""
    return "\t".join(str(row[name]) for name in names)


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def load_settings(home: Path | None, **overrides: Any) -> Settings:
    """The settings of the home named by --home or LEERKRING_HOME; raises Invalid in words."""
    if home is None:
        raise Invalid(home=msg("Say which node: --home FOLDER, or set LEERKRING_HOME."))
    try:
        return settings.load(home, **overrides)
    except ValidationError as error:
        fault = error.errors()[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Invalid(
            settings=msg("The setting %(name)s is not right: %(why)s", name=name, why=fault["msg"])
        ) from error


def is_made(found: Settings) -> bool:
    """Is there a node in this home?"""
    return bool(found.database) or (found.home / "leerkring.sqlite3").exists()


@contextmanager
def opened(home: Path | None, **overrides: Any) -> Iterator[Site]:
    """The node of an existing home, its tables up to date."""
    found = load_settings(home, **overrides)
    if not is_made(found):
        raise Conflict(msg("There is no node in %(home)s. Run `leerkring init` first.", home=found.home))
    engine = open_home(found)
    try:
        yield Site(found, engine)
    except NodeError as error:
        raise WrongUse(words_of(error, found.language)) from error
    finally:
        engine.dispose()


def member_named(db: Connection, handle: str) -> Row[Any]:
    """A member by handle; raises NotFound in words."""
    found = find_member(db, handle)
    if found is None:
        raise NotFound(msg("There is no member %(handle)s here. See `leerkring member list`.", handle=handle))
    return found


def acting(db: Connection, handle: str | None, role: str) -> Row[Any]:
    """Who acts: the named member, or the only one with this role; raises NotFound, Conflict or Invalid."""
    if handle is None:
        able = members_with_role(db, role)
        if len(able) != 1:
            raise Invalid(
                by=msg("Say who does this: --as HANDLE, a member with the role %(role)s.", role=role)
            )
        return get_member(db, able[0])
    found = member_named(db, handle)
    if is_out(found) or role not in found.roles.split():
        raise Conflict(msg("%(handle)s does not have the role %(role)s.", handle=handle, role=role))
    return found


def as_reader(member: Row[Any]) -> Member:
    return Member(member.actor_id, frozenset(member.roles.split()))


def audience_named(db: Connection, words: str, member: Member | None = None) -> str:
    """The audience of `company`, `public`, `ring:NAME`, or of a room that `member` is in: `room:NAME`.

    Raises Invalid or NotFound in words, the same for a room they are not in as for none (rule 16).
    """
    if words in (COMPANY, PUBLIC):
        return words
    kind, _, name = words.partition(":")
    if kind == "room" and name and member is not None:
        return _room_named(db, name, member)
    if kind != "ring" or not name:
        raise Invalid(audience=msg("The audience is company, public or ring:NAME."))
    return ring_named(db, name).audience


def _room_named(db: Connection, name: str, member: Member) -> str:
    found = [room.audience for room in own_rooms(db, member) if name in (str(room.id), *_names_of(room))]
    if len(found) > 1:
        raise Conflict(msg("There is more than one room with this name. Use the number in its address."))
    if not found:
        raise NotFound(msg("There is no room %(name)s that this member is in.", name=name))
    return found[0]


def _names_of(room: Room) -> list[str]:
    return [say_name(language, room.name) for language in LANGUAGES]


def ring_named(db: Connection, name: str) -> RingRow:
    """A ring by this node's name for it; raises NotFound in words."""
    try:
        return find_ring(db, name)
    except NotFound as error:
        raise NotFound(
            msg("There is no ring %(name)s here. See `leerkring ring list`.", name=name)
        ) from error


def audience_words(db: Connection, audience: str) -> str:
    """An audience as the command line takes it."""
    ring = ring_of_audience(db, audience)
    return f"ring:{ring.handle}" if ring is not None else audience
