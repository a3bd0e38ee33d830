"""Keys and numbers from the demo's databases: what an attacker could guess, what a partner has."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from node.demo.firms import FIRMS, Place


@dataclass(frozen=True)
class NodeKeys:
    """The keys of one node, and of one of its people."""

    url: str
    rsa: str
    ed25519: str
    person_path: str
    person_rsa: str


def places_of(demo: dict[str, Any]) -> dict[str, Place]:
    firms = {firm.key: firm for firm in FIRMS}
    return {
        node["name"]: Place(firms[node["name"]], int(node["url"].rpartition(":")[2]), Path(node["home"]))
        for node in demo["nodes"]
    }


@contextmanager
def _database(place: Place) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{place.home / 'leerkring.sqlite3'}?mode=ro", uri=True)) as db:
        yield db


def keys_of(place: Place) -> NodeKeys:
    with _database(place) as db:
        rsa, ed25519 = db.execute("select rsa_private, ed25519_private from node").fetchone()
        query = "select uri, rsa_private from actors where face_at is not null and rsa_private is not null"
        path, person = db.execute(query).fetchone()
    return NodeKeys(place.url, rsa, ed25519, path, person)


def all_paths(place: Place) -> tuple[list[str], list[str]]:
    """Every address that has an id or a name in it: those of documents, and those of everything else."""
    with _database(place) as db:
        posts = _column(db, "select id from objects where kind not in ('like', 'announce')")
        actors = _column(db, "select id from actors where peer_id = 0")
        known = _column(db, "select id from actors where peer_id != 0")
        handles = _column(db, "select handle from actors where peer_id = 0")
        topics = _column(db, "select object_id from topics")
        activities = _column(db, "select id from activities")
        files = _column(db, "select id from files")
        rings = db.execute("select hash, handle from rings").fetchall()
        agreements = _column(db, "select hash from agreements")
        rooms = db.execute("select id, audience from room_details").fetchall()
    collections = ("", "/outbox", "/outbox?page=true", "/followers", "/following")
    documents = [f"/o/{one}" for one in posts] + [f"/a/{one}" for one in activities]
    documents += [f"/p/{one}{name}" for one in [*actors, *topics] for name in collections]
    documents += [f"/p/{one}" for one in known]
    documents += ["/actor", "/actor/outbox", "/outbox", "/followers"]
    names = [f"/.well-known/webfinger?resource=acct:{one}@{place.domain}" for one in handles]
    names += [f"/.well-known/webfinger?resource={place.url}/@{one}" for one in handles]
    others = [*names, "/.well-known/nodeinfo", "/nodeinfo/2.0", "/nodeinfo/2.1", "/.well-known/host-meta"]
    others += [f"/media/{one}{size}" for one in files for size in ("", "/thumb")]
    others += [f"/@{one}" for one in handles] + [f"/topics/{one}" for one in topics]
    others += [f"/agreements/{one}" for one in agreements]
    for room_id, audience in rooms:
        room_hash = audience.removeprefix("room:")
        others += [f"/rooms/{room_id}", f"/rooms/{room_id}/about", f"/rooms/{room_id}/invite"]
        others += [f"/node/rooms/{room_hash}/people"]
        others += [f"/node/rooms/{room_hash}/activities?epoch=1&after=0"]
    for ring_hash, handle in rings:
        others += [f"/rings/{handle}", f"/rings/{handle}/about"] if handle else []
        others += [f"/node/rings/{ring_hash}/people", f"/node/rings/{ring_hash}/activities?epoch=1&after=0"]
    return documents, others


def _column(db: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] for row in db.execute(query)]
