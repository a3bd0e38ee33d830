"""The options of commands that write a ring's document, of either kind: the same words for the same thing."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from node.ids import now


class GateKind(StrEnum):
    """The gates of an agreement."""

    none = "none"
    checklist = "checklist"
    hold = "hold"
    four_eyes = "four_eyes"


Handle = Annotated[str, typer.Argument(help="This node's name for the ring.")]
OwnHandle = Annotated[str, typer.Option("--handle", help="Your own name for a ring that is new here.")]
RingName = Annotated[str, typer.Option("--name", help="Name of the ring, the same for every firm.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What the firms want to learn from each other.")]
Confidentiality = Annotated[str, typer.Option("--confidentiality", help="What stays between the firms.")]
NoPoaching = Annotated[
    bool,
    typer.Option("--no-poaching/--no-no-poaching", help="No firm hires people of another through the ring."),
]
RetentionDays = Annotated[int, typer.Option("--retention-days", min=0, max=3650, help="Days after leaving.")]
TitlesInMail = Annotated[
    bool, typer.Option("--titles-in-mail/--no-titles-in-mail", help="May mails name titles of posts?")
]
Gate = Annotated[GateKind, typer.Option("--gate", help="What a post passes before it goes out.")]
GateMinutes = Annotated[int, typer.Option("--gate-minutes", min=1, max=1440, help="How long a hold is.")]
GateDays = Annotated[int, typer.Option("--gate-days", min=1, max=365, help="How long answers count.")]
PerFirm = Annotated[list[str] | None, typer.Option(metavar="DOMAIN=TEXT", help="For one firm; repeatable.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day, e.g. 2027-06-30.")]


def moment_of(day: datetime | None, days: int) -> datetime:
    """The end of a day that was named, else so many days from now."""
    if day is None:
        return now() + timedelta(days=days)
    return day.replace(tzinfo=UTC, hour=23, minute=59)
