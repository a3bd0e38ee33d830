"""Reads of OAuth: an app by its id, who holds a token, what a member allowed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from node.access.logins import hash_token, is_here
from node.access.oauth.scopes import covers
from node.access.oauth.tables import app_tokens, apps
from node.access.tables import members
from node.boundary import Member
from node.memberships import guests


@dataclass(frozen=True)
class Caller:
    """Who holds a token: an app, and the member who allowed it; without one the app asks for itself."""

    token_id: int
    token_hash: str
    app_id: int
    scopes: frozenset[str]
    member: Member | None
    language: str | None
    used_at: datetime


def find_app(db: Connection, client_id: str) -> Row[Any] | None:
    return db.execute(select(apps).where(apps.c.client_id == client_id)).one_or_none()


def get_app(db: Connection, app_id: int) -> Row[Any]:
    return db.execute(select(apps).where(apps.c.id == app_id)).one()


def is_secret(app: Row[Any], secret: str) -> bool:
    """Whether a client may speak as this app; a public one has no secret to show."""
    if app.secret_hash is None:
        return not secret
    return compare_digest(app.secret_hash, hash_token(secret))


def find_caller(db: Connection, token: str) -> Caller | None:
    """Whoever holds this token, while the member is here and no guest (rule 14)."""
    return _find(db, app_tokens.c.token_hash == hash_token(token))


def find_caller_by_id(db: Connection, token_id: int) -> Caller | None:
    """The same for code that kept the number: streams and links to files."""
    return _find(db, app_tokens.c.id == token_id)


def member_of_token(db: Connection, token: str, scope: str) -> Member | None:
    """The member whose token this is, if it covers this."""
    caller = find_caller(db, token)
    return caller.member if caller is not None and covers(caller.scopes, scope) else None


def living_tokens(db: Connection, token_ids: Collection[int]) -> set[int]:
    """Those of these tokens that are still worth something."""
    if not token_ids:
        return set()
    return {row.id for row in db.execute(_worth_something().where(app_tokens.c.id.in_(set(token_ids))))}


def _find(db: Connection, which: Any) -> Caller | None:
    row = db.execute(_worth_something().where(which)).one_or_none()
    return None if row is None else _caller(row)


def _worth_something() -> Any:
    here = or_(app_tokens.c.member_id.is_(None), is_here() & guests.c.actor_id.is_(None))
    joined = app_tokens.outerjoin(members, members.c.actor_id == app_tokens.c.member_id)
    joined = joined.outerjoin(guests, guests.c.actor_id == app_tokens.c.member_id)
    return select(app_tokens, members.c.roles, members.c.language).select_from(joined).where(here)


def _caller(row: Row[Any]) -> Caller:
    member = None if row.member_id is None else Member(row.member_id, frozenset(row.roles.split()))
    return Caller(
        token_id=row.id,
        token_hash=row.token_hash,
        app_id=row.app_id,
        scopes=frozenset(row.scopes.split()),
        member=member,
        language=row.language,
        used_at=row.used_at,
    )


def list_allowed(db: Connection, member_id: int) -> list[Row[Any]]:
    """The apps that a member let in, the last used first, with all scopes together."""
    query = (
        select(apps.c.id, apps.c.name, apps.c.website, func.max(app_tokens.c.used_at).label("used_at"))
        .join(app_tokens, app_tokens.c.app_id == apps.c.id)
        .where(app_tokens.c.member_id == member_id)
        .group_by(apps.c.id, apps.c.name, apps.c.website)
        .order_by(func.max(app_tokens.c.used_at).desc())
    )
    return list(db.execute(query))


def scopes_allowed(db: Connection, member_id: int, app_id: int) -> list[str]:
    theirs = app_tokens.c.member_id == member_id, app_tokens.c.app_id == app_id
    found = {
        scope for words in db.scalars(select(app_tokens.c.scopes).where(*theirs)) for scope in words.split()
    }
    return sorted(found)
