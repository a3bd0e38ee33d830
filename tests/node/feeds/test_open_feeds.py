"""Open feeds: Atom, RSS and JSON Feed of what everyone may read, and nothing of what stands beside it."""

from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest

from node.access.members import disable_member
from node.objects import COMPANY, PUBLIC
from node.posts.actions import delete_post, edit_post
from tests.factories import log_in, make_member, make_topic, post
from tests.network import RunningNode

ATOM = "{http://www.w3.org/2005/Atom}"
TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}


async def get(node: RunningNode, path: str, **headers: str) -> httpx.Response:
    async with node.client() as anybody:
        return await anybody.get(path, headers=headers)


async def atom(node: RunningNode, path: str) -> Element:
    answer = await get(node, f"{path}/feed.atom")
    assert answer.status_code == 200, answer.text
    return fromstring(answer.text)


def titles(feed: Element) -> list[str | None]:
    return [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]


@pytest.mark.each_database
async def test_a_topics_feed_has_what_is_open_in_it_and_nothing_else(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",), has_face=True)
    topic, inside = make_topic(node, "anna", PUBLIC, "warmte"), make_topic(node, "anna", COMPANY, "intern")
    first = post(node, "anna", PUBLIC, "Hoe stel ik **dit** in?", title="De pomp", topic_id=topic)
    post(node, "anna", COMPANY, "Voor ons", topic_id=inside)
    post(node, "anna", COMPANY, "Een antwoord voor ons", parent_id=first)
    feed = await atom(node, f"/topics/{topic}")
    assert titles(feed) == ["De pomp"]
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == f"{node.base}/o/{first}"
    assert "<strong>dit</strong>" in str(entry.findtext(f"{ATOM}content"))
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Anna"
    nothing = await get(node, "/topics/117657610981486001/feed.atom")
    closed = await get(node, f"/topics/{inside}/feed.atom")
    assert (closed.status_code, nothing.status_code) == (404, 404)
    assert closed.text.replace(str(inside), "ID") == nothing.text.replace("117657610981486001", "ID")


@pytest.mark.each_database
async def test_only_who_has_a_face_and_is_here_has_a_feed(node: RunningNode) -> None:
    anna, _ = make_member(node, "anna", has_face=True), make_member(node, "bram")
    post(node, "anna", PUBLIC, "Open bericht")
    post(node, "anna", COMPANY, "Voor ons")
    assert titles(await atom(node, "/@anna")) == ["Open bericht"]
    member = await log_in(node, "anna")
    assert "Voor ons" not in (await member.get("/@anna/feed.rss")).text
    for path in ("/@bram/feed.atom", "/@niemand/feed.atom", "/@anna/feed.xml", "/@anna/feed."):
        assert (await get(node, path)).status_code == 404, path
    assert (await member.get("/@bram/feed.atom")).status_code == 404
    node.write(lambda db: disable_member(db, anna))
    assert (await get(node, "/@anna/feed.atom")).status_code == 404


async def test_each_kind_says_the_same_in_its_own_shape(node: RunningNode) -> None:
    make_member(node, "anna", name="Anna <b>", has_face=True)
    made = post(node, "anna", PUBLIC, "Regel met ]]> en \x0b & <tekens> [hier](/topics)", title="Eén & twee")
    for kind, media_type in TYPES.items():
        answer = await get(node, f"/@anna/feed.{kind}")
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    rss = fromstring((await get(node, "/@anna/feed.rss")).text)
    item = (await get(node, "/@anna/feed.json")).json()["items"][0]
    assert rss.findtext("channel/item/title") == item["title"] == "Eén & twee"
    assert rss.findtext("channel/item/guid") == item["id"] == f"{node.base}/o/{made}"
    assert f'href="{node.base}/topics"' in item["content_html"]
    assert str(rss.findtext("channel/item/description")) == item["content_html"].replace("\x0b", "")
    assert item["authors"] == [{"name": "Anna <b>", "url": f"{node.base}/@anna"}]


async def test_what_stands_behind_a_warning_stays_behind_it(node: RunningNode) -> None:
    make_member(node, "anna", has_face=True)
    post(node, "anna", PUBLIC, "Het ongeluk zelf", warning="Een ongeluk")
    for kind in TYPES:
        text = (await get(node, f"/@anna/feed.{kind}")).text
        assert "Een ongeluk" in text
        assert "zelf" not in text


async def test_an_unchanged_feed_is_not_sent_again(node: RunningNode) -> None:
    anna = make_member(node, "anna", has_face=True)
    made = post(node, "anna", PUBLIC, "Eerst")
    path = "/@anna/feed.atom"
    first = await get(node, path)
    tag, moment = first.headers["etag"], first.headers["last-modified"]
    assert first.headers["cache-control"] == "public, max-age=300"
    for asked in ({"if-none-match": f'"x", W/{tag}'}, {"if-modified-since": moment}):
        answer = await get(node, path, **asked)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    both = {"if-none-match": '"another"', "if-modified-since": moment}
    assert (await get(node, path, **both)).status_code == 200
    changed = {"source": "Daarna", "title": "", "warning": "", "language": "nl"}
    node.write(lambda db: edit_post(db, node.identity, anna, made, **changed))
    after = await get(node, path, **{"if-none-match": tag})
    assert (after.status_code, "Daarna" in after.text) == (200, True)
    node.write(lambda db: delete_post(db, node.identity, anna, made))
    assert "Daarna" not in (await get(node, path, **{"if-none-match": after.headers["etag"]})).text


async def test_pages_name_their_feeds_where_there_are_any(node: RunningNode) -> None:
    make_member(node, "anna", roles=("editor",), has_face=True)
    make_member(node, "bram")
    opened, closed = make_topic(node, "anna", PUBLIC, "warmte"), make_topic(node, "anna", COMPANY, "intern")
    member = await log_in(node, "anna")
    for path, has_feed in (
        ("/@anna", True),
        ("/@bram", False),
        (f"/topics/{opened}", True),
        (f"/topics/{closed}", False),
    ):
        text = (await member.get(path)).text
        for kind, media_type in TYPES.items():
            link = f'<link rel="alternate" type="{media_type}"'
            assert (link in text, f'href="{path}/feed.{kind}"' in text) == (has_feed, has_feed), path
