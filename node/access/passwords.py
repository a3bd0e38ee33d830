"""Passwords: argon2id, and the rules for choosing one."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from node.errors import Invalid
from node.i18n import msg

SHORTEST, LONGEST = 10, 1000

hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """An argon2id hash; raises Invalid when the password is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(password=msg("Choose a password of at least %(count)s characters.", count=SHORTEST))
    return hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it fits; without a hash the same time is spent and the answer is no."""
    try:
        hasher.verify(password_hash or _nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobody() -> str:
    return hasher.hash("nobody's password")
