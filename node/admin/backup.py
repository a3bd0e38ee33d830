"""A backup while the node runs: one commit point of the database and exactly the media it names."""

import json
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine, select

from node import identity
from node.admin.archives import DATABASE, FORMAT, MEDIA, Manifest, sum_of, write_archive
from node.admin.copying import copy_rows, disposing, find_revision, refuse_unknown_tables, set_revision
from node.db import metadata, open_engine, reading, writing
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.ids import now
from node.media.tables import files
from node.settings import CONFIG_NAME, Settings

NOTE = "last-backup.json"
MOST_TRIES = 5


@dataclass(frozen=True)
class Backup:
    """What was made; `missing` are media files that the node itself no longer had."""

    path: Path
    size: int
    files: int
    missing: list[str]


def make_backup(engine: Engine, settings: Settings, target: Path) -> Backup:
    """Write a backup to `target`: a new file, or a folder that gets one named after node and time."""
    with reading(engine) as db:
        node = identity.load(db, settings.scheme)
        refuse_unknown_tables(db)
    moment = now()
    target = _checked_target(target, node.domain, moment)
    with TemporaryDirectory(dir=settings.home, prefix=".backup-") as made:
        paths, missing, revision = _collect(engine, settings, Path(made))
        sums = {name: _sum(path) for name, path in paths.items()}
        manifest = Manifest(FORMAT, node.domain, moment.isoformat(), revision, sums, missing)
        write_archive(target, manifest, paths)
    _note(settings.home, target, moment)
    return Backup(target, target.stat().st_size, len(paths), missing)


def _checked_target(target: Path, domain: str, moment: datetime) -> Path:
    if target.is_dir():
        target = target / f"leerkring-{domain.replace(':', '-')}-{moment:%Y%m%d-%H%M%S}.tar"
    if not target.parent.is_dir():
        raise Invalid(target=msg("There is no folder %(path)s.", path=target.parent))
    if target.exists():
        raise Invalid(target=msg("%(path)s exists already. A backup never overwrites one.", path=target))
    return target


def _collect(
    engine: Engine, settings: Settings, folder: Path
) -> tuple[dict[str, Path], list[str], str | None]:
    """The database and the media it names; begun anew when a file was cleared away in between."""
    for _ in range(MOST_TRIES):
        database = folder / DATABASE
        database.unlink(missing_ok=True)
        copy_database(engine, database)
        named, revision = _media_in(database)
        paths = _hold(settings.media_folder, folder / MEDIA, named)
        missing = [name for name in named if f"{MEDIA}/{name}" not in paths]
        if not _were_cleared(engine, missing):
            config = settings.home / CONFIG_NAME
            found = {CONFIG_NAME: config} if config.exists() else {}
            return {DATABASE: database, **found, **paths}, missing, revision
    raise Conflict(msg("Files were being deleted all the time. Try the backup again later."))


def copy_database(engine: Engine, path: Path) -> None:
    """One commit point as a SQLite file, whichever database the node runs on."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database), timeout=20, isolation_level=None)) as db:
            # Leaves out the free pages too, where deleted text would still stand.
            db.execute("VACUUM INTO ?", (str(path),))
        return
    _copy_from_server(engine, path)


def _copy_from_server(engine: Engine, path: Path) -> None:
    snapshot = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with disposing(open_engine(f"sqlite:///{path}")) as copy, snapshot as source, writing(copy) as target:
        metadata.create_all(target)
        copy_rows(source, target)
        set_revision(target, find_revision(source))


def _media_in(database: Path) -> tuple[list[str], str | None]:
    with disposing(open_engine(f"sqlite:///{database}")) as copy, reading(copy) as db:
        found = _named_files(db), find_revision(db)
    # One file, as it is carried: no journal beside it.
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
    return found


def _named_files(db: Connection) -> list[str]:
    return list(db.scalars(select(files.c.name).where(files.c.name.is_not(None)).order_by(files.c.id)))


def _hold(media: Path, folder: Path, names: list[str]) -> dict[str, Path]:
    """Second names for the files, so that none disappears while it is being copied."""
    paths: dict[str, Path] = {}
    for name in names:
        held = folder / name
        held.parent.mkdir(parents=True, exist_ok=True)
        if held.exists() or _link(media / name, held):
            paths[f"{MEDIA}/{name}"] = held
    return paths


def _link(source: Path, held: Path) -> bool:
    try:
        os.link(source, held)
    except FileNotFoundError:
        return False
    except OSError:  # a file system without hard links
        return _copy(source, held)
    return True


def _copy(source: Path, held: Path) -> bool:
    try:
        shutil.copyfile(source, held)
    except FileNotFoundError:
        held.unlink(missing_ok=True)
        return False
    return True


def _were_cleared(engine: Engine, missing: list[str]) -> bool:
    """Were these deleted since the copy? What the node still names but has not is lost: no reason to wait."""
    if not missing:
        return False
    with reading(engine) as db:
        return not set(missing) <= set(_named_files(db))


def _sum(path: Path) -> str:
    with path.open("rb") as source:
        return sum_of(source)


def _note(home: Path, target: Path, moment: datetime) -> None:
    """For doctor: when and where to."""
    (home / NOTE).write_text(json.dumps({"at": moment.isoformat(), "path": str(target.resolve())}))


def last_backup(home: Path) -> datetime | None:
    """When this home was last backed up by us."""
    try:
        noted: Mapping[str, str] = json.loads((home / NOTE).read_text())
        return datetime.fromisoformat(noted["at"])
    except (FileNotFoundError, ValueError, KeyError):
        return None
