"""Who may read what, by hand from product.md's words: the nodes' boundary is judged by this, never asked.

Nodes and people go by name. Every node has its own record of who is in a ring and since when, made of what
its directors did and of what reached it: rule 9 speaks of "our record of those periods".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

COMPANY, PUBLIC, PEOPLE, NOBODY = "company", "public", "people", "nobody"
EDITOR = "dir"  # who directs a firm here is its editor too
PROVED_FOR = timedelta(hours=1)
KNOWN, PAIRED, BLOCKED = "known", "paired", "blocked"
LIMITED, RINGS_ONLY = "limited", "rings_only"
Member = tuple[str, str]  # node, name


@dataclass
class Period:
    start: datetime
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True)
class Pact:
    """An agreement as any firm reads it."""

    hash: str
    ring: str
    firms: frozenset[str]
    before: str | None
    deadline: datetime
    ends_at: datetime
    retention: timedelta
    gate: str = "none"
    gate_minutes: int = 0


@dataclass
class View:
    """What one node knows of one ring."""

    node: str
    pacts: dict[str, Pact] = field(default_factory=dict)
    proofs: dict[str, dict[str, datetime]] = field(default_factory=dict)  # of whom, and when it came here
    left: set[tuple[str, str]] = field(default_factory=set)
    complete: set[str] = field(default_factory=set)  # all proofs came in time
    late: set[str] = field(default_factory=set)  # all are here, but not in time
    periods: dict[str, list[Period]] = field(default_factory=dict)
    is_forked: bool = False  # or was: directors settle it
    is_restored: bool = False  # put back from a copy: closed until its partners have told it enough

    def below(self, pact: Pact) -> list[Pact]:
        """The versions that this one stands upon, as far as they are known here; newest first."""
        found: list[Pact] = []
        older = self.pacts.get(pact.before or "")
        while older is not None and older not in found:
            found.append(older)
            older = self.pacts.get(older.before or "")
        return found

    def heads(self) -> list[Pact]:
        """The versions that hold and that none has replaced; one that came too late replaces nothing."""
        held = [pact for name, pact in self.pacts.items() if name in self.complete | self.late]
        later = [pact for pact in held if pact.hash in self.complete]
        return [pact for pact in held if not any(self._replaces(one, pact) for one in later)]

    def _replaces(self, later: Pact, pact: Pact) -> bool:
        if later == pact:
            return False
        if pact in self.below(later) or self._took_us_in_again(later, pact):
            return True
        return self._ends_fork(later, pact) and not (
            pact.hash in self.complete and self._ends_fork(pact, later)
        )

    def _took_us_in_again(self, later: Pact, pact: Pact) -> bool:
        oldest = [later, *self.below(later)][-1]
        signed = [self.node in self.proofs.get(one.hash, {}) for one in (later, pact)]
        return oldest.before is not None and signed == [True, False]

    def _ends_fork(self, later: Pact, pact: Pact) -> bool:
        """It stands on a version beside that one, and all firms of both sides sign, but who left."""
        beside = [
            one
            for one in self.below(later)
            if one.hash in self.complete | self.late
            and one not in self.below(pact)
            and pact not in self.below(one)
        ]
        if not beside or pact in beside:
            return False
        return self.staying(pact) | self.staying(beside[0]) <= later.firms

    def staying(self, pact: Pact) -> frozenset[str]:
        return pact.firms - {firm for firm, left in self.left if left == pact.hash}

    def is_grounded(self, head: Pact) -> bool:
        """A first version that came too late is no ring."""
        return any(one.hash in self.complete for one in (head, *self.below(head)))

    def was_in(self, firm: str, moment: datetime) -> bool:
        return any(period.holds(moment) for period in self.periods.get(firm, ()))


@dataclass
class Room:
    """A room by its home's record; `welcome` are whom a host invited, let in or was, and who stayed.

    `sure` is since when every node must know of somebody; `left` when they went out at their own node.
    """

    audience: str
    home: str
    within: str
    is_confined: bool
    host: str
    welcome: set[Member] = field(default_factory=set)
    people: dict[Member, list[Period]] = field(default_factory=dict)
    left: dict[Member, datetime] = field(default_factory=dict)
    sure: dict[Member, datetime] = field(default_factory=dict)

    def note(self, who: Member, start: datetime, end: datetime | None) -> bool:
        """Take a period over from the home's record; True when it is new."""
        periods = self.people.setdefault(who, [])
        known = next((period for period in periods if period.start == start), None)
        if known is not None:
            known.end = known.end or end
            return False
        periods.append(Period(start, end))
        return end is None

    def close(self, who: Member, moment: datetime) -> None:
        self.sure.pop(who, None)
        for period in self.people.get(who, ()):
            if self.home == who[0] or who not in self.left:
                period.end = period.end or moment

    def inside(self, moment: datetime) -> list[Member]:
        return [who for who in self.people if self.is_in(who, moment)]

    def is_in(self, who: Member, moment: datetime) -> bool:
        return any(period.holds(moment) for period in self.people.get(who, ()))

    def stays_in(self, who: Member, since: datetime, moment: datetime) -> bool:
        """In all the time between."""
        return any(period.holds(since) and period.holds(moment) for period in self.people.get(who, ()))

    def could_be_in(self, who: Member, published: datetime) -> bool:
        """As far as a node can know that is not the home: in since before, and not gone from there."""
        gone = self.left.get(who)
        starts = [period.start for period in self.people.get(who, ()) if period.start <= published]
        return bool(starts) and (gone is None or max(p.start for p in self.people[who]) > gone)


def is_ring(audience: str) -> bool:
    return len(audience) == 64


def is_room(audience: str) -> bool:
    return audience.startswith("room:")


@dataclass
class Thing:
    """Something that somebody wrote; each of its versions has a word of its own that stands nowhere else."""

    number: int
    kind: str  # post, topic, like
    node: str
    author: str
    audience: str  # company, public, people, nobody, or a ring's hash
    published: datetime
    uri: str
    object_id: int
    parent: "Thing | None" = None
    addressed: frozenset[Member] = frozenset()
    versions: list[datetime] = field(default_factory=list)
    deleted: datetime | None = None
    has_picture: bool = False
    is_unsure: bool = False  # forged, or forgotten by its node: nothing is promised of it
    waits: str = ""  # "gate": its editors decide, or the clock; "home": with its author
    needs_eyes: bool = False
    until: datetime | None = None
    first_word: tuple[int, int] | None = None  # placed again: the words are those of another thing

    @property
    def said(self) -> tuple[int, int]:
        """Whose word, and of which version, stands in its text as it is now."""
        if self.first_word is not None and len(self.versions) == 1:
            return self.first_word
        return self.number, len(self.versions) - 1

    @property
    def word(self) -> str:
        return f"kz{self.said[0]:06d}x{self.said[1]}z"


@dataclass
class Model:
    """`active` are members that nobody disabled; `ends` is when their time is over.

    `proved` is when a node last showed another that it holds its key; `taken` whose address a stranger had.
    """

    nodes: tuple[str, ...]
    active: set[Member] = field(default_factory=set)
    ends: dict[Member, datetime] = field(default_factory=dict)
    pairs: dict[tuple[str, str], str] = field(default_factory=dict)
    proved: dict[tuple[str, str], datetime] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    views: dict[tuple[str, str], View] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)
    rooms: dict[str, Room] = field(default_factory=dict)
    blocks: dict[tuple[str, str], list[Period]] = field(default_factory=dict)
    policies: dict[tuple[str, str], str] = field(default_factory=dict)

    def view(self, node: str, ring: str) -> View:
        return self.views.setdefault((node, ring), View(node))

    def rings(self) -> list[str]:
        return list(dict.fromkeys(ring for _, ring in self.views))

    def is_active(self, member: Member, moment: datetime) -> bool:
        """Can they log in?"""
        end = self.ends.get(member)
        return member in self.active and (end is None or moment < end)

    def has_proved(self, node: str, other: str, moment: datetime) -> bool:
        """Whether the other showed within the hour that it holds the key that the node pinned (rule 8)."""
        found = self.proved.get((node, other))
        return found is not None and moment - found <= PROVED_FOR

    def open_things(self, *nodes: str) -> list["Thing"]:
        return [thing for thing in self.things if thing.audience == PUBLIC and thing.node in nodes]

    # --- pairs ---

    def pair(self, one: str, other: str, moment: datetime) -> None:
        for here, there in ((one, other), (other, one)):
            self.pairs[here, there] = PAIRED
            self.policies.pop((here, there), None)  # whether it outlives a block is told by tests of its own
            for period in self.blocks.get((here, there), []):
                period.end = period.end or moment
            self._settle_all(here, there, moment)

    def block(self, node: str, other: str, moment: datetime) -> None:
        if self.pairs.get((node, other)) != BLOCKED:
            self.blocks.setdefault((node, other), []).append(Period(moment))
        self.pairs[node, other] = BLOCKED
        self._settle_all(node, other, moment)

    def _settle_all(self, node: str, other: str, moment: datetime) -> None:
        for (owner, ring), view in self.views.items():
            if owner == node and other in view.periods:
                self.settle(node, ring, moment)

    # --- agreements ---

    def sign(self, node: str, pact: Pact, moment: datetime) -> None:
        """A director signs, or proposes: signing pins the listed keys."""
        view = self.view(node, pact.ring)
        view.pacts[pact.hash] = pact
        for firm in pact.firms - {node}:
            if self.pairs.get((node, firm), KNOWN) == KNOWN:
                self.pairs[node, firm] = PAIRED
        self._prove(node, pact, {node}, moment, moment)

    def hear_offer(
        self, node: str, pact: Pact, proofs: Iterable[str], came: datetime, moment: datetime
    ) -> None:
        """An offer that was handled: it brings a version, and who signed it."""
        self.view(node, pact.ring).pacts[pact.hash] = pact
        self._prove(node, pact, set(proofs) - {node}, came, moment)

    def _prove(self, node: str, pact: Pact, proofs: set[str], came: datetime, moment: datetime) -> None:
        """All proofs in time make a version hold; one of which some came too late stands beside."""
        view = self.view(node, pact.ring)
        known = view.proofs.setdefault(pact.hash, {})
        for firm in sorted(proofs & pact.firms):
            known.setdefault(firm, came)
        if set(known) != pact.firms or pact.hash in view.complete | view.late:
            return
        if not view.heads() and len(view.staying(pact)) < 2:
            return  # a ring that never was, and that all but one said no to
        is_in_time = all(moment_came < pact.deadline for moment_came in known.values())
        (view.complete if is_in_time else view.late).add(pact.hash)
        view.is_forked = view.is_forked or len(view.heads()) > 1 or not is_in_time
        self.settle(node, pact.ring, moment)

    def hear_leave(self, node: str, firm: str, ring: str, pact: str, moment: datetime) -> None:
        """A firm says that it is out, or will not sign."""
        view = self.view(node, ring)
        if pact not in view.pacts or (firm, pact) in view.left:
            return
        view.left.add((firm, pact))
        if pact in view.complete | view.late:
            self.settle(node, ring, moment)

    def roster(self, node: str, ring: str, moment: datetime) -> frozenset[str]:
        """Who is in by this node's record: firms of every version that holds, paired, and not left."""
        view = self.view(node, ring)
        heads = view.heads()
        if not heads or any(head.ends_at <= moment or not view.is_grounded(head) for head in heads):
            return frozenset()
        firms = frozenset.intersection(*(view.staying(head) for head in heads))
        if node not in firms:
            return frozenset()
        others = {firm for firm in firms - {node} if self.pairs.get((node, firm)) == PAIRED}
        return frozenset(others | {node}) if others else frozenset()

    def settle(self, node: str, ring: str, moment: datetime) -> None:
        """Periods open and close with the roster; one that is open ends with the agreement at the latest."""
        view, inside = self.view(node, ring), self.roster(node, ring, moment)
        ends = min((head.ends_at for head in view.heads()), default=moment)
        for firm, periods in view.periods.items():
            if firm not in inside:
                for period in periods:
                    if period.holds(moment):
                        period.end = moment
        for firm in inside:
            periods = view.periods.setdefault(firm, [])
            still = [period for period in periods if period.end is None or period.end > moment]
            if still:
                still[-1].end = ends
            else:
                periods.append(Period(moment, ends))

    def gate(self, node: str, audience: str) -> tuple[bool, int]:
        """Whether something for a ring needs an editor's eyes, and else how many minutes it waits."""
        ring = self.rooms[audience].within if is_room(audience) else audience
        heads = self.view(node, ring).heads() if is_ring(ring) else []
        minutes = [head.gate_minutes for head in heads if head.gate == "hold"]
        return any(head.gate == "four_eyes" for head in heads), max(minutes, default=0)

    def is_in(self, node: str, ring: str, firm: str, moment: datetime) -> bool:
        return self.view(node, ring).was_in(firm, moment)

    # --- who may ---

    def may(self, member: Member, thing: Thing, moment: datetime) -> bool:
        """May a member have it on the pages of their own node?"""
        node, _ = member
        if thing.waits:
            return self._may_see_waiting(member, thing, moment)
        if thing.audience == PUBLIC:
            is_limited = self.policies.get((node, thing.node)) == LIMITED  # and nobody here follows anybody
            return thing.deleted is None if node == thing.node else not is_limited
        if not self.is_active(member, moment):
            return False
        if node == thing.node:
            return self._may_at_home(member, thing, moment)
        if self.pairs.get((node, thing.node)) == BLOCKED:
            return False
        match thing.audience:
            case "company" | "nobody":
                return False
            case "people":
                return member in thing.addressed
        if is_room(thing.audience):
            return self._may_in_room(member, thing, node, moment)
        return self._was_and_is(node, thing, node, moment)

    def _may_see_waiting(self, member: Member, thing: Thing, moment: datetime) -> bool:
        """What has not gone out is its author's, and at the gate also its editors' (rule 6).

        An editor who is not in the room does not see it (rule 16).
        """
        if not self.is_active(member, moment) or member[0] != thing.node or thing.deleted is not None:
            return False
        if member[1] == thing.author:
            return True
        is_out = is_room(thing.audience) and not self._may_in_room(member, thing, thing.node, moment)
        return member[1] == EDITOR and thing.waits == "gate" and not is_out

    def _may_at_home(self, member: Member, thing: Thing, moment: datetime) -> bool:
        if thing.deleted is not None:
            return False
        if member[1] == thing.author or thing.audience == COMPANY:
            return True
        if thing.audience == PEOPLE:
            return member in thing.addressed
        if is_room(thing.audience):
            return self._may_in_room(member, thing, thing.node, moment)
        return thing.audience != NOBODY and self._was_and_is(thing.node, thing, thing.node, moment)

    def _may_in_room(self, member: Member, thing: Thing, node: str, moment: datetime) -> bool:
        """Is this person in it, by the home's record, or as another node can know; and still in its ring?"""
        room = self.rooms[thing.audience]
        if is_ring(room.within) and not self.is_in(node, room.within, member[0], moment):
            return False
        if node == room.home:
            return room.is_in(member, moment) and room.is_in(member, thing.published)
        return room.could_be_in(member, thing.published)

    def _was_and_is(self, node: str, thing: Thing, firm: str, moment: datetime) -> bool:
        """By the record of `node`, `firm` is in the thing's ring, and was when it was published (rule 9)."""
        view = self.view(node, thing.audience)
        return view.was_in(firm, moment) and view.was_in(firm, thing.published)

    def may_get(self, firm: str, thing: Thing, moment: datetime) -> bool:
        """May another node have it from the node that wrote it, asked with its own key, or sent to it?"""
        home = thing.node
        if thing.deleted is not None or thing.waits or firm == home:
            return False
        if self.pairs.get((home, firm)) == BLOCKED:
            return False
        if thing.audience == PUBLIC:
            return self.policies.get((home, firm)) != RINGS_ONLY
        match thing.audience:
            case "company" | "nobody":
                return False
            case "people":
                return any(node == firm for node, _ in thing.addressed)
        if is_room(thing.audience):
            return self._may_get_in_room(firm, thing, moment)
        return self._was_and_is(home, thing, firm, moment)

    def _may_get_in_room(self, firm: str, thing: Thing, moment: datetime) -> bool:
        """Is somebody of that node in it, and was somebody when it was published?"""
        room = self.rooms[thing.audience]
        if not is_ring(room.within) or not self.is_in(thing.node, room.within, firm, moment):
            return False
        theirs = [who for who in room.people if who[0] == firm]
        if thing.node == room.home:
            return any(room.is_in(who, moment) for who in theirs) and any(
                room.is_in(who, thing.published) for who in theirs
            )
        return any(start.start <= thing.published for who in theirs for start in room.people[who])

    # --- who must ---

    def must(self, member: Member, thing: Thing, moment: datetime) -> bool:
        """When everything has arrived: does this member have it?

        Both nodes' records must say so; what directors still have to settle, or what was cleared away after
        the retention days, is not promised.
        """
        node, _ = member
        if thing.is_unsure or thing.waits or not self.may(member, thing, moment):
            return False
        if node == thing.node:
            return self._stays_at_home(thing, moment)
        if thing.deleted is not None or thing.audience in (COMPANY, PUBLIC, PEOPLE, NOBODY):
            return False
        if is_room(thing.audience):
            return self._must_in_room(member, thing, moment)
        return self._must_in_ring(member, thing, thing.audience, moment)

    def _stays_at_home(self, thing: Thing, moment: datetime) -> bool:
        """A node put back from a copy keeps its rings closed; what was confined goes with its room's ring."""
        room = self.rooms.get(thing.audience)
        ring = room.within if room is not None else thing.audience
        if not is_ring(ring):
            return True
        is_in = self.is_in(thing.node, ring, thing.node, moment)
        is_kept = is_in or room is None or not room.is_confined
        return is_kept and not self.view(thing.node, ring).is_restored

    def _must_in_room(self, member: Member, thing: Thing, moment: datetime) -> bool:
        """Both were in it since everybody had heard of both, and are; and so are their firms in the ring."""
        room, author = self.rooms[thing.audience], (thing.node, thing.author)
        sure = [room.sure.get(who) for who in (member, author)]
        if not is_ring(room.within) or any(since is None or since > thing.published for since in sure):
            return False
        if not all(room.stays_in(who, thing.published, moment) for who in (member, author)):
            return False
        return self._must_in_ring(member, thing, room.within, moment) and self._must_in_ring(
            (room.home, ""), thing, room.within, moment
        )

    def note_settled(self, moment: datetime) -> None:
        """Everything has arrived: whoever is in a room now is known to be, wherever they can be."""
        for room in self.rooms.values():
            for who in room.inside(moment):
                room.sure.setdefault(who, moment)

    def _must_in_ring(self, member: Member, thing: Thing, ring: str, moment: datetime) -> bool:
        node = member[0]
        if node == thing.node:
            return True
        here, there = self.view(node, ring), self.view(thing.node, ring)
        unclear = [view.is_forked or view.is_restored for view in (here, there)]
        agreed = not any(unclear) and {*here.heads()} == {*there.heads()}
        return (
            agreed
            and self.pairs.get((thing.node, node)) == PAIRED
            and here.was_in(thing.node, moment)
            and there.was_in(node, moment)
            and there.was_in(node, thing.published)
            and not self._was_cleared(node, thing, ring, moment)
        )

    def _was_cleared(self, node: str, thing: Thing, ring: str, moment: datetime) -> bool:
        """Whether the writer was out of the ring, by the reader's record, as long as things are kept then."""
        view = self.view(node, ring)
        shortest = min((pact.retention for pact in view.pacts.values()), default=timedelta())
        periods = sorted(view.periods.get(thing.node, ()), key=lambda period: period.start)
        ends = [period.end for period in periods if period.end is not None and period.end <= moment]
        starts = [period.start for period in periods]
        return any(
            min([start for start in starts if start >= end], default=moment) - end >= shortest for end in ends
        )

    def must_be_gone(self, node: str, thing: Thing) -> bool:
        """Whether a deleted thing may stand nowhere at a node once everything has arrived.

        A node that ever blocked the writer since could refuse the Delete, and its words are its own matter.
        """
        refused = self.blocks.get((node, thing.node)) or node in self.taken
        return thing.deleted is not None and not refused
