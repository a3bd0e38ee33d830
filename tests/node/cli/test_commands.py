"""Every command: help, JSON, and exit code 2 with words for wrong use."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from node.cli.commands import commands, run
from node.settings import load
from tests.node.cli.command import PASSWORD, Command

RUN_UNTIL_STOPPED = {("serve",), ("work",)}


def all_commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from all_commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(all_commands(typer.main.get_command(commands)))
PATHS = sorted(COMMANDS)

# A use of each command that works in a home with anna, its ring partner unknown; {folder} is an empty one.
WORKS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("member", "invite"): ("--role", "editor", "--note", "Piet"),
    ("member", "add"): ("bob", "--name", "Bob", "--password-stdin"),
    ("member", "list"): (),
    ("member", "disable"): ("carla",),
    ("member", "enable"): ("carla",),
    ("member", "reset"): ("anna",),
    ("member", "roles"): ("carla", "editor", "moderator"),
    ("member", "until"): ("carla", "never"),
    ("pair", "invite"): ("smit.localhost:8002", "--name", "Smit"),
    ("pair", "list"): (),
    ("peer", "block"): ("kwaad.localhost:8009",),
    ("peer", "unblock"): ("kwaad.localhost:8009",),
    ("peer", "allow"): ("goed.localhost:8009", "--reason", "Vakblad"),
    ("peer", "limit"): ("druk.localhost:8009", "--comment", "Even kijken"),
    ("peer", "rings-only"): ("druk.localhost:8009",),
    ("peer", "normal"): ("druk.localhost:8009",),
    ("peer", "forget"): ("druk.localhost:8009", "--yes"),
    ("peer", "federation"): ("list", "--yes"),
    ("peer", "export"): ("--kind", "allows"),
    ("peer", "list"): (),
    ("ring", "list"): (),
    ("topic", "create"): ("cv", "--name", "Ketels", "--audience", "company"),
    ("topic", "list"): (),
    ("gate", "set"): ("public", "--checklist", "--minutes", "15"),
    ("gate", "list"): (),
    ("post",): ("Hallo allemaal", "--as", "anna", "--audience", "company"),
    ("key", "show"): (),
    ("key", "rotate"): ("--password-stdin",),
    ("key", "rotate-rsa"): ("--password-stdin",),
    ("restored", "show"): (),
    ("departures", "verify"): (),
    ("departures", "export"): (),
    ("doctor",): ("--offline",),
    ("check-rings",): ("--sample", "5"),
    ("backup",): ("{folder}",),
    ("domain",): ("leren.bakker.nl",),
}
# These need a backup, an empty home, or a partner: they have tests of their own.
ELSEWHERE = {("init",), ("restore",), ("peer", "import"), ("restored", "go-on")} | {
    path for path in PATHS if path[0] in ("pair", "ring") and path not in WORKS
}


def test_each_command_is_shown_to_work_somewhere() -> None:
    assert {*WORKS} | ELSEWHERE | RUN_UNTIL_STOPPED == {*PATHS}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_explains_a_command_and_its_options(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Usage: leerkring" in shown
    options = {name for option in COMMANDS[path].params for name in option.opts}
    assert "--home" in options
    assert "--json" in options or path == ("work",)
    undescribed = [one.name for one in COMMANDS[path].params if not getattr(one, "help", None)]
    assert undescribed == []


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_an_unknown_option_is_wrong_use(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--nonsense"]) == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted({*PATHS} - {("init",)}), ids=" ".join)
def test_without_a_home_a_command_says_how_to_name_one(
    path: tuple[str, ...], leerkring: Command, tmp_path: Path
) -> None:
    arguments = [word.format(folder=tmp_path) for word in WORKS.get(path, ())] or _anything(path)
    assert leerkring(*path, *arguments, home=False) == 2
    assert "--home" in leerkring.err


def _anything(path: tuple[str, ...]) -> list[str]:
    """Values for what a command cannot do without."""
    words: list[str] = []
    for one in COMMANDS[path].params:
        if one.required:
            words += ["123456"] if one.param_type_name == "argument" else [one.opts[0], "x"]
    return words


@pytest.mark.parametrize("path", sorted(WORKS), ids=" ".join)
def test_json_is_json(path: tuple[str, ...], bakker: Command, tmp_path: Path) -> None:
    arguments = [word.format(folder=tmp_path) for word in WORKS[path]]
    assert bakker(*path, *arguments, "--json") == 0, bakker.err
    assert bakker.err == ""
    for line in bakker.out.splitlines():
        json.loads(line)


@pytest.mark.parametrize("path", sorted(WORKS), ids=" ".join)
def test_without_json_it_is_words(path: tuple[str, ...], bakker: Command, tmp_path: Path) -> None:
    arguments = [word.format(folder=tmp_path) for word in WORKS[path]]
    assert bakker(*path, *arguments) == 0, bakker.err
    assert bakker.err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["member", "disable", "niemand"], "niemand"),
        (["member", "add", "Te Lang!", "--name", "X", "--password-stdin"], "kleine letters"),
        (["member", "roles", "anna", "baas"], "rol"),
        (["member", "disable", "anna"], "beheerder"),
        (["member", "until", "carla", "gisteren"], "datum"),
        (["member", "until", "carla", "2020-01-01"], "vandaag"),
        (["post", "Hallo", "--as", "niemand", "--audience", "company"], "niemand"),
        (["post", "Hallo", "--as", "anna", "--audience", "iedereen"], "company, public"),
        (["post", "Hallo", "--as", "anna", "--audience", "ring:geen"], "geen"),
        (["post", "Hallo", "--as", "anna", "--audience", "company", "--topic", "geen"], "geen"),
        (["post", "Hallo", "--as", "anna", "--audience", "company", "--file", "x.png"], "--alt"),
        (["topic", "create", "cv", "--name", "Ketels", "--audience", "bedrijf"], "company, public"),
        (["ring", "show", "geen"], "geen"),
        (["ring", "agreement", "abcdef"], "abcdef"),
        (["ring", "leave", "geen", "--password-stdin"], "geen"),
        (["pair", "words", "1"], "1"),
        (["pair", "confirm", "1", "appel", "boom", "--password-stdin"], "1"),
        (["pair", "invite", "smit.localhost:8002", "--name", "Smit", "--as", "niemand"], "niemand"),
        (["restore", "nergens.tar"], "niet leeg"),
        (["backup", "/nergens/backup.tar"], "/nergens"),
        (["domain", "geen domein"], "leren.bedrijf.nl"),
        (["init", "--domain", "bakker.localhost:8001", "--name", "Bakker", "--local"], "al een node"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_wrong_use_is_said_in_words(arguments: list[str], said: str, bakker: Command) -> None:
    assert bakker(*arguments) == 2, bakker.out
    assert said in bakker.err
    assert "Traceback" not in bakker.err


def test_init_makes_a_home_that_says_where_it_is_reached(leerkring: Command) -> None:
    made = leerkring.json("init", "--domain", "smit.localhost", "--name", "Smit", "--local", "--port", "8002")
    assert made["domain"] == "smit.localhost:8002"
    settings = load(leerkring.home)
    assert (settings.local, settings.port) == (True, 8002)


@pytest.mark.parametrize(
    "domain", ["https://leren.nl", "leren.nl/pad", "leren", "-a.nl", "localhost:8000", "a..nl"]
)
def test_a_public_domain_is_a_plain_name(domain: str, leerkring: Command) -> None:
    assert leerkring("init", "--domain", domain, "--name", "X") == 2
    assert not leerkring.home.exists()


def test_the_first_admin_finishes_the_set_up(bakker: Command) -> None:
    assert "setup_url" not in str(bakker.json("member", "list"))
    anna, carla = bakker.json("member", "list")
    roles = ["admin", "director", "editor"]
    assert anna == {"handle": "anna", "name": "Anna", "roles": roles, "disabled": False, "until": ""}
    assert carla["roles"] == []


def test_a_password_is_never_an_argument(bakker: Command) -> None:
    assert bakker("member", "add", "bob", "--name", "Bob", stdin=f"{PASSWORD}\n") == 2
    assert "--password-stdin" in bakker.err


def test_a_setting_that_is_wrong_is_named(bakker: Command) -> None:
    (bakker.home / "leerkring.toml").write_text('local = true\nport = "veel"\n')
    assert bakker("member", "list") == 2
    assert "port" in bakker.err


def test_words_follow_the_language_of_the_home(bakker: Command) -> None:
    bakker("member", "disable", "niemand")
    assert "Er is hier geen lid niemand" in bakker.err
    with (bakker.home / "leerkring.toml").open("a") as config:
        config.write('language = "en"\n')
    bakker("member", "disable", "niemand")
    assert "There is no member niemand here" in bakker.err
