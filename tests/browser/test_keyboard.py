"""The main job with a keyboard alone: every step by Tab, and always visible where one is."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.visitors import Look, visiting
from tests.browser.world import PASSWORD, World

MOST_TABS = 60
OWN_COMPANY = re.compile("^Eigen bedrijf")  # the ring says "in je eigen bedrijf" too

# Where the focus is now: does it show, is it covered, did it go forward through the page?
FOCUS = """() => {
  const one = document.activeElement, before = window.lastFocus;
  window.lastFocus = one;
  if (one === document.body) return "";
  const name = one.outerHTML.slice(0, 90), { outlineStyle, outlineWidth } = getComputedStyle(one);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) return `no outline: ${name}`;
  const { left, top, width, height } = one.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, top + Math.min(height, 40) / 2);
  if (!seen || !(one.contains(seen) || seen.contains(one))) return `covered: ${name}`;
  const isForward = !before || before === one || before.compareDocumentPosition(one) & 4;
  return isForward ? "" : `jumps back to ${name}`;
}"""


@pytest.fixture(params=[360, 1280], ids=["phone", "desk"])
def page(request: pytest.FixtureRequest, browser: Browser, world: World) -> Iterator[Page]:
    with visiting(browser, Look(width=request.param)) as opened:
        opened.goto(f"{world.bakker.url}/login")
        yield opened


def tab_to(page: Page, wanted: Locator) -> None:
    expect(wanted).to_be_visible()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if fault := page.evaluate(FOCUS):
            raise AssertionError(fault)
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{wanted} is not reached with Tab")


def log_in_by_keyboard(page: Page) -> None:
    tab_to(page, page.get_by_label("Je korte naam"))
    page.keyboard.type("toetsenbord")
    tab_to(page, page.get_by_label("Wachtwoord"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Start", level=1)).to_be_visible()


def test_the_first_tab_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Naar de inhoud")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Je korte naam")).to_be_focused()


def test_the_main_job_needs_no_mouse(page: Page, world: World) -> None:
    log_in_by_keyboard(page)
    _write(page, world)
    _answer(page)
    _like(page)
    _open_and_close_menu(page)
    _log_out(page, world)


def test_asking_to_come_into_a_room_needs_no_mouse(page: Page, world: World) -> None:
    log_in_by_keyboard(page)
    page.goto(f"{world.bakker.url}/rooms/{world.made['listed']}/about")
    tab_to(page, page.get_by_label("Waarom wil je meedoen?"))
    page.keyboard.type("Om te leren plannen.")
    tab_to(page, page.get_by_role("button", name="Vraag of je erin mag"))
    page.keyboard.press("Enter")
    back = page.get_by_role("button", name="Mijn vraag terugnemen")
    tab_to(page, back)
    page.keyboard.press("Enter")
    expect(back).to_have_count(0)


def _write(page: Page, world: World) -> None:
    tab_to(page, page.get_by_role("link", name="Schrijven").locator("visible=true"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Jouw bericht"))
    page.keyboard.type("Wie heeft de sleutel van de bus?")
    tab_to(page, page.get_by_role("radio", name=OWN_COMPANY))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Installateurs van Nederland")).to_be_checked()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name=OWN_COMPANY)).to_be_checked()
    tab_to(page, page.get_by_role("button", name="Bericht plaatsen"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.bakker.url}/o/*")
    expect(page.locator(".post .badge")).to_contain_text("Eigen bedrijf")


def _answer(page: Page) -> None:
    tab_to(page, page.get_by_label("Antwoord"))
    page.keyboard.type("Hij hangt aan de haak.")
    tab_to(page, page.get_by_role("button", name="Antwoord plaatsen"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hij hangt aan de haak.")).to_be_visible()


def _like(page: Page) -> None:
    like = page.get_by_role("button", name="Nuttig").first
    like.evaluate("() => { document.activeElement.blur(); window.lastFocus = null; scrollTo(0, 0); }")
    page.get_by_role("link", name="Naar de inhoud").focus()
    tab_to(page, like)
    page.keyboard.press("Space")
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(like).to_be_focused()


def _open_and_close_menu(page: Page) -> None:
    page.get_by_role("link", name="Naar de inhoud").focus()
    page.evaluate("window.lastFocus = null")
    opener = page.locator(".post summary").first
    tab_to(page, opener)
    page.keyboard.press("Enter")
    edit = page.get_by_role("link", name="Bewerken").first
    tab_to(page, edit)
    page.keyboard.press("Escape")
    expect(edit).to_be_hidden()
    expect(opener).to_be_focused()


def _log_out(page: Page, world: World) -> None:
    page.get_by_role("link", name="Naar de inhoud").focus()
    page.evaluate("window.lastFocus = null")
    tab_to(page, page.locator(".top summary"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="Uitloggen"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.bakker.url}/login")
