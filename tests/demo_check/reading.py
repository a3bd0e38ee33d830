"""Every address of the demo's nodes is read by everybody; kept is who saw what, and where first."""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlsplit

from node.demo.firms import Place
from node.demo.visitors import Answer
from tests.demo_check.homes import all_paths
from tests.demo_check.readers import DOCUMENT, PAGE, Insider, Outsider
from tests.demo_check.things import Thing

LINK = re.compile(r'(?:href|src|action|hx-get)="([^"#]+)')
STARTS = (
    *("/", "/company", "/rings", "/topics", "/people", "/notices", "/members", "/admin", "/settings"),
    *("/followers", "/follow", "/write", "/help", "/search", "/tags", "/login", "/public"),
    *("/rooms", "/guests", "/waiting", "/recalled", "/gates", "/sectors", "/keys", "/restored"),
)
NOT_FOLLOWED = ("/static/", "/logout", "/language")
MOST_PAGES, THREADS = 600, 4


@dataclass
class Seen:
    """(thing, reader) → the first address where it was seen; and what went wrong."""

    where: dict[tuple[str, str], str] = field(default_factory=dict)
    bugs: list[str] = field(default_factory=list)
    requests: int = 0

    def note(self, things: Sequence[Thing], reader: str, place: Place, path: str, answer: Answer) -> None:
        self.requests += 1
        if answer.status >= 500:
            self.bugs.append(f"{answer.status} at {place.url}{path} for {reader}")
        who, url = f"{reader}@{place.firm.key}", f"{place.url}{path}"
        text = _all_words(answer)
        is_picture = answer.status == 200 and answer.headers.get("content-type", "").startswith("image/")
        for thing in things:
            if is_picture and url.removesuffix("/thumb") in thing.files:
                self.where.setdefault((thing.name, who), url)
            if any(mark in text for mark in thing.marks):
                self.where.setdefault((thing.name, who), url)


def _all_words(answer: Answer) -> str:
    """Every byte of the answer, as text: headers too, and what HTML writes as entities."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return headers + unescape(answer.text)


def read_as_member(seen: Seen, things: Sequence[Thing], place: Place, insider: Insider) -> set[str]:
    """Every page that a member can click to; returns their paths."""
    todo, done = list(STARTS), set[str]()
    while todo and len(done) < MOST_PAGES:
        batch = [path for path in dict.fromkeys(todo) if path not in done][: MOST_PAGES - len(done)]
        done |= set(batch)
        todo = []
        with ThreadPoolExecutor(THREADS) as pool:
            for path, answer in zip(batch, pool.map(insider.read, batch), strict=True):
                seen.note(things, insider.name, place, path, answer)
                todo += _links(place, answer)
    return done


def _links(place: Place, answer: Answer) -> Iterable[str]:
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return
    for found in LINK.findall(answer.text):
        parts = urlsplit(unescape(found))
        if (parts.netloc and parts.netloc != place.domain) or not parts.path.startswith("/"):
            continue
        if not parts.path.startswith(NOT_FOLLOWED):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


def read_as_outsider(
    seen: Seen, things: Sequence[Thing], place: Place, outsider: Outsider, pages: set[str]
) -> None:
    """Every document and file; the pages too for who has no signature, and for the partner's node."""
    documents, others = all_paths(place)
    wanted = [(path, DOCUMENT) for path in documents] + [(path, "*/*") for path in others]
    if outsider.name == "anonymous" or outsider.name.endswith(" node"):
        wanted += [(path, PAGE) for path in sorted(pages)]

    def read(one: tuple[str, str]) -> Answer:
        return outsider.read(place, *one)

    with ThreadPoolExecutor(THREADS) as pool:
        for (path, _), answer in zip(wanted, pool.map(read, wanted), strict=True):
            seen.note(things, outsider.name, place, path, answer)
