"""Fedify knows every address of a ring of two real nodes: it gets the 404 of nothing, and changes nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from sqlalchemy import select

from node.actors import GROUP, actors
from node.identity import SELF
from node.media.tables import files
from node.memberships import follows
from node.objects import LIVE, PUBLIC, objects
from node.people.actions import show_face
from node.posts.actions import Draft, delete_post, publish_post
from node.posts.reactions import like
from node.posts.storing import find_post
from node.posts.tables import reactions
from node.queue import activities
from schemas.activitystreams import PUBLIC as AS_PUBLIC
from tests.interop.fedify_peer import CAVAGE, RFC9421, FedifyPeer, RawAnswer, fedify_peer
from tests.interop.served import PASSWORD, ServedNode, make_ring, pair, served_node

RING, RING_TOPIC, FACELESS = "vakkring", "regeltechniek", "bram"
# Words that stand nowhere but in the ring.
CANARIES = ("zomerbies", "kwartelkoning", "duinpieper", "boomvalk", "regeltechniek")
PAGE = "text/html"
DOCUMENT = "application/activity+json"


@dataclass
class Ring:
    """Two nodes in a ring, and what Fedify was told of it."""

    bakker: ServedNode
    smit: ServedNode
    hash: str
    posts: list[str]
    topic: str
    faceless: str
    open_topic: str
    open_post: str

    @property
    def urn(self) -> str:
        return f"urn:leerkring:ring:{self.hash}"

    @property
    def inbox(self) -> str:
        return f"{self.bakker.base}/inbox"


@pytest.fixture(scope="module")
def fenna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FedifyPeer]:
    with fedify_peer(tmp_path_factory.mktemp("fedify"), CAVAGE) as peer:
        yield peer


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory, fenna: FedifyPeer) -> Iterator[Ring]:
    """Fedify follows the open topic of one of the two; that is all it was ever let into."""
    homes = tmp_path_factory.mktemp("homes")
    with (
        served_node(homes / "bakker", "Bakker", "anna") as bakker,
        served_node(homes / "smit", "Smit", "piet") as smit,
    ):
        found = fill(bakker, smit, homes / "foto.png")
        fenna.do("follow", actor=found.open_topic)
        fenna.wait_for(lambda line: line.get("type") == "Accept")
        yield found


def fill(bakker: ServedNode, smit: ServedNode, picture: Path) -> Ring:
    """A topic, posts, a picture, an answer, likes and a deleted post in the ring; one open topic."""
    for node in (bakker, smit):
        node.wait_until_it_answers()
    pair(bakker, smit)
    ring_hash = make_ring(bakker, smit, RING)
    bakker.write(lambda db, *_: show_face(db, bakker.member_id))
    member = bakker.cli(
        "member", "add", FACELESS, "--name", "Bram", "--password-stdin", typed=f"{PASSWORD}\n"
    )
    audience = f"ring:{RING}"
    topic = bakker.cli("topic", "create", RING_TOPIC, "--name", "Zomerbies", "--audience", audience)
    Image.new("RGB", (8, 8), "teal").save(picture)
    words = ["--as", FACELESS, "--audience", audience]
    first = bakker.cli(
        "post",
        "Een kwartelkoning",
        *words,
        "--topic",
        RING_TOPIC,
        "--file",
        str(picture),
        "--alt",
        "duinpieper",
    )
    bakker.cli("post", "Een duinpieper binnenshuis", "--as", FACELESS, "--audience", "company")
    gone = bakker.cli("post", "Een zomerbies die verdwijnt", *words)
    bakker.write(lambda db, own, _: delete_post(db, own, int(member["id"]), int(gone["id"])))
    bakker.write(lambda db, own, _: like(db, own, bakker.member_id, int(first["id"])))
    smit.wait_for(lambda db: find_post(db, first["url"]))
    answer = Draft("", "Een boomvalk", parent_id=smit.post(first["url"]).id)
    made = smit.write(lambda db, own, site: publish_post(db, own, site.settings, smit.member_id, answer))
    answered = f"{smit.base}/o/{made}"
    bakker.wait_for(lambda db: find_post(db, answered))
    open_topic = bakker.cli("topic", "create", "pompen", "--name", "Pompen", "--audience", "public")
    open_post = bakker.cli("post", "Open", "--as", "anna", "--audience", "public", "--topic", "pompen")
    return Ring(
        bakker=bakker,
        smit=smit,
        hash=ring_hash,
        posts=[first["url"], gone["url"], answered],
        topic=f"{bakker.base}/o/{topic['id']}",
        faceless=f"{bakker.base}/p/{member['id']}",
        open_topic=f"{bakker.base}/p/{open_topic['id']}",
        open_post=open_post["url"],
    )


def documents_of(node: ServedNode, ring_hash: str) -> list[str]:
    """Every path of the node that is not open, as its own database has it."""
    closed = objects.c.audience != PUBLIC
    with_face = actors.c.face_at.is_not(None) | (actors.c.type == GROUP)

    def paths(db: Any) -> list[str]:
        things = db.scalars(select(objects.c.uri).where(closed)).all()
        acts = db.scalars(select(activities.c.uri).where(activities.c.audience != PUBLIC)).all()
        stored = select(files.c.id).join(objects, objects.c.id == files.c.object_id).where(closed)
        media = [f"/media/{one}{end}" for one in db.scalars(stored) for end in ("", "/thumb")]
        hidden = db.scalars(select(actors.c.uri).where(actors.c.peer_id == SELF, ~with_face)).all()
        people = [f"{uri}{end}" for uri in hidden for end in ("", "/outbox", "/followers", "/following")]
        return [path for path in (*things, *acts, *media, *people) if path.startswith("/")]

    asked = [f"/node/rings/{ring_hash}/{what}" for what in ("people", "activities?epoch=1&after=0")]
    return [*node.read(paths), *asked]


def fingers_of(node: ServedNode, *uris: str) -> list[str]:
    names = [f"acct:{handle}@{node.domain}" for handle in (FACELESS, RING, RING_TOPIC)]
    return [f"/.well-known/webfinger?resource={name}" for name in (*names, *uris)]


def pages_of(node: ServedNode, ring: Ring) -> list[str]:
    numbered = [path for path in documents_of(node, ring.hash) if path.startswith(("/o/", "/p/"))]
    topic = ring.topic.rpartition("/")[2]
    rest = [f"/rings/{RING}", f"/rings/{RING}/about", f"/topics/{topic}", f"/@{FACELESS}"]
    return [path for path in numbered if path.count("/") == 2] + rest


def nothing_like(path: str) -> str:
    """An address of the same shape and length that names nothing."""
    for name in (FACELESS, RING_TOPIC, RING):
        path = path.replace(name, "x" * len(name))
    path = re.sub(r"[0-9a-f]{64}", "0" * 64, path)
    return re.sub(r"\d{15,}", lambda found: "9" * len(found[0]), path)


def answer_to(peer: FedifyPeer, base: str, path: str, kind: Any, accept: str) -> RawAnswer:
    """The answer, with the path that was asked made the same everywhere."""
    found = peer.get(base + path, kind, accept=accept)
    body = found.body.replace(path.encode(), b"PATH").replace(quote(path).encode(), b"PATH")
    return RawAnswer(found.status, found.headers, body)


answer_again = cache(answer_to)  # most addresses have the same nothing


def test_there_is_something_to_find(ring: Ring) -> None:
    bakker, smit = documents_of(ring.bakker, ring.hash), documents_of(ring.smit, ring.hash)
    kinds = {path.split("/")[1] for path in bakker}
    assert kinds == {"o", "a", "p", "media", "node"}
    assert ring.posts[2].removeprefix(ring.smit.base) in smit
    assert "kwartelkoning" in ring.smit.post(ring.posts[0]).html


@pytest.mark.parametrize("kind", [None, RFC9421, CAVAGE])
def test_every_document_of_a_ring_is_the_404_of_nothing(ring: Ring, fenna: FedifyPeer, kind: Any) -> None:
    for node in (ring.bakker, ring.smit):
        for path in documents_of(node, ring.hash) + fingers_of(node, ring.topic, ring.faceless):
            found = answer_to(fenna, node.base, path, kind, DOCUMENT)
            assert found.status == 404, path
            assert found == answer_again(fenna, node.base, nothing_like(path), kind, DOCUMENT), path


@pytest.mark.parametrize("kind", [None, RFC9421])
def test_every_page_of_a_ring_is_the_404_of_nothing(ring: Ring, fenna: FedifyPeer, kind: Any) -> None:
    for node in (ring.bakker, ring.smit):
        for path in pages_of(node, ring):
            found = answer_to(fenna, node.base, path, kind, PAGE)
            assert found.status == 404, path
            assert found == answer_again(fenna, node.base, nothing_like(path), kind, PAGE), path


def test_fedify_itself_finds_nothing_there(ring: Ring, fenna: FedifyPeer) -> None:
    uris = [*ring.posts, ring.topic, ring.faceless]
    assert all(fenna.finds_nothing(uri) for uri in uris)


def test_what_it_sends_about_a_ring_changes_nothing_and_brings_nothing(ring: Ring, fenna: FedifyPeer) -> None:
    post = ring.posts[0]
    there = {"inbox": ring.inbox}
    before = kept_of(ring.bakker, fenna)[0]
    for actor in (ring.topic, ring.urn, ring.faceless, f"{ring.bakker.base}/rings/{RING}"):
        fenna.do("follow", actor=actor, **there)
    for target in ring.posts:
        fenna.do("write", post=target, text="<p>Ik hoor alles</p>", **there)
        fenna.do("boost", post=target, **there)
        fenna.do("like", post=target, **there)
        fenna.do("remove", note=target, **there)
    fenna.do("write", post=post, text="<p>In de kring</p>", to=[ring.urn], **there)
    fenna.do("write", post=post, text="<p>In de kring, open</p>", to=[ring.urn, AS_PUBLIC], **there)
    fenna.do("write", post=ring.topic, text="<p>In het onderwerp</p>", to=[ring.topic, ring.urn], **there)
    handled = catch_up(ring, fenna)

    assert kept_of(ring.bakker, fenna) == (
        [*before, handled],
        [ring.open_topic.removeprefix(ring.bakker.base)],
        0,
    )
    assert ring.bakker.post(post).state == LIVE
    told = "\n".join(str(line) for line in fenna.lines)
    secrets = [
        *CANARIES,
        ring.hash,
        RING,
        FACELESS,
        *map(number_of, (*ring.posts, ring.topic, ring.faceless)),
    ]
    assert [secret for secret in secrets if secret in told.lower()] == []


def number_of(uri: str) -> str:
    return uri.rpartition("/")[2]


def catch_up(ring: Ring, peer: FedifyPeer) -> str:
    """An honest reply; once it is announced, all that was sent before it has been handled."""
    reply = peer.do("write", post=ring.open_post, text="<p>Klaar?</p>")["object"]
    peer.wait_for(lambda line: line["what"] == "accepted" and reply in str(line["document"]))
    return str(reply)


def kept_of(node: ServedNode, peer: FedifyPeer) -> tuple[list[str], list[str], int]:
    """What the node has of the peer's person: posts, whom it follows, number of reactions."""
    author = select(actors.c.id).where(actors.c.uri == peer.actor).scalar_subquery()
    written = (
        select(objects.c.uri)
        .where(objects.c.author_id == author, objects.c.kind == "post")
        .order_by(objects.c.id)
    )
    followed = select(actors.c.uri).join(follows, follows.c.followed_id == actors.c.id)
    reacted = select(reactions.c.object_id).where(reactions.c.actor_id == author)
    return node.read(
        lambda db: (
            list(db.scalars(written)),
            list(db.scalars(followed.where(follows.c.follower_id == author))),
            len(db.scalars(reacted).all()),
        )
    )


def test_the_logs_say_nothing_of_it(ring: Ring, fenna: FedifyPeer) -> None:
    catch_up(ring, fenna)
    logs = (ring.bakker.log + ring.smit.log).lower()
    assert [word for word in CANARIES if word in logs] == []
