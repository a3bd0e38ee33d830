"""Lets out what waited at a gate until its moment; what cannot go stays, and its author is told."""

from starlette.concurrency import run_in_threadpool

from node import identity
from node.db import reading, writing
from node.posts.waiting import due_waits, let_go_due
from node.workers.loop import Work


async def run_once(work: Work) -> int:
    """Returns how many were due."""
    return await run_in_threadpool(_let_go, work)


def _let_go(work: Work) -> int:
    with reading(work.engine) as db:  # an idle node takes no write lock
        due = due_waits(db)
    for object_id in due:
        with writing(work.engine) as db:
            let_go_due(db, identity.load(db, work.settings.scheme), object_id)
    return len(due)
