"""What waits at a gate: where it is seen, who lets it go, and that exactly one of two acts wins."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from sqlalchemy import Connection, func, select

from node.access.members import disable_member
from node.boundary import Member
from node.errors import Conflict, Forbidden, Invalid, NotFound
from node.gates.checklists import answer, questions_for
from node.gates.rules import Rules, acts_on, set_rules
from node.ids import now
from node.notices import list_notices
from node.objects import COMPANY, PUBLIC, get_object
from node.people.actions import show_face
from node.posts.actions import Draft, delete_post, edit_post, publish_post
from node.posts.queries import list_of_person
from node.posts.storing import get_post
from node.posts.waiting import due_waits, find_wait, let_go, let_go_due, list_waiting, send_back, take_back
from node.queue import activities
from node.workers import gates
from tests.factories import make_member, make_topic, post
from tests.network import RunningNode

EDITOR = frozenset({"editor"})


@pytest.fixture
def people(node: RunningNode) -> dict[str, int]:
    anna = make_member(node, "anna", has_face=True)
    return {"anna": anna} | {who: make_member(node, who, roles=("editor",)) for who in ("ed", "eva")}


def ask(node: RunningNode, rules: Rules, audience: str = PUBLIC) -> None:
    node.write(lambda db: set_rules(db, audience, rules, None))


def state_of(node: RunningNode, object_id: int) -> str:
    return str(node.read(lambda db: get_object(db, object_id)).state)


def sent(node: RunningNode) -> int:
    return node.read(lambda db: int(db.scalar(select(func.count()).select_from(activities)) or 0))


def version_of(node: RunningNode, object_id: int) -> int:
    wait = node.read(lambda db: find_wait(db, object_id))
    assert wait is not None
    return int(wait.version)


def seen_by(node: RunningNode, reader: int, author: int, roles: frozenset[str] = frozenset()) -> list[int]:
    rows = node.read(lambda db: list_of_person(db, Member(reader, roles), author).rows)
    return [row.id for row in rows]


@pytest.mark.each_database
async def test_a_hold_keeps_a_post_with_its_author_and_editors_until_its_moment(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(minutes=10))
    otto = make_member(node, "otto")
    made = post(node, "anna", PUBLIC, "Straks open")
    anna, ed = people["anna"], people["ed"]
    assert (state_of(node, made), sent(node)) == ("held", 0)
    assert seen_by(node, anna, anna) == seen_by(node, ed, anna, EDITOR) == [made]
    assert seen_by(node, otto, anna) == []
    assert await gates.run_once(node.work) == 0
    with time_machine.travel(now() + timedelta(minutes=11)):
        moment = now()
        assert await gates.run_once(node.work) == 1
        assert await gates.run_once(node.work) == 0
    row = node.read(lambda db: get_object(db, made))
    assert (row.state, sent(node)) == ("live", 1)
    assert row.published >= moment
    assert seen_by(node, otto, anna) == [made]


@pytest.mark.each_database
def test_the_author_takes_it_back_and_only_they_see_it_again(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(minutes=10))
    made = post(node, "anna", PUBLIC, "Toch niet")
    node.write(lambda db: take_back(db, people["anna"], made))
    assert state_of(node, made) == "draft"
    assert seen_by(node, people["anna"], people["anna"]) == [made]
    assert seen_by(node, people["ed"], people["anna"], EDITOR) == []
    assert node.read(lambda db: get_post(db, made).source) == "Toch niet"
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert node.read(due_waits) == []
    with pytest.raises(Conflict):
        node.write(lambda db: take_back(db, people["anna"], made))


def test_four_eyes_are_never_the_authors_and_read_the_words_that_go(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(four_eyes=True, minutes=5))
    make_member(node, "otto")
    node.write(lambda db: show_face(db, people["ed"]))
    made, other = post(node, "ed", PUBLIC, "Van een redacteur"), post(node, "anna", PUBLIC, "Van Anna")
    version = version_of(node, made)
    with pytest.raises(Forbidden):
        node.write(lambda db: let_go(db, node.identity, Member(people["ed"], EDITOR), made, version))
    with pytest.raises(NotFound):
        node.write(lambda db: let_go(db, node.identity, Member(people["anna"]), made, version))
    edit(node, people["ed"], made, "Anders")
    eva = Member(people["eva"], EDITOR)
    with pytest.raises(Conflict):
        node.write(lambda db: let_go(db, node.identity, eva, made, version))
    assert node.read(lambda db: list_waiting(db, eva)) == [other, made]
    node.write(lambda db: let_go(db, node.identity, eva, made, version_of(node, made)))
    assert state_of(node, made) == "live"
    acts = [(act.act, act.actor_id) for act in node.read(lambda db: acts_on(db, made))]
    assert acts[-2:] == [("let_go", people["eva"]), ("gone_out", people["eva"])]
    assert told(node, people["ed"]) == ["gate_let_go", "gate_waits"]


def told(node: RunningNode, member_id: int, roles: frozenset[str] = EDITOR) -> list[str]:
    return [row.kind for row in node.read(lambda db: list_notices(db, Member(member_id, roles)))]


def test_what_is_sent_back_says_why_and_waits_anew_when_offered_again(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(four_eyes=True))
    made, ed = post(node, "anna", PUBLIC, "Met een prijs: 40 euro"), Member(people["ed"], EDITOR)
    with pytest.raises(Invalid):
        node.write(lambda db: send_back(db, ed, made, version_of(node, made), " "))
    node.write(lambda db: send_back(db, ed, made, version_of(node, made), "Haal de prijs eruit"))
    wait = node.read(lambda db: find_wait(db, made))
    assert wait is not None
    assert (state_of(node, made), wait.reason, wait.returned_by) == (
        "draft",
        "Haal de prijs eruit",
        people["ed"],
    )
    words = {"title": "", "warning": "", "language": "nl"}
    node.write(lambda db: edit_post(db, node.identity, people["anna"], made, source="Zonder", **words))
    assert state_of(node, made) == "held"
    assert node.read(lambda db: list_waiting(db, ed)) == [made]
    assert sent(node) == 0


def test_without_another_editor_the_author_and_the_admins_hear_so_at_once(node: RunningNode) -> None:
    ask(node, Rules(four_eyes=True))
    anna = make_member(node, "anna", roles=("editor",), has_face=True)
    ada = make_member(node, "ada", roles=("admin",))
    made = post(node, "anna", PUBLIC, "Wie leest dit?")
    assert state_of(node, made) == "held"
    assert told(node, anna) == ["gate_no_editor"]
    assert told(node, ada, frozenset({"admin"})) == ["gate_needs_editor"]


def test_the_questions_are_asked_before_the_command_line_may_post_and_anew_after_thirty_days(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(checklist=True))
    with pytest.raises(Invalid, match="/gates/open/check"):
        post(node, "anna", PUBLIC, "Vanaf de opdrachtregel")
    names = [question.name for question in node.read(lambda db: questions_for(db, PUBLIC))]
    unsure = dict.fromkeys(names, "no") | {"prices": "maybe"}
    with pytest.raises(Invalid) as refused:
        node.write(lambda db: answer(db, people["anna"], PUBLIC, unsure))
    assert set(refused.value.fields) == {"prices"}
    node.write(lambda db: answer(db, people["anna"], PUBLIC, dict.fromkeys(names, "no")))
    assert state_of(node, post(node, "anna", PUBLIC, "Nu wel")) == "live"
    with time_machine.travel(now() + timedelta(days=31)), pytest.raises(Invalid):
        post(node, "anna", PUBLIC, "Te lang geleden")


def test_on_a_page_a_post_is_a_draft_until_its_questions_are_answered(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(checklist=True))
    draft, anna = Draft(PUBLIC, "Eerst de vragen"), people["anna"]
    made = node.write(lambda db: publish_post(db, node.identity, node.settings, anna, draft, on_page=True))
    assert (state_of(node, made), sent(node)) == ("draft", 0)


@pytest.mark.each_database
def test_new_words_wait_while_the_old_ones_stay(node: RunningNode, people: dict[str, int]) -> None:
    made = post(node, "anna", PUBLIC, "Oude woorden")
    ask(node, Rules(four_eyes=True))
    edit(node, people["anna"], made, "Nieuwe woorden")
    assert node.read(lambda db: get_post(db, made).source) == "Oude woorden"
    assert (state_of(node, made), sent(node)) == ("live", 1)
    node.write(
        lambda db: let_go(db, node.identity, Member(people["ed"], EDITOR), made, version_of(node, made))
    )
    assert node.read(lambda db: get_post(db, made).source) == "Nieuwe woorden"
    assert sent(node) == 2


def edit(node: RunningNode, author: int, object_id: int, source: str) -> None:
    words = {"title": "", "warning": "", "language": "nl"}
    node.write(lambda db: edit_post(db, node.identity, author, object_id, source=source, **words))


async def test_what_nobody_got_is_thrown_away_without_a_trace_outside(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(minutes=10))
    made = post(node, "anna", PUBLIC, "Weg ermee")
    node.write(lambda db: delete_post(db, node.identity, people["anna"], made))
    assert (state_of(node, made), sent(node)) == ("dropped", 0)
    headers = {"accept": "application/activity+json"}
    async with node.client() as client:
        dropped = await client.get(f"/o/{made}", headers=headers)
        never = await client.get("/o/1", headers=headers)
    assert (
        (dropped.status_code, dropped.content) == (never.status_code, never.content) == (404, never.content)
    )


async def test_a_post_of_somebody_who_left_meanwhile_stays_and_does_not_hold_up_others(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(minutes=10))
    bert = make_member(node, "bert", has_face=True)
    stays, goes = post(node, "bert", PUBLIC, "Van Bert"), post(node, "anna", PUBLIC, "Van Anna")
    node.write(lambda db: disable_member(db, bert))
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert await gates.run_once(node.work) == 2
        assert await gates.run_once(node.work) == 0
    assert (state_of(node, stays), state_of(node, goes)) == ("held", "live")


@pytest.mark.each_database
async def test_a_stricter_gate_set_meanwhile_counts_for_what_still_waits(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(minutes=10))
    made = post(node, "anna", PUBLIC, "Wacht nog")
    ask(node, Rules(four_eyes=True))
    with time_machine.travel(now() + timedelta(minutes=11)):
        await gates.run_once(node.work)
        assert state_of(node, made) == "held"
        assert node.read(lambda db: list_waiting(db, Member(people["ed"], EDITOR))) == [made]


def test_a_topics_words_pass_the_gate_and_where_posts_wait_it_is_refused(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(checklist=True))
    with pytest.raises(Invalid, match="/gates/open/check"):
        make_topic(node, "ed", PUBLIC, "lucht")
    made = make_topic(node, "ed", COMPANY, "intern")
    ask(node, Rules(minutes=5))
    with pytest.raises(Invalid, match="Make the topic for your company, or write a post without a topic"):
        make_topic(node, "ed", PUBLIC, "lucht")
    assert made


@pytest.mark.each_database
def test_an_author_who_takes_back_while_the_clock_lets_go_one_of_them_wins(
    node: RunningNode, people: dict[str, int]
) -> None:
    ask(node, Rules(minutes=10))
    for _ in range(4):
        made = post(node, "anna", PUBLIC, "Wie is het eerst?")
        before = sent(node)
        with time_machine.travel(now() + timedelta(minutes=11)):
            refused = at_once(
                node,
                partial(take_back, author_id=people["anna"], object_id=made),
                partial(let_go_due, node=node.identity, object_id=made),
            )
        went = state_of(node, made) == "live"
        assert sent(node) - before == went == refused
        assert state_of(node, made) == ("live" if went else "draft")


@pytest.mark.each_database
def test_of_two_editors_one_lets_it_go(node: RunningNode, people: dict[str, int]) -> None:
    ask(node, Rules(four_eyes=True))
    for _ in range(4):
        made = post(node, "anna", PUBLIC, "Twee tegelijk")
        before, version = sent(node), version_of(node, made)
        acts = [
            lambda db, who=who, made=made, version=version: let_go(
                db, node.identity, Member(people[who], EDITOR), made, version
            )
            for who in ("ed", "eva")
        ]
        assert at_once(node, *acts) == 1
        assert (state_of(node, made), sent(node) - before) == ("live", 1)


def at_once(node: RunningNode, *acts: Callable[[Connection], Any]) -> int:
    """Each in a thread and transaction of its own; returns how many were refused."""
    refused, ready = list[Exception](), threading.Barrier(len(acts))

    def run(act: Callable[[Connection], Any]) -> None:
        ready.wait()
        try:
            node.write(act)
        except (Conflict, NotFound) as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(refused)
