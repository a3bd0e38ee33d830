"""The list of tricks: each is a function that plays one and says in words what it got."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.hostile.stage import Stage

Play = Callable[[Stage], Awaitable[str]]


@dataclass(frozen=True)
class Trick:
    """`ends` marks one that leaves its stage unfit for the next."""

    name: str
    tried: str
    rule: str
    play: Play
    ends: bool


TRICKS: dict[str, Trick] = {}


def trick(rule: str, tried: str, *, ends: bool = False) -> Callable[[Play], Play]:
    """Put a function on the list; it returns what the trick got and fails when that was too much."""

    def register(play: Play) -> Play:
        name = play.__name__
        assert name not in TRICKS, name
        TRICKS[name] = Trick(name, tried, rule, play, ends)
        return play

    return register
