"""Publishes planned posts at their time; what cannot go stays, and its author is told."""

from starlette.concurrency import run_in_threadpool

from node import identity
from node.db import reading, writing
from node.posts.planned import due_planned, publish_planned
from node.workers.loop import Work


async def run_once(work: Work) -> int:
    """Returns how many were due."""
    return await run_in_threadpool(_publish, work)


def _publish(work: Work) -> int:
    with reading(work.engine) as db:  # an idle node takes no write lock
        due = due_planned(db)
    for planned_id in due:
        with writing(work.engine) as db:
            publish_planned(db, identity.load(db, work.settings.scheme), work.settings, planned_id)
    return len(due)
