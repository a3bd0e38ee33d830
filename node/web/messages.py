"""The catalogues' command: `python -m node.web.messages update | missing [PART] | fill FILE | check`."""

import fcntl
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from node.i18n import LANGUAGES, LOCALE

SOURCES = Path(__file__).parents[1]
METHODS = [("web/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"web/templates/**.html": {"trimmed": "true", "silent": "false"}}
MARKERS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2), "msg": None, "nmsg": (1, 2)}
ERRORS: dict[str, Any] = {"NotFound": None, "Forbidden": None, "Conflict": None}
PLACES = re.compile(r"%\((\w+)\)")

Key = str | tuple[str, ...]
commands = typer.Typer(add_completion=False, help="Keep the Dutch and English texts complete.")


def extract(sources: Path = SOURCES, part: str = "") -> set[Key]:
    """Every sentence in the code and the templates whose path holds `part`; with a number: (one, many)."""
    found = extract_from_dir(sources, METHODS, OPTIONS, MARKERS | ERRORS)
    return {_key(message[2]) for message in found if part in message[0]}


def read_catalog(path: Path) -> Catalog:
    return read_po(BytesIO(path.read_bytes()), locale=path.stem)


def complaints(wanted: set[Key], catalog: Catalog, same: set[str]) -> list[str]:
    """What is wrong with the Dutch texts, one line each."""
    found = {_key(message.id): message for message in catalog if message.id}
    lines = [f"not in the catalogue: {_shown(key)}" for key in wanted - found.keys()]
    lines += [f"no longer used: {_shown(key)}" for key in found.keys() - wanted]
    for key in wanted & found.keys():
        lines += [f"{why}: {_shown(key)}" for why in _faults(found[key], same)]
    return sorted(lines)


@commands.command()
def update(prune: Annotated[bool, typer.Option(help="Drop what is no longer used.")] = False) -> None:
    """Add new sentences to both catalogues; translations stay."""
    wanted = extract()
    for language in LANGUAGES:
        with _editing(language) as catalog:
            for key in wanted:
                if key not in catalog:
                    catalog.add(key)
            for message in list(catalog):
                if prune and message.id and _key(message.id) not in wanted:
                    catalog.delete(message.id)


@commands.command()
def missing(part: Annotated[str, typer.Argument(help="Only of paths with this in them.")] = "") -> None:
    """Print what has no Dutch yet as JSON, ready to complete and to give to `fill`."""
    catalog = read_catalog(LOCALE / "nl.po")
    known = {_key(message.id) for message in catalog if message.id and _is_complete(message.string)}
    empty = {_shown(key): "" if isinstance(key, str) else ["", ""] for key in extract(part=part) - known}
    typer.echo(json.dumps(empty, ensure_ascii=False, indent=1, sort_keys=True))


@commands.command()
def fill(file: Path) -> None:
    """Take Dutch texts from a JSON file: {"English": "Nederlands", "one ¦ many": ["één", "veel"]}."""
    update()
    given: Mapping[str, str | list[str]] = json.loads(file.read_text())
    with _editing("nl") as catalog:
        for message in catalog:
            text = given.get(_shown(_key(message.id))) if message.id else None
            if text:
                message.string = text if isinstance(text, str) else tuple(text)


@commands.command()
def check() -> None:
    """Exit 1 with a line for each sentence that is missing, unused or still English."""
    same = set((LOCALE / "same.txt").read_text().splitlines())
    lines = complaints(extract(), read_catalog(LOCALE / "nl.po"), same)
    if lines:
        typer.echo("\n".join(lines), err=True)
        sys.exit(1)


@contextmanager
def _editing(language: str) -> Iterator[Catalog]:
    """One writer at a time, so that two updates never lose each other's texts."""
    path = LOCALE / f"{language}.po"
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        catalog = read_po(BytesIO(file.read()), locale=language)
        yield catalog
        written = BytesIO()
        write_po(written, catalog, sort_output=True, no_location=True, width=0, ignore_obsolete=True)
        file.seek(0)
        file.write(written.getvalue())
        file.truncate()


def _faults(message: Any, same: set[str]) -> Iterator[str]:
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    texts = [message.string] if isinstance(message.string, str) else list(message.string)
    if not _is_complete(message.string):
        yield "no Dutch"
        return
    if message.fuzzy:
        yield "only a guess (fuzzy)"
    if any(text in ids and text not in same for text in texts):
        yield "Dutch equals English (if right: add it to same.txt)"
    places = {place for text in ids for place in PLACES.findall(text)}
    if any(not set(PLACES.findall(text)) <= places for text in texts):
        yield "a %(place)s that the English does not have"
    if any(not places <= set(PLACES.findall(text)) for text in texts[-1:]):
        yield "a %(place)s is lost"


def _is_complete(text: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(text) and (isinstance(text, str) or all(text or ()))


def _key(words: Any) -> Key:
    return words if isinstance(words, str) else tuple(words)


def _shown(key: Key) -> str:
    return key if isinstance(key, str) else " ¦ ".join(key)


if __name__ == "__main__":
    commands()
