"""How the node is: each finding is ok or says what to do. Counts and names of nodes, never content."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from node import identity
from node.admin.backup import last_backup
from node.admin.check_rings import last_check
from node.admin.check_words import advice_on
from node.admin.copying import find_revision
from node.admin.partners import describe_partners
from node.admin.sectors import describe_sectors
from node.admin.witnessed import describe_comparisons
from node.db import reading
from node.departures import verify_departures
from node.i18n import msg, nmsg
from node.ids import now
from node.media.tables import files
from node.peers import peers
from node.queue import count_queue, deliveries, received
from node.rings.agreement_lines import firms_to_sign, is_forked
from node.rings.queries import known_rings
from node.rings.restore_rows import closed_towards, is_silent, is_waiting, restores_with_names
from node.settings import Settings
from node.web.formats import format_local

ENOUGH_DISK = 1 << 30
BACKUP_AGE = timedelta(days=7)
STUCK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, how it is, and what to do when it is not ok."""

    about: str
    ok: bool
    text: str
    advice: str = ""


def examine(engine: Engine, settings: Settings, language: str) -> list[Finding]:
    """Everything that can be seen without the network."""
    with reading(engine) as db:
        return [
            *_check_database(db, engine),
            _check_disk(settings),
            *_check_queue(db),
            *_check_partners(db, language),
            *_check_restored(db),
            *_check_forks(db),
            *_check_sectors(db),
            _check_keys(db, settings),
            _check_departures(db),
            *_check_witnesses(db),
            _check_media(db, settings),
            _check_backup(settings, language),
            _check_rings(settings, language),
        ]


def _check_database(db: Connection, engine: Engine) -> Iterator[Finding]:
    about = msg("Database")
    fault = _sqlite_fault(engine) if engine.dialect.name == "sqlite" else ""
    if fault:
        advice = msg("Stop the node and put the last backup back: leerkring restore.")
        yield Finding(about, False, msg("The database is damaged: %(fault)s", fault=fault), advice)
    else:
        yield Finding(about, True, msg("%(kind)s answers and is whole.", kind=engine.dialect.name))
    revision = find_revision(db)
    if revision is None:
        advice = msg("Restore a backup, or make a new home with leerkring init.")
        yield Finding(about, False, msg("No version is noted of its tables."), advice)
    else:
        yield Finding(about, True, msg("Its tables are of version %(revision)s.", revision=revision))


def _sqlite_fault(engine: Engine) -> str:
    """On a connection of its own: the check may take longer than a read transaction should last."""
    with closing(sqlite3.connect(f"file:{engine.url.database}?mode=ro", uri=True, timeout=20)) as db:
        try:
            found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            journal = str(db.execute("PRAGMA journal_mode").fetchone()[0])
        except sqlite3.DatabaseError as error:
            return type(error).__name__
    return found if found != "ok" else "" if journal == "wal" else f"journal_mode={journal}"


def _check_disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free
    text = msg("%(free)s GB free on the disk of this home.", free=round(free / (1 << 30), 1))
    advice = (
        "" if free >= ENOUGH_DISK else msg("Make room: below 1 GB the node may stop in the middle of a day.")
    )
    return Finding(msg("Disk"), free >= ENOUGH_DISK, text, advice)


def _check_queue(db: Connection) -> Iterator[Finding]:
    counts = count_queue(db)
    about = msg("Queue")
    text = msg(
        "%(out)s waiting to go out, %(into)s waiting to be handled.",
        out=counts["deliveries"],
        into=counts["received"],
    )
    stuck = _is_stuck(db)
    advice = msg("Nothing is handling it. Start leerkring serve or leerkring work.") if stuck else ""
    yield Finding(about, not stuck, text, advice)
    if counts["failed"]:
        failed = nmsg(
            "%(count)s message that came in could not be handled.",
            "%(count)s messages that came in could not be handled.",
            counts["failed"],
        )
        yield Finding(about, False, failed, msg("Update Leerkring, and report it if it happens again."))
    if counts["dead"]:
        dead = nmsg(
            "%(count)s message was refused by the other server.",
            "%(count)s messages were refused by the other server.",
            counts["dead"],
        )
        yield Finding(about, True, dead)


def _is_stuck(db: Connection) -> bool:
    """Has something been due for a while that nobody took up? Peers that fail are a finding of their own."""
    before = now() - STUCK_AFTER
    into = (received.c.state == "waiting", received.c.received_at < before, received.c.retry_at.is_(None))
    out = (
        deliveries.c.state == "waiting",
        deliveries.c.created_at < before,
        peers.c.failures == 0,
        peers.c.id.not_in(closed_towards(db)),
    )
    due_out = select(func.count()).select_from(deliveries.join(peers, peers.c.id == deliveries.c.peer_id))
    return bool(db.scalar(select(func.count()).where(*into)) or db.scalar(due_out.where(*out)))


def _check_partners(db: Connection, language: str) -> Iterator[Finding]:
    for ok, text, advice in describe_partners(db, language):
        yield Finding(msg("Partners"), ok, text, advice)


def _check_restored(db: Connection) -> Iterator[Finding]:
    """A copy that was put back opens by itself, unless a partner stays silent: then a director decides."""
    rows = [row for row in restores_with_names(db) if is_waiting(row)]
    if not rows:
        return
    is_stuck = any(map(is_silent, rows))
    text = msg(
        "This node was put back, and waits for what these partners know: %(names)s.",
        names=", ".join(row.name or row.domain for row in rows),
    )
    wait = msg("Nothing to do: the rings open by themselves.")
    act = msg("Call them. A director can go on without them, by the link on the page Partners and rings.")
    yield Finding(msg("Put back"), not is_stuck, text, act if is_stuck else wait)


def _check_sectors(db: Connection) -> Iterator[Finding]:
    for ok, text, advice in describe_sectors(db):
        yield Finding(msg("Sector rings"), ok, text, advice)


def _check_forks(db: Connection) -> Iterator[Finding]:
    """Rings of which two versions hold: delivery is narrowed until the directors agree on one."""
    for ring in known_rings(db):
        if is_forked(db, ring.id):
            text = msg("The ring %(name)s has two versions of its agreement.", name=ring.name)
            advice = msg(
                "Its page says what differs. All firms of both sign a new version: %(firms)s.",
                firms=", ".join(firms_to_sign(db, ring.id)),
            )
            yield Finding(msg("Rings"), False, text, advice)


def _check_keys(db: Connection, settings: Settings) -> Finding:
    try:
        key = identity.load(db, settings.scheme).multikey
    except (TypeError, ValueError):
        advice = msg("Put the last backup back: leerkring restore. The partners must then pair again.")
        return Finding(msg("Keys"), False, msg("This node's own keys cannot be read."), advice)
    return Finding(msg("Keys"), True, msg("This node's key is %(key)s.", key=key))


def _check_departures(db: Connection) -> Finding:
    about, verdict = msg("Departures"), verify_departures(db)
    if verdict.broken_at is None:
        return Finding(
            about, True, nmsg("%(count)s line, unbroken.", "%(count)s lines, unbroken.", verdict.lines)
        )
    advice = msg(
        "Somebody changed the log, or the disk did. Keep this database and find out before you restore."
    )
    text = msg("The log of what left is broken at line %(line)s.", line=verdict.broken_at)
    return Finding(about, False, text, advice)


def _check_witnesses(db: Connection) -> Iterator[Finding]:
    for ok, text, advice in describe_comparisons(db):
        yield Finding(msg("Departures"), ok, text, advice)


def _check_media(db: Connection, settings: Settings) -> Finding:
    names = list(db.scalars(select(files.c.name).where(files.c.name.is_not(None))))
    missing = sum(not (settings.media_folder / name).exists() for name in names)
    if not missing:
        return Finding(
            msg("Media"), True, nmsg("%(count)s file is there.", "%(count)s files are there.", len(names))
        )
    text = nmsg("%(count)s file is missing.", "%(count)s files are missing.", missing)
    return Finding(msg("Media"), False, text, msg("Copy the media folder back from a backup."))


def _check_backup(settings: Settings, language: str) -> Finding:
    last, about = last_backup(settings.home), msg("Backup")
    if settings.local:
        return Finding(about, True, msg("A trial on this computer is not expected to have one."))
    if last is None:
        return Finding(about, False, msg("There is no backup yet."), msg("Run leerkring backup every night."))
    text = msg("The last one is of %(moment)s.", moment=format_local(last, language))
    old = now() - last > BACKUP_AGE
    return Finding(about, not old, text, msg("Run leerkring backup every night.") if old else "")


def _check_rings(settings: Settings, language: str) -> Finding:
    last, about = last_check(settings.home), msg("Check of the rings")
    advice = msg("Run leerkring check-rings, or press the button on the admin page.")
    if last is None or not last.ended_at:
        return Finding(about, True, msg("No check has been done to its end yet."), advice)
    text = msg(
        "On %(moment)s: %(asked)s questions as those outside, %(found)s answers not as they should be.",
        moment=format_local(datetime.fromisoformat(last.ended_at), language),
        asked=last.asked,
        found=last.found,
    )
    if not last.found:
        return Finding(about, True, text)
    return Finding(about, False, text, advice_on(last.differences))
