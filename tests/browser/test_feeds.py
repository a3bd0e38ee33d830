"""A feed is made on a page, by thumb, and its address is seen once."""

import pytest
from playwright.sync_api import Browser

from tests.browser.looking import Watch, faults
from tests.browser.visitors import Look, log_in, visiting
from tests.browser.world import World

PHONE = Look(language="nl", width=360, colours="light")
DESK = Look(language="en", width=1280, colours="dark")


@pytest.mark.parametrize("look", [PHONE, DESK], ids=["phone-nl-light", "desk-en-dark"])
def test_a_feed_is_made_and_its_address_seen_once(browser: Browser, world: World, look: Look) -> None:
    with visiting(browser, look) as page:
        watch = Watch(page)
        log_in(page, world.bakker, "fatima")
        page.goto(f"{world.bakker.url}/settings/feeds")
        page.get_by_role("radio").first.check()
        page.fill("#device", "Tablet")
        page.press("#device", "Enter")
        address = page.locator("main .code").first
        address.wait_for()
        assert str(address.text_content()).startswith(f"{world.bakker.url}/feeds/")
        assert [*faults(page, look.language), *watch.take()] == []
        page.get_by_role("link", name="Naar mijn feeds" if look.language == "nl" else "To my feeds").click()
        assert page.locator("main .code").count() == 0
        assert [*faults(page, look.language), *watch.take()] == []
