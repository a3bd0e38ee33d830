"""Style sheet, scripts (htmx.min.js is htmx.org 2.0.11, unchanged) and icons, and how pages name them."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"


@lru_cache
def asset_url(name: str) -> str:
    """The address with a piece of the content's hash, so a new release is never read from a cache."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


def static_mount() -> Mount:
    return Mount("/static", StaticFiles(directory=STATIC), name="static")
