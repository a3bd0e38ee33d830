"""Addresses of files for apps: bound to the member's token, stable for half a day, worth nothing after a day.

What is not open is asked of the boundary at every read; a revoked token ends its addresses at once (rule 13).
"""

import base64
import hmac
from datetime import timedelta

from sqlalchemy import Connection

from node.access.oauth.queries import Caller, find_caller_by_id
from node.boundary import Member
from node.ids import now

HALF_DAY = timedelta(hours=12)
PARAMETER = "app"


def app_key(caller: Caller, file_id: int) -> str:
    """The words behind `?app=` for one file and one token."""
    span = _span()
    return f"{caller.token_id}.{span}.{_proof(caller, file_id, span)}"


def member_of_key(db: Connection, words: str, file_id: int) -> Member | None:
    """Whose address this is, while their token and its day last."""
    parts = words.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[:2]):
        return None
    token_id, span = int(parts[0]), int(parts[1])
    caller = find_caller_by_id(db, token_id)
    if caller is None or span not in (_span(), _span() - 1):
        return None
    is_right = hmac.compare_digest(_proof(caller, file_id, span).encode(), parts[2].encode())
    return caller.member if is_right else None


def _span() -> int:
    return int(now().timestamp() // HALF_DAY.total_seconds())


def _proof(caller: Caller, file_id: int, span: int) -> str:
    made = hmac.digest(caller.token_hash.encode(), f"{file_id}.{span}".encode(), "sha256")
    return base64.urlsafe_b64encode(made[:18]).decode()
