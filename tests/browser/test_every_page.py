"""Every page as everybody sees it: for all eyes and fingers, in the right language, and from here alone."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import Watch, faults
from tests.browser.places import PLACES, Place
from tests.browser.visitors import Look, log_in, visiting
from tests.browser.world import World

PHONE = Look(language="nl", width=360, colours="light")
DESK = Look(language="en", width=1280, colours="dark")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("look", [PHONE, DESK], ids=["phone-nl-light", "desk-en-dark"])
@pytest.mark.parametrize("handle", PLACES, ids=lambda handle: handle or "anybody")
def test_pages_are_fit_for_everybody(browser: Browser, world: World, look: Look, handle: str) -> None:
    with visiting(browser, look) as page:
        watch = Watch(page)
        if handle:
            log_in(page, world.smit if handle == "marjan" else world.bakker, handle)
        found = {place.path: _visit(page, world, watch, place, look) for place in PLACES[handle]}
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def _visit(page: Page, world: World, watch: Watch, place: Place, look: Look) -> list[str]:
    answer = page.goto(place.url(world))
    assert answer is not None
    wrong = [] if answer.status == place.status else [f"answers {answer.status}"]
    return [*wrong, *faults(page, look.language), *watch.take()]


def test_a_form_with_faults_is_fit_for_everybody(browser: Browser, world: World) -> None:
    with visiting(browser, PHONE) as page:
        watch = Watch(page)
        log_in(page, world.bakker, "fatima")
        page.goto(f"{world.bakker.url}/write")
        page.eval_on_selector("form[action='/posts']", "form => form.noValidate = true")
        page.get_by_role("button", name="Bericht plaatsen").click()
        assert page.get_attribute("body", "data-status") == "422"
        assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
        assert [*faults(page, "nl"), *watch.take()] == []
