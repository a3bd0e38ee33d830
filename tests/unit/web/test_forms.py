"""Forms: read once, strictly, and everything typed comes back."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from node.web.forms import FORM_BYTES, Form, blank_form, read_form
from node.web.pages import environment
from tests.unit.web.shells import client


async def echo(request: Request) -> Response:
    form = await read_form(request, FORM_BYTES * 2)
    files = {name: [(one.filename, len(one.data)) for one in sent] for name, sent in form.uploads.items()}
    return JSONResponse({"values": form.values, "files": files})


APP = Starlette(routes=[Route("/", echo, methods=["POST"])])


async def post(**sent: Any) -> httpx.Response:
    async with client(APP) as browser:
        return await browser.post("/", **sent)


async def test_both_kinds_of_form_are_read() -> None:
    plain = await post(data={"title": "Dak", "tags": ["a", "b"]})
    assert plain.json()["values"] == {"title": ["Dak"], "tags": ["a", "b"]}
    mixed = await post(data={"title": "Dak"}, files={"picture": ("dak.jpg", b"12345", "image/jpeg")})
    assert mixed.json() == {"values": {"title": ["Dak"]}, "files": {"picture": [["dak.jpg", 5]]}}


async def test_a_file_field_left_empty_is_no_file() -> None:
    assert (await post(files={"picture": ("", b"")})).json()["files"] == {}


async def test_too_large_a_body_is_413_and_too_many_fields_400() -> None:
    assert (await post(data={"text": "x" * FORM_BYTES * 3})).status_code == 413
    assert (await post(files={"a": ("a", b"x" * FORM_BYTES * 3)})).status_code == 413
    assert (await post(data={f"f{n}": "" for n in range(500)})).status_code == 400


def test_values_are_trimmed_checked_and_typed() -> None:
    form = Form({"name": ["  Anna   de Boer "], "text": ["een\r\ntwee "], "age": ["7"], "rule": ["on"]})
    assert form.line("name") == "Anna de Boer"
    assert form.text("text") == "een\ntwee"
    assert form.whole("age", least=1, most=9) == 7
    assert form.flag("rule")
    assert form.ok


@pytest.mark.parametrize("typed", ["", "0", "10", "seven", "1.5", "-1", "²", "9" * 5000])
def test_a_number_outside_its_range_is_an_error(typed: str) -> None:
    form = Form({"n": [typed]})
    assert form.whole("n", least=1, most=9) == 1
    assert form.error("n")


def test_a_value_that_was_not_offered_is_an_error() -> None:
    form = Form({"audience": ["public"], "roles": ["admin", "king"]})
    form.choice("audience", ("company",))
    assert form.choices("roles", ("admin",)) == ["admin"]
    assert set(form.errors) == {"audience", "roles"}


def test_too_long_empty_and_unusable_texts_are_errors() -> None:
    form = Form({"long": ["x" * 300], "nul": ["a\0b"], "none": ["  "]})
    for name in ("long", "nul", "none"):
        form.line(name)
    assert set(form.errors) == {"long", "nul", "none"}


def test_the_field_shows_its_error_and_what_was_typed() -> None:
    form = blank_form({"title": '"><script>'})
    form.fail_all({"title": "Fill this in.", "": "No."})
    ui = environment("nl").globals["ui"]
    shown = str(vars(ui)["field"](form, "title", "Titel"))
    assert "Vul dit in." in shown
    assert 'aria-invalid="true"' in shown
    assert "&#34;&gt;&lt;script&gt;" in shown


def test_a_password_is_never_sent_back() -> None:
    ui = environment("nl").globals["ui"]
    assert "geheim" not in str(vars(ui)["field"](blank_form({"p": "geheim"}), "p", "P", type="password"))
