"""Words in the reader's language: catalogues compiled in memory, and messages that are translated late."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES = ("nl", "en")
DEFAULT_LANGUAGE = "nl"
LOCALE = Path(__file__).parent / "web" / "locale"


class Message(str):
    """An English sentence that still knows how to become Dutch; as a plain str it reads English."""

    __slots__ = ("msgid", "plural", "values")

    msgid: str
    plural: str | None
    values: dict[str, Any]

    def __new__(cls, msgid: str, plural: str | None, values: dict[str, Any]) -> "Message":
        chosen = plural if plural is not None and values["count"] != 1 else msgid
        message = super().__new__(cls, chosen % values if values else chosen)
        message.msgid, message.plural, message.values = msgid, plural, values
        return message


def msg(text: str, **values: Any) -> Message:
    """Mark a sentence for translation; `%(name)s` places are filled from the values."""
    return Message(text, None, values)


def nmsg(one: str, many: str, count: int, **values: Any) -> Message:
    """The same for a sentence with a number in it: `%(count)s`."""
    return Message(one, many, {"count": count, **values})


@lru_cache
def translator(language: str) -> Translations:
    with (LOCALE / f"{language}.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled, domain="messages")


def translate(language: str, text: str) -> str:
    """The text in that language; plain strings are looked up as they are."""
    words = translator(language)
    if not isinstance(text, Message):
        return words.gettext(text) if text else text
    if text.plural is None:
        found = words.gettext(text.msgid)
    else:
        found = words.ngettext(text.msgid, text.plural, text.values["count"])
    values = {name: _value(language, value) for name, value in text.values.items()}
    return found % values if values else found


def say_name(language: str, name: str) -> str:
    """A name that the node made, in that language; one that somebody typed stays as it is."""
    return translate(language, name) if isinstance(name, Message) else name


def choose_language(chosen: str | None, setting: str | None = None, accept: str | None = None) -> str:
    """The switch on this browser wins over the member's setting, that over what the browser asks."""
    for wish in (chosen, setting):
        if wish in LANGUAGES:
            return wish
    return negotiate_locale(_accepted(accept or ""), LANGUAGES, sep="-") or DEFAULT_LANGUAGE


def _value(language: str, value: Any) -> Any:
    return translate(language, value) if isinstance(value, Message) else value


def _accepted(header: str) -> list[str]:
    weighed: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        weight = _quality(quality)
        if tag and weight > 0:
            weighed.append((-weight, tag))
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0
