"""SIGKILL between commit and answer, and a full disk, for acts that are no posts: each once, whole."""

import re
import resource
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import ColumnElement, Table, func, select

from node.identity import SELF
from node.ids import now
from node.memberships import guests, memberships
from node.objects import DELETED, objects
from node.peers import peers
from node.queue import count_queue
from node.rings.agreement_rows import COMPLETE
from node.rings.tables import agreements, signatures
from node.rings.trust_tables import former_keys
from node.rooms.tables import room_details, room_lines, room_places
from tests.processes.conftest import RING, Pair
from tests.processes.nodes import PASSWORD, Node, wait_until
from tests.processes.posting import check_departures, check_posts, publish, wait_until_settled
from tests.processes.test_disk_full import full_disk

GUEST = {"name": "Gerda Gast", "language": "nl", "rules": "on"}
SIGNED = {"read": "on", "password": PASSWORD, "handle": RING}


def count(node: Node, table: Table, *conditions: ColumnElement[bool]) -> int:
    return int(node.rows(select(func.count()).select_from(table).where(*conditions))[0][0])


def kill_once_done(
    node: Node, browser: httpx.Client, path: str, is_done: Callable[[], bool], form: Mapping[str, str] = {}
) -> None:
    """The form is sent; as soon as it is kept the node is killed, answered or not; it runs again."""

    def send() -> None:
        with suppress(httpx.TransportError):
            browser.post(path, data=dict(form))

    sending = threading.Thread(target=send)
    sending.start()
    wait_until(is_done, f"{path} to be kept")
    node.kill()
    sending.join()
    node.start_and_wait()


def settled(two: Pair) -> None:
    def is_quiet(node: Node) -> bool:
        counts = node.read(count_queue)
        return not counts["deliveries"] and not counts["received"]

    wait_until(lambda: all(map(is_quiet, two.nodes)), "both nodes to have nothing left to do", seconds=120)


def make_room(two: Pair, browser: httpx.Client) -> int:
    """A room of Fatima's in the ring, that both nodes know; returns its id at Bakker."""
    form = {"name": "Lekkages", "within": two.audience, "found": "listed"}
    assert browser.post("/rooms/new", data=form).status_code == 303
    wait_until(lambda: count(two.smit, room_details, room_details.c.kind == "room"), "the room at Smit")
    return room_id(two.bakker)


def room_id(node: Node) -> int:
    return int(node.rows(select(room_details.c.id).where(room_details.c.kind == "room"))[0].id)


def seats(node: Node) -> list[Any]:
    """Who is in the room by a place, and by a period."""
    room = select(room_details.c.audience).where(room_details.c.kind == "room").scalar_subquery()
    here = room_places.c.audience == room, room_places.c.state == "in"
    periods = memberships.c.audience == room, memberships.c.until_at.is_(None)
    return [count(node, room_places, *here), count(node, memberships, *periods)]


def invite_guest(browser: httpx.Client, room: int) -> str:
    until = (now() + timedelta(days=20)).date().isoformat()
    form = {"room": str(room), "name": "Gerda", "until": until}
    answer = browser.post("/guests", data=form)
    return str(re.findall(r"/guest/[\w-]+", answer.text)[0])


def propose(two: Pair) -> str:
    """Bakker proposes the next version; returns its hash once Smit has it."""
    made = two.bakker.run("ring", "renew", RING, "--password-stdin", typed=PASSWORD + "\n")["hash"]
    wait_until(lambda: count(two.smit, agreements, agreements.c.hash == made), "the version at Smit")
    return str(made)


def own_signatures(node: Node, agreement: str) -> int:
    return count(node, signatures, signatures.c.agreement == agreement, signatures.c.peer_id == SELF)


def is_complete(node: Node, agreement: str) -> bool:
    return bool(count(node, agreements, agreements.c.hash == agreement, agreements.c.state == COMPLETE))


def test_who_joins_a_room_is_in_once_whichever_node_is_killed(two: Pair) -> None:
    for node in two.nodes:
        node.start_and_wait()
    with two.bakker.log_in("fatima") as host, two.smit.log_in("sanne") as guest:
        room = make_room(two, host)
        asked, path = room_places.c.state == "asked", f"/rooms/{room_id(two.smit)}/join"
        kill_once_done(two.smit, guest, path, lambda: bool(count(two.smit, room_places, asked)))
        wait_until(lambda: count(two.bakker, room_places, asked), "the request at Bakker")
        [person] = [row.actor_id for row in two.bakker.rows(select(room_places.c.actor_id).where(asked))]
        approve = f"/rooms/{room}/people/{person}/approve"
        kill_once_done(two.bakker, host, approve, lambda: seats(two.bakker) == [2, 2])
    wait_until(lambda: all(seats(node) == [2, 2] for node in two.nodes), "both nodes to know who is in")
    settled(two)
    assert count(two.bakker, room_lines, room_lines.c.actor_id == person, room_lines.c.kind == "in") == 1
    check_departures(two)


def test_a_guests_link_a_signature_and_a_recall_count_once_when_the_node_is_killed(two: Pair) -> None:
    for node in two.nodes:
        node.start_and_wait()
    with two.bakker.log_in("fatima") as host, two.bakker.browser() as visitor:
        link = invite_guest(host, make_room(two, host))
        kill_once_done(two.bakker, visitor, link, lambda: count(two.bakker, guests) == 1, GUEST)
        assert visitor.post(link, data=GUEST).status_code == 404
        assert count(two.bakker, guests) == 1
        [guest] = two.bakker.rows(select(guests.c.actor_id))
        assert "/guest/" in host.post(f"/guests/{guest.actor_id}/link").text  # no dead end
        post = publish(host, two.audience, "straks weer weg")
        wait_until_settled(two, [(two.bakker, post)])
        gone = objects.c.id == post, objects.c.state == DELETED
        kill_once_done(two.bakker, host, f"/o/{post}/delete", lambda: count(two.bakker, objects, *gone) == 1)
    there = objects.c.uri == f"{two.bakker.url}/o/{post}", objects.c.state == DELETED
    wait_until(lambda: count(two.smit, objects, *there), "the recall at Smit")
    made = propose(two)
    with two.smit.log_in("marjan") as director:
        path = f"/agreements/{made}/sign"
        kill_once_done(two.smit, director, path, lambda: own_signatures(two.smit, made) == 1, SIGNED)
    wait_until(lambda: all(is_complete(node, made) for node in two.nodes), "the version at both", seconds=120)
    assert own_signatures(two.smit, made) == 1
    check_departures(two)


def test_a_new_key_is_learnt_once_though_both_nodes_are_killed_meanwhile(two: Pair) -> None:
    for node in two.nodes:
        node.start_and_wait()
    made = two.bakker.run("key", "rotate", "--password-stdin", typed=PASSWORD + "\n")
    two.bakker.kill()
    two.bakker.start_and_wait()
    known = peers.c.node_key == made["key"]
    wait_until(lambda: count(two.smit, peers, known), "Smit to learn the key", seconds=120)
    two.smit.kill()
    two.smit.start_and_wait()
    with two.bakker.log_in("fatima") as browser:
        post = publish(browser, two.audience, "met de nieuwe sleutel")
    wait_until_settled(two, [(two.bakker, post)])
    check_posts(two.bakker, two.smit, {post: "met de nieuwe sleutel"})
    for node in two.nodes:
        assert count(node, former_keys) == 1
    check_departures(two)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit a running process")
def test_on_a_full_disk_each_act_is_refused_in_words_and_can_be_done_later(two: Pair) -> None:
    for node in two.nodes:
        node.start_and_wait()
    made = propose(two)
    with two.bakker.log_in("fatima") as host, two.bakker.browser() as visitor:
        room = make_room(two, host)
        link, post = invite_guest(host, room), publish(host, two.audience, "blijft nog even")
        wait_until_settled(two, [(two.bakker, post)])
        with full_disk(two.bakker):
            refused = [visitor.post(link, data=GUEST), host.post(f"/o/{post}/delete")]
        with two.smit.log_in("marjan") as director, two.smit.log_in("sanne") as asker:
            acts: list[tuple[httpx.Client, str, dict[str, str]]] = [
                (director, f"/agreements/{made}/sign", SIGNED),
                (asker, f"/rooms/{room_id(two.smit)}/join", {}),
            ]
            with full_disk(two.smit):
                refused += [browser.post(path, data=form) for browser, path, form in acts]
            assert [answer.status_code for answer in refused] == [503] * 4
            assert all("schijf vol" in answer.text for answer in refused)
            assert own_signatures(two.smit, made) + count(two.bakker, guests) == 0
            assert not count(two.smit, room_places, room_places.c.state == "asked")
            assert [browser.post(path, data=form).status_code for browser, path, form in acts] == [303, 303]
        assert visitor.post(link, data=GUEST).status_code == 303
        assert host.post(f"/o/{post}/delete").status_code == 303
    wait_until(partial(is_complete, two.bakker, made), "the version at Bakker", seconds=120)
    settled(two)
    check_departures(two)
