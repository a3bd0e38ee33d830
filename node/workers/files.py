"""Fetches the pictures of posts from other nodes, so that our readers' browsers ask nobody else."""

import asyncio

import structlog
from starlette.concurrency import run_in_threadpool

from federation.documents import same_origin
from federation.errors import FederationError, Gone, Rejected
from node.db import reading, writing
from node.media.actions import claim_fetch, keep_fetched, note_failure
from node.media.images import MAX_BYTES, BadPicture, read_picture
from node.media.queries import DueFile, files_to_fetch
from node.objects import PUBLIC
from node.workers.loop import Work

log = structlog.get_logger()

AT_ONCE = 4


async def run_once(work: Work) -> int:
    rows = await run_in_threadpool(_claim, work)
    await asyncio.gather(*(_fetch(work, row) for row in rows))
    return len(rows)


def _claim(work: Work) -> list[DueFile]:
    with reading(work.engine) as db:
        if not files_to_fetch(db, AT_ONCE):
            return []
    with writing(work.engine) as db:
        rows = files_to_fetch(db, AT_ONCE)
        for row in rows:
            claim_fetch(db, row.id)
        return rows


async def _fetch(work: Work, row: DueFile) -> None:
    try:
        is_open = row.audience == PUBLIC
        response = await work.network.get_bytes(row.remote_url, max_bytes=MAX_BYTES, is_open=is_open)
        if response.status == 410:
            raise Gone
        if response.status != 200:
            raise Rejected("no file there")
        if not is_open and not same_origin(response.url, row.remote_url):
            raise Rejected("led to another node")
        await run_in_threadpool(_keep, work, row.id, response.body)
    except (FederationError, BadPicture) as error:
        log.info("file_not_fetched", file=row.id, error=type(error).__name__)
        await run_in_threadpool(_give_up, work, row.id, isinstance(error, (Gone, BadPicture)))


def _keep(work: Work, file_id: int, data: bytes) -> None:
    picture = read_picture(data)
    with writing(work.engine) as db:
        keep_fetched(db, work.settings, file_id, picture)


def _give_up(work: Work, file_id: int, for_good: bool) -> None:
    with writing(work.engine) as db:
        note_failure(db, file_id, for_good=for_good)
