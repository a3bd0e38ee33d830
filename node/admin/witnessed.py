"""How our log of departures compares with what partners were told of it, in words."""

from collections.abc import Iterator

from sqlalchemy import Connection

from node.i18n import Message, msg
from node.rings.witnesses import last_comparisons


def described(name: str, heads: int, differs_at: int | None, is_restored: bool) -> Message:
    values = {"name": name, "heads": heads, "line": differs_at}
    if differs_at is not None:
        return msg("%(name)s was told of another line %(line)s: the log was rewritten since.", **values)
    if is_restored:
        return msg("%(name)s knows of lines that a backup put back no longer has. The rest agrees.", **values)
    return msg("Agrees with the %(heads)s heads that %(name)s holds.", **values)


def describe_comparisons(db: Connection) -> Iterator[tuple[bool, Message, str]]:
    """(ok, how it compares, what to do) for every partner that ever told us what it holds."""
    for row in last_comparisons(db):
        is_same = row.differs_at is None
        advice = msg("Find out who changed the log. Keep this database, and ask the partner for its heads.")
        words = described(row.name or row.domain, row.heads, row.differs_at, row.is_restored)
        yield is_same, words, "" if is_same else advice
