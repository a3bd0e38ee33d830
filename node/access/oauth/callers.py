"""Who holds a token, remembered for less than a second: an app asks often, and a revoked token must stop."""

import hashlib
import time
from collections import OrderedDict

from sqlalchemy import Engine

from node.access.oauth.actions import USED_STEP, note_use
from node.access.oauth.queries import Caller, find_caller
from node.db import reading, writing
from node.ids import now

KEPT_SECONDS = 0.5
MOST_KEPT = 5_000


class Callers:
    """One for each process; every process asks the database again within half a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    def remembered(self, token: str) -> Caller | None:
        """Without asking the database; None says nothing about the token."""
        until, caller = self._kept.get(_name(token), (0.0, None))
        return caller if time.monotonic() < until else None

    def find(self, token: str) -> Caller | None:
        """Asks the database; call it in a thread."""
        asked_at = time.monotonic()
        with reading(self._engine) as db:
            caller = find_caller(db, token)
        if caller is None:
            return None
        if caller.used_at < now() - USED_STEP:
            with writing(self._engine) as db:
                note_use(db, [caller.token_id])
        self._kept[_name(token)] = (asked_at + KEPT_SECONDS, caller)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return caller

    def forget(self) -> None:
        """Something may have ended a token in this process: nothing that was remembered counts any more."""
        self._kept.clear()


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
