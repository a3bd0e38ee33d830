"""The one place that decides who sees what: `may_read`, the same as SQL in `readable`, and `receivers`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    false,
    func,
    or_,
    select,
    true,
)

from node.actors import actors
from node.db import UtcDateTime
from node.errors import NotFound
from node.identity import OPEN_FEDERATION, SELF, nodes
from node.ids import now
from node.memberships import ACCEPTED, addressees, follows, guests, memberships, rooms
from node.objects import (
    ANY_RING,
    ANY_ROOM,
    COMPANY,
    DELETED,
    HELD,
    LIVE,
    OWN_STATES,
    PEOPLE,
    PUBLIC,
    holders,
    is_closed,
    is_ring,
    is_room,
    objects,
)
from node.peers import ALLOWED, BLOCKED, LIMITED, PAIRED, RINGS_ONLY, peers


@dataclass(frozen=True)
class Anonymous:
    """Nobody we know: no log-in, no valid signature."""


@dataclass(frozen=True)
class Member:
    """A logged-in person of this node; whether they are a guest stands in the database."""

    actor_id: int
    roles: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Outside:
    """Somebody of another server who signed; `node_key` when it was that node's own pinned key (rule 8)."""

    peer_id: int
    node_key: bool = False


Reader = Anonymous | Member | Outside
Moment = datetime | BindParameter[datetime]

# Who asks for a document of a node with an allow-list and is of no server on it: they may read nothing (A5).
UNLISTED = Outside(-1)


@dataclass(frozen=True)
class Receiver:
    """One inbox that something goes to."""

    peer_id: int
    inbox: str


# --- may this reader see this object -------------------------------------------------------------


@lru_cache(maxsize=4096)
def readable(reader: Reader) -> ColumnElement[bool]:
    """The condition on `objects` under which `reader` may read a row, at the moment it is executed.

    Kept for each reader: to build it anew was two fifths of a page's time.
    """
    moment = bindparam("moment", callable_=lambda: now(), type_=UtcDateTime(), unique=True)
    live = and_(objects.c.state == LIVE, _not_from_blocked())
    match reader:
        case Member():
            mine = and_(objects.c.author_id == reader.actor_id, objects.c.state.in_(OWN_STATES))
            return or_(mine, and_(live, _open_to_member(reader, moment)), _held_for(reader, moment))
        case Outside():
            ours = and_(live, objects.c.origin == SELF)
            return and_(ours, _peer_not_blocked(reader.peer_id), _open_to_outside(reader, moment))
        case Anonymous():
            return and_(live, objects.c.audience == PUBLIC, ~_of_limited())


def _open_to_member(reader: Member, moment: Moment) -> ColumnElement[bool]:
    of_company = and_(objects.c.audience == COMPANY, objects.c.origin == SELF)
    return or_(
        and_(or_(of_company, _in_ring(SELF, moment)), ~_is_guest(reader)),
        and_(objects.c.audience == PUBLIC, or_(~_of_limited(), _follows_author(reader))),
        _in_room(SELF, memberships.c.actor_id, reader.actor_id, moment),
        and_(objects.c.audience == PEOPLE, _addressed(addressees.c.actor_id == reader.actor_id)),
    )


def _open_to_outside(reader: Outside, moment: Moment) -> ColumnElement[bool]:
    theirs = addressees.c.actor_id.in_(select(actors.c.id).where(actors.c.peer_id == reader.peer_id))
    closed = or_(
        _in_ring(reader.peer_id, moment),
        _in_room(reader.peer_id, memberships.c.peer_id, reader.peer_id, moment),
    )
    return or_(
        and_(objects.c.audience == PUBLIC, exchanges_open(reader.peer_id)),
        closed if reader.node_key else false(),
        and_(objects.c.audience == PEOPLE, _addressed(theirs), _key_suffices(reader)),
    )


def _of_limited() -> ColumnElement[bool]:
    """From a server whose open posts are for those who follow their author alone."""
    return objects.c.origin.in_(select(peers.c.id).where(peers.c.policy == LIMITED))


def _follows_author(reader: Member) -> ColumnElement[bool]:
    mine = follows.c.follower_id == reader.actor_id, follows.c.state == ACCEPTED
    return objects.c.author_id.in_(select(follows.c.followed_id).where(*mine))


def exchanges_open(peer_id: int | ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether open posts go to and come from a peer: by its policy and by this node's list (A5)."""
    peer = peers.alias()  # it stands in queries that join peers themselves
    everyone = select(nodes.c.id).where(nodes.c.federation == OPEN_FEDERATION).exists()
    allowed = or_(peer.c.policy == ALLOWED, and_(peer.c.policy != RINGS_ONLY, everyone))
    known = select(peer.c.id).where(peer.c.id == peer_id)
    return or_(known.where(peer.c.state != BLOCKED, allowed).exists(), and_(~known.exists(), everyone))


def would_exchange(state: str, policy: str, federation: str) -> bool:
    """The same for a state, a policy and a list that are not there yet."""
    if state == BLOCKED or policy == RINGS_ONLY:
        return False
    return policy == ALLOWED or federation == OPEN_FEDERATION


def _is_guest(reader: Member) -> ColumnElement[bool]:
    return select(guests.c.actor_id).where(guests.c.actor_id == reader.actor_id).exists()


def _key_suffices(reader: Outside) -> ColumnElement[bool]:
    """Between paired nodes only the node key opens what is not open (rule 8); no ring, no list: nothing."""
    if reader.node_key:
        return true()
    paired = select(peers.c.id).where(peers.c.id == reader.peer_id, peers.c.state == PAIRED)
    return and_(~paired.exists(), exchanges_open(reader.peer_id))


def _in_ring(peer_id: int, moment: Moment) -> ColumnElement[bool]:
    """In the object's ring now, and published in one of the node's periods there (rule 9)."""
    inside, then = memberships.alias(), memberships.alias()
    now_in = select(inside.c.id).where(
        inside.c.audience == objects.c.audience, inside.c.peer_id == peer_id, _spans(inside, moment)
    )
    was_in = select(then.c.id).where(
        then.c.audience == objects.c.audience, then.c.peer_id == peer_id, _spans(then, objects.c.published)
    )
    return and_(objects.c.audience.like(ANY_RING), now_in.exists(), was_in.exists())


def _in_room(peer_id: int, column: Any, whose: int, moment: Moment) -> ColumnElement[bool]:
    """Somebody (or a node's anybody) is in the object's room now, and was when it was published (rule 14).

    `column` of memberships says whose periods count; a room lives only inside its ring or company.
    """
    inside, then, bounds = memberships.alias(), memberships.alias(), rooms.alias()
    now_in = select(inside.c.id).where(
        inside.c.audience == objects.c.audience, inside.c[column.name] == whose, _spans(inside, moment)
    )
    was_in = select(then.c.id).where(
        then.c.audience == objects.c.audience,
        then.c[column.name] == whose,
        _spans(then, objects.c.published),
    )
    there = select(bounds.c.audience).where(
        bounds.c.audience == objects.c.audience, _holds(bounds, peer_id, moment)
    )
    return and_(objects.c.audience.like(ANY_ROOM), there.exists(), now_in.exists(), was_in.exists())


def _holds(room: Any, peer_id: int, moment: Moment) -> ColumnElement[bool]:
    """The room has not ended and does not rest, and both we and that node are in what it is within."""
    lasting = and_(room.c.rests_at.is_(None), or_(room.c.until_at.is_(None), room.c.until_at > moment))
    ours, theirs = memberships.alias(), memberships.alias()
    within = [
        select(period.c.id)
        .where(period.c.audience == room.c.within, period.c.peer_id == one, _spans(period, moment))
        .exists()
        for period, one in ((ours, SELF), (theirs, peer_id))
    ]
    of_company = room.c.within == COMPANY if peer_id == SELF else false()
    return and_(lasting, or_(of_company, and_(*within)))


def _spans(period: Any, moment: Any) -> ColumnElement[bool]:
    return and_(period.c.from_at <= moment, or_(period.c.until_at.is_(None), period.c.until_at > moment))


def _addressed(whom: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(addressees.c.object_id).where(addressees.c.object_id == objects.c.id, whom).exists()


def _held_for(reader: Member, moment: Moment) -> ColumnElement[bool]:
    """What waits at the gate is seen by its editors (rule 6), in a room by those who are in it (rule 16)."""
    if "editor" not in reader.roles:
        return false()
    theirs = or_(
        objects.c.audience == PUBLIC,
        objects.c.audience.like(ANY_RING),
        _in_room(SELF, memberships.c.actor_id, reader.actor_id, moment),
    )
    return and_(objects.c.state == HELD, objects.c.origin == SELF, theirs, ~_is_guest(reader))


def _not_from_blocked() -> ColumnElement[bool]:
    return objects.c.origin.not_in(select(peers.c.id).where(peers.c.state == BLOCKED))


def _peer_not_blocked(peer_id: int) -> ColumnElement[bool]:
    return ~select(peers.c.id).where(peers.c.id == peer_id, peers.c.state == BLOCKED).exists()


def may_read(db: Connection, reader: Reader, row: Row[Any]) -> bool:
    """Whether `reader` may read this row of `objects` now; the same answer as `readable`."""
    if isinstance(reader, Member) and _is_own_or_held(db, reader, row):
        return True
    if row.state != LIVE or _is_blocked(db, row.origin):
        return False
    if row.audience == PUBLIC:
        return _may_read_open(db, reader, row)
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


def _may_read_open(db: Connection, reader: Reader, row: Row[Any]) -> bool:
    if isinstance(reader, Outside):
        return row.origin == SELF and exchanges(db, reader.peer_id)
    if not is_limited(db, row.origin):
        return True
    return isinstance(reader, Member) and does_follow(db, reader.actor_id, row.author_id)


def exchanges(db: Connection, peer_id: int) -> bool:
    """Whether open posts go to and come from this peer now."""
    return bool(db.scalar(select(exchanges_open(peer_id))))


def is_limited(db: Connection, peer_id: int) -> bool:
    """Whether what is open there is shown here to those who follow its author alone."""
    limited = peers.c.id == peer_id, peers.c.policy == LIMITED
    return db.scalar(select(peers.c.id).where(*limited)) is not None


def does_follow(db: Connection, follower_id: int, followed_id: int | None) -> bool:
    accepted = follows.c.followed_id == followed_id, follows.c.state == ACCEPTED
    query = select(follows.c.id).where(follows.c.follower_id == follower_id, *accepted)
    return db.execute(query).first() is not None


def _is_own_or_held(db: Connection, reader: Member, row: Row[Any]) -> bool:
    if row.author_id == reader.actor_id and row.state in OWN_STATES:
        return True
    if (
        row.state != HELD
        or "editor" not in reader.roles
        or row.origin != SELF
        or is_guest(db, reader.actor_id)
    ):
        return False
    if is_room(row.audience):
        return _shares_room(db, memberships.c.actor_id == reader.actor_id, SELF, row)
    return row.audience == PUBLIC or is_ring(row.audience)


def is_guest(db: Connection, actor_id: int) -> bool:
    """Whether a member is a guest: of this node's company or rings they see nothing (rule 14)."""
    return db.scalar(select(guests.c.actor_id).where(guests.c.actor_id == actor_id)) is not None


def _member_may_read(db: Connection, reader: Member, row: Row[Any]) -> bool:
    if row.audience == COMPANY:
        return bool(row.origin == SELF) and not is_guest(db, reader.actor_id)
    if is_ring(row.audience):
        return _shares_ring(db, SELF, row) and not is_guest(db, reader.actor_id)
    if is_room(row.audience):
        return _shares_room(db, memberships.c.actor_id == reader.actor_id, SELF, row)
    return row.audience == PEOPLE and reader.actor_id in _addressee_ids(db, row.id)


def _outside_may_read(db: Connection, reader: Outside, row: Row[Any]) -> bool:
    if is_ring(row.audience):
        return reader.node_key and _shares_ring(db, reader.peer_id, row)
    if is_room(row.audience):
        of_node = memberships.c.peer_id == reader.peer_id
        return reader.node_key and _shares_room(db, of_node, reader.peer_id, row)
    if row.audience != PEOPLE or not key_opens(db, reader, PEOPLE):
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
    of_partner = _peer_state(db, sender.peer_id) == PAIRED
    return audience == PEOPLE and not of_partner and exchanges(db, sender.peer_id)


def _shares_ring(db: Connection, peer_id: int, row: Row[Any]) -> bool:
    return _was_and_is(db, memberships.c.peer_id == peer_id, row)


def _shares_room(db: Connection, whose: ColumnElement[bool], peer_id: int, row: Row[Any]) -> bool:
    lives = select(rooms.c.audience).where(rooms.c.audience == row.audience, _holds(rooms, peer_id, now()))
    return db.execute(lives).first() is not None and _was_and_is(db, whose, row)


def _was_and_is(db: Connection, whose: ColumnElement[bool], row: Row[Any]) -> bool:
    """Inside the object's audience now, and when it was published (rule 9)."""
    periods = db.execute(
        select(memberships.c.from_at, memberships.c.until_at).where(
            memberships.c.audience == row.audience, whose
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
            is_open = and_(objects.c.audience == PUBLIC, exchanges_open(reader.peer_id))
            seen = or_(is_open, got.exists() if reader.node_key else false())
        case Member():
            of_company = and_(objects.c.audience == COMPANY, ~_is_guest(reader))
            seen = or_(objects.c.audience == PUBLIC, of_company, objects.c.author_id == reader.actor_id)
        case Anonymous():
            seen = objects.c.audience == PUBLIC
    return db.execute(select(objects).where(*gone, objects.c.origin == SELF, seen)).one_or_none()


def could_read(db: Connection, member: Member, object_id: int) -> Row[Any] | None:
    """The row of a deleted object that this member would read now if it were still there: its end is told."""
    theirs = or_(objects.c.author_id == member.actor_id, _open_to_member(member, now()))
    gone = objects.c.id == object_id, objects.c.state == DELETED, _not_from_blocked()
    return db.execute(select(objects).where(*gone, theirs)).one_or_none()


# --- where something goes ------------------------------------------------------------------------


def ring_nodes(db: Connection, audience: str) -> list[Row[Any]]:
    """The other nodes that are in a ring now, as rows of peers, by domain."""
    inside = select(memberships.c.peer_id).where(
        memberships.c.audience == audience, _spans(memberships, now()), memberships.c.peer_id != SELF
    )
    query = select(peers).where(peers.c.id.in_(inside), peers.c.state == PAIRED).order_by(peers.c.domain)
    return list(db.execute(query))


def room_nodes(db: Connection, audience: str) -> list[Row[Any]]:
    """The other nodes that somebody in a room is of, as rows of peers, by domain; each is in its ring now."""
    inside = select(memberships.c.peer_id).where(
        memberships.c.audience == audience, _spans(memberships, now()), memberships.c.peer_id != SELF
    )
    within = db.scalar(select(rooms.c.within).where(rooms.c.audience == audience, _holds(rooms, SELF, now())))
    if within is None or not is_in_ring(db, within):
        return []
    people = set(db.scalars(inside))
    return [peer for peer in ring_nodes(db, within) if peer.id in people]


def nodes_inside(db: Connection, audience: str) -> list[Row[Any]]:
    """The other nodes that a ring's or room's content goes to now."""
    return room_nodes(db, audience) if is_room(audience) else ring_nodes(db, audience)


def is_inside(db: Connection, audience: str, peer_id: int = SELF) -> bool:
    """Whether a node is in a ring now, or somebody of it in a room."""
    if is_ring(audience):
        return is_in_ring(db, audience, peer_id)
    somebody = select(memberships.c.id).where(
        memberships.c.audience == audience, memberships.c.peer_id == peer_id, _spans(memberships, now())
    )
    # Both are asked always: what is refused causes the same statements (rule 7).
    return all([is_within(db, audience, peer_id), db.execute(somebody).first() is not None])


def is_within(db: Connection, audience: str, peer_id: int = SELF) -> bool:
    """Whether a node is in a ring, or in what a room that goes on is within."""
    if is_ring(audience):
        return is_in_ring(db, audience, peer_id)
    lives = select(rooms.c.audience).where(rooms.c.audience == audience, _holds(rooms, peer_id, now()))
    return db.execute(lives).first() is not None


def may_ask_about(db: Connection, audience: str, peer_id: int = SELF) -> bool:
    """Whether a node is in a ring, or in the ring of a room, also of one that has ended or rests."""
    if is_ring(audience):
        return is_in_ring(db, audience, peer_id)
    there = select(memberships.c.id).where(
        memberships.c.audience == rooms.c.within, memberships.c.peer_id == peer_id, _spans(memberships, now())
    )
    known = select(rooms.c.audience).where(rooms.c.audience == audience, there.exists())
    return db.execute(known).first() is not None


def rests(db: Connection, audience: str) -> bool:
    """Whether it is a room that nobody is in until its home says who is."""
    resting = select(rooms.c.audience).where(rooms.c.audience == audience, rooms.c.rests_at.is_not(None))
    return db.execute(resting).first() is not None


def tells_people(db: Connection, audience: str, peer_id: int) -> bool:
    """Whether a node says who is in: of a ring each does, of a room its home, or each for its own people."""
    if is_ring(audience):
        return True
    home = db.execute(select(rooms.c.home_id).where(rooms.c.audience == audience)).first()
    return home is not None and home.home_id in (None, peer_id)


def people_inside(db: Connection, audience: str) -> list[Row[Any]]:
    """Who is in a room now, of whichever node that still can be: rows of actors, by name."""
    inside = {
        row.actor_id: row.peer_id
        for row in db.execute(
            select(memberships.c.actor_id, memberships.c.peer_id).where(
                memberships.c.audience == audience, _spans(memberships, now())
            )
        )
    }
    there = {peer_id for peer_id in set(inside.values()) if is_inside(db, audience, peer_id)}
    named = [actor_id for actor_id, peer_id in inside.items() if peer_id in there]
    query = select(actors).where(actors.c.id.in_(named), actors.c.gone_at.is_(None))
    return list(db.execute(query.order_by(actors.c.name, actors.c.id)))


def is_in_ring(db: Connection, audience: str, peer_id: int = SELF, moment: datetime | None = None) -> bool:
    """Whether a node (by default this one) is in a ring now, or was at a moment."""
    period = select(memberships.c.id).where(
        memberships.c.audience == audience,
        memberships.c.peer_id == peer_id,
        _spans(memberships, moment or now()),
    )
    return db.execute(period).first() is not None


def was_inside(db: Connection, audience: str, peer_id: int, moment: datetime) -> bool:
    """Whether a node was in a ring at a moment, or anybody of it in a room."""
    return is_in_ring(db, audience, peer_id, moment)


def person_is_inside(db: Connection, audience: str, actor_id: int) -> bool:
    """Whether somebody is in a room now, by our own record."""
    theirs = select(memberships.c.peer_id).where(
        memberships.c.audience == audience, memberships.c.actor_id == actor_id, _spans(memberships, now())
    )
    return any(is_inside(db, audience, peer_id) for peer_id in db.scalars(theirs).all())


def rings_of(db: Connection, peer_id: int = SELF) -> list[str]:
    """The ring audiences a node is in now."""
    query = select(memberships.c.audience).where(
        memberships.c.audience.like(ANY_RING), memberships.c.peer_id == peer_id, _spans(memberships, now())
    )
    return sorted(set(db.scalars(query)))


def rooms_of(db: Connection, actor_id: int) -> list[str]:
    """The room audiences a member of this node is in now."""
    query = (
        select(memberships.c.audience)
        .join(rooms, rooms.c.audience == memberships.c.audience)
        .where(memberships.c.actor_id == actor_id, _spans(memberships, now()), _holds(rooms, SELF, now()))
    )
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
    if is_closed(audience):
        return [Receiver(row.id, row.inbox) for row in nodes_inside(db, audience)]
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
    reached = exchanges_open(actors.c.peer_id)
    if not shared:  # what is for one person goes to partners too, whatever is done with open posts
        reached = or_(reached, peers.c.state == PAIRED)
    query = (
        select(actors.c.peer_id, paired_inbox if not shared else inbox)
        .join(peers, peers.c.id == actors.c.peer_id)
        .where(whom, reached, inbox.is_not(None), actors.c.gone_at.is_(None))
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
