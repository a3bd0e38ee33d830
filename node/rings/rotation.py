"""A node gets another key: its old one signs the statement that names the new one, and partners take it over.

Nothing else than such a statement, or pairing again, changes a pinned key (rule 8).
"""

from typing import Any

from sqlalchemy import Connection, Row, select, update
from starlette.concurrency import run_in_threadpool

from federation import http
from federation.documents import Document, as_text, parse_json
from federation.errors import FederationError, Rejected
from federation.fetches import check_status
from federation.keys import ed25519_multikey, load_multikey, new_ed25519, new_rsa
from federation.proofs import add_proof
from federation.signatures import authority
from node import identity
from node.access.logins import confirm_password
from node.db import reading, writing
from node.errors import NotFound
from node.identity import SELF, Identity
from node.ids import now
from node.network import Network
from node.peers import PAIRED, change_peer, find_peer, get_peer, peers
from node.queue import wake_peer
from node.rings.keys import former, is_proved, keep_former, statements_of
from node.rings.pairing import GOING_ON, WITHDRAWN, need_director
from node.rings.proving import ask_proof, note_proof
from node.rings.rosters import block_peer, tell_directors
from node.rings.signed import tell_node
from node.rings.tables import pairings
from schemas.agreement import moment_text

PATH = "/node/keys"
KEY_CHANGE = "KeyChange"
MOST_STATEMENTS = 50
CONFLICT = "key_conflict"


# --- ours ------------------------------------------------------------------------------------------


def rotate(db: Connection, node: Identity, director_id: int, password: str) -> Document:
    """Make a new key; from this transaction on everything is signed with it. Partners are told afterwards."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    private = new_ed25519()
    statement = _statement(db, node, private)
    keep_former(db, SELF, node.multikey, statement)
    identity.change(db, ed25519_private=private)
    _stop_pairings(db)
    tell_directors(db, "key_made", "", "/keys")
    return statement


def rotate_rsa(db: Connection, director_id: int, password: str) -> None:
    """Another key for the node's actor; other software reads it anew when a signature does not fit."""
    need_director(db, director_id)
    confirm_password(db, director_id, password)
    identity.change(db, rsa_private=new_rsa())


def _statement(db: Connection, node: Identity, private: str) -> Document:
    """Signed with both keys: the old one gives its place away, the new one shows that we hold it."""
    words: Document = {
        "type": KEY_CHANGE,
        "actor": node.actor_uri,
        "old": node.multikey,
        "new": ed25519_multikey(private),
        "number": len(former(db, SELF)) + 1,
        "published": moment_text(now()),
    }
    for one in (node.ed25519_private, private):
        words = add_proof(words, one, node.node_key_id, now())
    return words


def _stop_pairings(db: Connection) -> None:
    """The words that directors read out to each other are made of the old key."""
    going_on = update(pairings).where(pairings.c.state.in_(GOING_ON))
    db.execute(going_on.values(state=WITHDRAWN, code=None, ended_at=now()))


def knowers(db: Connection, node: Identity) -> list[tuple[Row[Any], bool]]:
    """Every paired node, and whether it knows us by our present key."""
    rows = db.execute(select(peers).where(peers.c.state == PAIRED).order_by(peers.c.name, peers.c.domain))
    is_first = not former(db, SELF)
    return [(row, is_first or row.told_key == node.multikey) for row in rows]


def untold(db: Connection, node: Identity) -> list[Row[Any]]:
    """Partners to tell our present key now; one that did not answer rests as long as deliveries to it do."""
    return [row for row, knows in knowers(db, node) if not knows and _is_rested(row)]


def knows_our_key(db: Connection, node: Identity, peer: Row[Any]) -> bool:
    """Whether a partner can check what we sign now; before that it refuses everything of ours."""
    return peer.told_key == node.multikey or not former(db, SELF)


def _is_rested(row: Row[Any]) -> bool:
    return row.retry_at is None or row.retry_at <= now()


async def tell(network: Network, peer: Row[Any]) -> str:
    """Show a partner our statements; "" once it answered a question under the new key, else why not."""
    statements = await run_in_threadpool(_read_ours, network)
    try:
        await tell_node(network, peer.domain, PATH, {"statements": statements})
    except FederationError as error:
        return str(error)
    missing = await ask_proof(network, peer)
    if not missing:
        await run_in_threadpool(_note_told, network, int(peer.id))
    return missing


def _read_ours(network: Network) -> list[Document]:
    with reading(network.engine) as db:
        return statements_of(db)


def _note_told(network: Network, peer_id: int) -> None:
    with writing(network.engine) as db:
        change_peer(db, peer_id, told_key=identity.load(db, network.scheme).multikey)
        note_proof(db, peer_id)
        wake_peer(db, peer_id)


# --- theirs ----------------------------------------------------------------------------------------


def take_statements(db: Connection, node: Identity, message: Document) -> None:
    """Follow a partner's statements from the key we pinned to its present one; NotFound for all others."""
    items = message.get("statements")
    shown = items[:MOST_STATEMENTS] if isinstance(items, list) else []
    sound = [one for one in shown if isinstance(one, dict) and one.get("type") == KEY_CHANGE]
    took = [_take(db, node, one) for one in sound]
    if not any(took):
        raise NotFound


def _take(db: Connection, node: Identity, statement: Document) -> bool:
    """Whether it is a true statement of a partner, new or not."""
    old, new = as_text(statement.get("old"), 100), as_text(statement.get("new"), 100)
    peer = _peer_of(db, node, statement)
    if peer is None or not _is_signed(statement, old, new):
        return False
    if old == peer.node_key:
        _pin(db, peer, old, new, statement)
        return True
    known = [row for row in former(db, peer.id) if row.key == old and row.statement is not None]
    if any(one["new"] != new for one in map(_parsed, known)):
        _doubt(db, peer)
    return bool(known)


def _peer_of(db: Connection, node: Identity, statement: Document) -> Row[Any] | None:
    actor = as_text(statement.get("actor"), 500)
    if not actor.startswith(node.base.partition("://")[0] + "://"):
        return None
    peer = find_peer(db, authority(actor))
    return peer if peer is not None and peer.state == PAIRED and peer.actor_uri == actor else None


def _is_signed(statement: Document, old: str, new: str) -> bool:
    try:
        load_multikey(old)
        load_multikey(new)
    except Rejected:
        return False
    return old != new and is_proved(statement, old) and is_proved(statement, new)


def _parsed(row: Row[Any]) -> Document:
    return parse_json(str(row.statement).encode())


def _pin(db: Connection, peer: Row[Any], old: str, new: str, statement: Document) -> None:
    keep_former(db, int(peer.id), old, statement)
    change_peer(db, int(peer.id), node_key=new, pinned_at=now(), proved_at=None)
    tell_directors(db, "key_changed", peer.name or peer.domain, "/keys")


def _doubt(db: Connection, peer: Row[Any]) -> None:
    """Two successors of one key: somebody else has it too. Nothing goes there until pairing again."""
    block_peer(db, int(peer.id), why=CONFLICT)
    tell_directors(db, CONFLICT, peer.name or peer.domain, "/keys")


async def learn(network: Network, peer: Row[Any]) -> bool:
    """Read a partner's statements where it answered under another key; whether that gave us a new key."""
    try:
        url = f"{network.scheme}://{peer.domain}{PATH}"
        response = check_status(await http.get(network.sender, url, accept="application/json", max_hops=0))
        return await run_in_threadpool(_learn, network, peer, parse_json(response.body))
    except (FederationError, NotFound):
        return False


def _learn(network: Network, peer: Row[Any], message: Document) -> bool:
    with writing(network.engine) as db:
        take_statements(db, identity.load(db, network.scheme), message)
        return bool(get_peer(db, int(peer.id)).node_key != peer.node_key)
