"""Actors and their keys: WebFinger → actor → key, each believed only after it was confirmed both ways."""

import re
from dataclasses import dataclass

from federation.documents import (
    Document,
    as_id,
    as_ids,
    as_link,
    as_list,
    as_object,
    as_text,
    is_web_url,
    parse_json,
    same_origin,
    types_of,
    web_url,
)
from federation.errors import Rejected
from federation.fetches import check_status, fetch_document, fetch_unconfirmed
from federation.keys import PublicKey, load_multikey, load_public_pem
from federation.messages import Get
from schemas.discovery import JRD_CONTENT_TYPE, SELF_TYPES

ACTOR_TYPES = frozenset({"Person", "Group", "Application", "Service", "Organization"})
MAX_KEYS = 10
MAX_NAME = 200
MAX_SUMMARY = 20_000

_HANDLE = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9._-]+(?::[0-9]{1,5})?")
_MAX_HANDLE = 100


@dataclass(frozen=True)
class Actor:
    """What we use of an actor document. Keys are pairs (key id, PEM or Multikey text)."""

    uri: str
    type: str
    handle: str
    name: str
    summary: str
    inbox: str
    shared_inbox: str
    outbox: str
    followers: str
    public_keys: tuple[tuple[str, str], ...]
    assertion_keys: tuple[tuple[str, str], ...]
    icon: str
    url: str
    manually_approves: bool
    also_known_as: tuple[str, ...]

    @property
    def public_key_id(self) -> str:
        return self.public_keys[0][0] if self.public_keys else ""

    @property
    def public_key_pem(self) -> str:
        return self.public_keys[0][1] if self.public_keys else ""

    def find_key(self, key_id: str) -> PublicKey | None:
        for known, pem in self.public_keys:
            if known == key_id:
                return load_public_pem(pem)
        for known, multikey in self.assertion_keys:
            if known == key_id:
                return load_multikey(multikey)
        return None


def parse_actor(document: Document) -> Actor:
    """Refuses what is no actor; drops addresses that lie outside the actor's own origin."""
    uri = web_url(as_id(document))
    kind = next((item for item in types_of(document) if item in ACTOR_TYPES), None)
    if kind is None:
        raise Rejected("not an actor", 400)
    inbox = _own(document.get("inbox"), uri)
    if not inbox:
        raise Rejected("an actor without an inbox of its own", 400)
    handle = as_text(document.get("preferredUsername"))
    return Actor(
        uri=uri,
        type=kind,
        handle=handle if len(handle) <= _MAX_HANDLE and _HANDLE.fullmatch(handle) else "",
        name=as_text(document.get("name"), MAX_NAME),
        summary=as_text(document.get("summary"), MAX_SUMMARY),
        inbox=inbox,
        shared_inbox=_own(as_object(document.get("endpoints")).get("sharedInbox"), uri),
        outbox=_own(document.get("outbox"), uri),
        followers=_own(document.get("followers"), uri),
        public_keys=_keys(document, "publicKey", "owner", "publicKeyPem"),
        assertion_keys=_keys(document, "assertionMethod", "controller", "publicKeyMultibase"),
        icon=as_link(document.get("icon")),
        url=as_link(document.get("url")) or uri,
        manually_approves=document.get("manuallyApprovesFollowers") is True,
        also_known_as=tuple(filter(is_web_url, as_ids(document.get("alsoKnownAs"))[:MAX_KEYS])),
    )


def _own(value: object, uri: str) -> str:
    found = as_id(value)
    return found if same_origin(found, uri) else ""


def _keys(document: Document, field: str, owner: str, material: str) -> tuple[tuple[str, str], ...]:
    """Keys written out in the document that name its actor as theirs and lie on its origin."""
    uri = as_id(document)
    entries = [entry for entry in as_list(document.get(field))[:MAX_KEYS] if isinstance(entry, dict)]
    return tuple(
        (as_id(entry), as_text(entry.get(material)))
        for entry in entries
        if as_id(entry.get(owner)) == uri and _own(entry, uri) and as_text(entry.get(material))
    )


async def fetch_actor(get: Get, uri: str) -> Actor:
    return parse_actor(await fetch_document(get, uri))


async def fetch_key(get: Get, key_id: str) -> tuple[Actor, PublicKey]:
    """The key and its owner, once the owner's document, fetched at its own id, lists that key."""
    document = await fetch_unconfirmed(get, web_url(key_id))
    owner = _owner_of(document, key_id)
    # Fetched anew unless we hold it: GoToSocial serves a stub of the actor under the key's address.
    is_whole = as_id(document) == owner == key_id.partition("#")[0]
    actor = parse_actor(document) if is_whole else await fetch_actor(get, owner)
    key = actor.find_key(key_id)
    if key is None:
        raise Rejected("the actor does not list that key")
    return actor, key


def _owner_of(document: Document, key_id: str) -> str:
    if ACTOR_TYPES.intersection(types_of(document)):
        return as_id(document)
    if as_id(document) != key_id:
        raise Rejected("another key than the one asked for")
    return web_url(as_id(document.get("owner")) or as_id(document.get("controller")))


async def webfinger(get: Get, handle: str, host: str, scheme: str = "https") -> str:
    """The actor behind handle@host; a subject that differs must repeat itself when asked."""
    account = _account(f"{handle}@{_ascii_host(host)}")
    subject, uri = await _finger(get, account, scheme)
    if subject != account and await _finger(get, subject, scheme) != (subject, uri):
        raise Rejected("WebFinger does not confirm itself")
    return uri


def _ascii_host(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Rejected("not a host name", 400) from error


def _account(text: str) -> str:
    """handle@host in lower case, sound in both parts."""
    handle, _, host = text.removeprefix("acct:").lower().partition("@")
    if len(handle) > _MAX_HANDLE or not _HANDLE.fullmatch(handle) or not _HOST.fullmatch(host):
        raise Rejected("not an account", 400)
    return f"{handle}@{host}"


async def _finger(get: Get, account: str, scheme: str) -> tuple[str, str]:
    url = f"{scheme}://{account.partition('@')[2]}/.well-known/webfinger?resource=acct:{account}"
    response = check_status(await get(web_url(url), accept=f"{JRD_CONTENT_TYPE}, application/json"))
    document = parse_json(response.body)
    return _account(as_text(document.get("subject"))), _self_link(document)


def _self_link(document: Document) -> str:
    for link in as_list(document.get("links")):
        if isinstance(link, dict) and link.get("rel") == "self" and link.get("type") in SELF_TYPES:
            return web_url(link.get("href"))
    raise Rejected("WebFinger without an actor")


async def find_actor(get: Get, handle: str, host: str, scheme: str = "https") -> Actor:
    """By handle, with the actor's own id equal to what WebFinger said."""
    uri = await webfinger(get, handle, host, scheme)
    actor = await fetch_actor(get, uri)
    if actor.uri != uri:
        raise Rejected("WebFinger names another actor")
    return actor
