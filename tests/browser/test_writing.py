"""Writing in a browser: nothing that was typed is lost, and a like takes no new page."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Connection

from node.access.logins import end_logins, find_member
from tests.browser.visitors import Look, log_in, visiting
from tests.browser.world import PASSWORD, World

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TYPED = "Dit heb ik met veel moeite getypt."


@pytest.fixture
def page(browser: Browser, world: World) -> Iterator[Page]:
    """Fatima's phone, logged in at Bakker."""
    with visiting(browser, Look()) as opened:
        log_in(opened, world.bakker, "fatima")
        yield opened


def drafts(page: Page) -> dict[str, str]:
    kept: dict[str, str] = page.evaluate("({...localStorage})")
    return kept


def end_login(world: World) -> None:
    """Fatima's log-ins end elsewhere: a year went by, or somebody disabled them."""

    def end(db: Connection) -> None:
        member = find_member(db, "fatima")
        assert member is not None
        end_logins(db, member.actor_id)

    world.bakker.write(end)


def test_a_like_changes_in_place_and_keeps_the_focus(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/company")
    post = page.locator(f"#post-{world.made['company']}")
    page.evaluate("document.body.dataset.same = 'yes'")
    for pressed in ("true", "false"):
        post.get_by_role("button", name="Nuttig").press("Enter")
        expect(post.get_by_role("button", name="Nuttig")).to_have_attribute("aria-pressed", pressed)
        expect(post.get_by_role("button", name="Nuttig")).to_be_focused()
    assert page.get_attribute("body", "data-same") == "yes"


def test_a_like_after_the_log_in_ended_says_so(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/company")
    end_login(world)
    page.locator(f"#post-{world.made['company']}").get_by_role("button", name="Nuttig").click()
    expect(page.get_by_role("heading", name="Niet gevonden, of je bent niet ingelogd")).to_be_visible()


def test_a_draft_outlives_a_new_visit_and_goes_when_the_post_is_placed(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/write")
    page.fill("#source", TYPED)
    page.goto(f"{world.bakker.url}/write")
    expect(page.locator("#source")).to_have_value(TYPED)
    page.get_by_role("button", name="Bericht plaatsen").click()
    expect(page.locator(".prose", has_text=TYPED)).to_be_visible()
    assert drafts(page) == {}
    page.goto(f"{world.bakker.url}/write")
    expect(page.locator("#source")).to_have_value("")


def test_a_form_with_a_fault_still_holds_what_was_typed(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/write")
    page.fill("#source", TYPED)
    page.get_by_text("Titel, foto's en meer").click()
    page.fill("#title", "Mijn titel")
    page.set_input_files("#file_1", {"name": "foto.png", "mimeType": "image/png", "buffer": b"no picture"})
    page.get_by_role("button", name="Bericht plaatsen").click()
    assert page.get_attribute("body", "data-status") == "422"
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#source")).to_have_value(TYPED)
    expect(page.locator("#title")).to_have_value("Mijn titel")
    expect(page.locator("#title")).to_be_visible()


def test_what_was_typed_comes_back_after_the_log_in_ended(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/write")
    page.fill("#source", TYPED)
    end_login(world)
    page.get_by_role("button", name="Bericht plaatsen").click()
    _log_in_again(page)
    page.wait_for_url(f"{world.bakker.url}/write")
    expect(page.locator("#source")).to_have_value(TYPED)


def test_an_edit_comes_back_after_the_log_in_ended_unless_it_was_dropped(page: Page, world: World) -> None:
    address = f"{world.bakker.url}/o/{world.made['question']}/edit"
    page.goto(address)
    page.fill("#title", "Storing E117 opgelost")
    end_login(world)
    page.get_by_role("button", name="Bewaar").click()
    _log_in_again(page)
    page.wait_for_url(address)
    expect(page.locator("#title")).to_have_value("Storing E117 opgelost")
    page.get_by_role("link", name="Annuleren").click()
    page.goto(address)
    expect(page.locator("#title")).to_have_value("Storing E117, wie kent dit?")


def _log_in_again(page: Page) -> None:
    expect(page.get_by_role("heading", name="Niet gevonden, of je bent niet ingelogd")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Inloggen").click()
    page.fill("#handle", "fatima")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


def test_logging_out_takes_the_drafts_along(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/write")
    page.fill("#source", TYPED)
    assert drafts(page) != {}
    page.get_by_text("Mijn menu").locator("..").click()
    page.get_by_role("button", name="Uitloggen").click()
    page.wait_for_url(f"{world.bakker.url}/login")
    assert drafts(page) == {}


def test_times_are_those_of_amsterdam_wherever_the_reader_is(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/o/{world.made['company']}")
    shown = page.locator("time").first
    moment = datetime.fromisoformat(str(shown.get_attribute("datetime"))).astimezone(AMSTERDAM)
    assert str(shown.get_attribute("title")).endswith(f"{moment:%Y %H:%M}")
