"""Another domain for a node that nobody outside knows yet: a trial that becomes real."""

import re

from sqlalchemy import Connection, func, update

from node import identity
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.posts.tables import post_versions, posts
from node.queue import activities

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})+")
LOCAL_NAME = re.compile(rf"(?:{LABEL}\.)*localhost(?::([1-9][0-9]{{0,4}}))?")


def is_local_name(domain: str) -> bool:
    """A name under localhost, with or without a port: for trials on this computer."""
    return LOCAL_NAME.fullmatch(domain) is not None


def checked_domain(domain: str, *, local: bool) -> str:
    """The name as it is stored: public, or for a trial on this computer under localhost; raises Invalid."""
    name = domain.strip().casefold().rstrip(".")
    if local and not is_local_name(name):
        raise Invalid(domain=msg("A trial on this computer has a name like bakker.localhost:8001."))
    if not local and (is_local_name(name) or not NAME.fullmatch(name)):
        raise Invalid(
            domain=msg("Fill in a name like leren.bedrijf.nl, without https:// and without a path.")
        )
    return name


def port_of(domain: str) -> int:
    """The port that a local name is reached at."""
    port = domain.partition(":")[2]
    return int(port) if port else 80


def change_domain(db: Connection, domain: str, *, local: bool) -> str:
    """Give the node another name and rewrite what was stored whole; refused once others know the old one."""
    name = checked_domain(domain, local=local)
    old = identity.find_row(db)
    if old is None:
        raise Conflict(msg("This home is empty. Run `leerkring init` first."))
    identity.change(db, domain=name)
    scheme = "http" if local else "https"
    for was in ("http", "https"):
        _rewrite(db, f"{was}://{old.domain}", f"{scheme}://{name}")
    return name


def _rewrite(db: Connection, old: str, new: str) -> None:
    for column in (activities.c.body, posts.c.html, post_versions.c.html):
        # With what follows a base in a URL, so that localhost:80 leaves localhost:8000 alone.
        for end in ("/", '"', "#"):
            rewritten = func.replace(column, old + end, new + end)
            db.execute(update(column.table).values({column: rewritten}))
