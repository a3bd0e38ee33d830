"""What can happen: members and directors at work, networks, crashes, time; each as one act.

An act does one thing by the nodes' own actions, workers or wire and tells the model. It returns whether it
did anything; what the product refuses (a NodeError) did not happen.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from node.access import ends
from node.access.members import disable_member, enable_member
from node.boundary import Member
from node.errors import NodeError
from node.media.images import Picture
from node.posts import sharing, waiting
from node.posts.actions import Draft, delete_post, edit_post, publish_post
from node.posts.reactions import like, unlike
from node.rings import agreements, leaving
from node.rings.agreements import Share, Terms
from node.rings.rosters import block_peer
from node.topics.actions import create_topic
from tests import factories
from tests.factories import PASSWORD
from tests.machine.machine import Act, Machine, pact_of
from tests.machine.model import COMPANY, EDITOR, PAIRED, PEOPLE, PUBLIC, Pact, Thing, is_ring
from tests.machine.world import Site, stranger_at

WEIGHTS = {"deliveries": 8, "received": 8, "rings": 3, "files": 2, "gates": 2, "trust": 1}
Chance = random.Random


@dataclass(frozen=True)
class Entry:
    name: str
    weight: int
    act: Act


ACTS: dict[str, Entry] = {}


def act(weight: int) -> Callable[[Act], Act]:
    """`weight` is how often it comes in a long run, beside the others."""

    def keep(function: Act) -> Act:
        ACTS[function.__name__] = Entry(function.__name__, weight, function)
        return function

    return keep


@cache
def _picture() -> Picture:
    return factories.picture()


def some_site(m: Machine, chance: Chance) -> Site:
    return m.sites[chance.choice(list(m.sites))]


def some_member(m: Machine, site: Site, chance: Chance) -> str | None:
    people = m.members(site)
    return chance.choice(people)[1] if people else None


def rings_of(m: Machine, site: Site) -> list[str]:
    return [ring for ring in m.model.rings() if m.model.is_in(site.name, ring, site.name, m.moment)]


# --- members write -----------------------------------------------------------------------------------


@act(60)
async def write_post(m: Machine, chance: Chance) -> bool:
    """To the company, a ring or everyone; now and then with a picture, or naming somebody outside."""
    site = some_site(m, chance)
    person = some_member(m, site, chance)
    if person is None:
        return False
    rings = rings_of(m, site)
    audience = chance.choice([COMPANY, PUBLIC, *rings, *rings, *rings])
    pictures = [_picture()] if chance.random() < 0.15 else []
    topics = [t for t in m.model.things if t.kind == "topic" and t.audience == audience and not t.deleted]
    topic = m.id_at(site, chance.choice(topics)) if topics and chance.random() < 0.4 else None
    publish(m, site, person, audience, None, pictures, topic, _name(m, chance))
    return True


def _name(m: Machine, chance: Chance) -> str:
    """A mention, which never adds a reader."""
    if chance.random() < 0.7:
        return ""
    site = some_site(m, chance)
    person = chance.choice(list(site.people))
    return f" @{person}_{site.name}@{site.domain}"


def stored(audience: str) -> str:
    """How the nodes write an audience; the model calls a ring by its hash."""
    return f"ring:{audience}" if is_ring(audience) else audience


def publish(
    m: Machine,
    site: Site,
    person: str,
    audience: str,
    parent: Thing | None = None,
    pictures: Sequence[Picture] = (),
    topic: int | None = None,
    mention: str = "",
    addressed: frozenset[tuple[str, str]] = frozenset(),
) -> None:
    """Somebody writes something, and the model knows for whom."""
    number = m.new_number()
    word = f"kz{number:06d}x0z"
    draft = Draft(
        stored(audience),
        f"tekst {word}{mention}",
        title=f"titel {word}" if number % 5 == 0 and parent is None else "",
        topic_id=topic,
        parent_id=m.id_at(site, parent) if parent is not None else None,
        pictures=pictures,
        alts=[f"beeld {word}"] * len(pictures),
    )
    node, author = site.node, site.people[person]
    made = node.write(lambda db: publish_post(db, node.identity, node.settings, author, draft))
    m.add(
        _at_gate(
            m,
            Thing(
                number=number,
                kind="post",
                node=site.name,
                author=person,
                audience=audience,
                published=m.moment,
                uri=f"/o/{made}",
                object_id=made,
                parent=parent,
                addressed=addressed,
                versions=[m.moment],
                has_picture=bool(pictures),
            ),
        )
    )


def _at_gate(m: Machine, thing: Thing) -> Thing:
    """Where the gate of its ring keeps it, if that has one."""
    needs_eyes, minutes = m.model.gate(thing.node, thing.audience)
    if needs_eyes or minutes:
        thing.waits, thing.needs_eyes = "gate", needs_eyes
        thing.until = None if needs_eyes else m.moment + timedelta(minutes=minutes)
    return thing


@act(40)
async def write_reply(m: Machine, chance: Chance) -> bool:
    """Under something that is at the writer's node: for the same readers, or for its author alone."""
    site = some_site(m, chance)
    person = some_member(m, site, chance)
    parents = [
        t
        for t in m.model.things[-60:]
        if t.kind == "post" and not t.is_unsure and m.id_at(site, t) is not None
    ]
    if person is None or not parents:
        return False
    parent = chance.choice(parents)
    audience, addressed = parent.audience, frozenset[tuple[str, str]]()
    is_alone = is_ring(audience) and chance.random() < 0.2
    if is_alone or audience == PEOPLE:
        audience, addressed = PEOPLE, frozenset({(parent.node, parent.author)}) - {(site.name, person)}
    if audience == PEOPLE and not addressed:
        return False
    publish(m, site, person, audience, parent, [], None, _name(m, chance), addressed)
    return True


def some_own(m: Machine, chance: Chance, kind: str = "post") -> Thing | None:
    own = [t for t in m.model.things if t.kind == kind and t.deleted is None and not t.is_unsure]
    return chance.choice(own[-40:]) if own else None


@act(20)
async def edit(m: Machine, chance: Chance) -> bool:
    thing = some_own(m, chance)
    if thing is None or thing.waits or any(m.model.gate(thing.node, thing.audience)):
        return False  # new words that wait have a test of their own
    site = m.sites[thing.node]
    node, author, version = site.node, site.people[thing.author], len(thing.versions)
    source = f"anders kz{thing.number:06d}x{version}z{_name(m, chance)}"
    node.write(
        lambda db: edit_post(
            db, node.identity, author, thing.object_id, source=source, title="", warning="", language="nl"
        )
    )
    thing.versions.append(m.moment)
    m.touched.append(thing)
    return True


@act(12)
async def delete(m: Machine, chance: Chance) -> bool:
    thing = some_own(m, chance)
    if thing is None:
        return False
    site = m.sites[thing.node]
    node, author = site.node, site.people[thing.author]
    node.write(lambda db: delete_post(db, node.identity, author, thing.object_id))
    thing.deleted = m.moment
    m.touched.append(thing)
    return True


@act(25)
async def like_or_not(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    person = some_member(m, site, chance)
    posts = [t for t in m.model.things[-60:] if t.kind == "post"]
    if person is None or not posts:
        return False
    thing = chance.choice(posts)
    local = m.id_at(site, thing)
    if local is None:
        return False
    do = like if chance.random() < 0.75 else unlike
    node, member = site.node, site.people[person]
    node.write(lambda db: do(db, node.identity, member, local))
    return True


@act(4)
async def make_topic(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    audience = chance.choice([COMPANY, *rings_of(m, site)])
    number = m.new_number()
    node, word = site.node, f"kz{number:06d}x0z"
    made = node.write(
        lambda db: create_topic(
            db, node.identity, site.people["dir"], stored(audience), f"onderwerp{number}", f"Over {word}"
        )
    )
    m.add(
        Thing(number, "topic", site.name, "dir", audience, m.moment, f"/o/{made}", made, versions=[m.moment])
    )
    return True


# --- gates, and placing again ------------------------------------------------------------------------


def _waiting(m: Machine, chance: Chance, *where: str) -> Thing | None:
    found = [t for t in m.model.things if t.waits in where and t.deleted is None and not t.is_unsure]
    return chance.choice(found) if found else None


@act(6)
async def let_go(m: Machine, chance: Chance) -> bool:
    """An editor reads what waits and lets it go."""
    thing = _waiting(m, chance, "gate")
    if thing is None:
        return False
    site = m.sites[thing.node]
    node, editor = site.node, Member(site.people[EDITOR], frozenset({"editor"}))
    (version,) = site.rows("SELECT version FROM waits WHERE object_id = ?", thing.object_id)[0]
    node.write(lambda db: waiting.let_go(db, node.identity, editor, thing.object_id, version))
    m.go_out(thing)
    return True


@act(3)
async def take_back(m: Machine, chance: Chance) -> bool:
    """An author thinks again, or offers once more what was taken back."""
    thing = _waiting(m, chance, "gate", "home")
    if thing is None:
        return False
    site = m.sites[thing.node]
    node, author = site.node, site.people[thing.author]
    if thing.waits == "gate":
        node.write(lambda db: waiting.take_back(db, author, thing.object_id))
        thing.waits = "home"
    elif node.write(lambda db: waiting.offer(db, node.identity, author, thing.object_id)):
        m.go_out(thing)
    else:
        _at_gate(m, thing)
    m.touched.append(thing)
    return True


@act(8)
async def place_again(m: Machine, chance: Chance) -> bool:
    """An author places a post further, as a new one; or narrower, and the old one goes."""
    thing = some_own(m, chance)
    if thing is None or thing.waits:
        return False
    site = m.sites[thing.node]
    way = chance.choice((sharing.FURTHER, sharing.NARROWER))
    audience = chance.choice([COMPANY, PUBLIC, *rings_of(m, site)])
    node, author, word = site.node, site.people[thing.author], thing.said
    made = node.write(
        lambda db: sharing.place_again(
            db, node.identity, node.settings, author, thing.object_id, stored(audience), way
        )
    )
    if way == sharing.NARROWER:
        thing.deleted = m.moment
        m.touched.append(thing)
    copy = Thing(
        number=m.new_number(),
        kind="post",
        node=site.name,
        author=thing.author,
        audience=audience,
        published=m.moment,
        uri=f"/o/{made}",
        object_id=made,
        versions=[m.moment],
        has_picture=thing.has_picture,
        first_word=word,
    )
    m.add(_at_gate(m, copy))
    return True


# --- members come and go -----------------------------------------------------------------------------


@act(6)
async def disable_or_enable(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    person = chance.choice([name for name in site.people if name != "dir"])
    who, member = (site.name, person), site.people[person]
    if who in m.model.active:
        site.node.write(lambda db: disable_member(db, member))
        m.model.active.discard(who)
    else:
        site.node.write(lambda db: enable_member(db, member))
        m.model.active.add(who)
        site.cookies.pop(person, None)
    return True


@act(4)
async def give_end(m: Machine, chance: Chance) -> bool:
    """A member's time here ends at a moment, or does not any more; the clock does it."""
    site = some_site(m, chance)
    person = chance.choice([name for name in site.people if name != EDITOR])
    end = m.moment + timedelta(minutes=chance.choice((1, 60, 3000))) if chance.random() < 0.6 else None
    site.node.write(lambda db: ends.set_end(db, site.people[person], end))
    site.cookies.pop(person, None)
    m.model.ends.pop((site.name, person), None)
    if end is not None:
        m.model.ends[site.name, person] = end
    return True


# --- directors ---------------------------------------------------------------------------------------


@act(8)
async def pair(m: Machine, chance: Chance) -> bool:
    """Two directors pair, over a good line: what a bad one does to pairing is tried elsewhere."""
    one, other = chance.sample(list(m.sites), 2)
    if m.model.pairs.get((one, other)) == PAIRED == m.model.pairs.get((other, one)):
        return False
    m.give_back()
    network = m.world.network
    kept = network.down, network.cut, network.plans
    network.down, network.cut, network.plans = set(), set(), {}
    try:
        await factories.pair(m.sites[one].node, m.sites[other].node)
    finally:
        network.down, network.cut, network.plans = kept
    m.model.pair(one, other, m.moment)
    return True


@act(2)
async def block(m: Machine, chance: Chance) -> bool:
    one, other = chance.sample(list(m.sites), 2)
    rows = m.sites[one].rows("SELECT id FROM peers WHERE domain = ?", m.sites[other].domain)
    if not rows or m.model.pairs.get((one, other)) == "blocked":
        return False
    m.sites[one].node.write(lambda db: block_peer(db, rows[0][0]))
    m.model.block(one, other, m.moment)
    return True


def _terms(m: Machine, chance: Chance, firms: list[str]) -> Terms:
    days = chance.choice((2, 14, 40))
    lasting = chance.choice((days + 3, 400, 400, 800))
    gate = chance.choices(("none", "hold", "four_eyes"), weights=(6, 2, 1))[0]
    return Terms(
        name="Monteurs",
        purpose="Samen leren.",
        confidentiality="Blijft hier.",
        no_poaching=True,
        retention_days=chance.choice((0, 30)),
        titles_in_mail=False,
        gate=gate,
        gate_minutes=30 if gate == "hold" else 0,
        ends_at=m.moment + timedelta(days=lasting),
        deadline=m.moment + timedelta(days=days),
        shares={m.sites[firm].domain: Share("Beter worden", 4, "dir") for firm in firms},
    )


@act(8)
async def propose(m: Machine, chance: Chance) -> bool:
    """A new ring, or the next version of one: the same firms, one more, or one fewer."""
    site = some_site(m, chance)
    partners = m.paired_with(site.name)
    known = [r for r in m.model.rings() if _ring_id(m, site, r) is not None]
    ring = chance.choice(known) if known and (len(known) > 2 or chance.random() < 0.7) else None
    if ring is None:
        firms = {site.name, *chance.sample(partners, min(len(partners), chance.randint(1, 2)))}
    else:
        firms = set(_last_firms(m, site, ring)) | {site.name}
        change = chance.choice(["same", "more", "fewer"])
        if change == "more" and partners:
            firms.add(chance.choice(partners))
        if change == "fewer":
            firms.discard(chance.choice(sorted(firms)))
    terms = _terms(m, chance, sorted(firms))
    ring_id = None if ring is None else _ring_id(m, site, ring)
    handle = f"ring{len(m.model.rings())}_{m.steps}"
    node, director = site.node, site.people["dir"]
    found = node.write(
        lambda db: agreements.propose(
            db, node.identity, director, PASSWORD, terms, handle=handle, ring_id=ring_id
        )
    )
    m.model.sign(site.name, pact_at(site, found), m.moment)
    return True


def pact_at(site: Site, agreement: str) -> Pact:
    """An agreement as it stands at a node."""
    text = site.rows("SELECT document FROM agreements WHERE hash = ?", agreement)[0][0]
    return pact_of(json.loads(text), agreement)


def _ring_id(m: Machine, site: Site, ring: str) -> int | None:
    rows = site.rows("SELECT id FROM rings WHERE hash = ?", ring)
    return int(rows[0][0]) if rows else None


def _last_firms(m: Machine, site: Site, ring: str) -> list[str]:
    pacts = m.model.view(site.name, ring).pacts.values()
    return sorted(max(pacts, key=lambda pact: pact.deadline).firms) if pacts else []


@act(16)
async def sign(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    rows = site.rows("SELECT hash FROM agreements WHERE state = 'open' ORDER BY received_at")
    if not rows:
        return False
    return _try_to_sign(m, site, chance.choice(rows)[0])


@act(3)
async def sign_all(m: Machine, chance: Chance) -> bool:
    """Directors on the phone: one proposal is signed by every firm of it that has it, one after another."""
    rows = some_site(m, chance).rows("SELECT hash FROM agreements WHERE state = 'open' ORDER BY received_at")
    if not rows:
        return False
    found, done = chance.choice(rows)[0], False
    for site in m.sites.values():
        if site.rows("SELECT hash FROM agreements WHERE hash = ? AND state = 'open'", found):
            done = _try_to_sign(m, site, found) or done
            await site.node.runners[0](site.work)
    return done


def _try_to_sign(m: Machine, site: Site, found: str) -> bool:
    node, director, handle = site.node, site.people["dir"], f"ring{len(m.model.rings())}_{m.steps}"
    try:
        node.write(lambda db: agreements.sign(db, node.identity, director, PASSWORD, found, handle=handle))
    except NodeError:
        return False
    m.model.sign(site.name, pact_at(site, found), m.moment)
    return True


@act(2)
async def withdraw(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    rows = site.rows("SELECT hash FROM agreements WHERE state = 'open' ORDER BY received_at")
    if not rows:
        return False
    found = chance.choice(rows)[0]
    pact = pact_at(site, found)
    node, director = site.node, site.people["dir"]
    node.write(lambda db: agreements.withdraw(db, node.identity, director, PASSWORD, found))
    m.model.hear_leave(site.name, site.name, pact.ring, found, m.moment)
    return True


@act(3)
async def leave(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    rings = rings_of(m, site)
    if not rings:
        return False
    ring = chance.choice(rings)
    ring_id, heads = _ring_id(m, site, ring), m.model.view(site.name, ring).heads()
    if ring_id is None:
        return False  # put back from a copy, and does not know it
    node, director = site.node, site.people["dir"]
    node.write(lambda db: leaving.leave(db, node.identity, director, PASSWORD, ring_id))
    for head in heads:
        m.model.hear_leave(site.name, site.name, ring, head.hash, m.moment)
    return True


# --- the nodes' own work -----------------------------------------------------------------------------


@act(200)
async def work(m: Machine, chance: Chance) -> bool:
    """One worker of one node looks once whether something is due."""
    site = some_site(m, chance)
    runners = site.node.runners
    names = [(getattr(one, "__module__", "") or type(one).__module__).rpartition(".")[2] for one in runners]
    runner = chance.choices(runners, weights=[WEIGHTS.get(name, 0.3) for name in names])[0]
    return bool(await runner(site.work))


# --- networks ----------------------------------------------------------------------------------------


@act(6)
async def go_down_or_up(m: Machine, chance: Chance) -> bool:
    down, domain = m.world.network.down, some_site(m, chance).domain
    down.symmetric_difference_update({domain})
    return True


@act(6)
async def cut_or_join(m: Machine, chance: Chance) -> bool:
    one, other = chance.sample(list(m.sites), 2)
    line = frozenset((m.sites[one].domain, m.sites[other].domain))
    m.world.network.cut.symmetric_difference_update({line})
    return True


@act(14)
async def spoil_next(m: Machine, chance: Chance) -> bool:
    """Something happens to the next requests that a node gets."""
    plans = m.world.network.plans.setdefault(some_site(m, chance).domain, [])
    if len(plans) > 3:
        return False
    kinds = ("lost", "kept", "doubled", "answer lost", "500", "404", "429", "", "")
    plans.extend(chance.choices(kinds, k=chance.randint(1, 3)))
    return True


@act(10)
async def let_come(m: Machine, chance: Chance) -> bool:
    """Something kept back comes at last, whatever came before it."""
    kept = m.world.network.kept_back
    if not kept:
        return False
    _, request = kept.pop(chance.randrange(len(kept)))
    target = request.url.split("/")[2]
    if target in m.world.network.down:
        return False
    await m.world.network.hand_over("", target, request)
    return True


@act(6)
async def replay(m: Machine, chance: Chance) -> bool:
    """Somebody sends again what was sent before, to whom it was sent or to another."""
    recorded = m.world.network.recorded
    if not recorded:
        return False
    target, request = chance.choice(recorded)
    if chance.random() < 0.2:
        target = some_site(m, chance).domain
    if target in m.world.network.down:
        return False
    await m.world.network.hand_over("", target, request)
    return True


@act(3)
async def take_over(m: Machine, chance: Chance) -> bool:
    """A domain lapses and a stranger answers there; or its firm has it back."""
    site, apps = some_site(m, chance), m.world.network.apps
    if apps[site.domain] is not stranger_at:
        apps[site.domain] = stranger_at
        m.model.taken.add(site.name)
    else:
        apps[site.domain] = site.node.app
    return True


# --- crashes and time --------------------------------------------------------------------------------


@act(5)
async def crash(m: Machine, chance: Chance) -> bool:
    """A process ends where it stands and starts again; what was only in memory is gone."""
    await m.world.restart(some_site(m, chance))
    return True


@act(5)
async def crash_after_sending(m: Machine, chance: Chance) -> bool:
    """Whoever sends next ends between sending and writing down that it was taken."""
    m.world.network.plans.setdefault(some_site(m, chance).domain, []).append("crash")
    return True


@act(14)
async def wait(m: Machine, chance: Chance) -> bool:
    spans = ((30, 3), (60, 3), (600, 2), (3700, 3), (13 * 3600, 1), (3 * 86400, 0.3), (35 * 86400, 0.06))
    seconds = chance.choices([s for s, _ in spans], weights=[w for _, w in spans])[0]
    m.world.clock.move(timedelta(seconds=seconds))
    return True
