"""Members who post through the pages, and what must be true of their posts afterwards."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from functools import partial

import httpx
from sqlalchemy import func, select

from node.departures import verify_departures
from node.identity import SELF
from node.notices import notices
from node.objects import STORED, holders, objects
from node.outbox import numbers
from node.posts.tables import posts
from node.queue import activities, count_queue
from node.rings.tables import heads, heard
from tests.processes import nodes
from tests.processes.conftest import Pair
from tests.processes.nodes import Node, wait_until


def publish(browser: httpx.Client, audience: str, text: str) -> int:
    """Fill in the form; returns the id of the post that the page acknowledged."""
    answer = browser.post("/posts", data={"audience": audience, "source": text, "language": "nl"})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].removeprefix("/o/"))


class Poster(threading.Thread):
    """Posts numbered messages until it is told to stop; remembers those that the node acknowledged."""

    def __init__(self, node: Node, handle: str, audience: str, mentions: str) -> None:
        super().__init__()
        self.node, self.handle, self.audience, self.mentions = node, handle, audience, mentions
        self.acknowledged: dict[int, str] = {}
        self.refused: list[str] = []
        self._is_over = threading.Event()

    def run(self) -> None:
        with self.node.log_in(self.handle) as browser:
            number = 0
            while not self._is_over.wait(0.03):
                number += 1
                self._post(browser, f"bericht {number} van {self.handle} aan @{self.mentions}")

    def _post(self, browser: httpx.Client, text: str) -> None:
        try:
            self.acknowledged[publish(browser, self.audience, text)] = text
        except httpx.TransportError:
            return  # killed before it answered: the post may be there or not
        except AssertionError as error:
            self.refused.append(str(error))

    def finish(self) -> None:
        self._is_over.set()
        self.join()


def wait_until_settled(two: Pair, acknowledged: Iterable[tuple[Node, int]]) -> None:
    """Nothing waits any more and every post has its receipt."""
    wanted = list(acknowledged)
    for node in two.nodes:
        ids = {post for author, post in wanted if author is node}
        wait_until(
            partial(_is_settled, node, ids), f"{node.domain} to settle", seconds=max(100.0, nodes.SECONDS)
        )


def _is_settled(node: Node, ids: set[int]) -> bool:
    counts = node.read(count_queue)
    return not counts["deliveries"] and not counts["received"] and ids <= _stored(node)


def _stored(node: Node) -> set[int]:
    """Posts that every partner gave a signed receipt for."""
    return {row.object_id for row in node.rows(select(holders).where(holders.c.state == STORED))}


def check_posts(author: Node, partner: Node, acknowledged: dict[int, str]) -> None:
    """Each acknowledged post stands once at its author's and once at the partner's, in the same order."""
    ours = _texts(author, author=True)
    theirs = _received(partner)
    copies = Counter(theirs)
    for post, text in acknowledged.items():
        assert ours.count(text) == 1, f"{text} stands {ours.count(text)} times at its author's"
        assert copies[f"{author.url}/o/{post}"] == 1, f"{text} stands {copies[text]} times at the partner's"
    assert theirs == [f"{author.url}/o/{post}" for post in _numbered(author)]


def _texts(node: Node, *, author: bool) -> list[str]:
    own = objects.c.origin == SELF if author else objects.c.origin != SELF
    query = select(posts.c.source).join(objects, objects.c.id == posts.c.object_id).where(own)
    return [row.source for row in node.rows(query)]


def _received(node: Node) -> list[str]:
    """Posts of the partner, by the moment they were published."""
    query = select(objects.c.uri).where(objects.c.kind == "post", objects.c.origin != SELF)
    return [row.uri for row in node.rows(query.order_by(objects.c.published, objects.c.id))]


def _numbered(node: Node) -> list[int]:
    """Ids of the node's ring posts in the order of their numbers."""
    query = select(activities.c.object_id).where(activities.c.type == "Create", activities.c.n.is_not(None))
    return [row.object_id for row in node.rows(query.order_by(activities.c.epoch, activities.c.n))]


def check_numbers(two: Pair) -> None:
    """Every number was given once, and heard by the partner up to the last."""
    audience = two.audience
    for node, partner in (two.nodes, two.nodes[::-1]):
        given = [row.n for row in node.rows(select(activities.c.n).where(activities.c.audience == audience))]
        found = node.rows(select(numbers.c.last).where(numbers.c.audience == audience))
        last = found[0].last if found else 0
        assert sorted(n for n in given if n is not None) == list(range(1, last + 1))
        followed = [
            (row.contiguous, row.highest)
            for row in partner.rows(select(heads).where(heads.c.audience == audience))
        ]
        assert followed == [(last, last)] or (not last and not followed)
        assert partner.rows(select(func.count()).select_from(heard))[0][0] == 0


def check_notices(partner: Node, posts_mentioning: Collection[str]) -> None:
    """Who was mentioned was told once for each post that is there."""
    query = (
        select(objects.c.uri)
        .join(notices, notices.c.object_id == objects.c.id)
        .where(notices.c.kind == "mention")
    )
    told = Counter(row.uri for row in partner.rows(query))
    assert {uri: told[uri] for uri in posts_mentioning} == dict.fromkeys(posts_mentioning, 1)
    assert set(told.values()) <= {1}


def check_departures(two: Pair) -> None:
    for node in two.nodes:
        found = node.read(verify_departures)
        assert found.lines > 0
        assert found.broken_at is None, f"{node.domain}: line {found.broken_at}"
