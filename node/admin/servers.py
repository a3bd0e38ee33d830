"""What this node does with other servers: blocks, limits, rings only, its list, and forgetting one."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update

from node.actors import actors
from node.boundary import is_in_ring, would_exchange
from node.db import metadata
from node.errors import Conflict, Invalid
from node.i18n import msg
from node.identity import ALLOW_LIST, OPEN_FEDERATION, Identity, change
from node.ids import now
from node.memberships import memberships
from node.notices import notices
from node.objects import LIVE, objects
from node.peers import (
    ALLOWED,
    BLOCKED,
    KNOWN,
    LIMITED,
    NORMAL,
    PAIRED,
    RINGS_ONLY,
    change_peer,
    covers_below,
    get_peer,
    has_own_rule,
    keep_peer,
    peers,
    rule_above,
    wider_domains,
)
from node.people.ending import count_follows, end_follows
from node.queue import deliveries, drop_open_deliveries
from node.rings.pairing import clean_domain
from node.rings.queries import known_rings
from node.rings.rosters import block_peer

CHOICES = (NORMAL, ALLOWED, LIMITED, RINGS_ONLY, BLOCKED)
LONGEST_REASON = 300
FORMULA = "=+-@\t\r"  # what a spreadsheet takes a cell for that begins so


def standing(peer: Row[Any]) -> str:
    """A block, or what of open posts is exchanged with a server."""
    return BLOCKED if peer.state == BLOCKED else str(peer.policy)


def clean_reason(text: str) -> str:
    """One line that a spreadsheet reads as words."""
    line = " ".join(text.replace("\0", "").split())
    return line.lstrip(FORMULA + " ")[:LONGEST_REASON].rstrip()


def server_named(db: Connection, node: Identity, domain: str) -> int:
    """The peer of a domain as typed, made when we never met it; raises Invalid for our own and for none."""
    name = clean_domain(domain)
    if name == node.domain:
        raise Invalid(domain=msg("This is your own node."))
    return keep_peer(db, name)


def set_standing(
    db: Connection, node: Identity, peer_id: int, choice: str, *, reason: str = "", comment: str = ""
) -> None:
    """Give a server its own rule, at once, or none; the servers below its domain follow, but no partner.

    Partners have rules of their own: a rule for a wider domain does not reach them.
    """
    rule_server(db, node, peer_id, choice, reason=reason, comment=comment)
    settle_below(db, node)


def rule_server(
    db: Connection, node: Identity, peer_id: int, choice: str, *, reason: str, comment: str
) -> None:
    """The same for this server alone: whoever calls it settles what is below."""
    peer = get_peer(db, peer_id)
    above = rule_above(db, peer.domain) if choice == NORMAL and peer.state != PAIRED else None
    if above is not None:
        _apply(db, node, peer, standing(above), ruled_by=above.domain)
    else:
        _apply(db, node, peer, choice, ruled_by=None)
    change_peer(db, peer_id, reason=clean_reason(reason), comment=clean_reason(comment))


def settle_below(db: Connection, node: Identity) -> None:
    """Servers without a rule of their own take the one of the nearest domain above them, or none."""
    rules = wide_rules(db)
    for row in _without_own_rule(db):
        above = next((name for name in wider_domains(row.domain) if name in rules), None)
        choice = rules[above] if above is not None else NORMAL
        if (standing(row), row.ruled_by) != (choice, above):
            _apply(db, node, row, choice, ruled_by=above)


def wide_rules(db: Connection) -> dict[str, str]:
    """Every rule that holds for the domains below its own too."""
    return {
        row.domain: standing(row) for row in db.execute(select(peers).where(has_own_rule(), covers_below()))
    }


def _without_own_rule(db: Connection) -> list[Row[Any]]:
    free = or_(peers.c.ruled_by.is_not(None), and_(peers.c.state == KNOWN, peers.c.policy == NORMAL))
    return list(db.execute(select(peers).where(free, peers.c.state != PAIRED).order_by(peers.c.domain)))


def reached_from(db: Connection, domains: Container[str]) -> dict[str, list[str]]:
    """The servers we know that rules for these domains would reach, by the domain whose rule it is."""
    found: dict[str, list[str]] = {}
    for row in _without_own_rule(db):
        above = next((name for name in wider_domains(row.domain) if name in domains), None)
        if above is not None and row.domain not in domains:
            found.setdefault(above, []).append(row.domain)
    return found


def _apply(db: Connection, node: Identity, peer: Row[Any], choice: str, *, ruled_by: str | None) -> None:
    moment = peer.ruled_at if standing(peer) == choice else now()
    if choice == BLOCKED:
        _block(db, peer)
    else:
        _change_policy(db, node, peer, choice)
    change_peer(db, peer.id, ruled_by=ruled_by, ruled_at=moment if choice != NORMAL else None)


def _block(db: Connection, peer: Row[Any]) -> None:
    change_peer(db, peer.id, policy=NORMAL)
    if peer.state != BLOCKED:
        block_peer(db, peer.id)


def _change_policy(db: Connection, node: Identity, peer: Row[Any], policy: str) -> None:
    """Rings do not come back after a block: that takes both directors, who pair anew."""
    state = KNOWN if peer.state == BLOCKED else peer.state
    stays_open = would_exchange(state, policy, node.federation)
    if not stays_open:
        end_follows(db, node, peer.id)  # while it can still be told
    change_peer(db, peer.id, state=state, policy=policy)
    if not stays_open:
        drop_open_deliveries(db, peer.id, but_people=state == PAIRED)


# --- this node's list ----------------------------------------------------------------------------


def set_federation(db: Connection, node: Identity, federation: str) -> None:
    """With whom open posts are exchanged: everyone, or the servers on the list; rings stay as they are."""
    if federation not in (OPEN_FEDERATION, ALLOW_LIST):
        raise Invalid(federation=msg("Choose one of these."))
    if federation == ALLOW_LIST:
        for peer in _off_the_list(db):
            end_follows(db, node, peer.id)
    change(db, federation=federation)
    if federation == ALLOW_LIST:
        for peer in _off_the_list(db):
            drop_open_deliveries(db, peer.id, but_people=peer.state == PAIRED)


def _off_the_list(db: Connection) -> list[Row[Any]]:
    return list(db.execute(select(peers).where(peers.c.policy != ALLOWED, peers.c.state != BLOCKED)))


def count_ending(db: Connection) -> int:
    """How many follows end when only servers on the list count."""
    off = select(peers.c.id).where(peers.c.policy != ALLOWED)
    return count_follows(db, actors.c.peer_id.in_(off))


# --- one server ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ties:
    """What there is between this node and a server."""

    follows: int
    people: int
    posts: int
    waiting: int
    rings: tuple[str, ...]
    below: tuple[str, ...]


def ties_with(db: Connection, peer: Row[Any]) -> Ties:
    return Ties(
        follows=count_follows(db, actors.c.peer_id == peer.id),
        people=_count(db, actors.c.peer_id == peer.id),
        posts=_count(
            db, (objects.c.origin == peer.id) & (objects.c.kind == "post") & (objects.c.state == LIVE)
        ),
        waiting=_count(db, (deliveries.c.peer_id == peer.id) & (deliveries.c.state == "waiting")),
        rings=tuple(ring.name for ring in known_rings(db) if is_in_ring(db, ring.audience, peer.id)),
        below=tuple(reached_from(db, {peer.domain}).get(peer.domain, ())),
    )


def _count(db: Connection, condition: ColumnElement[bool]) -> int:
    return int(db.execute(select(func.count()).where(condition)).scalar_one())


def forget_server(db: Connection, node: Identity, peer_id: int) -> None:
    """Remove what we know of a server that is nothing to us: its people, follows both ways, what waits.

    Kept: its domain, the ids of what it sent (so that nothing can be sent twice), which posts of ours it has
    (so that it gets their Deletes), and what its people wrote here, under the names they had.
    """
    peer = get_peer(db, peer_id)
    check_forgettable(db, peer)
    end_follows(db, node, peer_id)
    drop_open_deliveries(db, peer_id, but_people=False)
    _forget_people(db, peer_id)
    values = dict.fromkeys(FORGOTTEN, None)
    change_peer(db, peer_id, **values, failures=0, reason="", comment="", forgotten_at=now())


FORGOTTEN = (
    *("name", "actor_uri", "inbox", "node_key", "pinned_at", "pinned_by", "retry_at", "succeeded_at"),
    *("failed_at", "last_error", "clock_skew", "proved_at", "told_key", "told_head_at"),
)


def check_forgettable(db: Connection, peer: Row[Any]) -> None:
    """Raises Conflict in words for a partner, a server with a rule, and one of a ring."""
    in_ring = select(memberships.c.id).where(memberships.c.peer_id == peer.id).limit(1)
    if peer.state == PAIRED:
        raise Conflict(
            msg("%(domain)s is a partner. A partner is not forgotten; you can block it.", domain=peer.domain)
        )
    if db.execute(in_ring).first() is not None:
        raise Conflict(
            msg(
                "%(domain)s was in a ring with you. What was agreed and shared there stays known.",
                domain=peer.domain,
            )
        )
    if standing(peer) != NORMAL:
        raise Conflict(
            msg(
                "There is a rule for %(domain)s. Set it back to normal first, or the rule would be lost.",
                domain=peer.domain,
            )
        )


def _forget_people(db: Connection, peer_id: int) -> None:
    """Whoever nothing here names any more is gone; others keep their name, and no key or address."""
    theirs = actors.c.peer_id == peer_id
    ids = select(actors.c.id).where(theirs)
    db.execute(delete(notices).where(notices.c.from_id.in_(ids), notices.c.object_id.is_(None)))
    db.execute(delete(actors).where(theirs, ~_is_named()))
    bare = dict.fromkeys(ADDRESSES, None)
    db.execute(update(actors).where(theirs).values(**bare, summary="", gone_at=now(), fetched_at=None))


ADDRESSES = ("url", "inbox", "shared_inbox", "followers", "key_id", "public_key", "multikey")


def _is_named() -> ColumnElement[bool]:
    """Some row of some table says this actor."""
    keys = [key for table in metadata.tables.values() for key in table.foreign_keys]
    columns = [key.parent for key in keys if key.column is actors.c.id]
    return or_(*(select(column).where(column == actors.c.id).exists() for column in columns))
