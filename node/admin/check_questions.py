"""What check-rings asks about each thing, and which answer the table says it must get."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, func, select

from node.actors import actors
from node.admin.check_table import (
    Asker,
    Facts,
    is_in,
    is_in_room,
    may_have,
    may_know_gone,
    may_know_person,
    may_see_page,
)
from node.identity import SELF, nodes
from node.media.tables import files
from node.memberships import rooms
from node.objects import objects
from node.peers import peers
from node.queue import activities
from node.rings.tables import rings

DOCUMENT, PAGE = "application/activity+json", "text/html"
SERVED, GONE, HIDDEN, EITHER = "served", "gone", "hidden", "served or hidden"
LISTED = ("post", "announce")  # what an outbox holds
DOCUMENTED = ("post", "like", "announce")
ANONYMOUS, STRANGER = Asker("anonymous", "anonymous"), Asker("stranger", "a stranger who signs")


@dataclass(frozen=True)
class Question:
    """One request, and what it must be answered; `total` is what a collection may count up to."""

    asker: Asker
    path: str
    accept: str
    expected: str
    total: int | None = None


@dataclass(frozen=True)
class Thing:
    """What questions are asked about."""

    kind: str
    key: Any


def everybody(db: Connection) -> list[Asker]:
    """Nobody, a stranger, and each paired node."""
    paired = db.execute(select(peers).where(peers.c.state == "paired").order_by(peers.c.domain))
    return [ANONYMOUS, STRANGER, *(Asker("node", row.domain, row.id) for row in paired)]


def list_things(db: Connection) -> list[Thing]:
    """Everything that is there, by kind and id."""
    columns = {"object": objects.c.id, "file": files.c.id, "activity": activities.c.id, "ring": rings.c.id}
    found = [Thing(kind, key) for kind, column in columns.items() for key in db.scalars(select(column))]
    found += [Thing("room", audience) for audience in db.scalars(select(rooms.c.audience))]
    ours = select(actors.c.id).where(actors.c.peer_id == SELF)
    return [*found, *(Thing("actor", key) for key in db.scalars(ours)), Thing("figures", 0)]


def questions_about(db: Connection, facts: Facts, askers: Sequence[Asker], thing: Thing) -> list[Question]:
    """None when it has gone meanwhile."""
    makers: dict[str, Callable[..., Iterator[Question]]] = {
        "object": _about_object,
        "file": _about_file,
        "activity": _about_activity,
        "ring": _about_ring,
        "room": _about_room,
        "actor": _about_actor,
        "figures": _about_figures,
    }
    return list(makers[thing.kind](db, facts, askers, thing.key))


def _about_object(
    db: Connection, facts: Facts, askers: Sequence[Asker], object_id: int
) -> Iterator[Question]:
    row = db.execute(select(objects).where(objects.c.id == object_id)).one_or_none()
    if row is None:
        return
    path, is_here = f"/o/{object_id}", row.uri == f"/o/{object_id}"
    for asker in askers:
        yield Question(asker, path, DOCUMENT, _document(db, facts, asker, row) if is_here else HIDDEN)
    shown = row.kind == "post" and may_see_page(facts, row)
    yield Question(ANONYMOUS, path, PAGE, SERVED if shown else HIDDEN)


def _document(db: Connection, facts: Facts, asker: Asker, row: Row[Any]) -> str:
    if may_have(db, facts, asker, row):
        return SERVED if row.kind in DOCUMENTED else EITHER
    return GONE if may_know_gone(db, facts, asker, row) else HIDDEN


def _about_file(db: Connection, facts: Facts, askers: Sequence[Asker], file_id: int) -> Iterator[Question]:
    query = select(objects, files.c.name).join(files, files.c.object_id == objects.c.id)
    row = db.execute(query.where(files.c.id == file_id)).one_or_none()
    for asker in askers:
        mine = row is not None and may_have(db, facts, asker, row)
        seen = row is not None and asker.kind == "anonymous" and may_see_page(facts, row)
        for path in (f"/media/{file_id}", f"/media/{file_id}/thumb"):
            yield Question(asker, path, PAGE, EITHER if mine or seen else HIDDEN)


def _about_activity(
    db: Connection, facts: Facts, askers: Sequence[Asker], activity_id: int
) -> Iterator[Question]:
    """What is not open is nobody's by its activity's id; an open one only while its object is."""
    query = select(activities.c.type, activities.c.audience, activities.c.object_id)
    row = db.execute(query.where(activities.c.id == activity_id)).one_or_none()
    about = None
    if row is not None and row.audience == "public" and row.type == "Create" and row.object_id is not None:
        about = db.execute(select(objects).where(objects.c.id == row.object_id)).one()
    for asker in askers:
        may = about is not None and about.audience == "public" and may_have(db, facts, asker, about)
        yield Question(asker, f"/a/{activity_id}", DOCUMENT, EITHER if may else HIDDEN)


def _about_ring(db: Connection, facts: Facts, askers: Sequence[Asker], ring_id: int) -> Iterator[Question]:
    row = db.execute(select(rings).where(rings.c.id == ring_id)).one_or_none()
    if row is None:
        return
    audience, domain = f"ring:{row.hash}", db.execute(select(nodes.c.domain)).scalar_one()
    for asker in askers:
        inside = (
            asker.kind == "node" and is_in(facts, audience, SELF) and is_in(facts, audience, asker.peer_id)
        )
        for path in ("people?nonce=check", "activities?epoch=1&after=0&nonce=check"):
            expected = SERVED if inside else HIDDEN
            yield Question(asker, f"/node/rings/{row.hash}/{path}", DOCUMENT, expected)
        if row.handle:
            yield Question(asker, _finger(row.handle, domain), DOCUMENT, HIDDEN)


def _about_room(_db: Connection, facts: Facts, askers: Sequence[Asker], audience: str) -> Iterator[Question]:
    """What was said is for nodes that somebody in it is of; a steering room's people for its whole ring."""
    room, within = f"/node/rooms/{audience.removeprefix('room:')}", facts.rooms[audience].within
    for asker in askers:
        is_node = asker.kind == "node"
        inside = is_node and is_in_room(facts, audience, asker.peer_id)
        around = is_node and is_in(facts, within, SELF) and is_in(facts, within, asker.peer_id)
        yield Question(asker, f"{room}/people?nonce=check", DOCUMENT, EITHER if around else HIDDEN)
        expected = EITHER if inside else HIDDEN
        yield Question(asker, f"{room}/activities?epoch=1&after=0&nonce=check", DOCUMENT, expected)


def _about_actor(db: Connection, facts: Facts, askers: Sequence[Asker], actor_id: int) -> Iterator[Question]:
    row = db.execute(select(actors).where(actors.c.id == actor_id)).one_or_none()
    if row is None:
        return
    domain = db.execute(select(nodes.c.domain)).scalar_one()
    for asker in askers:
        expected = EITHER if may_know_person(facts, asker, row) else HIDDEN
        yield Question(asker, f"/p/{actor_id}", DOCUMENT, expected)
        count = _count_for(db, facts, asker, actor_id)
        yield Question(asker, f"/p/{actor_id}/outbox", DOCUMENT, expected, total=count)
        for box in ("followers", "following"):
            most = None if row.type == "Group" else 0
            yield Question(asker, f"/p/{actor_id}/{box}", DOCUMENT, expected, total=most)
        if not has_face(row) and expected == HIDDEN:
            yield Question(asker, _finger(row.handle, domain), DOCUMENT, HIDDEN)


def has_face(actor: Row[Any]) -> bool:
    return actor.type == "Group" or actor.face_at is not None


def _finger(handle: str, domain: str) -> str:
    return f"/.well-known/webfinger?resource={quote(f'acct:{handle}@{domain}')}"


def _count_for(db: Connection, facts: Facts, asker: Asker, actor_id: int) -> int:
    theirs = select(objects).where(objects.c.author_id == actor_id, objects.c.kind.in_(LISTED))
    return sum(may_have(db, facts, asker, row) for row in db.execute(theirs).all())


def _about_figures(db: Connection, _facts: Facts, askers: Sequence[Asker], _key: int) -> Iterator[Question]:
    """NodeInfo counts this node's live open posts, for everybody."""
    ours = objects.c.kind == "post", objects.c.audience == "public", objects.c.origin == SELF
    count = db.scalar(select(func.count()).select_from(objects).where(*ours, objects.c.state == "live"))
    for path in ("/nodeinfo/2.0", "/nodeinfo/2.1"):
        yield Question(askers[0], path, DOCUMENT, SERVED, total=int(count or 0))
