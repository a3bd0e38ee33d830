"""All tricks: importing this fills the list."""

from tests.hostile import (
    as_a_steward,
    in_disguise,
    in_rings,
    in_rooms,
    parted,
    taken_over,
    with_keys,
    with_receipts,
)
from tests.hostile.tricks import TRICKS

__all__ = [
    "TRICKS",
    "as_a_steward",
    "in_disguise",
    "in_rings",
    "in_rooms",
    "parted",
    "taken_over",
    "with_keys",
    "with_receipts",
]
