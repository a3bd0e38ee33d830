"""A feed and how it is written as Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1; their names stand here only."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

ATOM = "http://www.w3.org/2005/Atom"
CREATORS = "http://purl.org/dc/elements/1.1/"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

register_namespace("dc", CREATORS)


@dataclass(frozen=True)
class Entry:
    """One line of a feed; `url` is its id too. Without `html` the title is all there is."""

    url: str
    title: str
    published: datetime
    updated: datetime
    html: str = ""
    language: str = ""
    author: str = ""
    author_url: str = ""


@dataclass(frozen=True)
class Feed:
    """What a feed reader gets, newest first; `home` is the page that it belongs to."""

    title: str
    about: str
    url: str
    home: str
    author: str
    language: str
    begun: datetime
    entries: tuple[Entry, ...]

    @property
    def changed(self) -> datetime:
        return max((entry.updated for entry in self.entries), default=self.begun)


@dataclass(frozen=True)
class Format:
    media_type: str
    write: Callable[[Feed], bytes]


def write_atom(feed: Feed) -> bytes:
    root = Element("feed", {"xmlns": ATOM, "xml:lang": feed.language})
    _add(root, "title", feed.title)
    if feed.about:
        _add(root, "subtitle", feed.about)
    _add(root, "id", feed.url)
    _add(root, "updated", _stamp(feed.changed))
    _add(_add(root, "author"), "name", feed.author)
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.url)
    _add(root, "link", rel="alternate", type="text/html", href=feed.home)
    for entry in feed.entries:
        _add_atom_entry(root, entry)
    return _bytes(root)


def _add_atom_entry(root: Element, entry: Entry) -> None:
    item = _add(root, "entry", **({"xml:lang": entry.language} if entry.language else {}))
    _add(item, "title", entry.title)
    _add(item, "id", entry.url)
    _add(item, "link", rel="alternate", type="text/html", href=entry.url)
    _add(item, "published", _stamp(entry.published))
    _add(item, "updated", _stamp(entry.updated))
    if entry.author:
        author = _add(item, "author")
        _add(author, "name", entry.author)
        _add(author, "uri", entry.author_url)
    if entry.html:
        _add(item, "content", entry.html, type="html")


def write_rss(feed: Feed) -> bytes:
    root = Element("rss", {"version": "2.0", "xmlns:atom": ATOM, "xmlns:dc": CREATORS})
    channel = _add(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home)
    _add(channel, "description", feed.about or feed.title)
    _add(channel, "language", feed.language)
    _add(channel, "lastBuildDate", format_datetime(feed.changed))
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=feed.url)
    for entry in feed.entries:
        _add_rss_item(channel, entry)
    return _bytes(root)


def _add_rss_item(channel: Element, entry: Entry) -> None:
    item = _add(channel, "item")
    _add(item, "title", entry.title)
    _add(item, "link", entry.url)
    _add(item, "guid", entry.url, isPermaLink="true")
    _add(item, "pubDate", format_datetime(entry.published))
    if entry.author:
        _add(item, "dc:creator", entry.author)
    if entry.html:
        _add(item, "description", entry.html)


def _add(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    made = SubElement(parent, name, {key: _clean(value) for key, value in attributes.items()})
    made.text = _clean(text) or None
    return made


def _clean(text: str) -> str:
    """Without what XML 1.0 cannot say."""
    return _NO_XML.sub("", text)


def _bytes(root: Element) -> bytes:
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def write_json(feed: Feed) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "description": feed.about,
        "language": feed.language,
        "authors": [{"name": feed.author}],
        "items": [_json_item(entry) for entry in feed.entries],
    }
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _json_item(entry: Entry) -> dict[str, Any]:
    content = {"content_html": entry.html} if entry.html else {"content_text": entry.title}
    item: dict[str, Any] = {
        "id": entry.url,
        "url": entry.url,
        "title": entry.title,
        **content,
        "date_published": _stamp(entry.published),
        "date_modified": _stamp(entry.updated),
    }
    if entry.language:
        item["language"] = entry.language
    if entry.author:
        item["authors"] = [{"name": entry.author, "url": entry.author_url}]
    return item


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


FORMATS: Mapping[str, Format] = {
    "atom": Format("application/atom+xml", write_atom),
    "rss": Format("application/rss+xml", write_rss),
    "json": Format("application/feed+json", write_json),
}
