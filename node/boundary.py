"""The one place that decides who sees what: `may_read`, the same as SQL in `readable`, and `receivers`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, false, func, or_, select, true

from node.actors import actors
from node.errors import NotFound
from node.identity import SELF
from node.ids import now
from node.memberships import ACCEPTED, addressees, follows, memberships
from node.objects import COMPANY, HELD, LIVE, PEOPLE, PUBLIC, holders, is_ring, objects
from node.peers import BLOCKED, PAIRED, peers


@dataclass(frozen=True)
class Anonymous:
    """Nobody we know: no log-in, no valid signature."""


@dataclass(frozen=True)
class Member:
    """A logged-in person of this node."""

    actor_id: int
    roles: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Outside:
    """Somebody of another server who signed; `node_key` when it was that node's own pinned key (rule 8)."""

    peer_id: int
    node_key: bool = False


Reader = Anonymous | Member | Outside


@dataclass(frozen=True)
class Receiver:
    """One inbox that something goes to."""

    peer_id: int
    inbox: str


# --- may this reader see this object -------------------------------------------------------------


def readable(reader: Reader) -> ColumnElement[bool]:
    """The condition on `objects` under which `reader` may read a row, at this moment."""
    moment = now()
    live = and_(objects.c.state == LIVE, _not_from_blocked())
    match reader:
        case Member():
            mine = and_(objects.c.author_id == reader.actor_id, objects.c.state.in_((LIVE, HELD)))
            return or_(mine, and_(live, _open_to_member(reader, moment)), _held_for(reader))
        case Outside():
            ours = and_(live, objects.c.origin == SELF)
            return and_(ours, _peer_not_blocked(reader.peer_id), _open_to_outside(reader, moment))
        case Anonymous():
            return and_(live, objects.c.audience == PUBLIC)


def _open_to_member(reader: Member, moment: datetime) -> ColumnElement[bool]:
    return or_(
        and_(objects.c.audience == COMPANY, objects.c.origin == SELF),
        objects.c.audience == PUBLIC,
        _in_ring(SELF, moment),
        and_(objects.c.audience == PEOPLE, _addressed(addressees.c.actor_id == reader.actor_id)),
    )


def _open_to_outside(reader: Outside, moment: datetime) -> ColumnElement[bool]:
    theirs = addressees.c.actor_id.in_(select(actors.c.id).where(actors.c.peer_id == reader.peer_id))
    return or_(
        objects.c.audience == PUBLIC,
        _in_ring(reader.peer_id, moment) if reader.node_key else false(),
        and_(objects.c.audience == PEOPLE, _addressed(theirs), _key_suffices(reader)),
    )


def _key_suffices(reader: Outside) -> ColumnElement[bool]:
    """Between paired nodes only the node key opens what is not open (rule 8)."""
    if reader.node_key:
        return true()
    paired = select(peers.c.id).where(peers.c.id == reader.peer_id, peers.c.state == PAIRED)
    return ~paired.exists()


def _in_ring(peer_id: int, moment: datetime) -> ColumnElement[bool]:
    """In the object's ring now, and published in one of the node's periods there (rule 9)."""
    inside, then = memberships.alias(), memberships.alias()
    now_in = select(inside.c.id).where(
        inside.c.audience == objects.c.audience, inside.c.peer_id == peer_id, _spans(inside, moment)
    )
    was_in = select(then.c.id).where(
        then.c.audience == objects.c.audience, then.c.peer_id == peer_id, _spans(then, objects.c.published)
    )
    return and_(objects.c.audience.like("ring:%"), now_in.exists(), was_in.exists())


def _spans(period: Any, moment: Any) -> ColumnElement[bool]:
    return and_(period.c.from_at <= moment, or_(period.c.until_at.is_(None), period.c.until_at > moment))


def _addressed(whom: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(addressees.c.object_id).where(addressees.c.object_id == objects.c.id, whom).exists()


def _held_for(reader: Member) -> ColumnElement[bool]:
    """What waits at the gate is seen by its editors (rule 6)."""
    return objects.c.state == HELD if "editor" in reader.roles else false()


def _not_from_blocked() -> ColumnElement[bool]:
    return objects.c.origin.not_in(select(peers.c.id).where(peers.c.state == BLOCKED))


def _peer_not_blocked(peer_id: int) -> ColumnElement[bool]:
    return ~select(peers.c.id).where(peers.c.id == peer_id, peers.c.state == BLOCKED).exists()


def may_read(db: Connection, reader: Reader, row: Row[Any]) -> bool:
    """Whether `reader` may read this row of `objects` now; the same answer as `readable`."""
    if isinstance(reader, Member) and _is_own_or_held(reader, row):
        return True
    if row.state != LIVE or _is_blocked(db, row.origin):
        return False
    if row.audience == PUBLIC:
        return not isinstance(reader, Outside) or (row.origin == SELF and not _is_blocked(db, reader.peer_id))
    match reader:
        case Member():
            return _member_may_read(db, reader, row)
        case Outside():
            return (
                row.origin == SELF
                and not _is_blocked(db, reader.peer_id)
                and _outside_may_read(db, reader, row)
            )
        case Anonymous():
            return False


def _is_own_or_held(reader: Member, row: Row[Any]) -> bool:
    if row.state == HELD and "editor" in reader.roles:
        return True
    return bool(row.author_id == reader.actor_id and row.state in (LIVE, HELD))


def _member_may_read(db: Connection, reader: Member, row: Row[Any]) -> bool:
    if row.audience == COMPANY:
        return bool(row.origin == SELF)
    if is_ring(row.audience):
        return _shares_ring(db, SELF, row)
    return row.audience == PEOPLE and reader.actor_id in _addressee_ids(db, row.id)


def _outside_may_read(db: Connection, reader: Outside, row: Row[Any]) -> bool:
    if is_ring(row.audience):
        return reader.node_key and _shares_ring(db, reader.peer_id, row)
    if row.audience != PEOPLE or not (reader.node_key or _peer_state(db, reader.peer_id) != PAIRED):
        return False
    theirs = set(db.scalars(select(actors.c.id).where(actors.c.peer_id == reader.peer_id)))
    return not theirs.isdisjoint(_addressee_ids(db, row.id))


def may_hold(db: Connection, sender: Outside, row: Row[Any]) -> bool:
    """Whether a node may have this object, wherever it is from: what its people can answer (rule 4)."""
    if row.state != LIVE or _is_blocked(db, sender.peer_id) or not key_opens(db, sender, row.audience):
        return False
    if row.audience == PUBLIC or row.origin == sender.peer_id:
        return True
    return row.audience != COMPANY and _outside_may_read(db, sender, row)


def key_opens(db: Connection, sender: Outside, audience: str) -> bool:
    """Whether the key that signed is one that speaks about this audience at all (rule 8)."""
    if audience == PUBLIC or sender.node_key:
        return True
    return audience == PEOPLE and _peer_state(db, sender.peer_id) != PAIRED


def _shares_ring(db: Connection, peer_id: int, row: Row[Any]) -> bool:
    periods = db.execute(
        select(memberships.c.from_at, memberships.c.until_at).where(
            memberships.c.audience == row.audience, memberships.c.peer_id == peer_id
        )
    ).all()
    inside = [start <= now() and (end is None or end > now()) for start, end in periods]
    covered = [start <= row.published and (end is None or end > row.published) for start, end in periods]
    return any(inside) and any(covered)


def _addressee_ids(db: Connection, object_id: int) -> set[int]:
    return set(db.scalars(select(addressees.c.actor_id).where(addressees.c.object_id == object_id)))


def _peer_state(db: Connection, peer_id: int) -> str | None:
    return db.scalar(select(peers.c.state).where(peers.c.id == peer_id))


def _is_blocked(db: Connection, peer_id: int) -> bool:
    return _peer_state(db, peer_id) == BLOCKED


def get_readable(db: Connection, reader: Reader, uri: str) -> Row[Any]:
    """The row of a uri; NotFound alike for what is missing and what is not for this reader (rule 7)."""
    row = db.execute(select(objects).where(objects.c.uri == uri, readable(reader))).one_or_none()
    if row is None:
        raise NotFound
    return row


def had_before(db: Connection, reader: Reader, uri: str) -> Row[Any] | None:
    """The row of a deleted object that this reader could read before: they get 410, all others 404."""
    gone = objects.c.uri == uri, objects.c.state == "deleted"
    match reader:
        case Outside():
            got = select(holders.c.object_id).where(
                holders.c.object_id == objects.c.id, holders.c.peer_id == reader.peer_id
            )
            seen = or_(objects.c.audience == PUBLIC, got.exists() if reader.node_key else false())
        case Member():
            seen = or_(objects.c.audience.in_((PUBLIC, COMPANY)), objects.c.author_id == reader.actor_id)
        case Anonymous():
            seen = objects.c.audience == PUBLIC
    return db.execute(select(objects).where(*gone, objects.c.origin == SELF, seen)).one_or_none()


# --- where something goes ------------------------------------------------------------------------


def ring_nodes(db: Connection, audience: str) -> list[Row[Any]]:
    """The other nodes that are in a ring now, as rows of peers, by domain."""
    inside = select(memberships.c.peer_id).where(
        memberships.c.audience == audience, _spans(memberships, now()), memberships.c.peer_id != SELF
    )
    query = select(peers).where(peers.c.id.in_(inside), peers.c.state == PAIRED).order_by(peers.c.domain)
    return list(db.execute(query))


def is_in_ring(db: Connection, audience: str, peer_id: int = SELF, moment: datetime | None = None) -> bool:
    """Whether a node (by default this one) is in a ring now, or was at a moment."""
    period = select(memberships.c.id).where(
        memberships.c.audience == audience,
        memberships.c.peer_id == peer_id,
        _spans(memberships, moment or now()),
    )
    return db.execute(period).first() is not None


def rings_of(db: Connection, peer_id: int = SELF) -> list[str]:
    """The ring audiences a node is in now."""
    query = select(memberships.c.audience).where(memberships.c.peer_id == peer_id, _spans(memberships, now()))
    return sorted(set(db.scalars(query)))


def shares_ring(db: Connection, peer_id: int) -> bool:
    """Whether another node is in a ring with us now."""
    return not set(rings_of(db)).isdisjoint(rings_of(db, peer_id))


def receivers(
    db: Connection,
    *,
    audience: str,
    author_id: int,
    addressed: Iterable[int] = (),
    groups: Iterable[int] = (),
) -> list[Receiver]:
    """The inboxes that something with this audience goes to: once per inbox, never a blocked peer.

    `addressed` are actors named by it (they receive when open or `people`), `groups` actors whose followers
    receive too when it is open (an open topic of ours announces separately).
    """
    if is_ring(audience):
        return [Receiver(row.id, row.inbox) for row in ring_nodes(db, audience)]
    if audience == PEOPLE:
        return _inboxes(db, actors.c.id.in_(list(addressed)), shared=False)
    if audience != PUBLIC:
        return []
    followers = select(follows.c.follower_id).where(
        follows.c.followed_id.in_([author_id, *groups]), follows.c.state == ACCEPTED
    )
    return _inboxes(db, or_(actors.c.id.in_(followers), actors.c.id.in_(list(addressed))), shared=True)


def _inboxes(db: Connection, whom: ColumnElement[bool], *, shared: bool) -> list[Receiver]:
    inbox = func.coalesce(actors.c.shared_inbox, actors.c.inbox) if shared else actors.c.inbox
    paired_inbox = func.coalesce(peers.c.inbox, inbox)
    query = (
        select(actors.c.peer_id, paired_inbox if not shared else inbox)
        .join(peers, peers.c.id == actors.c.peer_id)
        .where(whom, peers.c.state != BLOCKED, inbox.is_not(None), actors.c.gone_at.is_(None))
        .distinct()
    )
    return [Receiver(peer_id, url) for peer_id, url in db.execute(query)]


def holders_of(db: Connection, object_id: int) -> list[Receiver]:
    """Every node that ever got an object, still in the roster or not: where its Delete goes (rule 9)."""
    inbox = func.coalesce(peers.c.inbox, holders.c.inbox)
    query = (
        select(peers.c.id, inbox)
        .join(holders, holders.c.peer_id == peers.c.id)
        .where(holders.c.object_id == object_id, inbox.is_not(None))
    )
    return [Receiver(peer_id, url) for peer_id, url in db.execute(query)]


def receivers_of_update(db: Connection, row: Row[Any], addressed: Iterable[int] = ()) -> list[Receiver]:
    """An Update goes to those who have the object and may read it still."""
    may = receivers(db, audience=row.audience, author_id=row.author_id, addressed=addressed)
    if row.audience == PUBLIC:
        return may
    have = {receiver.peer_id for receiver in holders_of(db, row.id)}
    return [receiver for receiver in may if receiver.peer_id in have]
