"""Every route of a node with the requests that the leak suite makes there; a route without a line fails.

In a request `{object}` and the like stand for each such id that the node knows, wherever the thing is from;
`{sample}` for one object of each kind and audience.
"""

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

from sqlalchemy import Connection, Select, func, select
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from node.access.tables import feeds, links
from node.actors import actors
from node.gates.tables import waits
from node.identity import SELF
from node.media.tables import files
from node.memberships import follows
from node.notices import notices
from node.objects import DELETED, objects
from node.peers import peers
from node.people.filters import filter_keywords, filter_statuses, filters
from node.posts.tables import hashtags, planned_posts
from node.queue import activities
from node.rings.tables import agreements, pairings, rings
from node.rooms.tables import room_details
from node.topics.tables import topics
from tests.network import RunningNode

NOBODYS = 117657610981486001  # an id that no node ever gave

READ: dict[str, list[str]] = {
    # How a node is found.
    "/.well-known/webfinger": [
        "/.well-known/webfinger?resource=acct:{handle}@{domain}",
        "/.well-known/webfinger?resource={base}/@{handle}",
        "/.well-known/webfinger?resource={base}/p/{actor}",
        "/.well-known/webfinger?resource={base}/o/{sample}",
        "/.well-known/webfinger?resource=acct:{ring}@{domain}",
        "/.well-known/webfinger?resource={base}",
    ],
    "/.well-known/host-meta": ["/.well-known/host-meta"],
    "/.well-known/host-meta.json": ["/.well-known/host-meta.json"],
    "/.well-known/nodeinfo": ["/.well-known/nodeinfo"],
    "/nodeinfo/{version}": ["/nodeinfo/2.0", "/nodeinfo/2.1", "/nodeinfo/9.9"],
    # Documents, collections and files.
    "/o/{id}": ["/o/{object}"],
    "/p/{id}": ["/p/{actor}"],
    "/a/{id}": ["/a/{activity}", "/a/{sample}"],
    "/actor": ["/actor"],
    "/actor/outbox": ["/actor/outbox", "/actor/outbox?page=true"],
    "/p/{id}/outbox": [
        "/p/{actor}/outbox",
        "/p/{actor}/outbox?page=true",
        f"/p/{{actor}}/outbox?page=true&max_id={2**62}",
    ],
    "/p/{id}/followers": ["/p/{actor}/followers", "/p/{actor}/followers?page=true"],
    "/p/{id}/following": ["/p/{actor}/following", "/p/{actor}/following?page=true"],
    "/p/{id}/inbox": [
        "/p/{actor}/inbox",
        "/p/{actor}/inbox?page=true",
        "/p/{actor}/inbox?page=true&max_id=x",
    ],
    "/p/{id}/liked": ["/p/{actor}/liked", "/p/{actor}/liked?page=true"],
    "/p/{id}/followers/asked": ["/p/{actor}/followers/asked", "/p/{actor}/followers/asked?page=true"],
    "/p/{id}/following/asked": ["/p/{actor}/following/asked", "/p/{actor}/following/asked?page=true"],
    "/media/{id}": ["/media/{file}", "/media/{file}.png"],
    "/media/{id}/thumb": ["/media/{file}/thumb"],
    # What partners ask.
    "/node/keys": ["/node/keys"],
    "/node/state": ["/node/state?after=0&nonce=abc"],
    "/node/rings/{ring_hash}/people": ["/node/rings/{hash}/people?nonce=abc"],
    "/node/rings/{ring_hash}/activities": [
        "/node/rings/{hash}/activities?epoch=1&after=0&nonce=abc",
        "/node/rings/{hash}/activities?epoch=1&after=9999&nonce=abc",
        "/node/rings/{hash}/activities?epoch=7&after=0",
    ],
    "/node/rings/{ring_hash}/rosters": [
        "/node/rings/{hash}/rosters?number=0&hash=&nonce=abc",
        "/node/rings/{hash}/rosters?number=1&hash=abc&signatures=all",
    ],
    "/node/sectors": ["/node/sectors?nonce=abc"],
    "/node/agreements": [
        "/node/agreements?nonce=abc",
        "/node/agreements?after=1",
        "/node/agreements?after=99",
    ],
    "/node/rooms/{room_hash}/people": ["/node/rooms/{room_hash}/people?nonce=abc"],
    "/node/rooms/{room_hash}/activities": ["/node/rooms/{room_hash}/activities?epoch=1&after=0&nonce=abc"],
    # Coming in.
    "/login": ["/login", "/login?next=/o/{sample}"],
    "/oauth/authorize": ["/oauth/authorize", "/oauth/authorize?client_id=x&response_type=code"],
    "/oauth/authorize/": ["/oauth/authorize/?client_id=x&response_type=code"],
    "/oauth/userinfo": ["/oauth/userinfo"],
    "/.well-known/oauth-authorization-server": ["/.well-known/oauth-authorization-server"],
    "/settings/apps": ["/settings/apps"],
    # Feeds; what a private one gives has a test of its own, since only its hash is stored.
    "/topics/{id}/feed.{form}": [
        "/topics/{topic}/feed.atom",
        "/topics/{topic}/feed.rss",
        "/topics/{topic}/feed.json",
        "/topics/{sample}/feed.atom",
        "/topics/{topic}/feed.x",
    ],
    "/@{handle}/feed.{form}": [
        "/@{handle}/feed.atom",
        "/@{handle}/feed.rss",
        "/@{handle}/feed.json",
        "/@{person}/feed.atom",
    ],
    "/feeds/{token}.{form}": ["/feeds/abcdef.atom", "/feeds/{feed}.json", "/feeds/{feed_hash}.rss"],
    "/settings/feeds": ["/settings/feeds"],
    "/invite/{token}": ["/invite/abcdef", "/invite/{link}"],
    "/reset/{token}": ["/reset/abcdef", "/reset/{link}"],
    "/guest/{token}": ["/guest/abcdef", "/guest/{link}"],
    "/guests": ["/guests"],
    "/setup": ["/setup", "/setup?token=abcdef"],
    "/help": ["/help"],
    "/help/limits": ["/help/limits"],
    "/help/running": ["/help/running"],
    # Posts.
    "/": ["/", f"/?before={2**62}"],
    "/company": ["/company", f"/company?before={2**62}"],
    "/rings/{handle}": ["/rings/{ring}", f"/rings/{{ring}}?before={2**62}"],
    "/topics/{id}": ["/topics/{topic}", "/topics/{sample}"],
    "/@{handle}": ["/@{handle}", "/@{person}", "/@{handle}@{domain}"],
    "/write": ["/write", "/write?audience=company", "/write?topic={topic}", "/write?audience={audience}"],
    "/o/{id}/reply": ["/o/{sample}/reply"],
    "/o/{id}/edit": ["/o/{sample}/edit"],
    "/o/{id}/delete": ["/o/{sample}/delete"],
    # What waits at a gate.
    "/waiting": ["/waiting"],
    "/o/{id}/waiting": ["/o/{waiting}/waiting"],
    "/o/{id}/check": ["/o/{waiting}/check"],
    "/planned": ["/planned"],
    "/planned/{id}": ["/planned/{planned}"],
    "/gates": ["/gates"],
    "/gates/open": ["/gates/open"],
    "/gates/open/check": ["/gates/open/check"],
    "/rings/{handle}/gate": ["/rings/{ring}/gate"],
    "/rings/{handle}/check": ["/rings/{ring}/check"],
    # Placing again, and what was taken away.
    "/o/{id}/share": ["/o/{sample}/share"],
    "/recalled": ["/recalled", f"/recalled?before={2**62}"],
    "/recalled/{id}": ["/recalled/{recalled}", "/recalled/{sample}"],
    # People, topics, notices, settings.
    "/settings": ["/settings"],
    "/settings/face": ["/settings/face", "/settings/face?next=/o/{sample}"],
    "/followers": ["/followers"],
    "/notices": ["/notices", f"/notices?before={2**62}"],
    "/topics": ["/topics"],
    "/topics/new": ["/topics/new"],
    "/topics/{id}/edit": ["/topics/{topic}/edit"],
    "/follow": ["/follow", "/follow?uri={base}/p/1"],
    "/people": ["/people"],
    # Rings.
    "/rings": ["/rings"],
    "/keys": ["/keys"],
    "/restored": ["/restored"],
    "/rings/{handle}/about": ["/rings/{ring}/about"],
    "/rings/{handle}/renew": ["/rings/{ring}/renew"],
    "/rings/{handle}/leave": ["/rings/{ring}/leave"],
    "/pairings/new": ["/pairings/new"],
    "/pairings/accept": ["/pairings/accept"],
    "/pairings/{id}": ["/pairings/{pairing}"],
    "/proposals/new": ["/proposals/new"],
    "/agreements/{hash}": ["/agreements/{agreement}"],
    "/sectors": ["/sectors"],
    "/sectors/new": ["/sectors/new"],
    "/sectors/{hash}": ["/sectors/{hash}"],
    # Rooms.
    "/rooms": ["/rooms"],
    "/rooms/new": ["/rooms/new"],
    "/rooms/{id}": ["/rooms/{room}", f"/rooms/{{room}}?before={2**62}"],
    "/rooms/{id}/about": ["/rooms/{room}/about"],
    "/rooms/{id}/edit": ["/rooms/{room}/edit"],
    "/rooms/{id}/invite": ["/rooms/{room}/invite"],
    "/rooms/{id}/end": ["/rooms/{room}/end"],
    # Administration.
    "/members": ["/members"],
    "/members/{id}": ["/members/{actor}"],
    "/members/guests": ["/members/guests"],
    "/admin": ["/admin"],
    "/admin/servers": ["/admin/servers", "/admin/servers?q=a&show=ruled&from=0"],
    "/admin/servers/{kind}.csv": [
        "/admin/servers/blocks.csv",
        "/admin/servers/allows.csv",
        "/admin/servers/x.csv",
    ],
    "/admin/servers/{id}": ["/admin/servers/{peer}"],
    "/admin/departures.{form}": ["/admin/departures.csv", "/admin/departures.jsonl", "/admin/departures.x"],
    # Streams: what they show is a test of its own.
    "/health": ["/health"],
    "/api/v1/streaming": ["/api/v1/streaming"],
    "/api/v1/streaming/health": ["/api/v1/streaming/health"],
    "/api/v1/streaming/{channel}": ["/api/v1/streaming/nothing"],
    # Files of the pages themselves: the same for everyone.
    "/static": ["/static/nothing.css"],
}

# What may be done to things by guessing their ids: the form that is sent, and the path for each id.
GUESSED: dict[str, tuple[str, dict[str, str]]] = {
    "/o/{id}/edit": ("/o/{object}/edit", {"source": "Anders", "language": "nl"}),
    "/o/{id}/delete": ("/o/{object}/delete", {}),
    "/o/{id}/like": ("/o/{object}/like", {}),
    "/o/{id}/unlike": ("/o/{object}/unlike", {}),
    "/o/{id}/let-go": ("/o/{object}/let-go", {"version": "2"}),
    "/o/{id}/send-back": ("/o/{object}/send-back", {"version": "2", "reason": "Gok"}),
    "/o/{id}/take-back": ("/o/{object}/take-back", {}),
    "/o/{id}/drop-edit": ("/o/{object}/drop-edit", {}),
    "/o/{id}/check": ("/o/{object}/check", {"version": "2", "all": "on"}),
    "/planned/{id}": ("/planned/{planned}", {"text": "Anders", "at": "2030-01-01T12:00"}),
    "/planned/{id}/delete": ("/planned/{planned}/delete", {}),
    "/o/{id}/share": ("/o/{object}/share", {"further": "public"}),
    "/recalled/{id}/again": ("/recalled/{object}/again", {}),
    "/rings/{handle}/gate": ("/rings/{ring}/gate", {"minutes": "0"}),
    "/rings/{handle}/check": ("/rings/{ring}/check", {}),
    "/topics/{id}/edit": ("/topics/{topic}/edit", {"name": "Anders"}),
    "/topics/{id}/delete": ("/topics/{topic}/delete", {}),
    "/posts": ("/posts", {"source": "Antwoord", "language": "nl", "parent": "{object}", "audience": ""}),
    "/follow/{id}": ("/follow/{actor}", {}),
    "/unfollow/{id}": ("/unfollow/{actor}", {}),
    "/followers/{id}/approve": ("/followers/{follow}/approve", {}),
    "/followers/{id}/refuse": ("/followers/{follow}/refuse", {}),
    "/settings/logins/{id}/end": ("/settings/logins/{object}/end", {}),
    "/settings/feeds/{id}/end": ("/settings/feeds/{feed}/end", {}),
    "/settings/apps/{id}/end": ("/settings/apps/{object}/end", {}),
    "/pairings/{id}/words": ("/pairings/{pairing}/words", {"password": "x"}),
    "/pairings/{id}/again": ("/pairings/{pairing}/again", {}),
    "/pairings/{id}/withdraw": ("/pairings/{pairing}/withdraw", {}),
    "/agreements/{hash}/sign": ("/agreements/{agreement}/sign", {"password": "x", "handle": "gok"}),
    "/agreements/{hash}/withdraw": ("/agreements/{agreement}/withdraw", {"password": "x"}),
    "/agreements/{hash}/remind": ("/agreements/{agreement}/remind", {}),
    "/rings/{handle}/renew": ("/rings/{ring}/renew", {"password": "x"}),
    "/rings/{handle}/leave": ("/rings/{ring}/leave", {"password": "x"}),
    "/sectors/{hash}/sign": ("/sectors/{hash}/sign", {"password": "x", "handle": "gok"}),
    "/sectors/{hash}/withdraw": ("/sectors/{hash}/withdraw", {"password": "x"}),
    "/sectors/{hash}/admit": ("/sectors/{hash}/admit", {"password": "x"}),
    "/sectors/{hash}/refuse": ("/sectors/{hash}/refuse", {"password": "x"}),
    "/sectors/{hash}/remove": ("/sectors/{hash}/remove", {"password": "x"}),
    "/rooms/{id}/edit": ("/rooms/{room}/edit", {"name": "Anders"}),
    "/rooms/{id}/join": ("/rooms/{room}/join", {"answer": ""}),
    "/rooms/{id}/leave": ("/rooms/{room}/leave", {}),
    "/rooms/{id}/invite": ("/rooms/{room}/invite", {}),
    "/rooms/{id}/people/{person}/approve": ("/rooms/{room}/people/1/approve", {}),
    "/rooms/{id}/people/{person}/refuse": ("/rooms/{room}/people/1/refuse", {}),
    "/rooms/{id}/people/{person}/remove": ("/rooms/{room}/people/1/remove", {}),
    "/rooms/{id}/people/{person}/host": ("/rooms/{room}/people/1/host", {}),
    "/rooms/{id}/reopen": ("/rooms/{room}/reopen", {}),
    "/rooms/{id}/end": ("/rooms/{room}/end", {}),
    "/members/invitations/{id}/withdraw": ("/members/invitations/{link}/withdraw", {}),
    "/members/guests/{id}/disable": ("/members/guests/{actor}/disable", {}),
    "/members/guests/{id}/enable": ("/members/guests/{actor}/enable", {}),
    "/members/{id}/roles": ("/members/{actor}/roles", {}),
    "/members/{id}/disable": ("/members/{actor}/disable", {}),
    "/members/{id}/enable": ("/members/{actor}/enable", {}),
    "/members/{id}/until": ("/members/{actor}/until", {"until": "2027-01-01"}),
    "/members/{id}/reset": ("/members/{actor}/reset", {}),
    "/invite/{token}": ("/invite/{link}", {"handle": "gok", "name": "Gok", "password": "kort"}),
    "/reset/{token}": ("/reset/{link}", {"password": "een lang wachtwoord"}),
    "/admin/servers/{id}": ("/admin/servers/{peer}", {"choice": "blocked", "sure": "blocked!"}),
    "/admin/servers/{id}/forget": ("/admin/servers/{peer}/forget", {}),
    "/guests/invitations/{id}/withdraw": ("/guests/invitations/{link}/withdraw", {}),
    "/guests/{id}/link": ("/guests/{actor}/link", {}),
    "/guests/{id}/until": ("/guests/{actor}/until", {"until": "2027-01-01"}),
    "/guests/{id}/end": ("/guests/{actor}/end", {}),
    "/guest/{token}": ("/guest/{link}", {"name": "Gok", "language": "nl", "rules": "on"}),
    "/node/pairing": ("/node/pairing", {}),
    "/node/prove": ("/node/prove", {}),
    "/node/heads": ("/node/heads", {}),
    "/node/keys": ("/node/keys", {}),
    "/inbox": ("/inbox", {}),
    "/p/{id}/outbox": ("/p/{actor}/outbox", {}),
    "/p/{id}/inbox": ("/p/{actor}/inbox", {}),
    "/actor/inbox": ("/actor/inbox", {}),
}

# Forms that name nothing that is there: who may not use them sees the 404 of everything else.
PLAIN_FORMS: dict[str, dict[str, str]] = {
    "/login": {"handle": "gok", "password": "gok"},
    "/logout": {},
    "/setup": {"token": "gok"},
    "/language": {"language": "nl"},
    "/members/invite": {},
    "/guests": {"name": "Gok"},
    "/settings": {"name": "Gok"},
    "/settings/password": {"old": "gok", "new": "een lang wachtwoord"},
    "/settings/logins/end": {},
    "/settings/feeds": {"ring": "gok", "device": "Gok"},
    "/settings/apps/open": {"open": "yes"},
    "/oauth/authorize": {"client_id": "gok"},
    "/oauth/authorize/": {"client_id": "gok"},
    "/oauth/authorize/other": {"client_id": "gok"},
    "/oauth/token": {"grant_type": "client_credentials"},
    "/oauth/token/": {"grant_type": "client_credentials"},
    "/oauth/revoke": {"token": "gok"},
    "/oauth/revoke/": {"token": "gok"},
    "/oauth/register": {"client_name": "gok"},
    "/oauth/userinfo": {},
    "/client/proxy": {"id": "http://bakker.localhost/p/1"},
    "/client/upload": {"object": "{}"},
    "/settings/face": {},
    "/gates/open": {"minutes": "0"},
    "/gates/open/check": {},
    "/notices/read": {},
    "/topics/new": {"name": "Gok"},
    "/rooms/new": {"name": "Gok"},
    "/follow": {"handle": "gok"},
    "/keys": {"password": "gok"},
    "/restored": {"password": "gok", "peer": "1"},
    "/pairings/new": {"domain": "gok.localhost"},
    "/pairings/accept": {"domain": "gok.localhost"},
    "/proposals/new": {},
    "/admin/servers/find": {"domain": "gok.localhost"},
    "/admin/servers/federation": {"federation": "allow_list", "sure": "on"},
    "/admin/servers/list": {"kind": "blocks"},
    "/admin/servers/import": {"kind": "blocks", "list": "gok.localhost"},
    "/admin/check-rings": {},
    "/sectors/new": {},
    "/sectors/read": {"domain": "gok.localhost"},
}


_CONVERTER = re.compile(r":\w+(?=})")  # what kind of id a route takes


def without_a_line(routes: list[BaseRoute]) -> set[str]:
    """The routes of an app that no table above names, by method."""
    missing = set()
    for route in routes:
        if isinstance(route, WebSocketRoute):
            continue  # streams have a leak test of their own
        assert isinstance(route, Route | Mount), route
        for method in (getattr(route, "methods", None) or {"GET"}) - {"HEAD"}:
            known = READ if method == "GET" else {**GUESSED, **PLAIN_FORMS}
            if _CONVERTER.sub("", route.path) not in known:
                missing.add(f"{method} {route.path}")
    return missing


Fillings = dict[str, list[str]]


def fillings(node: RunningNode) -> Fillings:
    """Every id that a node's database holds, by the word that stands for it in a request."""
    found = node.read(_ids)
    return {**found, "base": [node.base], "domain": [node.domain]}


def _ids(db: Connection) -> Fillings:
    def texts(what: Any) -> list[str]:
        query = what if isinstance(what, Select) else select(what)
        return [str(value) for value in db.scalars(query) if value is not None]

    people = select(actors.c.handle, actors.c.peer_id, peers.c.domain).outerjoin(
        peers, peers.c.id == actors.c.peer_id
    )
    rows = db.execute(people).all()
    return {
        "peer": texts(peers.c.id),
        "object": texts(objects.c.id),
        "sample": texts(select(func.min(objects.c.id)).group_by(objects.c.audience, objects.c.kind)),
        "waiting": texts(waits.c.object_id),
        "recalled": texts(select(objects.c.id).where(objects.c.state == DELETED)),
        "actor": texts(actors.c.id),
        "activity": texts(activities.c.id),
        "file": texts(files.c.id),
        "topic": texts(topics.c.object_id),
        "follow": texts(follows.c.id),
        "pairing": texts(pairings.c.id),
        "agreement": texts(agreements.c.hash),
        "hash": texts(rings.c.hash),
        "ring": texts(rings.c.handle),
        "room": texts(room_details.c.id),
        "room_hash": [audience.removeprefix("room:") for audience in texts(room_details.c.audience)],
        "audience": sorted(set(texts(objects.c.audience))),
        "link": texts(links.c.id),
        "ring_id": texts(rings.c.id),
        "notice": texts(notices.c.id),
        "planned": texts(planned_posts.c.id),
        "filter": texts(filters.c.id),
        "keyword": texts(filter_keywords.c.id),
        "named": texts(filter_statuses.c.id),
        "tag": sorted(set(texts(hashtags.c.tag))),
        "feed": texts(feeds.c.id),
        "feed_hash": texts(feeds.c.token_hash),
        "handle": [row.handle for row in rows if row.peer_id == SELF],
        "person": [f"{row.handle}@{row.domain}" for row in rows if row.peer_id != SELF],
    }


WORD = re.compile(r"\{(\w+)\}")


def filled(templates: list[str], words: Fillings) -> Iterator[str]:
    """Each request with every id in it."""
    for template in templates:
        names = WORD.findall(template)
        for values in product(*(words[name] for name in names)):
            yield template.format(**dict(zip(names, values, strict=True)))


# Answered by what the request accepts; everything else is one page or one file, whatever is accepted.
NEGOTIATED = {"/o/{id}", "/p/{id}", "/actor", "/login", "/@{handle}", "/topics/{id}"}
DOCUMENTS = {
    "/p/{id}/inbox",
    "/p/{id}/liked",
    "/p/{id}/followers/asked",
    "/p/{id}/following/asked",
    "/a/{id}",
    "/actor/outbox",
    "/p/{id}/outbox",
    "/p/{id}/followers",
    "/p/{id}/following",
}
# Where a signature could open something: what readers with odd keys ask for.
SIGNED = (
    NEGOTIATED
    | DOCUMENTS
    | {
        "/media/{id}",
        "/media/{id}/thumb",
        "/.well-known/webfinger",
        "/node/rings/{ring_hash}/people",
        "/node/rings/{ring_hash}/activities",
        "/node/rooms/{room_hash}/people",
        "/node/rooms/{room_hash}/activities",
        "/node/state",
        "/node/rings/{ring_hash}/rosters",
        "/node/sectors",
        "/",
    }
)
