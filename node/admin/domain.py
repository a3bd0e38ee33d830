"""Another domain for a node that nobody outside knows yet: a trial that becomes real."""

import re

from sqlalchemy import Connection, func, update

from node import identity
from node.errors import Invalid
from node.i18n import msg
from node.posts.tables import post_versions, posts
from node.queue import activities
from node.settings import Settings

NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")
LOCAL_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*localhost(?::[1-9][0-9]{0,4})?")


def checked_domain(domain: str, *, local: bool) -> str:
    """A public name, or for a trial on this computer one under localhost; raises Invalid."""
    name = domain.strip().casefold().rstrip(".")
    if local and not LOCAL_NAME.fullmatch(name):
        raise Invalid(domain=msg("A local trial has a name under localhost, for example bakker.localhost:8001."))
    if not local and (not NAME.fullmatch(name) or name.endswith(".localhost")):
        raise Invalid(domain=msg("Fill in a name like leren.bedrijf.nl, without https:// and without a path."))
    return name


def change_domain(db: Connection, settings: Settings, domain: str) -> str:
    """Give the node another name and rewrite what was stored whole; refused once others know the old one."""
    old = identity.load(db, settings.scheme)
    name = checked_domain(domain, local=settings.local)
    identity.change(db, domain=name)
    new = identity.load(db, settings.scheme)
    for column in (activities.c.body, posts.c.html, post_versions.c.html):
        # With what follows a base in a URL, so that localhost:80 leaves localhost:8000 alone.
        for end in ("/", '"', "#"):
            table = column.table
            db.execute(update(table).values({column: func.replace(column, old.base + end, new.base + end)}))
    return name
