"""A backup brought back into an empty home: company and open content, every ring closed for now (rule 17)."""

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, update

from node.access.logins import end_all_logins
from node.access.tables import links
from node.admin.archives import DATABASE, Manifest, check_archive, extract_archive
from node.admin.copying import copy_rows, disposing, is_empty
from node.db import open_engine, reading, writing
from node.errors import Conflict
from node.i18n import msg
from node.ids import now
from node.peers import peers
from node.posts.planned import doubt_planned
from node.queue import deliveries, received
from node.rings.pairing import WITHDRAWN
from node.rings.restore_rows import BACKUP
from node.rings.rosters import close_for_restore
from node.rings.tables import pairings
from node.settings import Settings, load

STAGING = ".restore"

OpenHome = Callable[[Settings], Engine]


def restore_backup(source: Path, home: Path, open_home: OpenHome, *, database: str | None = None) -> Manifest:
    """Bring back a backup into an empty home; `database` is another one than its settings name."""
    if home.exists() and any(home.iterdir()):
        raise Conflict(msg("%(home)s is not empty. A backup is only put back into a new folder.", home=home))
    manifest = check_archive(source)
    staging = home / STAGING
    try:
        staging.mkdir(parents=True, mode=0o700)
        extract_archive(source, staging)
        _start_anew(staging, open_home)
        _move_to_server(staging, home, open_home, database)
        for found in sorted(staging.iterdir(), key=lambda path: path.name == DATABASE):
            found.rename(home / found.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def _start_anew(staging: Path, open_home: OpenHome) -> None:
    """Bring the copy's tables up to date and close it towards the others, before anything can run on it."""
    with disposing(open_home(load(staging, database=""))) as engine, writing(engine) as db:
        close_towards_others(db)


def _move_to_server(staging: Path, home: Path, open_home: OpenHome, database: str | None) -> None:
    """Into PostgreSQL when the settings, or who restores, say so."""
    named = load(staging) if database is None else load(staging, database=database)
    if not named.database:
        return
    server = open_home(named.model_copy(update={"home": home}))
    copy = open_engine(f"sqlite:///{staging / DATABASE}")
    with (
        disposing(server),
        disposing(copy),
        reading(copy) as source,
        writing(server) as target,
    ):
        if not is_empty(target):
            raise Conflict(
                msg("The database in the settings is not empty. Name an empty one with --database.")
            )
        copy_rows(source, target)
    (staging / DATABASE).unlink()


def close_towards_others(db: Connection) -> None:
    """What others did since the copy is unknown here: no ring, no log-in and nothing waiting outlives it."""
    _stop_pairings(db)
    close_for_restore(db, BACKUP)
    _empty_queues(db)
    end_all_logins(db)
    doubt_planned(db)
    db.execute(update(links).where(links.c.used_at.is_(None)).values(expires_at=now()))


def _stop_pairings(db: Connection) -> None:
    """One that was going on begins anew; pinned keys stay, and so do those that replaced them there."""
    going_on = update(pairings).where(pairings.c.ended_at.is_(None))
    db.execute(going_on.values(state=WITHDRAWN, code=None, ended_at=now()))


def _empty_queues(db: Connection) -> None:
    moment = now()
    waiting = update(deliveries).where(deliveries.c.state == "waiting")
    db.execute(waiting.values(state="dropped", ended_at=moment))
    db.execute(update(peers).values(claimed_until=None, retry_at=None, failures=0, last_error=None))
    # Forgotten, not dropped: their numbers were not heard, so catching up brings them again.
    db.execute(delete(received).where(received.c.state == "waiting", received.c.by_node))
