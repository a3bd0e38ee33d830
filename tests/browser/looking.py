"""What is wrong with a page as it stands in the browser: one line for each fault."""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request

from node.i18n import LOCALE
from node.web.messages import read_catalog

AXE = Axe()
AXE_OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
PLACEHOLDER = re.compile(r"%\\\((?:\w+)\\\)s")
SAME = {"English"}  # languages are offered under their own names
SMALLEST = 24  # CSS pixels, WCAG 2.2 target size

# Links inside a sentence may be as small as the sentence; a box stands with its words as one target.
MEASURE = """() => {
  const problems = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.body.querySelectorAll("*")].filter((one) =>
      one.getBoundingClientRect().right > root.clientWidth + 1 && getComputedStyle(one).position !== "fixed");
    problems.push(`scrolls sideways: ${wide.slice(-3).map((one) => one.outerHTML.slice(0, 90)).join(" | ")}`);
  }
  for (const control of document.querySelectorAll("a, button, input, select, textarea, summary")) {
    if (control.type === "hidden" || !control.checkVisibility() || control.matches(".skip")) continue;
    if (getComputedStyle(control).display === "inline") continue;
    const box = (control.matches("[type=checkbox], [type=radio]") && control.closest("label")) || control;
    const { width, height } = box.getBoundingClientRect();
    if (width < SMALLEST || height < SMALLEST)
      problems.push(`only ${width.toFixed(0)} x ${height.toFixed(0)}: ${control.outerHTML.slice(0, 120)}`);
  }
  return problems;
}""".replace("SMALLEST", str(SMALLEST))

WORDS = """() => {
  const found = [document.title];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    if (!walk.currentNode.parentElement.closest("script, style")) found.push(walk.currentNode.data);
  for (const name of ["aria-label", "title", "placeholder", "alt"])
    for (const one of document.querySelectorAll(`[${name}]`)) found.push(one.getAttribute(name));
  return found.map((text) => text.replace(/\\s+/g, " ").trim()).filter((text) => text);
}"""


class Watch:
    """Hears what a page asks for and complains about while it is used."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("request", self._see)
        self._page = page

    def _hear(self, message: ConsoleMessage) -> None:
        # a page that is meant to be a 404 is itself a "failed resource"
        failed = message.text.startswith("Failed to load")
        is_page_itself = failed and message.location["url"] == self._page.url
        if message.type in ("error", "warning") and not is_page_itself:
            self.heard.append(f"console: {message.text}")

    def _see(self, request: Request) -> None:
        host = urlsplit(request.url).hostname or ""
        if request.url.startswith("http") and not (host == "localhost" or host.endswith(".localhost")):
            self.heard.append(f"asks another host: {request.url}")

    def take(self) -> list[str]:
        heard, self.heard = self.heard, []
        return heard


def faults(page: Page, language: str) -> Iterator[str]:
    """Everything that is wrong with the page that is open."""
    if page.get_attribute("html", "lang") != language:
        yield f"is not in {language}"
    yield from page.evaluate(MEASURE)
    if language == "nl":
        yield from (f"not translated: {text}" for text in page.evaluate(WORDS) if _is_english(text))
    for violation in AXE.run(page, options=AXE_OPTIONS).response["violations"]:
        places = ", ".join(str(one["target"][0]) for one in violation["nodes"][:3])
        yield f"axe {violation['id']}: {violation['help']} ({places})"


def _is_english(text: str) -> bool:
    plain, patterns = _english()
    return text in plain or any(pattern.fullmatch(text) for pattern in patterns)


def _dutch() -> set[str]:
    """A Dutch word may be an English one elsewhere: "Start"."""
    texts = (message.string for message in read_catalog(LOCALE / "nl.po") if message.id)
    return {one for text in texts if text for one in ([text] if isinstance(text, str) else text)}


@lru_cache
def _english() -> tuple[set[str], list[re.Pattern[str]]]:
    """English sentences that read otherwise in Dutch: whole ones, and those with places to fill in."""
    plain, patterns = set[str](), list[re.Pattern[str]]()
    for message in read_catalog(LOCALE / "nl.po"):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        for english in set(ids) - set(texts):
            if "%(" not in english:
                plain.add(english)
            elif len(re.sub(r"%\(\w+\)s", "", english)) > 8:
                patterns.append(re.compile(PLACEHOLDER.sub(".+", re.escape(english))))
    return plain - _dutch() - SAME, patterns
