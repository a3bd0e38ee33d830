"""The whole main job in a browser that runs no scripts."""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitors import Look, log_in, visiting
from tests.browser.world import PASSWORD, World

PLAIN = Look(scripts=False)


@pytest.fixture
def page(browser: Browser, world: World) -> Iterator[Page]:
    """Somebody with every role, logged in at Bakker."""
    with visiting(browser, PLAIN) as opened:
        log_in(opened, world.bakker, "zonder")
        yield opened


def a_picture() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (64, 48), (20, 90, 60)).save(drawn, "PNG")
    return drawn.getvalue()


def test_a_post_with_a_picture_is_written_answered_liked_changed_and_deleted(
    page: Page, world: World
) -> None:
    page.goto(f"{world.bakker.url}/write")
    page.get_by_label("Jouw bericht").fill("Kijk, een nieuwe pomp.")
    page.get_by_role("radio", name=re.compile("^Monteurs")).check()
    page.get_by_text("Titel, foto's en meer").click()
    page.set_input_files("#file_1", {"name": "pomp.png", "mimeType": "image/png", "buffer": a_picture()})
    page.fill("#alt_1", "Een groene pomp")
    page.get_by_role("button", name="Bericht plaatsen").click()
    expect(page.get_by_role("img", name="Een groene pomp")).to_be_visible()
    address = page.url

    page.get_by_label("Antwoord").fill("Mooi hoor.")
    page.get_by_role("button", name="Antwoord plaatsen").click()
    expect(page.get_by_text("Mooi hoor.")).to_be_visible()

    for pressed in ("true", "false"):
        page.get_by_role("button", name="Nuttig").first.click()
        like = page.get_by_role("button", name="Nuttig").first
        expect(like).to_have_attribute("aria-pressed", pressed)

    _open_menu(page)
    page.get_by_role("link", name="Bewerken").first.click()
    page.get_by_label("Jouw bericht").fill("Kijk, een nieuwe groene pomp.")
    page.get_by_role("button", name="Bewaar").click()
    expect(page.get_by_text("Kijk, een nieuwe groene pomp.")).to_be_visible()

    _open_menu(page)
    page.get_by_role("link", name="Verwijderen").first.click()
    page.get_by_role("button", name="Verwijderen").click()
    page.goto(address)
    expect(page.get_by_text("Kijk, een nieuwe groene pomp.")).to_have_count(0)


def _open_menu(page: Page) -> None:
    page.locator(".post summary").first.click()


def test_somebody_is_invited_and_comes_in(browser: Browser, page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/members")
    page.get_by_label("Voor wie?").fill("Piet")
    page.get_by_role("button", name="Link maken").click()
    link = page.locator("#link code").inner_text()
    with visiting(browser, PLAIN) as guest:
        guest.goto(link)
        guest.get_by_label("Je volledige naam").fill("Piet de Vries")
        guest.get_by_label("Je korte naam").fill("piet")
        guest.get_by_label("Wachtwoord").fill("drie blauwe ketels")
        guest.get_by_role("button", name="Meedoen").click()
        expect(guest.get_by_role("heading", name="Start", level=1)).to_be_visible()


def test_somebody_asks_to_come_into_a_room_and_the_host_lets_them_in(
    browser: Browser, page: Page, world: World
) -> None:
    about = f"{world.bakker.url}/rooms/{world.made['listed']}/about"
    page.goto(about)
    page.get_by_label("Waarom wil je meedoen?").fill("Ik plan de bussen.")
    page.get_by_role("button", name="Vraag of je erin mag").click()
    expect(page.get_by_text("Je krijgt een melding als er antwoord is")).to_be_visible()
    with visiting(browser, PLAIN) as host:
        log_in(host, world.bakker, "henk")
        host.goto(about)
        expect(host.get_by_text("Ik plan de bussen.")).to_be_visible()
        host.get_by_role("button", name="Toelaten").click()
        expect(host.get_by_text("Deze persoon zit er nu in.")).to_be_visible()
    page.goto(about)
    page.get_by_role("link", name="Naar de berichten").click()
    expect(page.get_by_role("heading", name="Planning en werkvoorbereiding")).to_be_visible()


def test_a_director_signs_an_agreement_of_three(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/agreements/{world.made['three']}")
    expect(page.get_by_text("Getekend door 2 van de 3 bedrijven.")).to_be_visible()
    page.get_by_label("Onze eigen korte naam voor deze ring").fill("ventilatie")
    page.get_by_label("Ik heb de hele overeenkomst gelezen").check()
    page.get_by_label("Je wachtwoord").first.fill(PASSWORD)
    page.get_by_role("button", name="Tekenen").click()
    expect(page.get_by_text("Getekend door 3 van de 3 bedrijven.")).to_be_visible()


def test_an_editor_lets_a_waiting_post_go(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/waiting")
    expect(page.get_by_text("Hoe meten jullie lekdebiet?")).to_be_visible()
    page.goto(f"{world.bakker.url}/o/{world.made['second']}/waiting")
    page.get_by_role("button", name="Laat het weggaan").click()
    expect(page.get_by_text("Het is onderweg.")).to_be_visible()
    expect(page.get_by_text("Hoe meten jullie lekdebiet?")).to_have_count(0)


def test_a_director_gets_a_code_for_another_firm(page: Page, world: World) -> None:
    page.goto(f"{world.bakker.url}/rings")
    page.get_by_role("link", name="Bedrijf uitnodigen").click()
    page.get_by_label("Adres van hun Leerkring").fill("vijfde.localhost")
    page.get_by_label("Hoe noem je dit bedrijf?").fill("Vijfde Elektro")
    page.get_by_role("button", name="Code maken").click()
    expect(page.locator(".code")).to_have_text(re.compile(r"\w{4} \w{4}"))
    page.get_by_role("link", name="Kijk opnieuw").click()
    expect(page.locator(".code")).to_be_visible()
