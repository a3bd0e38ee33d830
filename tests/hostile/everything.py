"""All tricks: importing this fills the list."""

from tests.hostile import in_disguise, in_rings, parted, with_keys, with_receipts
from tests.hostile.tricks import TRICKS

__all__ = ["TRICKS", "in_disguise", "in_rings", "parted", "with_keys", "with_receipts"]
