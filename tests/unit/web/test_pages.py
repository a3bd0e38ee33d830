"""What the shell shows to whom, and how posts, times and names look."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import Response

from node.web.formats import initials, local_time, number, relative_time, tint
from node.web.pages import ERROR_PAGES, environment, render_block, render_error, wants_fragment
from node.web.views import AudienceKind, AudienceView, AuthorView, PostView
from tests.unit.web.shells import make_request

MOMENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


POST = PostView(
    id="1",
    url="/o/1",
    author=AuthorView(name="Anna <b>", handle="anna", url="/p/1"),
    audience=AudienceView(kind="ring", label="Vakring"),
    html="<p>Hoi</p>",
    published=MOMENT,
)


def html_of(response: Response) -> str:
    return bytes(response.body).decode()


def macro(name: str, *values: object) -> str:
    return str(vars(environment("nl").globals["ui"])[name](*values))


@pytest.mark.parametrize("status", ERROR_PAGES)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_error_has_a_page_with_its_own_status(status: int, language: str) -> None:
    page = render_error(make_request(language=language), status)
    assert page.status_code == status
    assert f'<html lang="{language}">' in html_of(page)


def test_missing_and_not_logged_in_are_one_page_with_a_login_that_returns() -> None:
    page = html_of(render_error(make_request(path="/o/1&x"), 404))
    assert "Niet gevonden, of je bent niet ingelogd" in page
    assert "/login?next=/o/1%26x" in page


def test_only_an_admin_sees_the_members_link() -> None:
    member = make_request(member_handle="anna", member_name="Anna")
    admin = make_request(member_handle="anna", member_name="Anna", roles=frozenset({"admin"}))
    assert 'href="/members"' not in html_of(render_error(member, 404))
    assert 'href="/members"' in html_of(render_error(admin, 404))


def test_a_fragment_is_only_its_own_part() -> None:
    shown = html_of(render_block(make_request(), "errors/404.html", "heading"))
    assert shown == "Niet gevonden, of je bent niet ingelogd"
    assert wants_fragment(make_request(headers={"HX-Request": "true"}))


def test_a_name_is_escaped_and_sanitised_html_is_not() -> None:
    card = macro("post_card", POST)
    assert "Anna &lt;b&gt;" in card
    assert "<p>Hoi</p>" in card


@pytest.mark.parametrize(
    ("kind", "word"),
    [("company", "Eigen bedrijf"), ("open", "Open"), ("people", "Persoonlijk"), ("room", "Kamer")],
)
def test_each_audience_has_its_own_colour_icon_and_word(kind: AudienceKind, word: str) -> None:
    badge = macro("audience_badge", AudienceView(kind=kind))
    assert f'class="badge {kind}"' in badge
    assert f"#{kind}" in badge
    assert word in badge


def test_times_are_amsterdams_and_say_utc_to_machines() -> None:
    assert local_time(MOMENT, "nl") == (
        '<time datetime="2026-07-01T12:00:00Z" title="1 juli 2026 14:00">1 juli 2026 14:00</time>'
    )


def test_a_recent_time_is_told_as_age_and_an_old_one_as_date() -> None:
    assert ">2 uur geleden<" in relative_time(MOMENT, "nl", now=MOMENT + timedelta(hours=2))
    assert ">2 hours ago<" in relative_time(MOMENT, "en", now=MOMENT + timedelta(hours=2))
    assert ">1 juli 2026<" in relative_time(MOMENT, "nl", now=MOMENT + timedelta(days=30))


def test_numbers_initials_and_tints() -> None:
    assert (number(1204, "nl"), number(1204, "en")) == ("1.204", "1,204")
    assert [initials(name) for name in ("Anna de Boer", "anna", "", "?! x")] == ["AB", "A", "?", "X"]
    assert tint("Anna") == tint("Anna")
