"""Fedify follows an open topic of a real node: what it gets, what it may do, and when that ends."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, select

from federation.documents import as_id, as_object
from node.actors import find_actor
from node.memberships import ACCEPTED, follows
from node.objects import LIVE, PEOPLE, PUBLIC, objects
from node.people.actions import show_face
from node.people.followers import followed_ids
from node.people.follows import follow
from node.posts.actions import Draft, delete_post, edit_post, publish_post
from node.posts.storing import find_post
from node.posts.tables import reactions
from tests.interop.fedify_peer import CAVAGE, RFC9421, FedifyPeer, Line, Specification, fedify_peer
from tests.interop.served import ServedNode, served_node

AUTHOR = "anna"
numbers = count(1)


@pytest.fixture(scope="module")
def bakker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with served_node(tmp_path_factory.mktemp("homes") / "bakker", "Bakker", AUTHOR) as node:
        node.write(lambda db, *_: show_face(db, node.member_id))
        node.wait_until_it_answers()
        yield node


@pytest.fixture(scope="module")
def fenna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FedifyPeer]:
    with fedify_peer(tmp_path_factory.mktemp("fedify"), RFC9421) as peer:
        yield peer


@pytest.fixture
def topic(bakker: ServedNode, fenna: FedifyPeer) -> str:
    """A new open topic that Fedify follows."""
    handle = f"pompen_{next(numbers)}"
    made = bakker.cli("topic", "create", handle, "--name", "Warmtepompen", "--audience", "public")
    uri = f"{bakker.base}/p/{made['id']}"
    fenna.do("follow", actor=uri)
    fenna.wait_for(lambda line: line.get("type") == "Accept" and line["actor"] == uri)
    return uri


def write(node: ServedNode, text: str, **values: Any) -> str:
    """A post of the author's; returns its address."""
    draft = Draft(**{"audience": PUBLIC, "source": text, **values})
    made = node.write(lambda db, own, site: publish_post(db, own, site.settings, node.member_id, draft))
    return f"{node.base}/o/{made}"


def write_in(topic: str, node: ServedNode, text: str, **values: Any) -> str:
    return write(node, text, topic_id=number_of(topic), **values)


def number_of(uri: str) -> int:
    return int(uri.rpartition("/")[2])


def announced(peer: FedifyPeer, topic: str, kind: str, uri: str) -> Line:
    """The topic's Announce of an activity of that kind about `uri`, once Fedify has verified it."""

    def is_it(line: Line) -> bool:
        inner = inner_of(line)
        return line.get("actor") == topic and inner.get("type") == kind and as_id(inner.get("object")) == uri

    return peer.wait_for(is_it)


def inner_of(line: Line) -> dict[str, Any]:
    return as_object(line["document"].get("object")) if line["what"] == "accepted" else {}


def plain_announces(peer: FedifyPeer, topic: str) -> list[str]:
    """What the topic announced by id alone, as a boost."""
    lines = [line for line in peer.accepted() if line["type"] == "Announce" and line["actor"] == topic]
    return [line["object"] for line in lines if not inner_of(line)]


def test_webfinger_names_the_topic_that_fedify_reads(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    handle = fenna.find(topic)["preferredUsername"]
    account = f"acct:{handle}@{bakker.domain}"
    found = fenna.get(
        f"{bakker.base}/.well-known/webfinger?resource={account}", accept="application/jrd+json"
    )
    assert topic.encode() in found.body
    assert fenna.find(topic)["type"] == "Group"


def test_a_follower_gets_a_post_as_an_activity_and_by_its_id(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    post = write_in(topic, bakker, "Welke ketel bromt er?")
    line = announced(fenna, topic, "Create", post)
    fenna.wait_for(lambda line: line.get("object") == post and line["actor"] == topic)
    assert "bromt" in fenna.find(post)["content"]
    assert fenna.find(inner_of(line)["id"])["type"] == "Create"


def test_our_deliveries_knock_with_draft_cavage_and_are_let_in(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    announced(fenna, topic, "Create", write_in(topic, bakker, "Hoor je dit?"))
    posts = [line for line in fenna.lines if line.get("method") == "POST"]
    assert {line["status"] for line in posts} == {202}
    assert all("signature" in line["headers"] for line in posts)
    assert not any("signature-input" in line["headers"] for line in posts)


def test_an_edit_and_a_delete_reach_the_follower(bakker: ServedNode, fenna: FedifyPeer, topic: str) -> None:
    post = write_in(topic, bakker, "De eerste woorden")
    announced(fenna, topic, "Create", post)
    words = {"source": "De betere woorden", "title": "", "warning": "", "language": "nl"}
    bakker.write(lambda db, own, _: edit_post(db, own, bakker.member_id, number_of(post), **words))
    line = announced(fenna, topic, "Update", post)
    assert "betere" in inner_of(line)["object"]["content"]
    assert "betere" in fenna.find(post)["content"]

    bakker.write(lambda db, own, _: delete_post(db, own, bakker.member_id, number_of(post)))
    announced(fenna, topic, "Delete", post)
    assert fenna.get(post).status == 410
    assert b"betere" not in fenna.get(post).body


def test_a_reply_stands_in_its_thread_and_is_announced(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    post = write_in(topic, bakker, "Wie heeft er een tang?")
    announced(fenna, topic, "Create", post)
    reply = fenna.do("write", post=post, text="<p>Ik heb er een.</p>")["object"]
    announced(fenna, topic, "Create", reply)
    row = bakker.post(reply)
    assert (row.parent_id, row.topic_id, row.audience) == (number_of(post), number_of(topic), PUBLIC)
    assert "Ik heb er een" in row.html
    assert reply not in plain_announces(fenna, topic)


def test_a_changed_and_a_removed_reply_change_and_go_here_too(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    post = write_in(topic, bakker, "Nog een vraag")
    inbox = f"{bakker.base}/inbox"
    announced(fenna, topic, "Create", post)
    reply = fenna.do("write", post=post, text="<p>Eerst</p>")["object"]
    announced(fenna, topic, "Create", reply)
    fenna.do("edit", note=reply, text="<p>Daarna</p>", inbox=inbox)
    announced(fenna, topic, "Update", reply)
    assert "Daarna" in bakker.post(reply).html
    fenna.do("remove", note=reply, inbox=inbox)
    announced(fenna, topic, "Delete", reply)
    assert (bakker.post(reply).state, bakker.post(reply).html) == ("deleted", "")


def test_our_own_reply_is_read_by_its_id_for_its_create_is_not_there(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    post = write_in(topic, bakker, "Een vraag")
    announced(fenna, topic, "Create", post)
    reply = write(bakker, "Het antwoord", parent_id=number_of(post))
    create = inner_of(announced(fenna, topic, "Create", reply))["id"]
    assert create.startswith(f"{bakker.base}/a/")
    assert fenna.finds_nothing(create)
    assert {fenna.get(create, kind).status for kind in (None, RFC9421, CAVAGE)} == {404}
    assert "Het antwoord" in fenna.find(reply)["content"]
    assert reply not in plain_announces(fenna, topic)


def test_likes_and_boosts_count_once_and_can_be_taken_back(
    bakker: ServedNode, fenna: FedifyPeer, topic: str
) -> None:
    post = write_in(topic, bakker, "Mooi werk")
    announced(fenna, topic, "Create", post)
    liked = fenna.do("like", post=post)["id"]
    fenna.do("like", post=post)
    fenna.do("boost", post=post)
    catch_up(fenna, topic, post)
    assert kinds_of_reactions(bakker, post) == ["Announce", "Like"]
    fenna.do("unlike", like=liked, post=post)
    catch_up(fenna, topic, post)
    assert kinds_of_reactions(bakker, post) == ["Announce"]


def catch_up(peer: FedifyPeer, topic: str, post: str) -> None:
    """Everything that the peer sent before has been handled, for one server's activities keep their order."""
    announced(peer, topic, "Create", peer.do("write", post=post, text="<p>Klaar?</p>")["object"])


def kinds_of_reactions(node: ServedNode, post: str) -> list[str]:
    query = (
        select(reactions.c.type)
        .join(objects, objects.c.id == reactions.c.object_id)
        .where(reactions.c.target_id == number_of(post), objects.c.state == LIVE)
        .order_by(reactions.c.type)
    )
    return node.read(lambda db: list(db.scalars(query)))


def is_followed(db: Connection, member_id: int) -> bool:
    return db.execute(select(follows.c.id).where(follows.c.followed_id == member_id)).first() is not None


def test_who_unfollows_gets_nothing_more(bakker: ServedNode, fenna: FedifyPeer, topic: str) -> None:
    post = write_in(topic, bakker, "Voor wie volgt")
    announced(fenna, topic, "Create", post)
    reply = fenna.do("write", post=post, text="<p>Tot ziens</p>")["object"]
    announced(fenna, topic, "Create", reply)
    fenna.do("unfollow", actor=topic)
    person = f"{bakker.base}/p/{bakker.member_id}"
    fenna.do("follow", actor=person)
    fenna.wait_for(lambda line: line.get("type") == "Accept" and line["actor"] == person)
    fenna.do("unfollow", actor=person)
    bakker.wait_for(lambda db: not is_followed(db, bakker.member_id))

    write_in(topic, bakker, "Dit hoort fenna niet meer")
    answer = write(bakker, "Dag!", parent_id=bakker.post(reply).id)
    fenna.wait_for(lambda line: line.get("type") == "Create" and inner_of(line).get("id") == answer)
    assert not any("hoort fenna niet" in str(line) for line in fenna.lines)


@pytest.mark.usefixtures("topic")  # following it made her known here
def test_a_member_who_follows_her_gets_what_she_writes(bakker: ServedNode, fenna: FedifyPeer) -> None:
    her = bakker.read(lambda db: find_actor(db, fenna.actor))
    assert her is not None
    bakker.write(lambda db, own, _: follow(db, own, bakker.member_id, her))
    bakker.wait_for(lambda db: followed_ids(db, bakker.member_id) == {her.id: ACCEPTED})
    note = fenna.do("write", text="<p>Dag volgers</p>", inbox=f"{bakker.base}/inbox")["object"]
    bakker.wait_for(lambda db: find_post(db, note))
    assert bakker.post(note).audience == PUBLIC


@pytest.mark.parametrize("kind", [RFC9421, CAVAGE])
def test_what_is_for_her_opens_to_a_signature_of_either_kind(
    bakker: ServedNode, fenna: FedifyPeer, kind: Specification
) -> None:
    person = f"{bakker.base}/p/{bakker.member_id}"
    inbox = f"{bakker.base}/inbox"
    question = fenna.do("write", text="<p>Zeg eens</p>", inbox=inbox, to=[person])
    bakker.wait_for(lambda db: find_post(db, question["object"]))
    answer = write(bakker, "Onder vier ogen", audience=PEOPLE, parent_id=bakker.post(question["object"]).id)
    fenna.wait_for(lambda line: line.get("type") == "Create" and inner_of(line).get("id") == answer)
    assert b"Onder vier ogen" in fenna.get(answer, kind).body
    assert fenna.get(answer).status == 404


@pytest.mark.usefixtures("topic")  # Fedify followed it, and its first knock is RFC 9421
def test_rfc_9421_is_let_in_at_the_first_knock(bakker: ServedNode) -> None:
    assert "inbox_refused" not in bakker.log
