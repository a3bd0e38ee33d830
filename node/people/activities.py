"""People on the wire: their actor documents, follows in and out, changes of actors elsewhere."""

import html
from typing import Any

from sqlalchemy import Connection, Row

from federation.actors import ACTOR_TYPES, parse_actor
from federation.documents import Document, as_id, types_of
from federation.errors import Rejected
from federation.keys import ed25519_multikey, rsa_public_pem
from node.actors import PERSON, find_actor, get_actor
from node.boundary import exchanges, is_guest, is_limited, receivers
from node.db import absolute, relative
from node.errors import NotFound
from node.identity import SELF, Identity
from node.incoming import Dropped, Handler, Incoming
from node.memberships import ACCEPTED, PENDING
from node.notices import notify
from node.objects import PEOPLE as PEOPLE_AUDIENCE
from node.objects import PUBLIC as PUBLIC_AUDIENCE
from node.outbox import publish
from node.people.followers import (
    find_follow,
    find_follow_by_uri,
    keep_follow,
    mark_accepted,
    remove_follow,
    remove_follows_of,
    tell_followed,
)
from node.people.queries import has_face, is_active, is_ring_node
from node.people.remote import forget_actor, keep_actor, require_actor
from node.silences import has_blocked
from schemas.activitystreams import PUBLIC

# --- documents -----------------------------------------------------------------------------------


def person_document(db: Connection, node: Identity, actor: Row[Any], *, for_ring_node: bool) -> Document:
    """A member's actor, without @context; without a face for ring nodes only, and bare (rule 12).

    A face stays when its member is gone: their open posts stand under it, and without the key no server could
    check what of them is still on its way, which would hold up all that follows.
    """
    shown = has_face(db, actor.id)
    if actor.peer_id != SELF or not (shown or (for_ring_node and is_active(db, actor.id))):
        raise NotFound
    document = actor_document(node, actor) | {
        "type": "Person",
        "url": f"{node.base}/@{actor.handle}",
        "manuallyApprovesFollowers": actor.approves_follows,
        "discoverable": False,
        "indexable": False,
        "endpoints": {"sharedInbox": f"{node.base}/inbox", **client_endpoints(node)},
    }
    return document | {"summary": as_html(actor.summary)} if shown else document


def actor_document(node: Identity, actor: Row[Any]) -> Document:
    """What people and open topics have in common: names, boxes and keys."""
    uri = absolute(node.base, actor.uri)
    return {
        "id": uri,
        "preferredUsername": actor.handle,
        "webfinger": f"{actor.handle}@{node.domain}",
        "name": actor.name,
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "following": f"{uri}/following",
        "endpoints": {"sharedInbox": f"{node.base}/inbox"},
        "published": actor.created_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "publicKey": {
            "id": f"{uri}#main-key",
            "owner": uri,
            "publicKeyPem": rsa_public_pem(actor.rsa_private),
        },
        "assertionMethod": [
            {
                "id": f"{uri}#ed25519-key",
                "type": "Multikey",
                "controller": uri,
                "publicKeyMultibase": ed25519_multikey(actor.ed25519_private),
            }
        ],
    }


def client_endpoints(node: Identity) -> Document:
    """Where a member's client finds what an inbox and an outbox do not offer."""
    return {
        "proxyUrl": f"{node.base}/client/proxy",
        "uploadMedia": f"{node.base}/client/upload",
        "oauthAuthorizationEndpoint": f"{node.base}/oauth/authorize",
        "oauthTokenEndpoint": f"{node.base}/oauth/token",
    }


def as_html(text: str) -> str:
    """Plain words as other servers read a summary."""
    return "".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line.strip())


# --- out -----------------------------------------------------------------------------------------


def send_follow(db: Connection, node: Identity, follower: Row[Any], followed: Row[Any]) -> int:
    """Returns the id of the Follow: `/a/<id>` is how the answer names it."""
    activity = _between(node, follower, followed) | {"type": "Follow", "object": followed.uri}
    return _send(db, node, activity, follower, followed)


def send_undo(db: Connection, node: Identity, follower: Row[Any], followed: Row[Any], uri: str) -> None:
    # Mastodon cannot undo a follow that is named by its id alone.
    activity = _between(node, follower, followed) | {"type": "Undo"}
    activity["object"] = follow_document(node, uri, follower=follower, followed=followed)
    _send(db, node, activity, follower, followed)


def send_accept(db: Connection, node: Identity, followed: Row[Any], follower: Row[Any], uri: str) -> None:
    _answer(db, node, "Accept", followed, follower, uri)


def send_reject(db: Connection, node: Identity, followed: Row[Any], follower: Row[Any], uri: str) -> None:
    _answer(db, node, "Reject", followed, follower, uri)


def _answer(
    db: Connection, node: Identity, kind: str, followed: Row[Any], follower: Row[Any], uri: str
) -> None:
    activity = _between(node, followed, follower) | {"type": kind}
    activity["object"] = follow_document(node, uri, follower=follower, followed=followed)
    _send(db, node, activity, followed, follower)


def kept_follow_document(db: Connection, node: Identity, row: Row[Any]) -> Document:
    """Of a row of follows."""
    follower, followed = get_actor(db, row.follower_id), get_actor(db, row.followed_id)
    return follow_document(node, row.uri, follower=follower, followed=followed)


def follow_document(node: Identity, uri: str, *, follower: Row[Any], followed: Row[Any]) -> Document:
    return {
        "id": absolute(node.base, uri),
        "type": "Follow",
        "actor": absolute(node.base, follower.uri),
        "object": absolute(node.base, followed.uri),
    }


def _between(node: Identity, sender: Row[Any], receiver: Row[Any]) -> Document:
    return {"actor": absolute(node.base, sender.uri), "to": [receiver.uri]}


def _send(db: Connection, node: Identity, activity: Document, sender: Row[Any], receiver: Row[Any]) -> int:
    """To one actor: `people`, so that between paired nodes the node's own key signs it (rule 8)."""
    there = receivers(db, audience=PEOPLE_AUDIENCE, author_id=sender.id, addressed=[receiver.id])
    return publish(db, node, activity, audience=PEOPLE_AUDIENCE, receivers=there, actor_id=sender.id)


def send_profile(db: Connection, node: Identity, actor: Row[Any]) -> None:
    """A member with a face changed their profile: their followers elsewhere get it."""
    document = person_document(db, node, actor, for_ring_node=False)
    activity = {"type": "Update", "actor": document["id"], "to": [PUBLIC], "object": document}
    there = receivers(db, audience=PUBLIC_AUDIENCE, author_id=actor.id)
    publish(db, node, activity, audience=PUBLIC_AUDIENCE, receivers=there, actor_id=actor.id)


# --- in: follows ---------------------------------------------------------------------------------


def receive_follow(db: Connection, incoming: Incoming) -> None:
    """Somebody elsewhere follows a person or an open topic of ours; anything else does not exist for them."""
    followed = find_actor(db, incoming.object_uri)
    if followed is None or followed.peer_id != SELF or not _may_be_followed(db, incoming, followed):
        raise Dropped("nobody to follow")
    follower = require_actor(db, incoming.actor_uri)
    uri = as_id(incoming.activity)
    is_shy = is_limited(db, incoming.peer_id)
    unwanted = has_blocked(db, followed.id, follower.id)
    if unwanted or not exchanges(db, incoming.peer_id) or (is_shy and followed.type != PERSON):
        send_reject(db, incoming.node, followed, follower, uri)
        return
    state = PENDING if followed.approves_follows or is_shy else ACCEPTED
    if keep_follow(db, follower.id, followed.id, uri=uri, state=state):
        tell_followed(db, follower.id, followed, state)
    # Asked again: whoever lost our answer gets it again.
    kept = find_follow(db, follower.id, followed.id)
    if kept is not None and kept.state == ACCEPTED:
        send_accept(db, incoming.node, followed, follower, uri)


def _may_be_followed(db: Connection, incoming: Incoming, followed: Row[Any]) -> bool:
    """A person without a face is there for ring nodes alone, by their node's key (rule 12)."""
    if followed.gone_at is not None:
        return False
    if followed.type != PERSON:
        return True
    known_there = incoming.by_node and is_ring_node(db, incoming.peer_id)
    is_there = is_active(db, followed.id) and not is_guest(db, followed.id)
    return is_there and (has_face(db, followed.id) or known_there)


def receive_undo(db: Connection, incoming: Incoming) -> None:
    if not undo_follow(db, incoming):
        raise Dropped("no such follow")


def undo_follow(db: Connection, incoming: Incoming) -> bool:
    """Somebody elsewhere stops following; False when it is not about a follow that we know."""
    row = _named_follow(db, incoming)
    follower = find_actor(db, incoming.actor_uri)
    if row is None or follower is None or row.follower_id != follower.id:
        return False
    remove_follow(db, row.follower_id, row.followed_id)
    return True


def receive_accept(db: Connection, incoming: Incoming) -> None:
    if not accept_follow(db, incoming):
        raise Dropped("no such follow")


def accept_follow(db: Connection, incoming: Incoming) -> bool:
    """The followed one says yes; False when it is not about a follow of ours."""
    row = _asked_of_sender(db, incoming)
    if row is None:
        return False
    if row.state == PENDING:
        mark_accepted(db, row.id)
        _tell_follower(db, row, "follow_accepted")
    return True


def receive_reject(db: Connection, incoming: Incoming) -> None:
    if not reject_follow(db, incoming):
        raise Dropped("no such follow")


def reject_follow(db: Connection, incoming: Incoming) -> bool:
    """The followed one says no, or no longer; False when it is not about a follow of ours."""
    row = _asked_of_sender(db, incoming)
    if row is None:
        return False
    remove_follow(db, row.follower_id, row.followed_id)
    _tell_follower(db, row, "follow_refused")
    return True


def _tell_follower(db: Connection, row: Row[Any], kind: str) -> None:
    notify(db, row.follower_id, kind, from_id=row.followed_id)


def _asked_of_sender(db: Connection, incoming: Incoming) -> Row[Any] | None:
    """The follow that is answered, if a member of ours asked it of the one who answers."""
    row = _named_follow(db, incoming)
    sender = find_actor(db, incoming.actor_uri)
    is_theirs = row is not None and sender is not None and row.followed_id == sender.id
    return row if is_theirs else None


def _named_follow(db: Connection, incoming: Incoming) -> Row[Any] | None:
    """By its id; else, as Mastodon does, by the pair of actors in the embedded Follow."""
    row = find_follow_by_uri(db, incoming.object_uri)
    if row is not None or "Follow" not in types_of(incoming.object):
        return row
    base = incoming.node.base
    follower = find_actor(db, relative(base, as_id(incoming.object.get("actor"))))
    followed = find_actor(db, relative(base, as_id(incoming.object.get("object"))))
    return find_follow(db, follower.id, followed.id) if follower and followed else None


# --- in: actors ----------------------------------------------------------------------------------


def receive_update(db: Connection, incoming: Incoming) -> None:
    """An actor elsewhere changed itself; whom we do not know is of no interest."""
    known = find_actor(db, incoming.actor_uri)
    if incoming.object_uri != incoming.actor_uri or known is None:
        raise Dropped("an actor changes itself only, and only one that we know")
    try:
        changed = parse_actor(incoming.object)
    except Rejected as error:
        raise Dropped("not a sound actor") from error
    if changed.uri != incoming.actor_uri:
        raise Dropped("an actor changes itself only")
    keep_actor(db, changed)


def receive_delete(db: Connection, incoming: Incoming) -> None:
    if not delete_person_if_any(db, incoming):
        raise Dropped("an actor deletes itself only, and only one that we know")


def delete_person_if_any(db: Connection, incoming: Incoming) -> bool:
    """An actor elsewhere is gone, with all follows; False when the Delete is about something else."""
    known = find_actor(db, incoming.actor_uri)
    if incoming.object_uri != incoming.actor_uri or known is None or known.peer_id == SELF:
        return False
    forget_actor(db, known.id)
    remove_follows_of(db, known.id)
    return True


HANDLERS: dict[tuple[str, str], Handler] = {
    ("Follow", "*"): receive_follow,
    ("Undo", "Follow"): receive_undo,
    ("Accept", "Follow"): receive_accept,
    ("Reject", "Follow"): receive_reject,
    **{("Update", kind): receive_update for kind in sorted(ACTOR_TYPES - {"Group"})},
    **{("Delete", kind): receive_delete for kind in sorted(ACTOR_TYPES - {"Group"})},
}
