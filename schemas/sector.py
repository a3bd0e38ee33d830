"""A sector ring's documents, each with one signer: its terms, a firm's application, the numbered roster."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.agreement import TEXT, Firm, Gate, Hash, Key, Line, Moment, Place, Shape, Text, moment

MOST_FIRMS = 500

Goal = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=TEXT)]
Salt = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Steward(Place):
    """Who keeps the roster: the node, by key, that admits firms."""

    name: Line
    key: Key


class Terms(Shape):
    """What every firm of the ring signs; the hash of this names the ring, so it never changes."""

    version: Literal[1]
    kind: Literal["sector"]
    name: Line
    purpose: Text
    confidentiality: Text
    no_poaching: bool
    retention_days: Annotated[int, Field(ge=0, le=3650)]
    titles_in_mail: bool
    gate: Gate
    steward: Steward
    ends_at: Moment
    made_at: Moment
    salt: Salt

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not moment(self.made_at) < moment(self.ends_at):
            raise ValueError("made, then ended")
        return self


class Application(Firm):
    """A firm's signature under the terms, with what it brings; made and proved by its own node key."""

    version: Literal[1]
    kind: Literal["application"]
    goal: Goal
    ring: Hash
    made_at: Moment
    salt: Salt


class Entry(Shape):
    """One firm of a roster; the application says by which key, node and name. `since`: a roster's number."""

    domain: Line
    application: Hash
    since: Annotated[int, Field(ge=1)]


class Roster(Shape):
    """Who is in, as the steward signs it; `previous` is the hash of the number before, null for the first."""

    version: Literal[1]
    kind: Literal["roster"]
    ring: Hash
    number: Annotated[int, Field(ge=1, lt=2**31)]
    previous: Hash | None
    at: Moment
    firms: Annotated[list[Entry], Field(max_length=MOST_FIRMS)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        domains = [firm.domain for firm in self.firms]
        if domains != sorted(set(domains)):
            raise ValueError("firms stand once each, by domain")
        if (self.number == 1) != (self.previous is None):
            raise ValueError("every roster but the first names the one before")
        if any(firm.since > self.number for firm in self.firms):
            raise ValueError("nobody is in since later")
        return self

    def entry_of(self, domain: str) -> Entry | None:
        return next((firm for firm in self.firms if firm.domain == domain), None)
