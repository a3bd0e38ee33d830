"""People at their browsers: each has a context of their own, in a language, on a screen, in a light."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.browser.world import PASSWORD
from tests.processes.nodes import Node

NEW_YORK = "America/New_York"  # whose clock must not show anywhere


@dataclass(frozen=True)
class Look:
    """How somebody looks at the pages."""

    language: Literal["nl", "en"] = "nl"
    width: int = 360
    colours: Literal["light", "dark"] = "light"
    scripts: bool = True


@contextmanager
def visiting(browser: Browser, look: Look) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": look.width, "height": 780},
        locale={"nl": "nl-NL", "en": "en-GB"}[look.language],
        timezone_id=NEW_YORK,
        color_scheme=look.colours,
        java_script_enabled=look.scripts,
    )
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def log_in(page: Page, node: Node, handle: str) -> None:
    page.goto(f"{node.url}/login")
    page.fill("#handle", handle)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{node.url}/")
