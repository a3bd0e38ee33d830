"""What happens to apps, codes and tokens: a secret works once or until it is revoked, for one client only."""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from node.access.logins import get_member, hash_token, is_out
from node.access.oauth.scopes import are_known, cover_all
from node.access.oauth.tables import app_codes, app_tokens, apps
from node.access.tables import members
from node.errors import Forbidden, Invalid
from node.i18n import msg
from node.identity import tie_domain
from node.ids import new_id, new_token, now

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
CODE_LASTS = timedelta(minutes=10)
USED_STEP = timedelta(hours=1)  # "last used" is no finer than this
LONGEST_NAME, LONGEST_URI, MOST_URIS = 60, 2000, 20
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_NO_APPS = {"javascript", "data", "vbscript", "about", "blob", "file", "view-source", "ws", "wss"}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True)
class NewApp:
    """A registered app and its secret, which is shown once; a public client has none."""

    row: Row[Any]
    secret: str


@dataclass(frozen=True)
class Issued:
    """Fresh tokens for a client; an app for itself gets nothing to refresh."""

    token: str
    refresh: str
    scopes: str
    created_at: datetime


@dataclass(frozen=True)
class Refusal:
    """Why a client gets no token, in the words of RFC 6749; returned, because what it ended stays ended."""

    error: str
    words: str
    status: int = 400


BAD_GRANT = Refusal(
    "invalid_grant",
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used "
    "in the authorization request, or was issued to another client.",
)
BAD_SCOPE = Refusal("invalid_scope", "The requested scope is invalid, unknown, or malformed.")


# --- apps --------------------------------------------------------------------------------------------


def register_app(
    db: Connection,
    *,
    name: str,
    redirect_uris: list[str],
    scopes: list[str],
    website: str = "",
    has_secret: bool = True,
) -> NewApp:
    """A new app; from now on the domain cannot change, since the app knows us by it."""
    _check_app(name, redirect_uris, scopes, website)
    tie_domain(db)
    secret, app_id = new_token() if has_secret else "", new_id()
    db.execute(
        insert(apps).values(
            id=app_id,
            client_id=new_token(),
            secret_hash=hash_token(secret) if secret else None,
            name=name.strip(),
            website=website or None,
            redirect_uris="\n".join(redirect_uris),
            scopes=" ".join(scopes),
            created_at=now(),
        )
    )
    return NewApp(db.execute(select(apps).where(apps.c.id == app_id)).one(), secret)


def _check_app(name: str, redirect_uris: list[str], scopes: list[str], website: str) -> None:
    wrong: dict[str, str] = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        wrong["client_name"] = msg("Fill in a name of at most %(count)s characters.", count=LONGEST_NAME)
    if not 0 < len(redirect_uris) <= MOST_URIS or not all(map(is_redirect, redirect_uris)):
        wrong["redirect_uris"] = msg("Redirect URI must be an absolute URI.")
    if not are_known(scopes):
        wrong["scopes"] = msg("Scopes doesn't match configured on the server.")
    if website and not _is_website(website):
        wrong["website"] = msg("Website is invalid.")
    if wrong:
        raise Invalid(**wrong)


def is_redirect(uri: str) -> bool:
    """An address that a code may be sent to: https, this computer, or an app's own scheme."""
    if uri == OUT_OF_BAND:
        return True
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return False
    scheme = uri.partition(":")[0].lower()
    if len(uri) > LONGEST_URI or not uri.isascii() or not uri.isprintable() or " " in uri or "#" in uri:
        return False
    if not _SCHEME.fullmatch(scheme) or scheme in _NO_APPS or "\\" in uri:
        return False
    if scheme in ("http", "https"):
        return bool(host) and parts.username is None and (scheme == "https" or _is_this_computer(host))
    return len(uri) > len(scheme) + 1


def _is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_website(url: str) -> bool:
    return url.startswith(("https://", "http://")) and url.isprintable() and len(url) <= LONGEST_URI


# --- a member allows -------------------------------------------------------------------------------


def is_challenge(challenge: str) -> bool:
    """SHA-256 in base64url, as RFC 7636 says."""
    return bool(_CHALLENGE.fullmatch(challenge))


def allow_app(
    db: Connection, member_id: int, app: Row[Any], *, redirect_uri: str, scopes: list[str], challenge: str
) -> str:
    """The one-time code that the app gets tokens for; a guest or whoever is out allows nothing."""
    member = get_member(db, member_id)
    if member.is_guest or is_out(member):
        raise Forbidden(msg("A guest cannot let apps in."))
    code = new_token()
    db.execute(
        insert(app_codes).values(
            id=new_id(),
            code_hash=hash_token(code),
            app_id=app.id,
            member_id=member_id,
            redirect_uri=redirect_uri,
            scopes=" ".join(scopes),
            challenge=challenge or None,
            expires_at=now() + CODE_LASTS,
        )
    )
    return code


def end_app(db: Connection, member_id: int, app_id: int) -> None:
    """A member takes back what they allowed an app: tokens, streams and media links end."""
    for table in (app_tokens, app_codes):
        db.execute(delete(table).where(table.c.member_id == member_id, table.c.app_id == app_id))


def set_open_from_apps(db: Connection, member_id: int, is_on: bool) -> None:
    """Whether this member's open posts may come from apps (rule 6)."""
    own = update(members).where(members.c.actor_id == member_id)
    db.execute(own.values(open_from_apps=is_on))


def may_post_open(db: Connection, member_id: int) -> bool:
    own = select(members.c.open_from_apps).where(members.c.actor_id == member_id)
    return bool(db.scalar(own))


# --- tokens ------------------------------------------------------------------------------------------


def exchange_code(
    db: Connection, app: Row[Any], *, code: str, redirect_uri: str, verifier: str
) -> Issued | Refusal:
    """Tokens for a code: once, to the client it was made for; a code shown twice ends what it gave."""
    found = db.execute(
        select(app_codes).where(app_codes.c.code_hash == hash_token(code)).with_for_update()
    ).one_or_none()
    if found is None or found.app_id != app.id:
        return BAD_GRANT
    if found.used_at is not None:
        db.execute(delete(app_tokens).where(app_tokens.c.code_id == found.id))
        return BAD_GRANT
    db.execute(update(app_codes).where(app_codes.c.id == found.id).values(used_at=now()))
    is_theirs = found.redirect_uri == redirect_uri and _fits(found.challenge, verifier, app)
    if found.expires_at <= now() or not is_theirs or is_out(get_member(db, found.member_id)):
        return BAD_GRANT
    return _issue(db, app.id, found.member_id, found.scopes, found.id)


def _fits(challenge: str | None, verifier: str, app: Row[Any]) -> bool:
    """Without a secret PKCE is needed; a verifier that nobody announced is no proof."""
    if challenge is None:
        return not verifier and app.secret_hash is not None
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return compare_digest(digest, challenge)


def issue_for_app(db: Connection, app: Row[Any], scopes: list[str]) -> Issued | Refusal:
    """A token of the app for itself, which opens what needs no member."""
    if app.secret_hash is None:
        return Refusal("unauthorized_client", "A client without a secret cannot use this grant.")
    if not are_known(scopes) or not cover_all(app.scopes.split(), scopes):
        return BAD_SCOPE
    return _issue(db, app.id, None, " ".join(scopes), None)


def refresh_token(db: Connection, app: Row[Any], refresh: str) -> Issued | Refusal:
    """New tokens in place of the old ones; an old refresh token shown again ends them all."""
    hashed = hash_token(refresh)
    query = select(app_tokens).where(
        or_(app_tokens.c.refresh_hash == hashed, app_tokens.c.spent_refresh_hash == hashed)
    )
    row = db.execute(query.with_for_update()).one_or_none()
    if row is None or row.app_id != app.id:
        return BAD_GRANT
    own = app_tokens.c.id == row.id
    if row.spent_refresh_hash == hashed or is_out(get_member(db, row.member_id)):
        db.execute(delete(app_tokens).where(own))
        return BAD_GRANT
    token, renewed, moment = new_token(), new_token(), now()
    fresh = {
        "token_hash": hash_token(token),
        "refresh_hash": hash_token(renewed),
        "spent_refresh_hash": hashed,
    }
    db.execute(update(app_tokens).where(own).values(**fresh, created_at=moment, used_at=moment))
    return Issued(token, renewed, row.scopes, moment)


def _issue(db: Connection, app_id: int, member_id: int | None, scopes: str, code_id: int | None) -> Issued:
    token, refresh, moment = new_token(), new_token() if member_id is not None else "", now()
    db.execute(
        insert(app_tokens).values(
            id=new_id(),
            token_hash=hash_token(token),
            refresh_hash=hash_token(refresh) if refresh else None,
            code_id=code_id,
            app_id=app_id,
            member_id=member_id,
            scopes=scopes,
            created_at=moment,
            used_at=moment,
        )
    )
    return Issued(token, refresh, scopes, moment)


def revoke_token(db: Connection, app: Row[Any], token: str) -> bool:
    """The client throws a token away; False for a token of another client."""
    hashed = hash_token(token)
    query = select(app_tokens.c.id, app_tokens.c.app_id).where(
        or_(app_tokens.c.token_hash == hashed, app_tokens.c.refresh_hash == hashed)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return True
    if row.app_id == app.id:
        db.execute(delete(app_tokens).where(app_tokens.c.id == row.id))
    return bool(row.app_id == app.id)


def note_use(db: Connection, token_ids: Iterable[int]) -> None:
    db.execute(update(app_tokens).where(app_tokens.c.id.in_(list(token_ids))).values(used_at=now()))


def forget_codes(db: Connection) -> None:
    """For housekeeping: codes nobody can use any more and that gave nothing."""
    gave = select(app_tokens.c.code_id).where(app_tokens.c.code_id.is_not(None))
    db.execute(delete(app_codes).where(app_codes.c.expires_at < now(), app_codes.c.id.not_in(gave)))
