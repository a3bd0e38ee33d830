"""Files on disk: written whole before a row names them, swept when no row does."""

import os
import secrets
import time
from collections.abc import Container
from pathlib import Path

from node.media.images import EXTENSIONS, Picture, make_thumb

SWEEP_AFTER_SECONDS = 24 * 3600  # a backup or an open transaction may still need what no row names


def write_picture(folder: Path, picture: Picture) -> str:
    """Store a picture and its thumbnail for good; returns the name for the row."""
    stem = secrets.token_hex(16)
    name = f"{stem[:2]}/{stem}.{EXTENSIONS[picture.media_type]}"
    _write(folder / thumb_name(name), picture.thumb)
    _write(folder / name, picture.data)
    return name


def read_picture_file(folder: Path, name: str) -> bytes:
    """Raises FileNotFoundError, as when a backup came back without its media."""
    return (folder / name).read_bytes()


def read_thumb(folder: Path, name: str) -> bytes:
    """The thumbnail, drawn again when it is not there: backups carry the pictures alone."""
    path = folder / thumb_name(name)
    if not path.exists():
        _write(path, make_thumb(read_picture_file(folder, name)))
    return path.read_bytes()


def thumb_name(name: str) -> str:
    return f"{name.partition('.')[0]}.thumb.webp"


def _write(path: Path, data: bytes) -> None:
    """After this returns, the file is there whole, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync_folder(path.parent)
    _sync_folder(path.parent.parent)


def _sync_folder(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sweep_files(folder: Path, named: Container[str]) -> int:
    """Remove what no row names and nobody can still be writing; returns how many files."""
    oldest = time.time() - SWEEP_AFTER_SECONDS
    swept = 0
    for path in folder.glob("*/*"):
        name = path.relative_to(folder).as_posix()
        if name in named or path.stat().st_mtime > oldest:
            continue
        path.unlink(missing_ok=True)
        swept += 1
    return swept
