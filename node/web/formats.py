"""Times and numbers as a reader expects them: Amsterdam's clock, the reader's language."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TINTS = 6
TIME_TAG = Markup('<time datetime="{}" title="{}">{}</time>')


def format_local(value: datetime, language: str) -> str:
    return format_datetime(value, "d MMMM yyyy HH:mm", tzinfo=AMSTERDAM, locale=language)


def local_time(value: datetime, language: str) -> Markup:
    text = format_local(value, language)
    return TIME_TAG.format(_stamp(value), text, text)


def local_date(value: datetime, language: str) -> str:
    return format_date(value.astimezone(AMSTERDAM).date(), "d MMMM yyyy", locale=language)


def end_of_day(day: date) -> datetime:
    """The moment in which a day in Amsterdam is over: an end date means the end of that day."""
    return datetime.combine(day + timedelta(days=1), time(), AMSTERDAM).astimezone(UTC)


def last_day(end: datetime) -> date:
    """The day of which `end` is the end, or in which it falls."""
    return (end - timedelta(microseconds=1)).astimezone(AMSTERDAM).date()


def day_digits(day: date) -> str:
    """A date in a sentence that is put in the reader's language later."""
    return day.strftime("%d-%m-%Y")


def last_day_words(end: datetime, language: str) -> str:
    """An end date in words: the last day that counts."""
    return format_date(last_day(end), "d MMMM yyyy", locale=language)


def relative_time(value: datetime, language: str, now: datetime | None = None) -> Markup:
    """How long ago, for a week; then the date. The full moment is in the title."""
    age = value - (now or datetime.now(UTC))
    if abs(age) < timedelta(days=7):
        text = format_timedelta(age, add_direction=True, locale=language)
    else:
        text = local_date(value, language)
    return TIME_TAG.format(_stamp(value), format_local(value, language), text)


def number(value: int | float, language: str) -> str:
    return format_decimal(value, locale=language)


def initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "") if words else "?"
    return letters.upper()


def tint(name: str) -> int:
    """One of the avatar colours, always the same for a name."""
    return sum(name.encode()) % TINTS + 1


def filters_for(language: str) -> Mapping[str, Callable[..., Any]]:
    bound: dict[str, Callable[..., Any]] = {}
    for function in (local_time, local_date, last_day_words, relative_time, number):
        bound[function.__name__] = _bind(function, language)
    return bound | {"initials": initials, "tint": tint}


def _bind(function: Callable[..., Any], language: str) -> Callable[..., Any]:
    return lambda value, **options: function(value, language, **options)


def _stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
