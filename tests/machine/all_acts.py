"""Every act there is: they add themselves when their module is imported."""

from tests.machine import copies, enemies, partners, rooms
from tests.machine.acts import ACTS

MODULES = (copies, enemies, partners, rooms)
__all__ = ["ACTS", "MODULES"]
