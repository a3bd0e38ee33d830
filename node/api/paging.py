"""`Link` headers: without them apps stop after the first page."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from node.api.calls import Call, Reply

_OURS = ("max_id", "since_id", "min_id")


def page(call: Call, content: Any, ids: Sequence[int]) -> Reply:
    """A list, newest first, with the way to older and newer pages; `ids` are what it is paged by."""
    if not ids:
        return Reply(content)
    kept = [(name, value) for name, value in _query(call) if name not in _OURS]
    address = call.node.base + call.scope["path"]
    older = f"{address}?{urlencode([*kept, ('max_id', str(ids[-1]))])}"
    newer = f"{address}?{urlencode([*kept, ('min_id', str(ids[0]))])}"
    return Reply(content, headers={"link": f'<{older}>; rel="next", <{newer}>; rel="prev"'})


def _query(call: Call) -> list[tuple[str, str]]:
    return parse_qsl(call.scope["query_string"].decode("latin-1"), keep_blank_values=True)
