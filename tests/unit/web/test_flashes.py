"""A flash is shown once, on the node that set it, in the reader's language."""

from base64 import urlsafe_b64encode

import pytest
from starlette.responses import Response

from node.i18n import msg
from node.web.flashes import flash, read_flash
from node.web.pages import render_error
from tests.unit.web.shells import make_request


def cookie_of(response: Response) -> str:
    return response.headers["set-cookie"].split(";")[0]


def test_a_flash_is_read_on_the_next_page_in_dutch() -> None:
    response = Response()
    flash(make_request(), response, "done", msg("At most %(most)s files.", most=3))
    found = read_flash(make_request(headers={"Cookie": cookie_of(response)}))
    assert found == ("done", "Hoogstens 3 bestanden.")


def test_the_page_that_shows_it_clears_it() -> None:
    response = Response()
    flash(make_request(), response, "done", "<b>Klaar</b>")
    page = render_error(make_request(headers={"Cookie": cookie_of(response)}), 404)
    assert "&lt;b&gt;Klaar" in bytes(page.body).decode()
    assert "Max-Age=0" in page.headers["set-cookie"]


def test_nodes_on_one_machine_do_not_read_each_others_flash() -> None:
    response = Response()
    flash(make_request(port=8001), response, "done", "Klaar")
    assert read_flash(make_request(port=8002, headers={"Cookie": cookie_of(response)})) is None


def test_outside_a_trial_the_cookie_is_bound_to_this_host_over_https() -> None:
    response = Response()
    flash(make_request(local=False), response, "done", "Klaar")
    header = response.headers["set-cookie"]
    assert header.startswith("__Host-")
    assert "Secure" in header
    assert "HttpOnly" in header


@pytest.mark.parametrize(
    "packed", ["%%%", "e30=", "W10=", urlsafe_b64encode(b'["odd","x"]').decode(), "WyJkb25lIiwxXQ=="]
)
def test_a_forged_cookie_shows_nothing(packed: str) -> None:
    assert read_flash(make_request(headers={"Cookie": f"leerkring-flash-8000={packed}"})) is None
