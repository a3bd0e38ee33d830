"""What people type and what servers send becomes harmless HTML."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.posts.rendering import (
    TAGS,
    absolute_links,
    clean_remote,
    plain_text,
    read_names,
    render_markdown,
)


class Seen(HTMLParser):
    """Collects what a browser would see as elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">a</a>',
    '<a href=" jAvAscript:alert(1)">a</a>',
    '<a href="//evil.example/x">a</a>',
    '<p onclick="x" style="position:fixed" id="main" class="notice">p</p>',
    "<svg><script>x</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=x>",
    '<iframe src="https://evil.example"></iframe>',
    "[a](javascript:alert(1))",
    "![a](https://evil.example/pixel.png)",
    "<form action=/logout><button>x</button></form>",
    '<a href="data:text/html,x">a</a>',
)
words = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
hostile = st.lists(words, max_size=6).map("".join)


def check_harmless(html: str) -> None:
    seen = Seen(html)
    assert seen.tags <= TAGS - {"h1", "h2"}
    for name, value in seen.attributes:
        assert name in ("href", "rel", "class")
        if name == "href":
            assert re.match(r"https?://|/(?![/\\])", value), value


@given(hostile)
def test_no_remote_html_brings_script_pictures_or_style(html: str) -> None:
    check_harmless(clean_remote(html))


@given(hostile)
def test_no_markdown_brings_script_pictures_or_style(source: str) -> None:
    check_harmless(render_markdown(source, {"anna": "/@anna"}))


@given(hostile)
def test_cleaning_twice_changes_nothing(html: str) -> None:
    once = clean_remote(html)
    assert clean_remote(once) == once


@given(st.text(max_size=200))
def test_names_are_read_from_any_text(source: str) -> None:
    names = read_names(source)
    assert all(re.fullmatch(r"[a-z0-9_]{1,30}(@.+)?", name) for name in names.mentions)
    assert all(tag == tag.casefold() for tag in names.hashtags)


@pytest.mark.parametrize(
    ("source", "mentions", "hashtags"),
    [
        ("Hoi @anna!", ("anna",), ()),
        ("@Jan@Smit.Example weet het", ("jan@smit.example",), ()),
        ("Vraag @jan@smit.localhost:8002.", ("jan@smit.localhost:8002",), ()),
        ("mail jan@smit.example", (), ()),
        ("`@anna` en [@anna](https://x.example/)", (), ()),
        ("https://x.example/@anna/1#deel", (), ()),
        ("#Warmtepomp en #warmtepomp", (), ("warmtepomp",)),
        ("nummer #1, C# en a#b", (), ()),
        ("@anna @anna", ("anna",), ()),
    ],
)
def test_mentions_and_hashtags(source: str, mentions: tuple[str, ...], hashtags: tuple[str, ...]) -> None:
    assert read_names(source).mentions == mentions
    assert read_names(source).hashtags == hashtags


def test_only_a_mention_of_somebody_becomes_a_link() -> None:
    html = render_markdown("@anna en @niemand", {"anna": "/@anna"})
    assert '<a href="/@anna" class="u-url mention"' in html
    assert "en @niemand" in html


def test_a_picture_in_markdown_is_a_link_at_most() -> None:
    html = render_markdown("![pixel](https://evil.example/p.png)")
    assert "<img" not in html


def test_headings_stay_below_those_of_the_page() -> None:
    assert render_markdown("# Een\n\n## Twee") == "<h3>Een</h3>\n<h4>Twee</h4>\n"
    assert clean_remote("<h1>Een</h1>") == "<h3>Een</h3>"


def test_links_carry_no_reputation_and_no_opener() -> None:
    assert 'rel="nofollow noopener noreferrer"' in clean_remote('<a href="https://x.example/">x</a>')


def test_links_of_this_node_leave_it_absolute() -> None:
    html = render_markdown("[lees](/o/12) en [elders](https://x.example/)")
    assert 'href="https://bakker.example/o/12"' in absolute_links(html, "https://bakker.example")
    assert 'href="https://x.example/"' in absolute_links(html, "https://bakker.example")


def test_remote_links_into_this_node_are_cut() -> None:
    assert "href" not in clean_remote('<a href="/logout">x</a>')


def test_plain_text_has_the_words_only() -> None:
    assert plain_text("<p>a &amp; b<br>c</p><p>d</p>") == "a & b c d"
