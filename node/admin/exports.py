"""The log of departures as a file: for whoever checks it elsewhere."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row

from node.departures import list_departures

FIELDS = ("seq", "at", "kind", "ids", "receivers", "content", "previous", "hash")
FORMATS = {"jsonl": "application/jsonl", "csv": "text/csv"}


def export_departures(db: Connection, form: str) -> Iterator[str]:
    """Every line, without its salt: with that a guessed text could be confirmed."""
    if form == "csv":
        yield _csv_line(FIELDS)
    for row in list_departures(db):
        values = _values(row)
        if form == "csv":
            yield _csv_line([_cell(values[name]) for name in FIELDS])
        else:
            yield json.dumps(values, ensure_ascii=False) + "\n"


def _values(row: Row[Any]) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in FIELDS}
    ids, receivers = json.loads(row.ids), json.loads(row.receivers)
    return kept | {"at": row.at.isoformat(), "ids": ids, "receivers": receivers}


def _cell(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _csv_line(cells: tuple[str, ...] | list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
