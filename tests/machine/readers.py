"""What readers really get: pages, signed documents and files, and the very condition that pages ask with."""

import re
import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from federation.messages import Request
from federation.signatures import sign_rfc9421
from node.boundary import Anonymous, Member, Outside, Reader, readable
from node.objects import objects
from tests.federation.strangers import sign_as
from tests.machine.world import Site, World, call

WORD = re.compile(r"kz(\d{6})x(\d+)z")
PAGE, DOCUMENT = "text/html", "application/activity+json"
Found = set[tuple[int, int]]  # number of a thing, its version


def words_in(text: str | bytes) -> Found:
    """Every word of a thing that stands in it."""
    read = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return {(int(number), int(version)) for number, version in WORD.findall(read)}


@dataclass
class Conditions:
    """`readable` as SQL by node and reader, made once for each: what pages add to their queries.

    Only the moment and the uri change from question to question.
    """

    made: dict[tuple[str, Reader], tuple[str, list[Any]]] = field(default_factory=dict)

    def may(self, site: Site, reader: Reader, uri: str, moment: datetime) -> bool:
        """Whether the node's own condition lets this reader have the thing that it knows by `uri`."""
        known = self.made.get((site.name, reader))
        if known is None:
            known = self.made[site.name, reader] = _compile(site, reader, moment)
        sql, values = known
        stored = _stored(moment)
        asked = [uri if value is URI else stored if value is MOMENT else value for value in values]
        return site.eyes.execute(sql, asked).fetchone() is not None


URI, MOMENT = "the uri", "the moment"


def _compile(site: Site, reader: Reader, moment: datetime) -> tuple[str, list[Any]]:
    query = select(objects.c.uri).where(objects.c.uri == URI, readable(reader))
    compiled: Any = query.compile(
        dialect=site.node.engine.dialect, compile_kwargs={"render_postcompile": True}
    )
    values = [compiled.params[name] for name in compiled.positiontup]
    return str(compiled), [MOMENT if isinstance(value, datetime) else value for value in values]


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


# --- through the front door --------------------------------------------------------------------------


async def page_of(world: World, site: Site, person: str, path: str) -> Found:
    """The words on a page of somebody's own node."""
    headers = {"cookie": world.cookie(site, person), "accept": PAGE}
    answer = await call(site.node.app, "GET", site.base + path, headers)
    return words_in(answer.body) | words_in(str(answer.headers))


async def file_of(world: World, site: Site, person: str, file_id: int) -> bool:
    """Whether somebody gets a picture at their own node."""
    headers = {"cookie": world.cookie(site, person)}
    answer = await call(site.node.app, "GET", f"{site.base}/media/{file_id}", headers)
    return answer.status == 200


async def ask_as_node(asker: Site, site: Site, path: str, accept: str = DOCUMENT) -> tuple[int, Found]:
    """What another node gets under its own key."""
    found = asker.node.identity
    request = Request("GET", site.base + path, {"accept": accept})
    signed = sign_as(request, found.node_key_id, found.ed25519_private, sign_rfc9421)
    answer = await call(site.node.app, "GET", request.url, signed.headers)
    return answer.status, words_in(answer.body)


async def ask_as_nobody(site: Site, path: str, accept: str = DOCUMENT) -> tuple[int, Found]:
    answer = await call(site.node.app, "GET", site.base + path, {"accept": accept})
    return answer.status, words_in(answer.body)


# --- what stands in a database -----------------------------------------------------------------------


def words_stored(eyes: sqlite3.Connection) -> dict[tuple[int, int], str]:
    """Every word in any row of any table, with the table it stands in."""
    tables = [name for (name,) in eyes.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found: dict[tuple[int, int], str] = {}
    for table in tables:
        columns = [row[1] for row in eyes.execute(f"PRAGMA table_info({table})") if row[2].upper() in TEXTS]
        for column in columns:
            rows = eyes.execute(f"SELECT {column} FROM {table} WHERE {column} LIKE '%kz0%'")
            for (text,) in rows:
                found.update(dict.fromkeys(words_in(text), f"{table}.{column}"))
    return found


TEXTS = ("TEXT", "VARCHAR")


def member_reader(site: Site, person: str) -> Member:
    roles = frozenset({"admin", "director", "editor"}) if person == "dir" else frozenset()
    return Member(site.people[person], roles)


def node_reader(site: Site, asker: Site) -> Outside | None:
    """Another node as this one knows it; None when they never met."""
    row = site.rows("SELECT id FROM peers WHERE domain = ?", asker.domain)
    return Outside(row[0][0], node_key=True) if row else None


NOBODY = Anonymous()
