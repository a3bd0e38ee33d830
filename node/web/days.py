"""Days as people type them in forms: a day is a day in Amsterdam, and lasts until its last second."""

from datetime import date, datetime, time

from node.i18n import msg
from node.ids import now
from node.web.formats import AMSTERDAM
from node.web.forms import Form


def day_text(value: datetime) -> str:
    """For a date field."""
    return value.astimezone(AMSTERDAM).date().isoformat()


def end_of_day(form: Form, name: str) -> datetime:
    """The last moment of a day that was filled in."""
    try:
        day = date.fromisoformat(form.line(name, longest=10))
    except ValueError:
        form.fail(name, msg("Fill in a date."))
        return now()
    return datetime.combine(day, time(23, 59, 59), AMSTERDAM)


def moment_text(value: datetime) -> str:
    """For a field with date and time, to the minute."""
    return value.astimezone(AMSTERDAM).strftime("%Y-%m-%dT%H:%M")


def read_moment(form: Form, name: str) -> datetime:
    """A date and time that was filled in, by Amsterdam's clock."""
    try:
        found = datetime.fromisoformat(form.line(name, longest=19))
    except ValueError:
        form.fail(name, msg("Fill in a date and a time."))
        return now()
    return found.replace(tzinfo=AMSTERDAM)
