"""The machine: act after act on whole nodes, what each touched looked at, at last all faults mended."""

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import structlog

from node.boundary import Reader
from node.errors import NodeError
from tests.machine import readers
from tests.machine.model import BLOCKED, PAIRED, Member, Model, Pact, Thing, is_ring, is_room
from tests.machine.readers import Conditions, words_in
from tests.machine.world import (
    NAMES,
    PEOPLE,
    START,
    Clock,
    Passage,
    Site,
    World,
    activity_in,
    chance_from,
    cheap_hashes,
    fast_folder,
    no_threads,
    template,
)

PAIRS = 50
FULL_EVERY = 100
HEAL_EVERY = 200
MOST_ROUNDS = 40
AGREEMENT = "urn:leerkring:agreement:"
VERSIONS_PATH, PROVE_PATH = "/node/agreements", "/node/prove"


class Leak(AssertionError):
    """Somebody can have what is not for them."""


class Lost(AssertionError):
    """Somebody lacks what is theirs."""


class Bug(AssertionError):
    """The product failed where it should have gone on."""


Act = Callable[["Machine", random.Random], Awaitable[bool]]


@dataclass
class Pending:
    """Something about a ring that reached a node and is not handled yet."""

    source: str
    activity: dict[str, Any]


@dataclass
class Machine:
    """Nodes, what they should show, and how often something happened."""

    world: World
    model: Model
    conditions: Conditions = field(default_factory=Conditions)
    steps: int = 0
    effective: int = 0
    touched: list[Thing] = field(default_factory=list)
    by_word: dict[int, list[Thing]] = field(default_factory=dict)
    allowed: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    pending: dict[str, dict[str, Pending]] = field(default_factory=dict)
    copies: dict[str, Any] = field(default_factory=dict)
    bugs: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def sites(self) -> dict[str, Site]:
        return self.world.sites

    @property
    def moment(self) -> datetime:
        return self.world.clock.now

    # --- one step ---

    async def step(self, act: Act, chance: random.Random) -> bool:
        """One act, and what it touched looked at; True when it changed or delivered something."""
        self.world.clock.move(timedelta(milliseconds=chance.choice((1, 40, 900))))
        self.touched.clear()
        try:
            done = await act(self, chance)
        except NodeError:
            done = False  # the product refused it: nothing happened
        except asyncio.CancelledError:
            if not self.world.network.crashed:
                raise
            done = True
        self.observe()
        await self._raise_crashed()
        self.steps += 1
        self.effective += done
        await self.look(chance)
        if self.steps % HEAL_EVERY == 0:
            await self.heal(chance)
        elif self.steps % FULL_EVERY == 0:
            await self.look_at_everything(chance)
        return done

    async def _raise_crashed(self) -> None:
        names = {site.name for site in self.sites.values() if site.domain in self.world.network.crashed}
        self.world.network.crashed.clear()
        for name in sorted(names):
            await self.world.restart(self.sites[name])

    # --- what happened ---

    def observe(self) -> None:
        """The model hears what the nodes handled; what went over the wire is judged."""
        passages, self.world.network.passages = self.world.network.passages, []
        for passage in passages:
            self._note_pending(passage)
            self._hear_answer(passage)
        self._hear()
        self._see_gates()
        self.see_rooms()
        for passage in passages:
            self._judge(passage)
        if self.bugs:
            raise Bug("; ".join(self.bugs))

    def _note_pending(self, passage: Passage) -> None:
        if passage.request.method != "POST" or passage.response.status != 202:
            return
        activity = activity_in(passage.request)
        if activity.get("type") == "Offer" or _leaves_a_ring(activity):
            waiting = self.pending.setdefault(name_of(passage.target), {})
            waiting[str(activity["id"])] = Pending(name_of(passage.source), activity)

    def _hear_answer(self, passage: Passage) -> None:
        """What a node asks a partner and takes over at once: the proof of its key, versions of agreements."""
        path = urlsplit(passage.request.url).path
        if passage.response.status != 200 or not passage.source:
            return  # what was kept back comes when nobody waits for its answer any more
        if path == PROVE_PATH:
            self.model.proved[name_of(passage.source), name_of(passage.target)] = self.moment
        if path != VERSIONS_PATH:
            return
        name = name_of(passage.source)
        for item in json.loads(passage.response.body)["items"]:
            found = hash_of_text(item["content"])
            if not self.sites[name].rows("SELECT hash FROM agreements WHERE hash = ?", found):
                continue  # it did not concern this node
            pact = pact_of(json.loads(item["content"]), found)
            signers = {signer_of(proof) for proof in item["proof"]}
            self.model.hear_offer(name, pact, signers, self.moment, self.moment)
            for statement in item["leavings"]:
                firm = name_of(name_and_domain(statement["actor"]))
                self.model.hear_leave(name, firm, pact.ring, found, self.moment)

    def _hear(self) -> None:
        """What a node's worker took in of what was sent to it."""
        for name, waiting in self.pending.items():
            if not waiting:
                continue
            marks = ",".join("?" * len(waiting))
            rows = self.sites[name].rows(
                f"SELECT uri, state, received_at FROM received WHERE uri IN ({marks}) ORDER BY id",
                *waiting,
            )
            for uri, state, came in rows:
                if state != "waiting":
                    heard = waiting.pop(uri)
                    if state == "done":
                        self._take_in(name, heard, read_time(came))

    def _take_in(self, name: str, heard: Pending, came: datetime) -> None:
        about = heard.activity["object"]
        if heard.activity["type"] == "Offer":
            pact = pact_of(json.loads(about["content"]), about["id"].removeprefix(AGREEMENT))
            signers = {signer_of(proof) for proof in about["proof"]}
            self.model.hear_offer(name, pact, signers, came, self.moment)
        else:
            agreement = about["agreement"].removeprefix(AGREEMENT)
            ring = about["ring"].rpartition(":")[2]
            self.model.hear_leave(name, heard.source, ring, agreement, self.moment)

    def _see_gates(self) -> None:
        """What waited may be out by the clock, never earlier and never without the eyes it needs."""
        for thing in self.model.things:
            if not thing.waits or thing.deleted is not None or thing.is_unsure:
                continue
            (state,) = self.sites[thing.node].rows("SELECT state FROM objects WHERE id = ?", thing.object_id)[
                0
            ]
            if state != "live":
                continue
            if thing.waits == "home" or thing.needs_eyes or thing.until is None or self.moment < thing.until:
                raise Leak(f"{describe(thing)} went out through its gate")
            self.go_out(thing)

    def see_rooms(self) -> None:
        """Who is in a room by its home's record; nobody comes in whom no host let in."""
        for room in self.model.rooms.values():
            home = self.sites[room.home]
            rows = home.rows(
                "SELECT uri, from_at, until_at FROM memberships JOIN actors ON actors.id = actor_id"
                " WHERE audience = ?",
                room.audience,
            )
            for uri, start, end in rows:
                who = self.person_at(home, uri)
                until = read_time(end) if end is not None else None
                if room.note(who, read_time(start), until) and who not in room.welcome:
                    raise Leak(f"{who} is in a room of {room.home} though no host let them in")

    def person_at(self, site: Site, uri: str) -> Member:
        """Whom a node knows by this uri."""
        other = site if uri.startswith("/") else self.sites[name_of(name_and_domain(uri))]
        found = int(uri.rpartition("/")[2])
        return other.name, next(name for name, one in other.people.items() if one == found)

    def go_out(self, thing: Thing) -> None:
        """It is there for its readers from now on, and counts as published now."""
        thing.waits, thing.published = "", self.moment
        self.touched.append(thing)

    def _judge(self, passage: Passage) -> None:
        """Whatever has a word of somebody's went to a node that may have it."""
        if not passage.source:
            return
        source, target = name_of(passage.source), name_of(passage.target)
        sent = words_in(passage.request.body)
        if sent and self.model.pairs.get((source, target)) == BLOCKED:
            raise Leak(f"{source} sends words to {target}, which it blocked")
        self._judge_words(source, target, sent, passage)
        is_for_a_ring = passage.request.method == "POST" and any(map(self._is_for_a_ring, sent))
        if is_for_a_ring and not self.model.has_proved(source, target, self.moment):
            raise Leak(f"{source} sends a ring's words to {target}, which did not prove itself")
        self._judge_words(target, source, words_in(passage.response.body), passage)

    def _judge_words(self, sender: str, getter: str, found: readers.Found, passage: Passage) -> None:
        for number, version in found:
            things = self.by_word[number]
            if not any(self._may_pass(sender, getter, thing) for thing in things):
                url = f"{passage.request.method} {passage.request.url}"
                raise Leak(f"{describe(things[0])} went from {sender} to {getter}: {url}")
            self.allowed.setdefault(getter, set()).add((number, version))

    def _is_for_a_ring(self, found: tuple[int, int]) -> bool:
        return all(is_ring(one.audience) or is_room(one.audience) for one in self.by_word[found[0]])

    def _may_pass(self, sender: str, getter: str, thing: Thing) -> bool:
        if getter == thing.node or (thing.audience == "public" and not thing.waits):
            return True
        return sender == thing.node and self.model.may_get(getter, thing, self.moment)

    # --- looking ---

    async def look(self, chance: random.Random) -> None:
        """What the step touched, 50 random pairs, and one visit through the front door."""
        for thing in self.touched:
            for site in self.sites.values():
                self._ask_all(site, thing)
        things = self.model.things
        if not things:
            return
        names = list(self.sites)
        for _ in range(PAIRS):
            site, thing = self.sites[chance.choice(names)], chance.choice(things)
            self._ask_one(site, thing, chance)
        await self._visit(chance, self.touched[-1] if self.touched else chance.choice(things))

    def _ask_one(self, site: Site, thing: Thing, chance: random.Random) -> None:
        who = chance.randrange(len(site.people) + len(self.sites))
        people = list(site.people)
        if who < len(people):
            self._ask_member(site, people[who], thing)
        else:
            self._ask_outside(site, list(self.sites.values())[who - len(people)], thing)

    def _ask_all(self, site: Site, thing: Thing) -> None:
        for person in site.people:
            self._ask_member(site, person, thing)
        for asker in self.sites.values():
            self._ask_outside(site, asker, thing)

    def _ask_member(self, site: Site, person: str, thing: Thing) -> None:
        who = (site.name, person)
        if not self.model.is_active(who, self.moment):
            return  # has no log-in: only pages can tell
        got = self.conditions.may(
            site, readers.member_reader(site, person), self.uri_at(site, thing), self.moment
        )
        may = self.model.may(who, thing, self.moment)
        if got and not may:
            raise Leak(f"{person} of {site.name} reads {describe(thing)}")
        is_exact = self._is_exact(site, thing)
        if may and not got and site.name == thing.node and not thing.is_unsure and is_exact:
            raise Lost(f"{person} of {site.name} does not read {describe(thing)}, written there")

    def _is_exact(self, site: Site, thing: Thing) -> bool:
        """Whether the model knows not only who may have it at most."""
        audience = thing.audience
        if is_room(audience):
            room = self.model.rooms[audience]
            if not is_ring(room.within):
                return room.home == site.name
            is_in = self.model.is_in(site.name, room.within, site.name, self.moment)
            is_kept = is_in or not room.is_confined  # what was confined goes with the room
            return room.home == site.name and is_kept and self._is_certain(site, room.within)
        return not is_ring(audience) or self._is_certain(site, audience)

    def _is_certain(self, site: Site, ring: str) -> bool:
        return not self.model.view(site.name, ring).is_restored

    def _ask_outside(self, site: Site, asker: Site, thing: Thing) -> None:
        """Another node under its own key; the node itself stands for nobody at all."""
        reader: Reader | None = readers.NOBODY
        may = is_open(thing)
        if asker is not site:
            reader = readers.node_reader(site, asker)
            may = site.name == thing.node and self.model.may_get(asker.name, thing, self.moment)
        got = reader is not None and self.conditions.may(site, reader, self.uri_at(site, thing), self.moment)
        if got and not may:
            raise Leak(f"{asker.name} reads {describe(thing)} at {site.name}")

    async def _visit(self, chance: random.Random, thing: Thing) -> None:
        """One real request for one thing by one random reader."""
        site = self.sites[chance.choice(list(self.sites))]
        if chance.random() < 0.5:
            return  # the pairs above were asked of the same condition; a request costs as much as ten of them
        if chance.random() < 0.5:
            await self.visit_as_member(site, chance.choice(list(site.people)), thing)
        else:
            await self.visit_as_outsider(
                self.sites[thing.node], chance.choice(list(self.sites.values())), thing
            )

    async def visit_as_member(self, site: Site, person: str, thing: Thing) -> None:
        local = self.id_at(site, thing)
        path = f"/o/{local or thing.object_id}" if thing.kind == "post" else f"/topics/{local}"
        found = await readers.page_of(self.world, site, person, path)
        self.judge_page(site, person, found)
        await self._visit_files(site, person, thing, local)
        must = site.name == thing.node and thing.kind == "post" and not thing.is_unsure
        must = must and self._is_exact(site, thing)
        if must and self.model.may((site.name, person), thing, self.moment):
            self._need_word(found, thing, f"{person} of {site.name}")

    def _need_word(self, found: readers.Found, thing: Thing, who: str) -> None:
        if thing.said not in found:
            raise Lost(f"{who} is not shown {describe(thing)}")

    def judge_page(self, site: Site, person: str, found: readers.Found) -> None:
        """Whatever stands on somebody's page is theirs to read."""
        for number, _ in found:
            things = self.by_word[number]
            if not any(self.model.may((site.name, person), thing, self.moment) for thing in things):
                raise Leak(f"{person} of {site.name} is shown {describe(things[0])}")

    async def _visit_files(self, site: Site, person: str, thing: Thing, local: int | None) -> None:
        if not thing.has_picture or local is None:
            return
        for (file_id,) in site.rows("SELECT id FROM files WHERE object_id = ? AND name IS NOT NULL", local):
            got = await readers.file_of(self.world, site, person, file_id)
            if got and not self.model.may((site.name, person), thing, self.moment):
                raise Leak(f"{person} of {site.name} gets the picture of {describe(thing)}")

    async def visit_as_outsider(self, site: Site, asker: Site, thing: Thing) -> None:
        """At the node that wrote it: by another node's key, or by nobody's."""
        path = thing.uri
        if asker is site:
            _, found = await readers.ask_as_nobody(site, path)
            allowed = {number for number, _ in found if any(map(is_open, self.by_word[number]))}
        else:
            _, found = await readers.ask_as_node(asker, site, path)
            allowed = {
                number
                for number, _ in found
                if any(self.model.may_get(asker.name, one, self.moment) for one in self.by_word[number])
            }
        if {number for number, _ in found} - allowed:
            who = "nobody" if asker is site else asker.name
            raise Leak(f"{who} gets {describe(thing)} at {site.name}")
        if asker is not site:
            self.allowed.setdefault(asker.name, set()).update(found)
        await self._visit_files_outside(site, asker, thing)

    async def _visit_files_outside(self, site: Site, asker: Site, thing: Thing) -> None:
        if not thing.has_picture:
            return
        for (file_id,) in site.rows(
            "SELECT id FROM files WHERE object_id = ? AND name IS NOT NULL", thing.object_id
        ):
            if asker is site:
                status, _ = await readers.ask_as_nobody(site, f"/media/{file_id}", "*/*")
                may = is_open(thing)
            else:
                status, _ = await readers.ask_as_node(asker, site, f"/media/{file_id}", "*/*")
                may = self.model.may_get(asker.name, thing, self.moment)
            if status == 200 and not may:
                raise Leak(f"{asker.name} gets the picture of {describe(thing)} at {site.name}")

    async def look_at_everything(self, chance: random.Random, *, is_healed: bool = False) -> None:
        """Every pair and every disk; and with requests every document by some key, every page by somebody."""
        for thing in self.model.things:
            for site in self.sites.values():
                self._ask_all(site, thing)
            await self.visit_as_outsider(
                self.sites[thing.node], chance.choice(list(self.sites.values())), thing
            )
        for site in self.sites.values():
            self.look_at_disk(site)
            await self._read_lists(site, chance.choice(list(site.people)))
            await self._read_threads(site, chance, is_healed)

    async def _read_lists(self, site: Site, person: str) -> None:
        found = await readers.page_of(self.world, site, person, "/")
        self.judge_page(site, person, found)

    async def _read_threads(self, site: Site, chance: random.Random, is_healed: bool) -> None:
        """Every conversation once, each by one of the node's people; when all is healed nothing lacks."""
        stands = {self.uri_at(site, thing): thing for thing in self.model.things}
        threads: dict[int, list[str]] = {}
        for root, uri in site.rows("SELECT root_id, uri FROM posts JOIN objects ON id = object_id"):
            threads.setdefault(root, []).append(uri)
        for uris in threads.values():
            person, uri = chance.choice(list(site.people)), chance.choice(uris)
            found = await readers.page_of(self.world, site, person, f"/o/{self._local_id(site, uri)}")
            self.judge_page(site, person, found)
            asked = stands.get(uri)
            if is_healed and asked and self.model.must((site.name, person), asked, self.moment):
                self._need_words(site, person, found, [stands[one] for one in uris if one in stands])

    def _need_words(self, site: Site, person: str, found: readers.Found, things: list[Thing]) -> None:
        for thing in things:
            if self.model.must((site.name, person), thing, self.moment):
                self._need_word(found, thing, f"{person} of {site.name}")
                self._need_picture(site, thing)

    def look_at_disk(self, site: Site) -> None:
        """Nothing stands in a node's database that was not written there or rightly came."""
        fine = self.allowed.get(site.name, set())
        for (number, version), place in readers.words_stored(site.eyes).items():
            things = self.by_word[number]
            at_home = any(thing.node == site.name for thing in things)
            if not at_home and (number, version) not in fine:
                raise Leak(f"{describe(things[0])} stands at {site.name} in {place}")

    # --- the end of all faults ---

    async def heal(self, chance: random.Random) -> None:
        """Every node is up, every message flows: who must have something has it; what is deleted is gone."""
        network = self.world.network
        network.down.clear()
        network.cut.clear()
        network.plans.clear()
        self.give_back()
        for _, request in network.kept_back:
            await network.hand_over("", name_and_domain(request.url), request)
        network.kept_back.clear()
        self.observe()
        for _ in range(3):
            self.world.clock.move(timedelta(hours=13))
            await self.settle()
        await self.look_at_everything(chance, is_healed=True)
        for site in self.sites.values():
            self._need_all(site)
            self._need_gone(site)
        self.model.note_settled(self.moment)

    def give_back(self) -> None:
        """Every address is its own node's again."""
        for site in self.sites.values():
            self.world.network.apps[site.domain] = site.node.app

    async def settle(self) -> None:
        for _ in range(MOST_ROUNDS):
            done = 0
            for site in self.sites.values():
                for runner in site.node.runners:
                    done += await runner(site.work)
                    self.observe()
            self.world.clock.move(timedelta(milliseconds=1))
            if not done:
                return
        raise Bug("the nodes never came to rest")

    def _need_all(self, site: Site) -> None:
        """Everything that a node's people must have is there."""
        for thing in self.model.things:
            for person in site.people:
                who = (site.name, person)
                if not self.model.must(who, thing, self.moment):
                    continue
                reader = readers.member_reader(site, person)
                if not self.conditions.may(site, reader, self.uri_at(site, thing), self.moment):
                    raise Lost(f"{person} of {site.name} never got {describe(thing)}")

    def _need_picture(self, site: Site, thing: Thing) -> None:
        local = self.id_at(site, thing)
        here = site.rows("SELECT id FROM files WHERE object_id = ? AND name IS NOT NULL", local)
        if thing.has_picture and not here:
            raise Lost(f"the picture of {describe(thing)} never came to {site.name}")

    def _need_gone(self, site: Site) -> None:
        for (number, _), place in readers.words_stored(site.eyes).items():
            things = self.by_word[number]
            if all(self.model.must_be_gone(site.name, thing) for thing in things):
                raise Lost(f"the Delete of {describe(things[0])} did nothing at {site.name}: {place}")

    # --- things ---

    def add(self, thing: Thing) -> None:
        self.model.things.append(thing)
        self.by_word.setdefault(thing.number, []).append(thing)
        if thing.first_word is not None:
            self.by_word[thing.first_word[0]].append(thing)
        self.touched.append(thing)

    def new_number(self) -> int:
        return len(self.by_word) + 1

    def uri_at(self, site: Site, thing: Thing) -> str:
        return thing.uri if site.name == thing.node else self.sites[thing.node].base + thing.uri

    def id_at(self, site: Site, thing: Thing) -> int | None:
        return self._local_id(site, self.uri_at(site, thing))

    def _local_id(self, site: Site, uri: str) -> int | None:
        rows = site.rows("SELECT id FROM objects WHERE uri = ?", uri)
        return int(rows[0][0]) if rows else None

    def members(self, site: Site) -> list[Member]:
        everybody = [(site.name, person) for person in site.people]
        return [member for member in everybody if self.model.is_active(member, self.moment)]

    def paired_with(self, name: str) -> list[str]:
        return [other for other in self.sites if self.model.pairs.get((name, other)) == PAIRED]


def _leaves_a_ring(activity: dict[str, Any]) -> bool:
    """Rooms are left by the same word; who is in one is read at its home."""
    about = activity.get("object")
    return bool(activity.get("type") == "Leave" and isinstance(about, dict) and "agreement" in about)


def describe(thing: Thing) -> str:
    return f"{thing.kind} {thing.number} of {thing.author} at {thing.node} for {thing.audience[:12]}"


def is_open(thing: Thing) -> bool:
    """May anybody read it where it was written? Elsewhere an open post stays until its Delete comes."""
    return thing.audience == "public" and not thing.waits


def name_of(domain: str) -> str:
    return domain.partition(".")[0]


def name_and_domain(url: str) -> str:
    return url.split("/")[2]


def read_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def pact_of(document: dict[str, Any], found: str) -> Pact:
    return Pact(
        hash=found,
        ring=document["ring"] or found,
        firms=frozenset(name_of(firm["domain"]) for firm in document["firms"]),
        before=document["predecessor"],
        deadline=read_moment(document["deadline"]),
        ends_at=read_moment(document["ends_at"]),
        retention=timedelta(days=document["retention_days"]),
        gate=document["gate"]["kind"],
        gate_minutes=document["gate"]["minutes"],
    )


def hash_of_text(canonical: str) -> str:
    """What an agreement is called: the SHA-256 of the very text that is signed."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def signer_of(proof: dict[str, Any]) -> str:
    return name_of(name_and_domain(proof["verificationMethod"]))


@dataclass(frozen=True)
class Start:
    """Homes as they stand at a moment, and what the model knows then; machines begin with copies."""

    folder: Path
    names: tuple[str, ...]
    model: Model
    moment: datetime


def fresh(count: int) -> Start:
    """Nodes with members that do not know each other."""
    names = NAMES[:count]
    active = {(name, person) for name in names for person in PEOPLE}
    return Start(template(count), names, Model(names, active), START)


def keep(machine: Machine) -> Start:
    """What stands now, for other machines to begin with."""
    machine.world.clock.move(timedelta(seconds=1))  # ids begin anew in each run, and go by the clock
    folder = Path(mkdtemp(prefix="machine-", dir=fast_folder()))
    for site in machine.sites.values():
        site.eyes.execute("VACUUM INTO ?", (str(folder / f"{site.name}.sqlite3"),))
    return Start(folder, tuple(machine.sites), deepcopy(machine.model), machine.moment)


@contextmanager
def running(start: Start) -> Iterator[tuple[Machine, asyncio.Runner]]:
    """A machine over copies of these nodes, and the loop it runs in."""
    kept = structlog.get_config()
    try:
        with (
            no_threads(),
            cheap_hashes(),
            Clock(start.moment) as clock,
            chance_from(int(start.moment.timestamp())),
            asyncio.Runner() as runner,
        ):
            world = World(start.folder, start.names, clock)
            machine = Machine(world, deepcopy(start.model))
            structlog.configure(processors=[_listener(machine)])
            try:
                runner.run(world.begin())
                yield machine, runner
            finally:
                world.close()
    finally:
        structlog.configure(**kept)


def _listener(machine: Machine) -> Any:
    """The nodes' logs go nowhere, but what a node calls a failure of its own is one."""

    def listen(_logger: object, method: str, event: dict[str, Any]) -> Any:
        if method == "error":
            machine.bugs.append(str({**event, "exc_info": repr(event.get("exc_info"))}))
        raise structlog.DropEvent

    return listen
