"""Posts through the pages: written, read, answered, changed, deleted, liked; each by who may."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from node.boundary import Member
from node.notices import list_notices
from node.objects import COMPANY, PUBLIC
from node.people.queries import has_face
from tests.factories import log_in, make_member, make_topic, member_row, picture, post
from tests.network import RunningNode


@pytest.fixture
async def anna(node: RunningNode) -> AsyncIterator[httpx.AsyncClient]:
    """Logged in; bert is her colleague."""
    make_member(node, "anna")
    make_member(node, "bert")
    client = await log_in(node, "anna")
    yield client
    await client.aclose()


async def write(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    plain = {"audience": COMPANY, "source": "Hoe ontlucht je dit?", "language": "nl"}
    return await client.post("/posts", data=plain | fields)


def post_id(answer: httpx.Response) -> int:
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/o/(\d+)(?:#post-(\d+))?", answer.headers["location"])
    assert found
    return int(found[2] or found[1])


async def test_a_post_is_on_home_and_company_and_has_its_page(anna: httpx.AsyncClient) -> None:
    made = post_id(await write(anna, title="Ontluchten"))
    for path in ("/", "/company", f"/o/{made}", "/@anna"):
        page = await anna.get(path)
        assert page.status_code == 200
        assert "Hoe ontlucht je dit?" in page.text
        assert "Ontluchten" in page.text


async def test_after_posting_the_page_says_who_got_it(anna: httpx.AsyncClient) -> None:
    answer = await write(anna)
    page = await anna.get(answer.headers["location"])
    assert "2 mensen in je eigen bedrijf" in page.text


async def test_the_form_says_who_will_get_it_before_the_button(anna: httpx.AsyncClient) -> None:
    page = await anna.get("/write")
    assert "2 mensen in je eigen bedrijf. Nooit naar een ander bedrijf." in page.text
    assert "Iedereen op internet kan het lezen" in page.text
    assert re.search(r'value="company"\s+required\s+checked', page.text)


async def test_what_is_wrong_is_said_and_what_was_typed_stays(anna: httpx.AsyncClient) -> None:
    answer = await write(anna, source="x" * 20_001, title="Lange vraag", warning="let op")
    assert answer.status_code == 422
    assert "x" * 20_001 in answer.text
    assert "Lange vraag" in answer.text
    assert "let op" in answer.text


@pytest.mark.parametrize("audience", ["ring:" + "a" * 64, "people", "room:x", "iedereen", ""])
async def test_nothing_goes_to_an_audience_that_is_not_there(anna: httpx.AsyncClient, audience: str) -> None:
    answer = await write(anna, audience=audience)
    assert answer.status_code == 422 or audience == ""


async def test_an_audience_left_out_is_the_company(node: RunningNode, anna: httpx.AsyncClient) -> None:
    made = post_id(await write(anna, audience=""))
    async with node.client() as nobody:
        assert (await nobody.get(f"/o/{made}")).status_code == 404


async def test_a_company_post_is_the_same_404_as_nothing(node: RunningNode, anna: httpx.AsyncClient) -> None:
    made = post_id(await write(anna, source="bedrijfsgeheim"))
    async with node.client() as nobody:
        hidden, absent = await nobody.get(f"/o/{made}"), await nobody.get("/o/12345")
        front = await nobody.get("/")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace(str(made), "") == absent.text.replace("12345", "")
    assert "bedrijfsgeheim" not in front.text


async def test_the_first_open_post_asks_to_become_visible_and_keeps_the_words(
    node: RunningNode, anna: httpx.AsyncClient
) -> None:
    asked = await write(anna, audience=PUBLIC, source="Voor iedereen")
    assert asked.status_code == 422
    assert "Voor iedereen" in asked.text
    assert 'name="face"' in asked.text
    member_id = member_row(node, "anna").actor_id
    assert not node.read(lambda db: has_face(db, member_id))
    made = post_id(await write(anna, audience=PUBLIC, source="Voor iedereen", face="on"))
    assert node.read(lambda db: has_face(db, member_id))
    async with node.client() as nobody:
        assert "Voor iedereen" in (await nobody.get(f"/o/{made}")).text
        assert "Voor iedereen" in (await nobody.get("/")).text
        assert "Voor iedereen" in (await nobody.get("/@anna")).text


async def test_without_an_open_post_a_member_has_no_page_for_visitors(
    node: RunningNode, anna: httpx.AsyncClient
) -> None:
    await write(anna)
    async with node.client() as nobody:
        assert (await nobody.get("/@anna")).status_code == 404


async def test_an_answer_keeps_the_audience_of_what_it_answers(
    node: RunningNode, anna: httpx.AsyncClient
) -> None:
    made = post(node, "bert", COMPANY, "Wie weet dit?")
    wider = await write(anna, parent=str(made), audience=PUBLIC, source="Ik", face="on")
    assert wider.status_code == 422
    answer = post_id(await write(anna, parent=str(made), audience=COMPANY, source="Ik weet het"))
    assert "Ik weet het" in (await anna.get(f"/o/{made}")).text
    async with node.client() as nobody:
        assert (await nobody.get(f"/o/{answer}")).status_code == 404
    bert = Member(member_row(node, "bert").actor_id)
    assert [notice.kind for notice in node.read(lambda db: list_notices(db, bert))] == ["reply"]


async def test_a_thread_is_shown_in_reading_order(node: RunningNode, anna: httpx.AsyncClient) -> None:
    root = post(node, "bert", COMPANY, "wortel")
    first = post(node, "anna", COMPANY, "eerste", parent_id=root)
    post(node, "bert", COMPANY, "tweede", parent_id=root)
    post(node, "anna", COMPANY, "onder-eerste", parent_id=first)
    page = (await anna.get(f"/o/{first}")).text
    places = [page.index(f"<p>{word}</p>") for word in ("wortel", "eerste", "onder-eerste", "tweede")]
    assert places == sorted(places)


async def test_a_mention_tells_a_colleague_and_the_writer_hears_who_is_not_reached(
    node: RunningNode, anna: httpx.AsyncClient
) -> None:
    answer = await write(anna, source="@bert en @niemand en @jan@elders.example, kijk eens")
    page = await anna.get(answer.headers["location"])
    assert "@niemand, @jan@elders.example" in page.text
    assert 'href="/@bert"' in page.text
    bert = Member(member_row(node, "bert").actor_id)
    assert [notice.kind for notice in node.read(lambda db: list_notices(db, bert))] == ["mention"]


async def test_a_topic_takes_posts_of_its_own_audience_only(
    node: RunningNode, anna: httpx.AsyncClient
) -> None:
    make_member(node, "ed", roles=("editor",), has_face=True)
    topic = make_topic(node, "ed", PUBLIC, "lucht", name="Lucht en water")
    refused = await write(anna, topic=str(topic))
    assert refused.status_code == 422
    made = post_id(await write(anna, topic=str(topic), audience=PUBLIC, face="on", source="In het onderwerp"))
    async with node.client() as nobody:
        page = await nobody.get(f"/topics/{topic}")
    assert page.status_code == 200
    assert f"/o/{made}" in page.text
    assert "In het onderwerp" in page.text


async def test_pictures_come_with_words_for_who_cannot_see_them(anna: httpx.AsyncClient) -> None:
    fields = {"audience": COMPANY, "source": "Zie foto", "language": "nl"}
    sent = {"file_1": ("foto.png", picture().data, "image/png")}
    without = await anna.post("/posts", data=fields, files=sent)
    assert without.status_code == 422
    made = post_id(await anna.post("/posts", data=fields | {"alt_1": "Een rode ketel"}, files=sent))
    page = await anna.get(f"/o/{made}")
    assert 'alt="Een rode ketel"' in page.text
    shown = re.search(r'src="(/media/[^"]+)"', page.text)
    assert shown
    assert (await anna.get(shown[1])).status_code == 200


async def test_only_the_writer_changes_a_post(node: RunningNode, anna: httpx.AsyncClient) -> None:
    made = post(node, "bert", COMPANY, "Van Bert")
    words = {"source": "Van Anna", "language": "nl"}
    assert (await anna.get(f"/o/{made}/edit")).status_code == 404
    assert (await anna.post(f"/o/{made}/edit", data=words)).status_code == 404
    assert (await anna.post(f"/o/{made}/delete")).status_code == 404
    mine = post(node, "anna", COMPANY, "Oud")
    assert (await anna.post(f"/o/{mine}/edit", data=words)).status_code == 303
    page = await anna.get(f"/o/{mine}")
    assert "Van Anna" in page.text
    assert "Oud" not in page.text


async def test_a_deleted_post_is_gone_with_its_words(node: RunningNode, anna: httpx.AsyncClient) -> None:
    made = post(node, "anna", COMPANY, "Weg ermee", pictures=(picture(),), alts=("rood",))
    assert "Weg ermee" in (await anna.get(f"/o/{made}/delete")).text
    assert (await anna.post(f"/o/{made}/delete")).status_code == 303
    assert (await anna.get(f"/o/{made}")).status_code == 404
    with node.engine.connect() as db:
        dump = [str(row) for row in db.exec_driver_sql("SELECT * FROM posts")]
    assert not any("Weg ermee" in row for row in dump)


async def test_a_like_is_given_and_taken_back(node: RunningNode, anna: httpx.AsyncClient) -> None:
    made = post(node, "bert", COMPANY, "Mooi")
    part = await anna.post(f"/o/{made}/like", headers={"hx-request": "true"})
    assert 'aria-pressed="true"' in part.text
    assert "<html" not in part.text
    again = await anna.post(f"/o/{made}/like")
    assert again.status_code == 303
    assert "<span>1</span>" in (await anna.get(f"/o/{made}")).text
    await anna.post(f"/o/{made}/unlike")
    assert 'aria-pressed="false"' in (await anna.get(f"/o/{made}")).text


async def test_older_posts_are_on_the_next_page(node: RunningNode, anna: httpx.AsyncClient) -> None:
    for number in range(22):
        post(node, "bert", COMPANY, f"bericht-{number:02}")
    first = (await anna.get("/company")).text
    older = re.search(r'rel="next"\s+href="(/company\?before=\d+)"', first)
    assert older
    second = (await anna.get(older[1])).text
    assert "bericht-21" in first
    assert "bericht-01" not in first
    assert "bericht-01" in second
    assert "bericht-21" not in second


async def test_a_timeline_takes_the_same_number_of_statements_however_long(
    node: RunningNode, anna: httpx.AsyncClient, statements: list[str]
) -> None:
    post(node, "bert", COMPANY, "een")
    await anna.get("/company")
    statements.clear()
    await anna.get("/company")
    few = len(statements)
    for number in range(12):
        made = post(node, "anna", COMPANY, f"meer {number}", pictures=(picture(),), alts=("rood",))
        post(node, "bert", COMPANY, "antwoord", parent_id=made)
    statements.clear()
    await anna.get("/company")
    assert len(statements) == few


async def test_hostile_words_are_harmless_on_the_page(anna: httpx.AsyncClient) -> None:
    made = post_id(await write(anna, source="<script>alert(1)</script>", title="<b>vet</b>"))
    page = (await anna.get(f"/o/{made}")).text
    assert "<script>alert" not in page
    assert "<b>vet" not in page


@pytest.mark.parametrize("path", ["/company", "/write", "/rings/iets", "/@anna", "/o/1/edit"])
async def test_visitors_get_the_one_404(node: RunningNode, path: str) -> None:
    async with node.client() as nobody:
        answer = await nobody.get(path)
    assert answer.status_code == 404
    assert "Niet gevonden, of je bent niet ingelogd" in answer.text
