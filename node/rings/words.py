"""The words that two directors read out: made from both nodes' keys, so a man in the middle shows."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.text import fold_name

PURPOSE = "leerkring-pairing-words"
COUNT = 6
BITS = 9  # 512 words
ASKED = 2


@dataclass(frozen=True)
class Party:
    """One side of a pairing, as both must see it for the words to be the same."""

    domain: str
    key: str
    nonce: str

    def shape(self) -> dict[str, str]:
        return {"domain": self.domain, "key": self.key, "nonce": self.nonce}


@lru_cache
def all_words() -> tuple[str, ...]:
    """512 short Dutch words that differ in at least two letters."""
    return tuple(files("node.rings").joinpath("words.txt").read_text("utf-8").split())


def make_words(inviter: Party, invited: Party, side: str) -> tuple[str, ...]:
    """The six words that `side` (inviter or invited) sees on its screen."""
    parties: dict[str, Any] = {"inviter": inviter.shape(), "invited": invited.shape()}
    seen = {"purpose": PURPOSE, "side": side, **parties}
    size = (COUNT * BITS + 7) // 8
    derived = HKDF(SHA256(), size, None, PURPOSE.encode()).derive(rfc8785.dumps(seen))
    number = int.from_bytes(derived, "big") >> (size * 8 - COUNT * BITS)
    places = (number >> (BITS * (COUNT - 1 - place)) for place in range(COUNT))
    return tuple(all_words()[place % 2**BITS] for place in places)


def pick_places() -> str:
    """The two places, counted from 1, whose words the other director must read out."""
    chosen = secrets.SystemRandom().sample(range(1, COUNT + 1), ASKED)
    return " ".join(str(place) for place in sorted(chosen))


def are_right(words: Sequence[str], places: str, typed: Sequence[str]) -> bool:
    """Whether the typed words stand at the asked places; capitals and blanks do not matter."""
    asked = [words[int(place) - 1] for place in places.split()]
    return [fold_name(word) for word in asked] == [fold_name(word) for word in typed]
