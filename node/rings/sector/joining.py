"""What a firm does with a sector ring: reads the terms, signs them with its application, leaves again."""

import secrets
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row

from federation.documents import Document, as_text
from federation.errors import Rejected
from node.access.logins import confirm_password
from node.access.members import HANDLE
from node.actors import take_handle
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.identity import SELF, Identity
from node.ids import now
from node.peers import BY_ROSTER, PAIRED, get_peer
from node.rings.agreement_rows import change_ring
from node.rings.agreements import Share
from node.rings.keys import is_key_of
from node.rings.pairing import need_director
from node.rings.sector import outgoing as sector_outgoing
from node.rings.sector.leaving import say_leaving
from node.rings.sector.outgoing import reachable
from node.rings.sector.rows import (
    ADMITTED,
    WAITING,
    change_sector,
    find_application,
    keep_application,
    keep_terms,
    lock_sector,
    sectors_of_steward,
    standing,
)
from node.rings.sector.steward import refused_fields
from node.rings.signed_documents import prove, read_document
from schemas.agreement import moment, moment_text
from schemas.sector import Application, Terms

MOST_TERMS = 20


def keep_shown_terms(db: Connection, peer: Row[Any], answer: Document) -> int:
    """Take over the terms that a steward shows, as far as they are its own; returns how many it has now."""
    items = answer.get("terms")
    if peer.state != PAIRED or peer.pinned_by == BY_ROSTER:
        return 0
    for item in items[:MOST_TERMS] if isinstance(items, list) else []:
        _keep_one(db, peer, as_text(item, 100_000))
    return len(sectors_of_steward(db, peer.id))


def _keep_one(db: Connection, peer: Row[Any], text: str) -> None:
    try:
        terms = read_document(Terms, text)
    except Rejected:
        return
    steward = terms.steward
    is_theirs = (steward.domain, steward.node) == (peer.domain, peer.actor_uri)
    if not is_theirs or not is_key_of(db, peer.id, steward.key):
        return
    if moment(terms.ends_at) > now() and len(sectors_of_steward(db, peer.id)) < MOST_TERMS:
        keep_terms(db, terms, int(peer.id))


def apply(
    db: Connection,
    node: Identity,
    director_id: int,
    password: str,
    ring_id: int,
    share: Share,
    *,
    handle: str = "",
) -> str:
    """Sign the terms for our firm and ask the steward to let us in; returns the application's hash."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    sector = lock_sector(db, ring_id)
    why = why_not_apply(db, sector)
    if why:
        raise Conflict(why)
    application = _build(node, sector, share)
    _name_ring(db, sector, handle)
    proof = prove(node, application)
    made = keep_application(db, ring_id, SELF, application, proof, WAITING)
    change_sector(db, ring_id, application=made, refused_at=None, refused_why="")
    _send(db, node, sector, made)
    return made


def why_not_apply(db: Connection, sector: Row[Any]) -> str:
    """Why our director cannot sign now; "" when they can."""
    if sector.ends_at <= now():
        return msg("This ring has ended.")
    state = standing(db, sector)
    if state == WAITING:
        return msg("We have signed already. The steward has not decided yet.")
    if state == ADMITTED:
        return msg("Our firm is in this ring.")
    return ""


def _build(node: Identity, sector: Row[Any], share: Share) -> Application:
    try:
        return Application(
            version=1,
            kind="application",
            ring=sector.hash,
            node=node.actor_uri,
            domain=node.domain,
            inbox=f"{node.base}/inbox",
            name=node.name,
            key=node.multikey,
            goal=share.goal,
            hours=share.hours,
            contact=share.contact,
            made_at=moment_text(now()),
            salt=secrets.token_hex(16),
        )
    except ValidationError as error:
        raise refused_fields(error) from error


def _name_ring(db: Connection, sector: Row[Any], handle: str) -> None:
    if sector.handle is not None:
        return
    if not HANDLE.fullmatch(handle):
        raise Invalid(handle=msg("Use 2 to 20 small letters, digits or underscores."))
    take_handle(db, handle, "ring")
    change_ring(db, sector.ring_id, handle=handle)


def _send(db: Connection, node: Identity, sector: Row[Any], application_hash: str) -> None:
    if sector.steward == SELF:
        return
    steward, row = reachable(get_peer(db, sector.steward)), find_application(db, application_hash)
    if steward is None or row is None:
        raise Conflict(msg("We are not paired with the steward of this ring any more. Pair again first."))
    sector_outgoing.publish_application(db, node, sector, row, steward)


def withdraw(db: Connection, node: Identity, director_id: int, password: str, ring_id: int) -> None:
    """Take back an application that the steward has not decided."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    sector = lock_sector(db, ring_id)
    if standing(db, sector) != WAITING:
        raise Conflict(msg("This application was decided already, or withdrawn."))
    say_leaving(db, node, sector)
