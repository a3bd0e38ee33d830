"""What a visitor typed: read once, handed over typed, and shown again next to what was wrong with it."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message as Event

from node.i18n import msg

FORM_BYTES = 256 * 1024
MOST_FIELDS = 200
MOST_FILES = 8
LONGEST_LINE = 200


@dataclass(frozen=True)
class Upload:
    filename: str
    content_type: str
    data: bytes


@dataclass
class Form:
    """Typed values and the errors found so far; the macros take the whole form."""

    values: dict[str, list[str]] = field(default_factory=dict)
    uploads: dict[str, list[Upload]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """As typed, for showing again."""
        return (self.values.get(name) or [""])[0]

    def error(self, name: str) -> str:
        return self.errors.get(name, "")

    def fail(self, name: str, why: str) -> None:
        """The first error of a field stays; the name `""` is for the form as a whole."""
        self.errors.setdefault(name, why)

    def fail_all(self, fields: Mapping[str, str]) -> None:
        """Take over what an action found wrong (`Invalid.fields`)."""
        for name, why in fields.items():
            self.fail(name, why)

    @property
    def ok(self) -> bool:
        return not self.errors

    def line(self, name: str, *, required: bool = True, longest: int = LONGEST_LINE) -> str:
        """One line: trimmed, inner space folded."""
        return self._checked(name, " ".join(self.value(name).split()), required, longest)

    def text(self, name: str, *, required: bool = True, longest: int = 20_000) -> str:
        """Several lines, with plain newlines."""
        return self._checked(name, self.value(name).replace("\r\n", "\n").strip(), required, longest)

    def secret(self, name: str, *, required: bool = True, longest: int = 1_000) -> str:
        """A password exactly as typed."""
        return self._checked(name, self.value(name), required, longest)

    def choice(self, name: str, allowed: Container[str]) -> str:
        chosen = self.value(name)
        if chosen not in allowed:
            self.fail(name, msg("Choose one of these."))
        return chosen

    def choices(self, name: str, allowed: Container[str]) -> list[str]:
        chosen = self.values.get(name, [])
        if any(one not in allowed for one in chosen):
            self.fail(name, msg("Choose from these."))
        return [one for one in chosen if one in allowed]

    def flag(self, name: str) -> bool:
        return self.value(name) in ("on", "yes", "1", "true")

    def whole(self, name: str, *, least: int, most: int) -> int:
        """A whole number; the least one when it is wrong (the error says so)."""
        typed = self.value(name).strip()
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 16 else None
        if number is None or not least <= number <= most:
            self.fail(name, msg("Fill in a number from %(least)s to %(most)s.", least=least, most=most))
            return least
        return number

    def files(self, name: str, *, most: int = MOST_FILES) -> list[Upload]:
        sent = self.uploads.get(name, [])
        if len(sent) > most:
            self.fail(name, msg("At most %(most)s files.", most=most))
        return sent[:most]

    def _checked(self, name: str, value: str, required: bool, longest: int) -> str:
        if required and not value:
            self.fail(name, msg("Fill this in."))
        elif len(value) > longest:
            self.fail(name, msg("At most %(longest)s characters.", longest=longest))
        elif "\0" in value:
            self.fail(name, msg("There is a character in this that cannot be used."))
        return value


def blank_form(values: Mapping[str, str | Sequence[str]] | None = None) -> Form:
    """A form nobody sent yet, with what it starts with."""
    start = values or {}
    return Form({name: [one] if isinstance(one, str) else list(one) for name, one in start.items()})


async def read_form(request: Request, most_bytes: int = FORM_BYTES) -> Form:
    """Read the body, urlencoded or multipart; too large a body ends in 413 before it is kept."""
    async with capped(request, most_bytes).form(
        max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=FORM_BYTES
    ) as sent:
        return await _collect(sent)


async def _collect(sent: FormData) -> Form:
    form = Form()
    for name, value in sent.multi_items():
        if not isinstance(value, UploadFile):
            form.values.setdefault(name, []).append(value)
        elif value.filename:
            upload = Upload(value.filename, value.content_type or "", await value.read())
            form.uploads.setdefault(name, []).append(upload)
    return form


def capped(request: Request, most_bytes: int) -> Request:
    """The request with a body that ends in 413 as soon as it is larger."""
    received = 0

    async def receive() -> Event:
        nonlocal received
        event = await request.receive()
        received += len(event.get("body", b""))
        if received > most_bytes:
            raise HTTPException(413)
        return event

    return Request(request.scope, receive)
