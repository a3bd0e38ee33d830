"""Rings between requests: pairings go on, clocks close, people are told, what was missed is fetched."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy import Connection, Row

from federation.errors import FederationError, Rejected
from node import identity
from node.db import reading, writing
from node.queue import queue_up_for_peer
from node.rings import catching_up, endings, pairing, people, version_asks, versions
from node.rings.agreement_rows import has_late_agreements
from node.rings.agreements import lapse
from node.rings.catching_up import Due
from node.rings.pairing_talks import advance, due_pairings
from node.rings.queries import ring_of_audience
from node.rings.restoring import notice_copy
from node.rings.rosters import close_expired, has_expired
from node.rings.rotation import learn
from node.rings.sector import checks as sector_checks
from node.rings.sector.checks import Check
from node.rings.signed import ask_node
from node.rooms.settling import needs_settling, settle_rooms
from node.rooms.told import take_people
from node.workers.lanes import each
from node.workers.loop import Work

MOST_PAGES = 40  # of one partner and ring in one go; the rest comes at the next


class RingsWorker:
    """Asks every partner once at the start of the process, then when behind, and hourly."""

    def __init__(self) -> None:
        self._has_begun = False

    async def __call__(self, work: Work) -> int:
        if not self._has_begun:
            await run_sync(_begin, work)
            self._has_begun = True
        return await run_once(work)


async def run_once(work: Work) -> int:
    """Do what is due for rings; returns how much that was."""
    done = await run_sync(_tidy, work)
    for pairing_id in await run_sync(_due_pairings, work):
        await advance(work.network, pairing_id)
        done += 1
    checks, partners = await run_sync(_due_checks, work), await run_sync(_due_partners, work)
    asked = [partial(_compare, work, check) for check in checks]
    asked += [partial(_catch_up, work, due) for due in partners]
    asked += [partial(_learn_versions, work, peer) for peer in await run_sync(_due_versions, work)]
    await each(asked)
    return done + len(asked)


def _begin(work: Work) -> None:
    with writing(work.engine) as db:
        catching_up.ask_all_again(db)
        version_asks.ask_versions_again(db)


def _tidy(work: Work) -> int:
    """What needs no network; an idle node takes no write lock for it."""
    with reading(work.engine) as db:
        if not _is_anything_due(db):
            return 0
    with writing(work.engine) as db:
        return _settle(db, work)


def _is_anything_due(db: Connection) -> bool:
    checks = (
        pairing.has_expired_pairings,
        has_late_agreements,
        has_expired,
        endings.has_endings_to_tell,
        people.has_people_to_tell,
        needs_settling,
    )
    return any(check(db) for check in checks)


def _settle(db: Connection, work: Work) -> int:
    node = identity.load(db, work.settings.scheme)
    return (
        pairing.expire_pairings(db)
        + lapse(db)
        + close_expired(db, node.domain)
        + endings.tell_endings(db)
        + people.tell_people_changes(db, node)
        + settle_rooms(db, node)
    )


def _due_pairings(work: Work) -> list[int]:
    with reading(work.engine) as db:
        return due_pairings(db)


def _due_partners(work: Work) -> list[Due]:
    with reading(work.engine) as db:
        return catching_up.due_partners(db)


async def _catch_up(work: Work, due: Due) -> None:
    """Ask one partner; one that does not answer is asked again soon."""
    await run_sync(_note_tried, work, due)
    for is_due, fetch in ((due.people, _fetch_people), (due.numbers, _fetch_numbers)):
        if is_due:
            await _try(work, due, fetch)


async def _try(work: Work, due: Due, fetch: Callable[[Work, Due], Awaitable[None]]) -> None:
    try:
        await fetch(work, due)
    except Rejected:
        await learn(work.network, due.peer)
    except FederationError:
        return


async def _fetch_people(work: Work, due: Due) -> None:
    collection = await ask_node(work.network, due.peer, f"{due.path}/people")
    await run_sync(_keep_people, work, due, collection)


def _due_versions(work: Work) -> list[Row[Any]]:
    with reading(work.engine) as db:
        return version_asks.due_for_versions(db)


async def _learn_versions(work: Work, peer: Row[Any]) -> None:
    """Ask one paired node which versions, proofs and leavings of our rings it has."""
    await run_sync(_note_versions_tried, work, peer)
    after: int | None = 0
    for _ in range(MOST_PAGES):
        try:
            answer = await ask_node(work.network, peer, f"{versions.VERSIONS_PATH}?after={after}")
        except FederationError:
            return
        after = await run_sync(_keep_versions, work, peer, answer)
        if after is None:
            return


def _note_versions_tried(work: Work, peer: Row[Any]) -> None:
    with writing(work.engine) as db:
        version_asks.note_versions_tried(db, peer.id)


def _keep_versions(work: Work, peer: Row[Any], answer: dict[str, object]) -> int | None:
    with writing(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        following = versions.take_versions(db, node, peer, answer)
        if following is None:
            version_asks.note_versions_asked(db, peer.id)
        return following


def _due_checks(work: Work) -> list[Check]:
    with reading(work.engine) as db:
        return sector_checks.due_checks(db)


async def _compare(work: Work, check: Check) -> None:
    """Ask one firm which roster of a sector ring it holds, until nothing more is missing."""
    for _ in range(MOST_PAGES):
        await run_sync(_note_check, work, check)
        try:
            answer = await ask_node(work.network, check.peer, check.question)
        except FederationError:
            return
        further = await run_sync(_keep_check, work, check, answer)
        if further is None:
            return
        check = further


def _note_check(work: Work, check: Check) -> None:
    with writing(work.engine) as db:
        sector_checks.note_tried(db, check)


def _keep_check(work: Work, check: Check, answer: dict[str, object]) -> Check | None:
    with writing(work.engine) as db:
        node = identity.load(db, work.settings.scheme)
        return sector_checks.keep_answer(db, node, check, answer)


async def _fetch_numbers(work: Work, due: Due) -> None:
    question = await run_sync(_next_question, work, due)
    for _ in range(MOST_PAGES):
        path = f"{due.path}/activities?epoch={question[0]}&after={question[1]}"
        answer = await ask_node(work.network, due.peer, path)
        found = await run_sync(_keep_answer, work, due, answer)
        if found is None:
            await run_sync(_note_asked, work, due)
            return
        question = found


def _note_tried(work: Work, due: Due) -> None:
    with writing(work.engine) as db:
        catching_up.note_tried(db, due.audience, due.peer.id)


def _note_asked(work: Work, due: Due) -> None:
    with writing(work.engine) as db:
        catching_up.note_asked(db, due.audience, due.peer.id)


def _next_question(work: Work, due: Due) -> tuple[int, int]:
    with reading(work.engine) as db:
        return catching_up.next_question(db, due.audience, due.peer.id)


def _keep_answer(work: Work, due: Due, answer: dict[str, object]) -> tuple[int, int] | None:
    with writing(work.engine) as db:
        notice_copy(db, identity.load(db, work.settings.scheme), int(due.peer.id), answer.get("heard"))
        return catching_up.keep_answer(db, work.settings.scheme, due, answer)


def _keep_people(work: Work, due: Due, collection: dict[str, object]) -> None:
    with writing(work.engine) as db:
        queue_up_for_peer(db, due.peer.id)
        ring = ring_of_audience(db, due.audience)
        if ring is not None:
            people.keep_people(db, work.settings.scheme, ring, due.peer, collection)
        else:
            take_people(db, identity.load(db, work.settings.scheme), due.peer, due.audience, collection)
        catching_up.note_people(db, due.audience, due.peer.id)
