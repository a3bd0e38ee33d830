"""The nodes that the browser visits: Bakker and Smit, who share rings, and one that nobody set up yet."""

import asyncio
import json
import shutil
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from node.access.members import make_link, make_reset
from node.admin.servers import server_named, set_standing
from node.boundary import Member
from node.cli.homes import make_home
from node.db import open_engine
from node.gates.rules import Rules, set_rules
from node.ids import now
from node.migrations.upgrade import upgrade
from node.objects import COMPANY, PUBLIC, find_object
from node.peers import BLOCKED, keep_peer
from node.posts.actions import Draft, delete_post, publish_post
from node.posts.reactions import like
from node.rings import agreements, pairing, pairing_talks
from node.rooms.actions import Plan, invite, join, make_room
from node.rooms.queries import open_rooms
from node.settings import write_config
from tests import factories, sector
from tests.factories import make_member, make_ring, make_topic, member_row, post
from tests.network import RunningNode, fediverse, settle
from tests.processes.nodes import Node, free_port, wait_until

PASSWORD = factories.PASSWORD
QUESTION = """De ketel bij een klant geeft **storing E117** na een kwartier.

Wat heb ik gedaan:

- filter schoon, druk 1,6 bar
- sensor gemeten: 12 kΩ

| meting | waarde |
|---|---|
| aanvoer | 61 °C |
| retour | 58 °C |

Wie heeft dit eerder gezien? Zie ook
https://example.org/handboek/hoofdstuk-4/een-heel-lang-adres-zonder-einde #ketels"""
LONG_WORD = "Warmtepompboilerinstallatievoorschriften" * 3


@dataclass
class World:
    """Bakker and Smit while they run; `made` holds ids and tokens by name."""

    bakker: Node
    smit: Node
    fresh: Node
    made: dict[str, str] = field(default_factory=dict)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.bakker, self.smit, self.fresh


def start_world(folder: Path) -> World:
    """Make everything in this process, then start each node as it is started for real."""
    names = ("bakker", "smit", "derde", "zesde")
    domains = {name: f"{name}.localhost:{free_port()}" for name in names}
    for name in domains:
        engine = open_engine(f"sqlite:///{folder / name}.sqlite3")
        upgrade(engine)
        engine.dispose()
    made = asyncio.run(_make(folder, domains))
    bakker, smit = (_as_home(folder, domains[name]) for name in ("bakker", "smit"))
    world = World(bakker, smit, _unmade(folder), made)
    for node in world.nodes:
        node.start()
    for node in world.nodes[:2]:
        node.wait()
    world.made["setup"] = wait_until(lambda: _setup_path(world.fresh), "the code for setting up")
    return world


def _as_home(folder: Path, domain: str) -> Node:
    home, port = folder / domain.partition(":")[0], int(domain.partition(":")[2])
    shutil.move(folder / f"{domain.partition('.')[0]}.sqlite3", home / "leerkring.sqlite3")
    write_config(home, local=True, port=port)
    return Node(domain, home)


def _unmade(folder: Path) -> Node:
    port = free_port()
    domain = f"localhost:{port}"
    make_home(folder / "fresh", domain=domain, name="Leerkring", kind="firm", local=True, port=port)
    return Node(domain, folder / "fresh")


def _setup_path(node: Node) -> str:
    """The path of the set-up link that the node printed."""
    if not node.log.exists() or "setup_url" not in node.log.read_text():
        return ""
    said = json.loads(node.log.read_text().splitlines()[0])
    return str(said["setup_url"]).removeprefix(node.url)


# --- what there is to see --------------------------------------------------------------------------


async def _make(folder: Path, domains: dict[str, str]) -> dict[str, str]:
    urls = {domain: f"sqlite:///{folder / name}.sqlite3" for name, domain in domains.items()}
    async with fediverse(folder, urls) as nodes:
        bakker, smit, third = nodes["bakker"], nodes["smit"], nodes["derde"]
        _make_people(bakker, smit)
        await factories.pair(bakker, smit, names=("Smit Installatie", "Bakker Techniek"))
        ring = await make_ring(bakker, smit)
        await make_ring(bakker, smit, name="Oude ring", handle="oude_ring")
        await factories.leave_ring(smit, "oude_ring")
        await settle(bakker, smit)
        made = await _make_posts(bakker, smit, ring)
        made |= await _make_waiting(bakker, smit, ring)
        made |= _make_links(bakker) | _make_proposal(bakker, smit) | _make_servers(bakker, smit)
        made |= await _make_rooms(bakker, smit, ring)
        made |= await _make_sectors(bakker, smit)
        made |= await _make_three(smit, bakker, nodes["zesde"])
        await settle(bakker, smit)
        return made | await _make_pairings(bakker, third)


def _make_servers(bakker: RunningNode, smit: RunningNode) -> dict[str, str]:
    """A partner, and a server with a rule that one below it follows."""

    def make(db: Connection) -> dict[str, str]:
        node = bakker.identity
        below = server_named(db, node, "diep.kwaad.example")
        wide = server_named(db, node, "kwaad.example")
        set_standing(db, node, wide, BLOCKED, reason="Reclame", comment="Zie de mail van mei")
        return {"server": str(below), "partner": str(keep_peer(db, smit.domain))}

    return bakker.write(make)


async def _make_rooms(bakker: RunningNode, smit: RunningNode, ring: str) -> dict[str, str]:
    """A confined learning network with a question, somebody who asks and a post; one to ask to join."""
    henk, marjan = (
        Member(member_row(node, who).actor_id) for node, who in ((bakker, "henk"), (smit, "marjan"))
    )
    plan = Plan(
        "Leernetwerk warmtepompen",
        "Elke maand bespreken we een storing uit de praktijk.\nWe beginnen bij lekkages.",
        "Wat wil je hier leren?",
        now(),
        now() + timedelta(days=180),
        12,
    )
    room = bakker.write(lambda db: make_room(db, bakker.identity, henk, ring, plan, confined=True))
    fatima = member_row(bakker, "fatima").actor_id
    bakker.write(lambda db: invite(db, bakker.identity, henk, room, [fatima]))
    bakker.write(lambda db: join(db, bakker.identity, Member(fatima), room, ""))
    await settle(bakker, smit)
    audience = bakker.read(lambda db: next(one.audience for one in open_rooms(db) if one.id == room))
    theirs = smit.read(lambda db: next(one.id for one in open_rooms(db) if one.audience == audience))
    smit.write(lambda db: join(db, smit.identity, marjan, theirs, "Hoe jullie lekkages opsporen."))
    post(bakker, "henk", audience, "Welkom! Zet hier alvast je **eerste vraag**.")
    listed = Plan("Planning en werkvoorbereiding", "", "Waarom wil je meedoen?")
    other = bakker.write(lambda db: make_room(db, bakker.identity, henk, COMPANY, listed, confined=False))
    return {"room": str(room), "listed": str(other)}


def _make_people(bakker: RunningNode, smit: RunningNode) -> None:
    everything = ("admin", "director", "editor")
    make_member(bakker, "henk", name="Henk de Bakker", roles=everything, has_face=True)
    make_member(bakker, "fatima", name="Fatima El Amrani", mail="fatima@example.org")
    make_member(bakker, "joris", name="Joris van der Berg-Oosterwijk", has_face=True)
    make_member(bakker, "toetsenbord", name="Tess Toets")
    make_member(bakker, "zonder", name="Zonder Script", roles=everything)
    make_member(smit, "marjan", name="Marjan Smit", roles=everything, has_face=True)
    make_member(smit, "sanne", name="Sanne de Wit", has_face=True)


async def _make_posts(bakker: RunningNode, smit: RunningNode, ring: str) -> dict[str, str]:
    topics = {
        "company_topic": make_topic(
            bakker, "henk", COMPANY, "werkplaats", summary="Alles over de werkplaats."
        ),
        "ring_topic": make_topic(bakker, "henk", ring, "warmtepompen", summary="Storingen en oplossingen."),
        "open_topic": make_topic(bakker, "henk", PUBLIC, "opleiding", summary="Leren in de techniek."),
    }
    make_topic(smit, "marjan", PUBLIC, "veiligheid", summary="Veilig werken op het dak.")
    question = post(bakker, "fatima", ring, QUESTION, title="Storing E117, wie kent dit?")
    await settle(bakker, smit)
    copy = _copy_of(smit, bakker, question)
    answer = post(
        smit, "sanne", ring, "Ja! Vervang de *sensor* en reset twee keer. Dank @fatima", parent_id=copy
    )
    smit.write(lambda db: like(db, smit.identity, member_row(smit, "sanne").actor_id, copy))
    await settle(bakker, smit)
    thanks = post(bakker, "fatima", ring, "Dat was het, dank je!", parent_id=_copy_of(bakker, smit, answer))
    company = post(
        bakker,
        "joris",
        COMPANY,
        f"Nieuwe bus staat klaar. {LONG_WORD}",
        pictures=[factories.picture(side=300)],
        alts=["Een rode bus voor de werkplaats"],
        topic_id=topics["company_topic"],
    )
    warned = post(
        bakker, "henk", COMPANY, "Er was een ongeluk met een ladder.", warning="Gaat over een ongeluk"
    )
    opened = post(
        bakker, "joris", PUBLIC, "Wij zoeken leerlingen.", title="Leerlingen", topic_id=topics["open_topic"]
    )
    await _follow_each_other(bakker, smit)
    made = {"question": question, "thanks": thanks, "company": company, "warned": warned, "open": opened}
    return {name: str(number) for name, number in (topics | made).items()}


async def _make_waiting(bakker: RunningNode, smit: RunningNode, ring: str) -> dict[str, str]:
    """A ring with a strict gate, with one post before it and one still with its author; one taken away."""
    strict = await make_ring(bakker, smit, name="Strenge ring", handle="streng", gate="four_eyes")
    fatima = member_row(bakker, "fatima").actor_id
    held = post(bakker, "fatima", strict, "Wie kent een goede warmtepompmonteur?", title="Vraag van de week")
    second = post(bakker, "fatima", strict, "Hoe meten jullie lekdebiet?")
    bakker.write(lambda db: set_rules(db, strict, Rules(checklist=True), None))
    unsent = Draft(strict, "Hoe plannen jullie storingen in het weekend?")
    draft = bakker.write(
        lambda db: publish_post(db, bakker.identity, bakker.settings, fatima, unsent, on_page=True)
    )
    recalled = post(bakker, "fatima", ring, "Dit had hier niet moeten staan")
    await settle(bakker, smit)
    bakker.write(lambda db: delete_post(db, bakker.identity, fatima, recalled))
    await settle(bakker, smit)
    made = {"held": held, "second": second, "draft": draft, "recalled": recalled}
    return {name: str(one) for name, one in made.items()}


def _copy_of(here: RunningNode, there: RunningNode, number: int) -> int:
    found = here.read(lambda db: find_object(db, f"{there.base}/o/{number}"))
    assert found is not None, f"{number} did not arrive"
    return int(found.id)


async def _follow_each_other(bakker: RunningNode, smit: RunningNode) -> None:
    """Henk follows Smit's open topic, and Joris is followed from here and from there."""
    for node, handle, followed in (
        (bakker, "henk", f"@veiligheid@{smit.domain}"),
        (smit, "sanne", f"@joris@{bakker.domain}"),
        (bakker, "fatima", "@joris"),
    ):
        async with aclosing(await factories.log_in(node, handle, device="Firefox op Android")) as browser:
            answer = await browser.post("/follow", data={"handle": followed})
            assert answer.status_code == 303, answer.text
    await settle(bakker, smit)


def _make_links(bakker: RunningNode) -> dict[str, str]:
    """An invitation and a one-time link of somebody who forgot the password."""
    henk, joris = (member_row(bakker, handle).actor_id for handle in ("henk", "joris"))
    invitation = bakker.write(lambda db: make_link(db, "invite", made_by=henk, note="Kees van kantoor"))
    reset = bakker.write(lambda db: make_reset(db, joris, henk))
    return {"invitation": invitation, "reset": reset, "joris": str(joris)}


def _make_proposal(bakker: RunningNode, smit: RunningNode) -> dict[str, str]:
    """Smit proposes; Bakker has not signed yet."""
    terms = factories.make_terms(smit, bakker, name="Zonnepanelen")
    marjan = member_row(smit, "marjan").actor_id
    made = smit.write(
        lambda db: agreements.propose(db, smit.identity, marjan, PASSWORD, terms, handle="zonnepanelen")
    )
    return {"proposal": made}


async def _make_three(smit: RunningNode, bakker: RunningNode, sixth: RunningNode) -> dict[str, str]:
    """Smit proposes a ring of three, and the third signed; Bakker's director has to."""
    await factories.pair(smit, sixth)
    marjan, terms = (
        member_row(smit, "marjan").actor_id,
        factories.make_terms(smit, bakker, sixth, name="Ventilatie"),
    )
    made = smit.write(
        lambda db: agreements.propose(db, smit.identity, marjan, PASSWORD, terms, handle="ventilatie")
    )
    await settle(smit, bakker, sixth)
    factories.sign_agreement(sixth, made, "ventilatie")
    await settle(smit, bakker, sixth)
    return {"three": made}


async def _make_sectors(bakker: RunningNode, smit: RunningNode) -> dict[str, str]:
    """One of Smit's that both are in, one of Smit's to sign, one of Bakker's with Smit waiting."""
    theirs = sector.make_terms(smit, name="Installateurs van Nederland", handle="branche")
    unsigned = sector.make_terms(smit, name="Leerbedrijven", handle="leerbedrijf")
    ours = sector.make_terms(bakker, name="Dakwerkers", handle="dakwerkers")
    sector.show_terms(smit, bakker)
    sector.show_terms(bakker, smit)
    sector.apply(smit, theirs)
    sector.apply(bakker, theirs, handle="branche")
    await settle(bakker, smit)
    sector.admit(smit, theirs)
    sector.apply(bakker, ours)
    sector.admit(bakker, ours)
    sector.apply(smit, ours, handle="dakwerkers")
    await settle(bakker, smit)
    return {"their_sector": theirs, "unsigned_sector": unsigned, "our_sector": ours}


async def _make_pairings(bakker: RunningNode, third: RunningNode) -> dict[str, str]:
    """One invitation that waits with its code, and a pairing whose words are on the screen."""
    henk, director = member_row(bakker, "henk").actor_id, factories.director_of(third)
    invited = bakker.write(lambda db: pairing.invite(db, bakker.identity, henk, third.domain, "Derde"))
    accepted = third.write(
        lambda db: pairing.accept(db, third.identity, director, bakker.domain, "Bakker", invited.code)
    )
    await pairing_talks.advance(third.work.network, accepted)
    waiting = bakker.write(
        lambda db: pairing.invite(db, bakker.identity, henk, "vierde.localhost", "Vierde Dakwerken")
    )
    return {"words": str(invited.id), "code": str(waiting.id)}
