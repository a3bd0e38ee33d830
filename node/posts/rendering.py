"""From what people type and what other servers send to HTML that is safe to show here and to send on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from federation.documents import is_web_url

TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "u", "ul", "b", "i",
}  # fmt: skip
CLASSES = {
    "a": {"mention", "hashtag", "u-url", "h-card"},
    "span": {"h-card", "mention", "hashtag", "ellipsis", "invisible"},
}
DROPPED_WHOLE = {"script", "style", "title", "textarea", "noscript", "template", "svg", "math"}
REL = "nofollow noopener noreferrer"

DOMAIN = r"[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9](?::\d{2,5})?"
MENTION = rf"(?<![\w@/.])@(?P<handle>[A-Za-z0-9_]{{1,30}})(?:@(?P<domain>{DOMAIN}))?(?![\w@])"
NAMES = re.compile(rf"{MENTION}|(?<![\w#&/])#(?P<tag>\w*[^\W\d]\w*)")
LONGEST_TAG = 100
_HIGH_HEADING = re.compile(r"<(/?)h[12]>")
_ANCHOR = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)
_LOCAL_HREF = re.compile(r'(<a\b[^>]*?\bhref=")(/[^"]*")')


@dataclass(frozen=True)
class Names:
    """Whom and what a text names: handles (`anna`, `jan@smit.example`) and hashtags, folded, in order."""

    mentions: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()


def read_names(source: str) -> Names:
    """The mentions and hashtags of a Markdown text; those in code and in links do not count."""
    found = [match for text in _plain_texts(_parse(source)) for match in NAMES.finditer(text)]
    mentions = (_handle_of(match) for match in found if match["handle"])
    hashtags = (fold_hashtag(match["tag"]) for match in found if match["tag"])
    return Names(tuple(dict.fromkeys(mentions)), tuple(dict.fromkeys(filter(None, hashtags))))


def fold_hashtag(name: str) -> str:
    """The form in which hashtags are compared, without the sign; empty when it is no hashtag."""
    tag = name.strip().removeprefix("#").casefold()
    return tag if 0 < len(tag) <= LONGEST_TAG and re.fullmatch(r"\w+", tag) else ""


def render_markdown(source: str, links: Mapping[str, str] | None = None) -> str:
    """Sanitised HTML; `links` says for each mention that is somebody (as in Names) where their page is."""
    tokens = _parse(source)
    for inline in tokens:
        inline.children = list(_with_links(inline.children or [], links or {})) if inline.children else None
    return _clean(_markdown().renderer.render(tokens, _markdown().options, {}), local=True)


def clean_remote(html: str) -> str:
    """HTML of another server by our short list of tags: no pictures, no style, web links only."""
    return _clean(html, local=False)


def plain_text(html: str) -> str:
    """The words of sanitised HTML, for titles and excerpts."""
    spaced = re.sub(r"<(?:/p|br|/li|/h\d|/blockquote|/pre)>", " ", html)
    return " ".join(unescape(nh3.clean(spaced, tags=set())).split())


def source_of_html(html: str) -> str:
    """What a program wrote as HTML, as the text that a member would have typed; its links stay links."""
    lines = re.sub(
        r"<br\s*/?>\n?", "\n", re.sub(r"</(?:p|h\d|li|blockquote|pre|ul|ol|div)>\s*", "\n\n", html)
    )
    kept = nh3.clean(lines, tags={"a"}, attributes={"a": {"href"}}, link_rel=None)
    linked = _ANCHOR.sub(_typed_link, kept)
    return unescape(nh3.clean(linked, tags=set())).strip()


def _typed_link(match: re.Match[str]) -> str:
    url, words = match[1], match[2].strip()
    if words.startswith(("@", "#")):
        return words
    return url if words.removesuffix("…") in url else f"[{words}]({url})"


def absolute_links(html: str, base: str) -> str:
    """Links within this node made absolute, for documents that leave it."""
    return _LOCAL_HREF.sub(lambda match: f"{match[1]}{base}{match[2]}", html)


@lru_cache
def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    made.enable(["linkify", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    if made.linkify is not None:
        made.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    made.core.ruler.push("lower_headings", _lower_headings)
    return made


def _lower_headings(state: StateCore) -> None:
    """The page has its own h1 and h2."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"


def _parse(source: str) -> list[Token]:
    return _markdown().parse(source)


def _plain_texts(tokens: Iterable[Token]) -> Iterator[str]:
    for inline in tokens:
        leaves = _leaves(inline.children or [])
        yield from (token.content for token, in_link in leaves if _is_plain(token, in_link))


def _leaves(tokens: Iterable[Token]) -> Iterator[tuple[Token, bool]]:
    depth = 0
    for token in tokens:
        depth += (token.type == "link_open") - (token.type == "link_close")
        yield token, depth > 0


def _is_plain(token: Token, in_link: bool) -> bool:
    return token.type == "text" and not in_link


def _with_links(tokens: Iterable[Token], links: Mapping[str, str]) -> Iterator[Token]:
    for token, in_link in _leaves(tokens):
        if _is_plain(token, in_link):
            yield from _split(token.content, links)
        else:
            yield token


def _split(text: str, links: Mapping[str, str]) -> Iterator[Token]:
    """The text in pieces, with a link for each mention that is somebody; hashtags get a marked span."""
    end = 0
    for match in NAMES.finditer(text):
        marked = _link(match, links) if match["handle"] else _hashtag(match)
        if marked:
            yield _text(text[end : match.start()])
            yield from marked
            end = match.end()
    yield _text(text[end:])


def _link(match: re.Match[str], links: Mapping[str, str]) -> list[Token]:
    href = links.get(_handle_of(match))
    if href is None:
        return []
    opened = Token("link_open", "a", 1, attrs={"href": href, "class": "u-url mention"})
    return [opened, _text(match[0]), Token("link_close", "a", -1)]


def _hashtag(match: re.Match[str]) -> list[Token]:
    opened = Token("span_open", "span", 1, attrs={"class": "hashtag"})
    return [opened, _text(match[0]), Token("span_close", "span", -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _handle_of(match: re.Match[str]) -> str:
    handle = match["handle"].lower()
    return f"{handle}@{match['domain'].lower()}" if match["domain"] else handle


def _clean(html: str, *, local: bool) -> str:
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=DROPPED_WHOLE,
        attributes={"a": {"href"}},
        attribute_filter=_keep_local_href if local else _keep_web_href,
        allowed_classes=CLASSES,
        url_schemes={"http", "https"},
        link_rel=REL,
    )
    return _HIGH_HEADING.sub(r"<\1h3>", cleaned)


def _keep_web_href(_tag: str, attribute: str, value: str) -> str | None:
    return value if attribute != "href" or is_web_url(value) else None


def _keep_local_href(tag: str, attribute: str, value: str) -> str | None:
    stays = value.startswith("/") and not value.startswith(("//", "/\\"))
    return value if stays else _keep_web_href(tag, attribute, value)
