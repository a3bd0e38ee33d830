"""Private feeds: one ring for one device, read as of now, with no more words than the agreement lets out."""

import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
import time_machine
from sqlalchemy import func, select

from node.access.logins import end_logins, hash_token
from node.access.members import disable_member
from node.access.tables import feeds
from node.actors import get_actor
from node.departures import departures, verify_departures
from node.identity import SELF
from node.ids import now
from node.memberships import close_period, open_periods
from node.objects import COMPANY
from node.people.silencing import mute
from tests.factories import log_in, make_member, make_ring, member_row, post
from tests.federation.circle import Circle
from tests.network import RunningNode

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def make_feed(node: RunningNode, handle: str, ring: str = "monteurs", device: str = "Telefoon") -> str:
    """The path of a new feed, got from the page, without the kind at its end."""
    browser = await log_in(node, handle)
    answer = await browser.post("/settings/feeds", data={"ring": ring, "device": device})
    assert answer.status_code == 200, answer.text
    found = re.search(r"/feeds/[\w-]{43}(?=\.atom)", answer.text)
    assert found is not None
    return found[0]


async def get(node: RunningNode, path: str, **headers: str) -> httpx.Response:
    async with node.client() as reader:
        return await reader.get(path, headers=headers)


async def items(node: RunningNode, feed: str) -> list[dict[str, str]]:
    answer = await get(node, f"{feed}.json")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()["items"]
    return found


def count(node: RunningNode) -> int:
    query = select(func.count()).select_from(departures)
    return node.read(lambda db: db.execute(query).scalar_one())


async def test_without_leave_a_feed_says_only_that_there_is_something(circle: Circle) -> None:
    make_member(circle.bakker, "bella")
    made = circle.post("Geheime woorden", title="Geheime titel", warning="Geheime zorg")
    feed = await make_feed(circle.bakker, "bella")
    line = next(one for one in await items(circle.bakker, feed) if one["id"].endswith(f"/o/{made}"))
    assert line["title"] == line["content_text"] == "Nieuw bericht in Monteurs"
    for kind in ("atom", "rss", "json"):
        answer = await get(circle.bakker, f"{feed}.{kind}")
        assert "Geheime" not in answer.text
        assert "anna" not in answer.text.lower()
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert (await get(circle.bakker, f"/o/{made}")).status_code == 404


async def test_with_leave_of_the_agreement_a_feed_gives_titles_and_never_text(circle: Circle) -> None:
    make_member(circle.bakker, "tine")
    await make_ring(circle.bakker, circle.smit, name="Dak", handle="dak", titles_in_mail=True)
    ring = (await make_feed(circle.bakker, "tine", "dak"), await make_feed(circle.smit, "sara", "dak"))
    audience = circle.bakker.read(lambda db: db.scalar(select(feeds.c.audience).order_by(feeds.c.id.desc())))
    first = circle.post("De woorden zelf", title="Lekkage", audience=audience)
    circle.post("Zonder titel", audience=audience)
    circle.post("Antwoord", title="Een antwoord", audience="", parent_id=first)
    post(circle.bakker, "anna", COMPANY, "Van ons", title="Titel van ons")
    await circle.settle()
    for node, feed in zip((circle.bakker, circle.smit), ring, strict=True):
        lines = await items(node, feed)
        assert [line["title"] for line in lines] == ["Nieuw bericht in Dak", "Lekkage"]
        assert all(line["content_text"] == line["title"] for line in lines)


async def test_whom_a_member_muted_is_not_in_their_feed(circle: Circle) -> None:
    node, mira = circle.bakker, make_member(circle.bakker, "mira")
    made = circle.post("Weer iets", title="Weer iets")
    feed = await make_feed(node, "mira")
    assert any(one["id"].endswith(f"/o/{made}") for one in await items(node, feed))
    anna = member_row(node, "anna").actor_id
    node.write(lambda db: mute(db, mira, get_actor(db, anna)))
    assert not any(one["id"].endswith(f"/o/{made}") for one in await items(node, feed))


async def test_a_feed_ends_with_its_member_and_when_they_take_it_away(circle: Circle) -> None:
    node, floor = circle.bakker, make_member(circle.bakker, "floor")
    gone, taken, kept = [await make_feed(node, "floor", device=name) for name in ("A", "B", "C")]
    browser = await log_in(node, "floor")
    page = unescape((await browser.get("/settings/feeds")).text)
    assert gone not in page
    ends = re.findall(r"/settings/feeds/\d+/end", page)
    assert len(ends) == 3
    other = await log_in(node, "anna")
    await other.post(ends[1])
    assert (await get(node, f"{taken}.atom")).status_code == 200
    await browser.post(ends[1])
    assert [(await get(node, f"{one}.atom")).status_code for one in (gone, taken, kept)] == [200, 404, 200]
    node.write(lambda db: end_logins(db, floor, but_token="x"))
    assert (await get(node, f"{kept}.atom")).status_code == 200
    node.write(lambda db: disable_member(db, floor))
    assert node.read(lambda db: db.scalar(select(feeds.c.id).where(feeds.c.member_id == floor))) is None
    nothing = await get(node, "/feeds/niets.atom")
    for one in (gone, kept):
        answer = await get(node, f"{one}.atom")
        assert (answer.status_code, answer.content) == (
            404,
            nothing.content.replace(b"/feeds/niets", one.encode()),
        )


async def test_an_address_stays_dead_when_the_firm_comes_back_into_the_ring(circle: Circle) -> None:
    node = circle.bakker
    make_member(node, "rita")
    audience = await make_ring(node, circle.smit, name="Kort", handle="kort")
    feed = await make_feed(node, "rita", "kort")
    assert (await get(node, f"{feed}.atom")).status_code == 200
    node.write(lambda db: close_period(db, audience, SELF))
    assert (await get(node, f"{feed}.atom")).status_code == 404
    node.write(lambda db: open_periods(db, audience, [SELF], None))
    assert (await get(node, f"{feed}.atom")).status_code == 404
    browser = await log_in(node, "rita")
    assert "werkt niet meer" in (await browser.get("/settings/feeds")).text


async def test_what_a_feed_gave_is_a_line_of_what_left(circle: Circle) -> None:
    node = circle.bakker
    make_member(node, "dora2")
    feed, made = await make_feed(node, "dora2"), circle.post("Iets nieuws")
    before = count(node)
    answer = await get(node, f"{feed}.atom")
    row = node.read(lambda db: db.execute(select(departures).order_by(departures.c.seq.desc())).first())
    assert row is not None
    assert (count(node), row.kind, f"/o/{made}" in row.ids) == (before + 1, "feed", True)
    again = await get(node, f"{feed}.atom", **{"if-none-match": answer.headers["etag"]})
    assert (again.status_code, count(node)) == (304, before + 1)
    assert (await get(node, "/feeds/niets.atom")).status_code == 404
    assert count(node) == before + 1
    assert node.read(verify_departures).broken_at is None


async def test_only_a_hash_is_kept_and_the_last_reading_is_shown(circle: Circle) -> None:
    node, hugo = circle.bakker, make_member(circle.bakker, "hugo")
    feed, browser = await make_feed(node, "hugo", device="Tablet <1>"), await log_in(node, "hugo")
    row = node.read(lambda db: db.execute(select(feeds).where(feeds.c.member_id == hugo)).one())
    token = feed.removeprefix("/feeds/")
    assert row.token_hash == hash_token(token)
    assert token not in str(row)
    page = (await browser.get("/settings/feeds")).text
    assert ("nog niet gelezen" in page, "Tablet &lt;1&gt;" in page) == (True, True)
    await get(node, f"{feed}.rss")
    assert "laatst gelezen" in (await browser.get("/settings/feeds")).text


async def test_a_reader_that_asks_without_end_waits(circle: Circle) -> None:
    node = circle.bakker
    make_member(node, "vera")
    feed, moment = await make_feed(node, "vera"), now()
    with time_machine.travel(moment + timedelta(minutes=1), tick=False):
        answers = [(await get(node, f"{feed}.atom")).status_code for _ in range(61)]
        last = await get(node, f"{feed}.atom")
    assert answers == [200] * 60 + [429]
    assert last.headers["retry-after"] == "3600"
    with time_machine.travel(moment + timedelta(minutes=61, seconds=1), tick=False):
        assert (await get(node, f"{feed}.atom")).status_code == 200


async def test_a_form_that_is_wrong_keeps_what_was_typed(circle: Circle) -> None:
    node = circle.bakker
    make_member(node, "kees")
    browser = await log_in(node, "kees")
    answer = await browser.post("/settings/feeds", data={"ring": "onbekend", "device": "Mijn werkplek"})
    assert (answer.status_code, "Mijn werkplek" in answer.text) == (422, True)
    answer = await browser.post("/settings/feeds", data={"ring": "monteurs", "device": ""})
    assert (answer.status_code, 'value="monteurs"' in answer.text) == (422, True)
    assert "checked" in answer.text


async def test_nobody_sees_their_own_post_in_a_feed_before_it_went_out(circle: Circle) -> None:
    audience = await make_ring(circle.bakker, circle.smit, name="Traag", handle="traag", gate="four_eyes")
    feed = await make_feed(circle.bakker, "anna", "traag")
    post(circle.bakker, "anna", audience, "Dit wacht")
    assert await items(circle.bakker, feed) == []
