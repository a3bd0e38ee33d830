"""A node in a process of its own with two members, each with several clients and a browser."""

import base64
import contextlib
import io
import itertools
import json
import re
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import click.testing
import httpx
import mastodon
import pytest
import toot.cli
from PIL import Image
from sqlalchemy import Connection

from node.access.oauth.actions import set_open_from_apps
from node.people.actions import show_face
from tests import nodejs
from tests.interop.served import PASSWORD, ServedNode, served_node

Found = TypeVar("Found")
BACK = "https://app.example/back"
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = "read write follow push profile"
MEMBERS = ("anna", "bob")
SOURCE = Path(__file__).parent / "mastojs"
PATIENCE_SECONDS = 3.0


@dataclass
class World:
    """What a check acts with; `look` and `page` are the others that see the effect."""

    node: ServedNode
    folder: Path
    stack: ExitStack
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, httpx.Client] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    called: set[str] = field(default_factory=set)
    _js: subprocess.Popen[str] | None = None

    # --- Mastodon.py

    def library(self, handle: str) -> mastodon.Mastodon:
        return self.program(access_token=self.tokens[handle], ratelimit_method="throw")

    def program(self, **given: Any) -> mastodon.Mastodon:
        """The library; what is called of it is noted."""
        made = Noting(api_base_url=self.node.base, **given)
        made.called = self.called
        return made

    @property
    def anna(self) -> mastodon.Mastodon:
        return self.library("anna")

    @property
    def bob(self) -> mastodon.Mastodon:
        return self.library("bob")

    # --- toot

    def toot(self, *words: str, who: str = "anna", typed: str = "") -> str:
        """One command of toot as a member; returns what it printed."""
        domain = self.node.domain
        users = {
            f"{name}@{domain}": {"instance": domain, "username": name, "access_token": token}
            for name, token in self.tokens.items()
        }
        app = {"instance": domain, "base_url": self.node.base, "client_id": "", "client_secret": ""}
        known = {"apps": {domain: app}, "users": users, "active_user": f"{who}@{domain}"}
        config = self.folder / "toot" / "config.json"
        config.parent.mkdir(exist_ok=True)
        config.write_text(json.dumps(known))
        return self.toot_as_it_is(*words, typed=typed)

    def toot_as_it_is(self, *words: str, typed: str = "", fails: bool = False) -> str:
        """With the configuration that is there."""
        self.called |= {word for end in range(1, 4) for word in _commands(words[:end], words)}
        environment = {"XDG_CONFIG_HOME": str(self.folder)}
        done = click.testing.CliRunner().invoke(toot.cli.cli, words, input=typed, env=environment)
        assert fails or done.exit_code == 0, done.output
        return done.output

    # --- masto.js

    def js(self, path: str, *given: Any, who: str = "anna") -> Any:
        """One call of masto.js; what stands in brackets in `path` goes to `$select`."""
        parts = re.findall(r"\[[^\]]*\]|[^.\[\]]+", path)
        steps = [["$select", part[1:-1]] if part.startswith("[") else part for part in parts]
        self.called.add(".".join(step if isinstance(step, str) else step[0] for step in steps))
        asked = {"token": self.tokens[who], "path": steps, "given": given}
        process = self._js_process()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        said: dict[str, Any] = json.loads(process.stdout.readline())
        assert "done" in said, said
        return said["done"]

    def _js_process(self) -> subprocess.Popen[str]:
        if self._js is None:
            command = [nodejs.NODE, "act.mjs", self.node.base]
            folder, pipe = nodejs.installed(SOURCE), subprocess.PIPE
            self._js = subprocess.Popen(
                command, cwd=folder, env=nodejs.environment(), stdin=pipe, stdout=pipe, text=True
            )
            self.stack.callback(_end, self._js)
        return self._js

    # --- the others

    def look(self, path: str, *, who: str = "bob", method: str = "GET", **form: Any) -> Any:
        """What a second client gets there: plain HTTP with a member's token."""
        answer = self.ask(path, who=who, method=method, **form)
        assert answer.is_success, answer.text
        return answer.json()

    def ask(self, path: str, *, who: str = "bob", method: str = "GET", **form: Any) -> httpx.Response:
        sent: dict[str, Any] = {"params": form or None} if method == "GET" else {"json": form}
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        return httpx.request(method, self.node.base + path, headers=headers, timeout=20, **sent)

    def page(self, path: str, *, who: str = "bob") -> str:
        """What a browser shows there."""
        answer = self.browsers[who].get(path, follow_redirects=True)
        return answer.text if answer.is_success else ""

    def post(self, *, who: str = "anna", **form: Any) -> dict[str, Any]:
        """A post to start from, by plain HTTP."""
        wanted = {"status": self.text(), **form}
        made: dict[str, Any] = self.look("/api/v1/statuses", who=who, method="POST", **wanted)
        return made

    def status(self, status_id: Any, *, who: str = "bob") -> dict[str, Any]:
        found: dict[str, Any] = self.look(f"/api/v1/statuses/{status_id}", who=who)
        return found

    def is_gone(self, path: str, *, who: str = "bob") -> bool:
        return self.ask(path, who=who).status_code == 404

    def relation(self, other: str, *, who: str) -> dict[str, Any]:
        found = self.look("/api/v1/accounts/relationships", who=who, **{"id[]": self.ids[other]})
        relation: dict[str, Any] = found[0]
        return relation

    def text(self) -> str:
        """Words that stand nowhere else."""
        return f"Bericht nummer{next(self.numbers)}x"

    def word(self) -> str:
        return f"woord{next(self.numbers)}x"

    def eventually(self, look: Callable[[], Found | None]) -> Found:
        """What the node does after it answered."""
        pause = threading.Event()
        for _ in range(50):
            found = look()
            if found:
                return found
            pause.wait(0.1)
        raise AssertionError("it did not come")

    def allow(self, handle: str, address: str) -> str:
        """The member goes to the address that an app shows and lets it in; returns the code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        browser = self.browsers[handle]
        shown = browser.get(address)
        assert shown.is_success or shown.is_redirect, shown.text
        answer = browser.post("/oauth/authorize", data={**asked, "decision": "allow"})
        if answer.is_redirect:
            return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        found = re.search(r'<span class="code[^"]*">([^<]+)<', answer.text)
        assert found is not None, answer.text
        return found[1]


class Noting(mastodon.Mastodon):
    """Mastodon.py that notes which of its methods were called: no check claims what it does not do."""

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if not name.startswith("_") and callable(found):
            self.__dict__.get("called", set()).add(name)
        return found


def _commands(words: tuple[str, ...], given: tuple[str, ...]) -> set[str]:
    """Names of what was asked of toot: its command, with a part or an option of it."""
    options = {f"{given[0]} {word}" for word in given if word.startswith("--")}
    return {" ".join(words), *options}


def picture(shade: int = 90) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (24, 16), (shade, 40, 120)).save(made, "PNG")
    return made.getvalue()


def picture_text(shade: int = 90) -> str:
    return base64.b64encode(picture(shade)).decode()


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what other programs warn of is theirs
        patch.setenv("LEERKRING_APP_RATE", "100000")
        patch.setenv("LANG", "C.UTF-8")
        for name in ("REQUESTS_CA_BUNDLE", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        node = stack.enter_context(served_node(folder / "node", "Bakker", MEMBERS[0]))
        for handle in MEMBERS[1:]:
            node.sign("member", "add", handle, "--name", handle.title())
        node.wait_until_it_answers()
        world = World(node, folder, stack)
        for handle in MEMBERS:
            _come_in(world, handle)
            _let_post_openly(world, int(world.ids[handle]))
        yield world


def _come_in(world: World, handle: str) -> None:
    headers = {"origin": world.node.base}
    browser = httpx.Client(base_url=world.node.base, headers=headers, timeout=20)
    world.stack.enter_context(browser)
    answer = browser.post("/login", data={"handle": handle, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    world.browsers[handle] = browser
    world.tokens[handle] = _token(world, handle)
    world.ids[handle] = world.look("/api/v1/accounts/verify_credentials", who=handle)["id"]


def _let_post_openly(world: World, member_id: int) -> None:
    def change(db: Connection) -> None:
        show_face(db, member_id)
        set_open_from_apps(db, member_id, True)

    world.node.write(lambda db, _identity, _site: change(db))


def _token(world: World, handle: str) -> str:
    app = httpx.post(
        f"{world.node.base}/api/v1/apps",
        json={"client_name": "Kijker", "redirect_uris": BACK, "scopes": SCOPES},
    ).json()
    client = {"client_id": app["client_id"], "redirect_uri": BACK}
    asked = httpx.QueryParams({**client, "response_type": "code", "scope": SCOPES})
    code = world.allow(handle, f"{world.node.base}/oauth/authorize?{asked}")
    form = {**client, "client_secret": app["client_secret"], "grant_type": "authorization_code", "code": code}
    token: str = httpx.post(f"{world.node.base}/oauth/token", data=form).json()["access_token"]
    return token


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)
