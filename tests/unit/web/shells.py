"""Small apps and requests around the shell, with nothing of a node behind them."""

from collections.abc import Mapping
from typing import Any

import httpx
from starlette.requests import Request

from node.web.context import Shell


def make_request(
    *, path: str = "/", headers: Mapping[str, str] | None = None, port: int = 8000, **shell: Any
) -> Request:
    sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "server": ("bakker.localhost", port),
            "path": path,
            "query_string": b"",
            "headers": sent,
            "state": {"shell": Shell(**{"local": True, "path": path, "address": path, **shell})},
        }
    )


def client(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bakker.localhost:8001")
