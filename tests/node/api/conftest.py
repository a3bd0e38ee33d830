"""Two nodes that know nothing of each other yet, as for people."""

from tests.node.people.conftest import two

__all__ = ["two"]
