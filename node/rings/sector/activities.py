"""Activities of sector rings as they come in; everything counts only under the sending node's pinned key."""

from typing import Any

from sqlalchemy import Connection, Row

from federation.documents import Document, as_id, as_list, as_text
from federation.errors import Rejected
from node.identity import SELF, Identity
from node.ids import now
from node.incoming import Dropped, Handler, Incoming
from node.peers import BY_ROSTER, PAIRED, get_peer
from node.rings.agreement_rows import get_ring_row
from node.rings.keys import is_proved_by_firm
from node.rings.queries import CLOSED
from node.rings.rosters import set_closing_reason, settle_roster, tell_directors
from node.rings.sector.leaving import application_named, keep_leaving
from node.rings.sector.outgoing import APPLICATION, APPLICATION_URN, ROSTER
from node.rings.sector.rosters import about_link, take_roster
from node.rings.sector.rows import (
    REFUSED,
    WAITING,
    applications_of,
    change_sector,
    decide_application,
    ended_applications,
    find_application,
    find_sector,
    keep_application,
    lock_sector,
)
from node.rings.sector.steward import put_out_leaver
from node.rings.signed_documents import is_proved, read_document
from node.text import clean_name
from schemas.activitystreams import parse_ring_urn
from schemas.sector import MOST_FIRMS, Application

MOST_WAITING = 2 * MOST_FIRMS
MOST_LEAVINGS = 50


def _sender(db: Connection, incoming: Incoming) -> Row[Any]:
    """The paired node that signed this with its own key, speaking for itself."""
    peer = get_peer(db, incoming.peer_id)
    if not incoming.by_node or peer.state != PAIRED or incoming.actor_uri != peer.actor_uri:
        raise Dropped("not said by a paired node itself")
    return peer


def take_application(db: Connection, incoming: Incoming) -> None:
    """A firm that we are paired with signed our terms: somebody of us decides."""
    peer, offered = _sender(db, incoming), incoming.object
    try:
        application = read_document(Application, as_text(offered.get("content"), 20_000))
    except Rejected as error:
        raise Dropped("not an application") from error
    sector = find_sector(db, application.ring)
    if sector is None or sector.steward != SELF or not _is_its_own(peer, application):
        raise Dropped("an application that is not for us")
    if sector.ends_at <= now() or not is_proved(
        application, application.node, application.key, offered.get("proof")
    ):
        raise Dropped("an application that does not prove itself")
    _keep(db, lock_sector(db, sector.ring_id), peer, application, offered["proof"])


def _is_its_own(peer: Row[Any], application: Application) -> bool:
    """Paired by words on the phone or by an agreement: another steward's word is not enough to come in."""
    own = application.domain, application.node, application.key
    return own == (peer.domain, peer.actor_uri, peer.node_key) and peer.pinned_by != BY_ROSTER


def _keep(
    db: Connection, sector: Row[Any], peer: Row[Any], application: Application, proof: Document
) -> None:
    """One waits at a time for each firm: the newest. What was decided before stays decided."""
    waiting = applications_of(db, sector.ring_id, WAITING)
    if len(waiting) >= MOST_WAITING:
        raise Dropped("too many applications wait")
    kept = keep_application(db, sector.ring_id, peer.id, application, proof, WAITING)
    for older in waiting:
        if older.peer_id == peer.id and older.hash != kept:
            decide_application(db, older.hash, REFUSED, None)
    tell_directors(db, "sector_applied", f"{peer.name or peer.domain} · {sector.name}", _steward_link(sector))


def _steward_link(sector: Row[Any]) -> str:
    return f"/sectors/{sector.hash}"


def take_refusal(db: Connection, incoming: Incoming) -> None:
    """The steward says no to what our director signed."""
    peer = _sender(db, incoming)
    application_hash = as_id(incoming.object).removeprefix(APPLICATION_URN)
    row = find_application(db, application_hash)
    sector = lock_sector(db, row.ring_id) if row is not None else None
    if row is None or sector is None or row.peer_id != SELF or sector.steward != peer.id:
        raise Dropped("refuses nothing of ours")
    if row.state == WAITING and row.hash == sector.application:
        decide_application(db, row.hash, REFUSED, None)
        why = clean_name(as_text(incoming.activity.get("summary"), 500))
        change_sector(db, sector.ring_id, refused_at=now(), refused_why=why)
        tell_directors(db, "sector_refused", sector.name, _steward_link(sector))


def take_signed_roster(db: Connection, incoming: Incoming) -> None:
    """The next number, from the steward itself."""
    peer, shown = _sender(db, incoming), incoming.object
    ring_hash = parse_ring_urn(as_text(shown.get("ring"), 200))
    sector = find_sector(db, ring_hash) if ring_hash else None
    if sector is None or sector.application is None or sector.steward != peer.id:
        raise Dropped("a roster of no ring that we signed for")
    signatures = [item for item in as_list(shown.get("applications")) if isinstance(item, dict)]
    if not take_roster(db, incoming.node, sector.ring_id, int(peer.id), shown, signatures):
        raise Dropped("a roster that its steward did not sign")


def take_firm_leaving(db: Connection, node: Identity, peer: Row[Any], statement: Document) -> bool:
    """A firm is out of a sector ring at once; False when it is not its own word about itself."""
    ring_hash = parse_ring_urn(as_text(statement.get("ring"), 200))
    found = find_sector(db, ring_hash) if ring_hash else None
    application_hash = application_named(statement)
    row = find_application(db, application_hash)
    if (
        found is None
        or statement.get("actor") != peer.actor_uri
        or not is_proved_by_firm(db, peer.id, statement)
    ):
        return False
    if row is not None and (row.ring_id, row.domain) != (found.ring_id, peer.domain):
        return False
    said = [one for one, _ in ended_applications(db, found.ring_id) if one == peer.id]
    sector = lock_sector(db, found.ring_id)
    if len(said) < MOST_LEAVINGS and keep_leaving(db, sector, int(peer.id), statement, application_hash):
        _apply_leaving(db, node, sector, peer)
    return True


def _apply_leaving(db: Connection, node: Identity, sector: Row[Any], peer: Row[Any]) -> None:
    settle_roster(db, node.domain, sector.ring_id)
    if sector.steward == SELF:
        put_out_leaver(db, node, sector, peer.domain)
    set_closing_reason(db, sector.ring_id, "partner_left")
    if sector.state != CLOSED and get_ring_row(db, sector.ring_id).state == CLOSED:
        tell_directors(db, "ring_closed", f"{peer.name or peer.domain} · {sector.name}", about_link(sector))


HANDLERS: dict[tuple[str, str], Handler] = {
    ("Offer", APPLICATION): take_application,
    ("Reject", APPLICATION): take_refusal,
    ("Update", ROSTER): take_signed_roster,
}
