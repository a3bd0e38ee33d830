"""The document that makes a ring: what firms promise each other. Its canonical form is what is signed."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

HASH = r"[0-9a-f]{64}"
DAY = "%Y-%m-%dT%H:%M:%SZ"
LEAST_FIRMS, MOST_FIRMS = 2, 50

# Signs that turn the reading direction would show a director something else than what is signed.
TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
LINE, TEXT = rf"^[^\x00-\x1f\x7f{TURNS}]+$", rf"^[^\x00{TURNS}]+$"

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=LINE)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=5000, pattern=TEXT)]
Url = Annotated[str, StringConstraints(min_length=8, max_length=2048, pattern=r"^https?://[!-~]+$")]
Hash = Annotated[str, StringConstraints(pattern=rf"^{HASH}$")]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Key = Annotated[str, StringConstraints(pattern=r"^z[1-9A-HJ-NP-Za-km-z]{40,60}$")]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Place(Shape):
    """Where a firm's node is."""

    node: Url
    domain: Line
    inbox: Url

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        """What goes to the firm goes to the domain that its director was shown."""
        node, inbox = urlsplit(self.node), urlsplit(self.inbox)
        if node.netloc != self.domain or inbox[:2] != node[:2] or self.domain != self.domain.lower():
            raise ValueError("node and inbox are at the firm's domain")
        return self


class Firm(Place):
    """One signer: its node, by key, and what it brings. `hours` are what its director gives, per month."""

    name: Line
    key: Key
    goal: Text
    hours: Annotated[int, Field(ge=0, le=200)]
    contact: Line


class Gate(Shape):
    """What a post passes before it goes to the ring; `minutes` only for a hold, `days` only for a checklist.

    `days` is how long an answer counts for posts from apps. Where it is not said it is left out of the
    document, so that agreements from before it was there keep their hash.
    """

    kind: Literal["none", "checklist", "hold", "four_eyes"]
    minutes: Annotated[int, Field(ge=0, le=1440)]
    days: Annotated[int, Field(ge=1, le=365)] | None = None

    @model_serializer(mode="wrap")
    def _without_silence(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = serialize(self)
        return {name: value for name, value in written.items() if value is not None}


def gate_of(kind: str, *, minutes: int, days: int | None) -> Gate:
    """The gate with only what its kind uses written down."""
    used = {"minutes": minutes if kind == "hold" else 0, "days": days if kind == "checklist" else None}
    return Gate.model_validate({"kind": kind, **used})


class Agreement(Shape):
    """`ring` is the hash of the ring's first agreement; both hashes are null in that first one."""

    version: Literal[1]
    kind: Literal["partners"]
    name: Line
    purpose: Text
    confidentiality: Text
    no_poaching: bool
    retention_days: Annotated[int, Field(ge=0, le=3650)]
    titles_in_mail: bool
    gate: Gate
    firms: list[Firm]
    ends_at: Moment
    deadline: Moment
    ring: Hash | None
    predecessor: Hash | None
    made_at: Moment
    salt: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        domains = [firm.domain for firm in self.firms]
        if not LEAST_FIRMS <= len(self.firms) <= MOST_FIRMS:
            raise ValueError("an agreement has two to fifty firms")
        if domains != sorted(set(domains)):
            raise ValueError("firms stand once each, by domain")
        if len({firm.key for firm in self.firms}) != len(self.firms):
            raise ValueError("every firm has a key of its own")
        if (self.ring is None) != (self.predecessor is None):
            raise ValueError("a ring and a predecessor are named together")
        if not moment(self.made_at) < moment(self.deadline) < moment(self.ends_at):
            raise ValueError("made, then signed, then ended")
        return self

    def firm_of(self, domain: str) -> Firm | None:
        return next((firm for firm in self.firms if firm.domain == domain), None)


def moment(text: str) -> datetime:
    """A moment of the document; raises ValueError."""
    return datetime.strptime(text, DAY).replace(tzinfo=UTC)


def moment_text(value: datetime) -> str:
    return value.astimezone(UTC).strftime(DAY)
