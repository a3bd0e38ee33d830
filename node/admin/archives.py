"""The file a backup is: a tar of database, media and settings, led by a manifest of their sums."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pydantic import TypeAdapter, ValidationError

from node.errors import Invalid
from node.i18n import msg
from node.settings import CONFIG_NAME

FORMAT = 1
MANIFEST, DATABASE, MEDIA = "manifest.json", "leerkring.sqlite3", "media"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup says about itself: names in it with their SHA-256; `missing` media were gone already."""

    format: int
    domain: str
    taken_at: str
    revision: str | None
    files: dict[str, str]
    missing: list[str]


def write_archive(target: Path, manifest: Manifest, paths: Mapping[str, Path]) -> None:
    """Write beside the target, read it back, and only then give it its name."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        with _private(partial) as file:
            _write(file, manifest, paths)
            file.flush()
            os.fsync(file.fileno())
        check_archive(partial)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: Path) -> IO[bytes]:
    """The node's keys are in it: for its owner alone."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _write(file: IO[bytes], manifest: Manifest, paths: Mapping[str, Path]) -> None:
    about = json.dumps(asdict(manifest), indent=1).encode()
    with tarfile.open(fileobj=file, mode="w") as archive:
        _add(archive, MANIFEST, io.BytesIO(about), len(about))
        for name, path in paths.items():
            with path.open("rb") as source:
                _add(archive, name, source, path.stat().st_size)


def _add(archive: tarfile.TarFile, name: str, source: IO[bytes], size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    archive.addfile(entry, source)


def sum_of(source: IO[bytes]) -> str:
    """The SHA-256 (hex) of what is left of an open file."""
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def check_archive(path: Path) -> Manifest:
    """Read a backup whole; raises Invalid when it is not one, or not as it was written."""
    with _opened(path) as archive:
        manifest = _read_manifest(archive)
        for name, expected in manifest.files.items():
            if sum_of(_member(archive, name)) != expected:
                raise Invalid(
                    source=msg("This backup is damaged: %(name)s is not as it was written.", name=name)
                )
    return manifest


def extract_archive(path: Path, folder: Path) -> None:
    """Put everything that a checked backup names below `folder`."""
    with _opened(path) as archive:
        for name in _read_manifest(archive).files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with _private(target) as file:
                source = _member(archive, name)
                while chunk := source.read(CHUNK):
                    file.write(chunk)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except FileNotFoundError as error:
        raise Invalid(source=msg("There is no file %(path)s.", path=path)) from error
    except (tarfile.TarError, EOFError) as error:
        raise Invalid(source=msg("This is not a backup of Leerkring, or it is damaged.")) from error


def _read_manifest(archive: tarfile.TarFile) -> Manifest:
    try:
        manifest = TypeAdapter(Manifest).validate_json(_member(archive, MANIFEST).read(64 * CHUNK))
    except ValidationError as error:
        raise Invalid(source=msg("This is not a backup of Leerkring, or it is damaged.")) from error
    if manifest.format != FORMAT:
        raise Invalid(source=msg("This backup was made by a newer version. Update Leerkring first."))
    if not all(_is_ours(name) for name in manifest.files):
        raise Invalid(source=msg("This is not a backup of Leerkring, or it is damaged."))
    return manifest


def _is_ours(name: str) -> bool:
    """No name in a backup leads out of the folder it is unpacked in."""
    parts = PurePosixPath(name).parts
    return name in (DATABASE, CONFIG_NAME) or (len(parts) > 1 and parts[0] == MEDIA and ".." not in parts)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = archive.extractfile(name)
    except KeyError as error:
        raise Invalid(source=msg("This backup is damaged: %(name)s is not in it.", name=name)) from error
    if found is None:
        raise Invalid(source=msg("This is not a backup of Leerkring, or it is damaged."))
    return found
