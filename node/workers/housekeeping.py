"""What must happen now and then: forget what ended long ago and what parted firms left, sweep files."""

from datetime import timedelta

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from node.access.ends import tell_ends
from node.access.logins import forget_expired
from node.access.oauth.actions import forget_codes
from node.changes import forget_changes
from node.db import writing
from node.ids import now
from node.media.actions import forget_uploads, sweep_orphans
from node.posts.planned import planned_uploads
from node.posts.retention import delete_parted_content
from node.queue import forget_ended
from node.settings import Settings
from node.workers.loop import Work

KEEP_ENDED = timedelta(days=30)  # longer than any signature stays valid, so a replay is always recognised
EVERY = timedelta(hours=1)


class Housekeeping:
    """Runs at the start and then hourly; idle in between."""

    def __init__(self) -> None:
        self._due = now()

    async def __call__(self, work: Work) -> int:
        if now() < self._due:
            return 0
        self._due = now() + EVERY
        await run_in_threadpool(tidy, work.engine, work.settings)
        return 1


def tidy(engine: Engine, settings: Settings) -> None:
    with writing(engine) as db:
        forget_ended(db, now() - KEEP_ENDED)
        forget_expired(db)
        forget_codes(db)
        forget_changes(db)
        forget_uploads(db, planned_uploads(db))
        tell_ends(db)
        delete_parted_content(db)
    with writing(engine) as db:
        sweep_orphans(db, settings)
