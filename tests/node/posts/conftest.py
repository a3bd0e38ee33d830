"""One node in a database: two members, a paired partner in a ring, and a stranger's server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from federation import keys
from node import identity
from node.access.tables import members
from node.actors import PERSON, actors, add_local_actor, change_actor, find_actor, get_actor, take_handle
from node.db import open_engine, writing
from node.identity import Identity
from node.ids import new_id, now
from node.incoming import Incoming
from node.memberships import ACCEPTED, follows, memberships
from node.objects import ring_audience
from node.peers import PAIRED, change_peer, keep_peer
from node.rings.tables import rings
from node.settings import Settings
from schemas.activitystreams import PUBLIC, ring_urn
from tests.network import RunningNode

RING, OTHER_RING = "a" * 64, "b" * 64
BASE = "http://bakker.example"


@dataclass
class World:
    """Handles of what is there; everything happens in one transaction."""

    db: Connection
    node: Identity
    settings: Settings
    anna: int
    bert: int
    partner: int
    stranger: int

    def person(self, peer_id: int, domain: str, handle: str) -> str:
        """A person elsewhere; returns their uri."""
        uri = f"https://{domain}/users/{handle}"
        row = {"id": new_id(), "uri": uri, "type": PERSON, "peer_id": peer_id, "handle": handle}
        boxes = {"inbox": f"{uri}/inbox", "followers": f"{uri}/followers"}
        self.db.execute(insert(actors).values(**row, name=handle.title(), created_at=now(), **boxes))
        return uri

    def member(self, handle: str) -> int:
        """A member without keys: nothing is sent here."""
        take_handle(self.db, handle, "person")
        made = add_local_actor(self.db, type=PERSON, handle=handle, name=handle.title(), rsa="", ed25519="")
        self.db.execute(insert(members).values(actor_id=made, password_hash="", created_at=now()))
        return made

    def actor_id(self, uri: str) -> int:
        row = find_actor(self.db, uri)
        assert row is not None
        return int(row.id)

    def uri_of(self, actor_id: int) -> str:
        return str(get_actor(self.db, actor_id).uri)

    def follow(self, follower: int, uri: str) -> None:
        """A member follows somebody elsewhere, who accepted."""
        pair = {"follower_id": follower, "followed_id": self.actor_id(uri)}
        row = {"id": new_id(), "uri": f"/a/{new_id()}", **pair}
        self.db.execute(insert(follows).values(**row, state=ACCEPTED, created_at=now()))

    def join(self, ring: str, peer_id: int) -> None:
        """A node is in a ring since an hour."""
        since = now() - timedelta(hours=1)
        row = {"id": new_id(), "audience": ring_audience(ring), "peer_id": peer_id, "from_at": since}
        self.db.execute(insert(memberships).values(**row))

    def show_face(self, member_id: int) -> None:
        change_actor(self.db, member_id, face_at=now())

    def incoming(self, activity: dict[str, Any], *, by_node: bool = False) -> Incoming:
        """An activity as the inbox kept it: its sender is known and its signature was right."""
        actor = activity["actor"]
        domain = actor.split("/")[2]
        return Incoming(
            self.node, activity, actor, keep_peer(self.db, domain), by_node=by_node, received_at=now()
        )


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    engine = open_engine(database_url)
    with writing(engine) as db:
        identity.create(db, name="Bakker", domain="bakker.example", kind="firm")
        settings = Settings(home=tmp_path, local=True)
        partner, stranger = keep_peer(db, "smit.example"), keep_peer(db, "elders.example")
        inbox, multikey = "https://smit.example/inbox", keys.ed25519_multikey(keys.new_ed25519())
        actor = "https://smit.example/actor"
        change_peer(db, partner, state=PAIRED, name="Smit", inbox=inbox, actor_uri=actor, node_key=multikey)
        made = World(db, identity.load(db, "http"), settings, 0, 0, partner, stranger)
        made.anna, made.bert = made.member("anna"), made.member("bert")
        for name, ring in (("techniek", RING), ("anders", OTHER_RING)):
            row = {"id": new_id(), "hash": ring, "handle": name, "name": name.title()}
            db.execute(insert(rings).values(**row, kind="partners", state="open", created_at=now()))
        made.join(RING, identity.SELF)
        made.join(RING, partner)
        yield made
    engine.dispose()


def note(uri: str, author: str, **fields: Any) -> dict[str, Any]:
    """A Note as other servers write it; open unless it says otherwise."""
    plain = {"type": "Note", "content": "<p>Hallo</p>", "to": [PUBLIC], "cc": []}
    return {"id": uri, "attributedTo": author, **plain, **fields}


def activity(kind: str, document: dict[str, Any] | str, actor: str, **fields: Any) -> dict[str, Any]:
    """An activity around a document, addressed as that is."""
    inner = document if isinstance(document, dict) else {"id": document}
    kept = {name: inner[name] for name in ("to", "cc", "audience") if name in inner}
    return {"id": f"{inner['id']}#{kind}", "type": kind, "actor": actor, "object": document, **kept, **fields}


def to_ring(ring: str = RING) -> dict[str, Any]:
    return {"to": [ring_urn(ring)], "cc": [], "audience": ring_urn(ring)}


@pytest.fixture
def statements(node: RunningNode) -> Iterator[list[str]]:
    """Every statement that the node's database gets."""
    seen: list[str] = []

    def note_statement(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(node.engine, "before_cursor_execute", note_statement)
    yield seen
    event.remove(node.engine, "before_cursor_execute", note_statement)
