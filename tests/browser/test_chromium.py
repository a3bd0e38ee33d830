"""Chromium runs, resolves names under localhost and starts every test without cookies."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import Page


class Greeting(BaseHTTPRequestHandler):
    """Greets by host name and leaves a cookie."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Set-Cookie", "seen=yes")
        self.end_headers()
        host, cookie = self.headers["Host"], self.headers["Cookie"]
        self.wfile.write(f"<title>{host.partition(':')[0]}</title><p>{cookie}</p>".encode())

    def log_message(self, *_arguments: object) -> None:
        """Nothing is printed between the test results."""


@pytest.fixture
def greeter() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Greeting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("_turn", [1, 2])
def test_a_page_under_localhost_opens_without_earlier_cookies(page: Page, greeter: int, _turn: int) -> None:
    page.goto(f"http://bakker.localhost:{greeter}/")
    assert page.title() == "bakker.localhost"
    assert page.inner_text("p") == "None"
