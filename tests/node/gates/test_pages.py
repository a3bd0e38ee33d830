"""The gate through the pages: questions answered, waiting seen, let go and sent back."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from node.gates.checklists import questions_for
from node.gates.rules import Rules, rules_of, set_rules
from node.objects import PUBLIC, get_object
from node.posts.storing import get_post
from tests.factories import log_in, make_member, picture, post
from tests.network import RunningNode

Browsers = dict[str, httpx.AsyncClient]


@pytest.fixture
async def browsers(node: RunningNode) -> AsyncIterator[Browsers]:
    """Anna writes, Ed is editor, Otto is a colleague."""
    make_member(node, "anna", has_face=True)
    make_member(node, "ed", roles=("editor",))
    make_member(node, "otto")
    made = {who: await log_in(node, who) for who in ("anna", "ed", "otto")}
    yield made
    for client in made.values():
        await client.aclose()


def ask(node: RunningNode, rules: Rules) -> None:
    node.write(lambda db: set_rules(db, PUBLIC, rules, None))


async def write(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await client.post(
        "/posts", data={"audience": PUBLIC, "source": "Een vraag", "language": "nl"} | fields
    )


def number(answer: httpx.Response) -> int:
    assert answer.status_code == 303, answer.text
    found = re.match(r"/o/(\d+)", answer.headers["location"])
    assert found
    return int(found[1])


async def version(client: httpx.AsyncClient, path: str) -> str:
    found = re.search(r'name="version"\s+value="(\d+)"', (await client.get(path)).text)
    assert found
    return found[1]


def names(node: RunningNode) -> list[str]:
    return [question.name for question in node.read(lambda db: questions_for(db, PUBLIC))]


def state_of(node: RunningNode, object_id: int) -> str:
    return str(node.read(lambda db: get_object(db, object_id)).state)


async def test_questions_come_after_writing_and_one_maybe_keeps_the_text_at_home(
    node: RunningNode, browsers: Browsers
) -> None:
    ask(node, Rules(checklist=True))
    anna = browsers["anna"]
    assert "beantwoordt eerst een paar vragen" in (await anna.get("/write")).text
    sent = await write(anna, title="Over een ketel")
    made = number(sent)
    assert sent.headers["location"] == f"/o/{made}/check"
    form = {"version": await version(anna, f"/o/{made}/check"), **dict.fromkeys(names(node), "no")}
    refused = await anna.post(f"/o/{made}/check", data=form | {"prices": "maybe"})
    assert refused.status_code == 422
    assert "Haal het uit de tekst" in refused.text
    assert "Over een ketel" in refused.text
    assert state_of(node, made) == "draft"
    assert number(await anna.post(f"/o/{made}/check", data=form)) == made
    assert state_of(node, made) == "live"


async def test_who_answered_before_ticks_once_for_the_next_text(
    node: RunningNode, browsers: Browsers
) -> None:
    ask(node, Rules(checklist=True))
    anna = browsers["anna"]
    page = (await anna.get("/gates/open/check")).text
    assert page.count('value="maybe"') == len(names(node))
    kept = await anna.post("/gates/open/check", data=dict.fromkeys(names(node), "no"))
    assert kept.status_code == 303
    made = number(await write(anna))
    form = {"version": await version(anna, f"/o/{made}/check")}
    assert (await anna.post(f"/o/{made}/check", data=form)).status_code == 422
    assert (await anna.post(f"/o/{made}/check", data=form | {"all": "on"})).status_code == 303
    assert state_of(node, made) == "live"


async def test_what_waits_is_seen_in_place_by_its_author_and_editors_with_until_when(
    node: RunningNode, browsers: Browsers
) -> None:
    ask(node, Rules(minutes=30))
    made = number(await write(browsers["anna"], source="Wacht even"))
    for path in ("/", "/@anna", f"/o/{made}", "/waiting"):
        for who in ("anna", "ed"):
            page = (await browsers[who].get(path)).text
            assert "Wacht even" in page, (who, path)
            assert "Wacht voordat het weggaat" in page, (who, path)
        assert "Wacht even" not in (await browsers["otto"].get(path)).text
    assert (await browsers["otto"].get(f"/o/{made}/waiting")).status_code == 404
    assert (await browsers["anna"].get(f"/o/{made}/reply")).status_code == 200
    answer = await browsers["ed"].post("/posts", data={"parent": str(made), "source": "Ja", "language": "nl"})
    assert answer.status_code == 422
    assert "Dit bericht wacht nog" in answer.text


async def test_an_editor_sends_back_with_a_reason_and_lets_go_the_next_words(
    node: RunningNode, browsers: Browsers
) -> None:
    ask(node, Rules(four_eyes=True))
    anna, ed = browsers["anna"], browsers["ed"]
    made = number(await write(anna, source="Kost 40 euro"))
    page = await ed.get(f"/o/{made}/waiting")
    assert "Iedereen op internet" in page.text
    assert (await anna.post(f"/o/{made}/let-go", data={"version": "2"})).status_code == 403
    seen = {"version": await version(ed, f"/o/{made}/waiting")}
    empty = await ed.post(f"/o/{made}/send-back", data=seen)
    assert empty.status_code == 422
    assert (await ed.post(f"/o/{made}/send-back", data=seen | {"reason": "Zonder prijs"})).status_code == 303
    assert "Zonder prijs" in (await anna.get(f"/o/{made}/waiting")).text
    assert (await ed.get(f"/o/{made}/waiting")).status_code == 404
    changed = {"source": "Wat kost dit?", "title": "", "warning": "", "language": "nl"}
    assert (await anna.post(f"/o/{made}/edit", data=changed)).status_code == 303
    late = await ed.post(f"/o/{made}/let-go", data=seen)
    assert late.status_code == 422
    assert "Wat kost dit?" in late.text
    seen = {"version": await version(ed, f"/o/{made}/waiting")}
    assert (await ed.post(f"/o/{made}/let-go", data=seen)).status_code == 303
    assert "heeft gelezen" in (await anna.get("/notices")).text
    assert state_of(node, made) == "live"


async def test_in_doubt_an_editor_is_asked_and_sees_which_question(
    node: RunningNode, browsers: Browsers
) -> None:
    ask(node, Rules(four_eyes=True, checklist=True))
    anna = browsers["anna"]
    made = number(await write(anna))
    form = {"version": await version(anna, f"/o/{made}/check"), **dict.fromkeys(names(node), "no")}
    asked = await anna.post(f"/o/{made}/check", data=form | {"wages": "maybe", "ask": "yes"})
    assert asked.status_code == 303
    assert "Zeg je wat je mensen betaalt" in (await browsers["ed"].get(f"/o/{made}/waiting")).text


async def test_taken_back_it_is_a_draft_with_its_picture_and_can_be_sent_again(
    node: RunningNode, browsers: Browsers
) -> None:
    ask(node, Rules(minutes=30))
    made, anna = (
        post(node, "anna", PUBLIC, "Met foto", pictures=(picture(),), alts=("rood",)),
        browsers["anna"],
    )
    assert (await anna.post(f"/o/{made}/take-back")).status_code == 303
    page = await anna.get(f"/o/{made}/waiting")
    assert "Met foto" in page.text
    assert "rood" in page.text
    assert "Met foto" not in (await browsers["ed"].get("/waiting")).text
    assert (await anna.post(f"/o/{made}/take-back")).status_code == 409
    form = {"version": await version(anna, f"/o/{made}/check")}
    assert (await anna.post(f"/o/{made}/check", data=form)).status_code == 303
    assert state_of(node, made) == "held"


async def test_new_words_of_a_post_that_is_out_wait_beside_the_old(
    node: RunningNode, browsers: Browsers
) -> None:
    made, anna = post(node, "anna", PUBLIC, "Oude woorden"), browsers["anna"]
    ask(node, Rules(four_eyes=True))
    changed = {"source": "Nieuwe woorden", "title": "", "warning": "", "language": "nl"}
    assert (await anna.post(f"/o/{made}/edit", data=changed)).status_code == 303
    page = (await anna.get(f"/o/{made}")).text
    assert "Oude woorden" in page
    assert "Nieuwe woorden" not in page
    assert "Nieuwe woorden" in (await anna.get(f"/o/{made}/edit")).text
    assert "Nieuwe woorden" in (await browsers["ed"].get(f"/o/{made}/waiting")).text
    assert (await browsers["otto"].get(f"/o/{made}/waiting")).status_code == 404
    assert (await anna.post(f"/o/{made}/drop-edit")).status_code == 303
    assert node.read(lambda db: get_post(db, made).source) == "Oude woorden"


async def test_editors_set_the_gate_and_members_do_not(node: RunningNode, browsers: Browsers) -> None:
    assert (await browsers["anna"].get("/gates")).status_code == 403
    assert (await browsers["anna"].post("/gates/open", data={"minutes": "0"})).status_code == 403
    wrong = await browsers["ed"].post("/gates/open", data={"minutes": "veel", "checklist": "on"})
    assert wrong.status_code == 422
    assert "veel" in wrong.text
    assert (
        await browsers["ed"].post("/gates/open", data={"minutes": "15", "checklist": "on"})
    ).status_code == 303
    assert node.read(lambda db: rules_of(db, PUBLIC)) == Rules(checklist=True, minutes=15)
    assert "15 minuten" in (await browsers["ed"].get("/gates")).text
