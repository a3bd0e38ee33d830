"""Somebody at a browser: logs in at a node, opens pages and sends forms."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

from node.demo.errors import DemoFailed
from node.demo.firms import Place, Someone

SECONDS = 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """The path that a form's answer leads to."""
        return urlsplit(self.headers.get("location", ""))._replace(scheme="", netloc="").geturl()


@dataclass(frozen=True)
class Attached:
    """A file chosen in a form."""

    field: str
    filename: str
    data: bytes


@dataclass
class Visitor:
    """One browser, with its cookies."""

    place: Place
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._send("GET", path, b"", {"accept": "text/html"})

    def post(
        self, path: str, fields: Mapping[str, str | Sequence[str]], files: Sequence[Attached] = ()
    ) -> Answer:
        """Send a form; raises DemoFailed unless it was taken (a form that is taken leads somewhere)."""
        return self._submit(path, fields, files, 303)

    def ask(self, path: str, fields: Mapping[str, str | Sequence[str]]) -> Answer:
        """Send a form whose answer is itself a page, such as one with a link that is shown once."""
        return self._submit(path, fields, (), 200)

    def _submit(
        self, path: str, fields: Mapping[str, str | Sequence[str]], files: Sequence[Attached], wanted: int
    ) -> Answer:
        content_type, body = _multipart(fields, files) if files else _urlencoded(fields)
        answer = self._send("POST", path, body, {"content-type": content_type, "origin": self.place.url})
        if answer.status != wanted:
            raise DemoFailed(f"{self.place.url}{path} was not taken ({answer.status}).")
        return answer

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = send(self.place, method, path, body, {**headers, **(cookies if self.cookies else {})})
        self._keep_cookies(answer)
        return answer

    def _keep_cookies(self, answer: Answer) -> None:
        for line in answer.headers.get("set-cookie", "").split("\n"):
            name, _, value = line.partition(";")[0].partition("=")
            if name:
                self.cookies[name] = value


def send(place: Place, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One request; by address, because not every system knows names that end in .localhost."""
    connection = HTTPConnection("127.0.0.1", place.port, timeout=SECONDS)
    try:
        connection.request(method, path, body or None, {"host": place.domain, **headers})
        response = connection.getresponse()
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            found[name.lower()] = f"{found[name.lower()]}\n{value}" if name.lower() in found else value
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def log_in(place: Place, someone: Someone) -> Visitor:
    """A browser in which this member is logged in."""
    visitor = Visitor(place)
    visitor.post("/login", {"handle": someone.handle, "password": someone.password, "next": "/"})
    return visitor


def is_answering(place: Place) -> bool:
    try:
        answer = send(place, "GET", "/actor", b"", {"accept": "application/activity+json"})
        return answer.status == 200 and json.loads(answer.body)["id"] == f"{place.url}/actor"
    except (OSError, HTTPException, ValueError, KeyError):
        return False


def _urlencoded(fields: Mapping[str, str | Sequence[str]]) -> tuple[str, bytes]:
    return "application/x-www-form-urlencoded", urlencode(fields, doseq=True).encode()


def _multipart(fields: Mapping[str, str | Sequence[str]], files: Sequence[Attached]) -> tuple[str, bytes]:
    edge = uuid.uuid4().hex
    parts = [
        _part(edge, f'name="{name}"', value.encode())
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    parts += [
        _part(edge, f'name="{file.field}"; filename="{file.filename}"\r\nContent-Type: image/png', file.data)
        for file in files
    ]
    return f"multipart/form-data; boundary={edge}", b"".join(parts) + f"--{edge}--\r\n".encode()


def _part(edge: str, disposition: str, data: bytes) -> bytes:
    return f"--{edge}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + data + b"\r\n"
