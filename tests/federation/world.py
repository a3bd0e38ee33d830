"""The seeded fediverse of the leak suite: three firms and a hub, a ring that one left, strangers."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, select

from federation.signatures import sign_cavage
from node.access.members import INVITE, disable_member, make_link
from node.access.tables import members
from node.actors import find_actor
from node.admin.servers import server_named, set_federation, set_standing
from node.boundary import Member
from node.db import insert_new
from node.feeds.private_feeds import make_feed
from node.gates.rules import Rules, set_rules
from node.identity import ALLOW_LIST
from node.ids import new_id
from node.objects import COMPANY, PEOPLE, PUBLIC, objects
from node.peers import LIMITED, RINGS_ONLY, find_peer
from node.people.actions import change_profile
from node.people.follows import follow
from node.people.remote import require_actor
from node.people.silencing import keep_note
from node.posts.actions import delete_post, edit_post
from node.posts.reactions import like
from node.posts.tables import bookmarks, posts
from node.posts.waiting import find_wait, send_back, take_back
from node.rings import agreements
from node.rings.agreements import Share
from node.rings.rosters import block_peer
from tests import sector
from tests.factories import (
    PASSWORD,
    app_token,
    leave_ring,
    log_in,
    make_member,
    make_ring,
    make_terms,
    make_topic,
    member_row,
    pair,
    picture,
    post,
)
from tests.federation.canaries import Canaries, canary
from tests.federation.logs import captured_logs
from tests.federation.readers import (
    MakeHeaders,
    Reader,
    by_cavage,
    by_node_key,
    by_node_rsa,
    by_person_of,
    by_rfc9421,
    pretending,
    unsigned,
)
from tests.federation.strangers import Stranger
from tests.federation.who import WHO
from tests.federation.world_apps import fill_apps
from tests.federation.world_rooms import fill_rooms, guest_of_room
from tests.network import InProcessSender, RunningNode, fediverse, settle

DOMAINS = ("bakker.localhost", "smit.localhost", "jansen.localhost", "branche.localhost")


@dataclass
class World:
    """`posts` are object ids by label, at the node that wrote them."""

    nodes: dict[str, RunningNode]
    sender: InProcessSender
    logs: io.StringIO
    canaries: Canaries = field(default_factory=lambda: Canaries(WHO))
    posts: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    strangers: dict[str, Stranger] = field(default_factory=dict)
    feed: str = ""  # the path of Anna's feed of the partners' ring

    @property
    def bakker(self) -> RunningNode:
        return self.nodes["bakker"]

    @property
    def smit(self) -> RunningNode:
        return self.nodes["smit"]

    @property
    def jansen(self) -> RunningNode:
        return self.nodes["jansen"]

    @property
    def branche(self) -> RunningNode:
        return self.nodes["branche"]

    async def settle(self) -> None:
        await settle(*self.nodes.values())

    def write_post(self, node: RunningNode, label: str, who: str, audience: str, **draft: Any) -> int:
        """A post whose text is the canary of `label`."""
        self.posts[label] = post(node, who, audience, f"Tekst {canary(label)} hier.", **draft)
        return self.posts[label]

    def stored_at(self, node: RunningNode, label: str) -> int:
        """The id that a node gave to its copy of a post written elsewhere."""
        author = next(home for home in self.nodes.values() if self._is_own(home, label))
        uri = f"{author.base}/o/{self.posts[label]}"
        row = node.read(lambda db: _find(db, uri))
        assert row is not None, f"{label} never came to {node.domain}"
        return int(row.id)

    def _is_own(self, node: RunningNode, label: str) -> bool:
        return node.read(lambda db: _find(db, f"/o/{self.posts[label]}")) is not None


def _find(db: Any, uri: str) -> Any:
    return db.execute(objects.select().where(objects.c.uri == uri)).one_or_none()


@asynccontextmanager
async def leak_world(folder: Path, new_url: Callable[[], str]) -> AsyncIterator[World]:
    """Everything seeded, delivered and settled; `new_url` gives an empty database with tables."""
    urls = {domain: new_url() for domain in DOMAINS}
    with captured_logs() as logs:
        async with fediverse(folder, urls, kinds={"branche.localhost": "hub"}) as nodes:
            world = World(nodes, nodes["bakker"].sender, logs)
            await _seed(world)
            world.readers = await _readers(world)
            try:
                yield world
            finally:
                for client in _clients(world):
                    await client.aclose()


def _clients(world: World) -> list[httpx.AsyncClient]:
    return [client for reader in world.readers.values() for client in reader.clients.values()]


async def _seed(world: World) -> None:
    _add_people(world)
    await _add_strangers(world)
    await _pair(world)
    partners, left = await _make_rings(world)
    _write_company_posts(world)
    await _write_ring_posts(world, partners)
    await _write_in_left_ring(world, left)
    await _write_in_sector(world, await _make_sector(world))
    await _write_open_posts(world)
    await _rule_servers(world)
    await _write_personal_posts(world)
    await fill_rooms(world, partners)
    _write_at_gates(world, partners)
    _fill_in_forms(world)
    _make_feed(world)
    fill_apps(world)
    await world.settle()
    _save_everything(world)
    for node in world.nodes.values():
        node.write(_block_boos)


def _block_boos(db: Any) -> None:
    row = find_peer(db, "boos.localhost")
    if row is not None:
        block_peer(db, row.id)


def _add_people(world: World) -> None:
    def add(node: RunningNode, who: str, *roles: str, has_face: bool = False, handle: str = "") -> None:
        name = f"{who.title()} {canary(f'name of {who}')}" if f"name of {who}" in WHO else who.title()
        mail = f"{canary(f'mail of {who}')}@voorbeeld.nl" if f"mail of {who}" in WHO else None
        world.people[who] = make_member(
            node, handle or who, name=name, roles=roles, mail=mail, has_face=has_face
        )

    add(world.bakker, "anna", has_face=True)
    add(world.bakker, "bram", handle=canary("handle of bram"))
    add(world.bakker, "ed", "editor")
    add(world.bakker, "dirk", "director")
    add(world.bakker, "ada", "admin")
    add(world.bakker, "otto")
    add(world.smit, "sara")
    add(world.smit, "dora", "director", "admin")
    add(world.jansen, "jan", "director", "admin")
    add(world.branche, "hilde", "director", "admin", has_face=True)
    add(world.branche, "henk")
    for who in ("anna", "bram"):
        _describe(world, who)


def handle_of(who: str) -> str:
    return canary("handle of bram") if who == "bram" else who


def _describe(world: World, who: str) -> None:
    member = member_row(world.bakker, handle_of(who))
    world.bakker.write(
        lambda db: change_profile(
            db,
            world.bakker.identity,
            member.actor_id,
            name=member.name,
            summary=f"Over mij {canary(f'summary of {who}')}",
            language=None,
            mail=member.mail,
            approves_follows=False,
        )
    )


async def _add_strangers(world: World) -> None:
    """Mia is written to, Vik never is, Boos is blocked; all three were heard of once."""
    for name, domain in (("mia", "mia.localhost"), ("vik", "vik.localhost"), ("boos", "boos.localhost")):
        stranger = world.strangers[name] = Stranger(world.sender, domain, name)
        for node in world.nodes.values():
            about = stranger.activity("Follow", f"{node.base}/actor", to=[f"{node.base}/actor"])
            answer = await stranger.deliver(f"{node.base}/inbox", about)
            assert answer.status == 202, answer.body


async def _pair(world: World) -> None:
    names = canary("bakker's name for smit"), canary("smit's name for bakker")
    await pair(world.bakker, world.smit, names=names)
    await pair(world.bakker, world.jansen, names=(canary("bakker's name for jansen"), "Bakker"))
    await pair(world.smit, world.jansen)
    hub = canary("bakker's name for branche"), canary("branche's name for bakker")
    await pair(world.bakker, world.branche, names=hub)
    await pair(world.branche, world.jansen)
    await pair(world.branche, world.smit)


async def _make_rings(world: World) -> tuple[str, str]:
    firms = world.bakker, world.smit
    partners = await make_ring(
        *firms,
        name=f"Partners {canary('ring name')}",
        handles={
            world.bakker.domain: canary("ring handle at bakker"),
            world.smit.domain: canary("ring handle at smit"),
        },
        purpose=canary("ring purpose"),
        confidentiality=canary("ring confidentiality"),
        shares={node.domain: Share(canary("ring goal"), 4, canary("ring contact")) for node in firms},
    )
    left = await make_ring(
        *firms,
        world.jansen,
        name=f"Oud {canary('left ring name')}",
        handle="oud",
        handles={world.bakker.domain: canary("left ring handle at bakker")},
        purpose=canary("left ring purpose"),
    )
    await world.settle()
    return partners, left


async def _make_sector(world: World) -> str:
    """The hub is steward: Bakker and Jansen are in, Smit waits, the hub itself is not in."""
    ring = sector.make_terms(
        world.branche,
        name=f"Sector {canary('sector name')}",
        purpose=canary("sector purpose"),
        confidentiality=canary("sector confidentiality"),
    )
    for firm, handle in ((world.bakker, canary("sector handle at bakker")), (world.jansen, "sector")):
        sector.show_terms(world.branche, firm)
        brings = Share(canary("sector goal"), 4, canary("sector contact"))
        sector.apply(firm, ring, handle=handle, share=brings)
    await world.settle()
    sector.admit(world.branche, ring)
    sector.show_terms(world.branche, world.smit)
    waits = Share(canary("sector goal of smit, who waits"), 4, "Dora")
    sector.apply(world.smit, ring, handle="sector", share=waits)
    await world.settle()
    return f"ring:{ring}"


async def _write_in_sector(world: World, ring: str) -> None:
    alts = [canary("sector alt text")]
    world.write_post(world.bakker, "sector text", "anna", ring, pictures=[picture()], alts=alts)
    await world.settle()
    parent = world.stored_at(world.jansen, "sector text")
    world.write_post(world.jansen, "sector reply of jansen", "jan", ring, parent_id=parent)
    await world.settle()


def _write_company_posts(world: World) -> None:
    node = world.bakker
    first = _write_whole(world, "company", COMPANY)
    world.write_post(node, "company reply", handle_of("bram"), COMPANY, parent_id=first)
    _delete(world, "company deleted", COMPANY)
    topic = _make_topic(world, "company", COMPANY)
    world.write_post(node, "company topic post", "anna", COMPANY, topic_id=topic)
    alt = canary("smit company alt text")
    world.write_post(world.smit, "smit company", "sara", COMPANY, pictures=[picture()], alts=[alt])
    world.write_post(world.branche, "branche company", "henk", COMPANY)
    node.write(lambda db: like(db, node.identity, world.people["bram"], first))


def _write_whole(world: World, what: str, audience: str) -> int:
    """A post of Anna's with everything a post can have, edited once."""
    world.posts[f"{what} text"] = post(
        world.bakker,
        "anna",
        audience,
        f"Eerst {canary(f'{what} text before the edit')} zo. #{canary(f'{what} hashtag')}",
        title=f"Titel {canary(f'{what} title')}",
        warning=f"Let op {canary(f'{what} warning')}",
        pictures=[picture()],
        alts=[f"Foto {canary(f'{what} alt text')}"],
    )
    return world.posts[f"{what} text"]


def _edit_whole(world: World, what: str) -> None:
    node = world.bakker
    node.write(
        lambda db: edit_post(
            db,
            node.identity,
            world.people["anna"],
            world.posts[f"{what} text"],
            source=f"Nu {canary(f'{what} text')} zo. #{canary(f'{what} hashtag')}",
            title=f"Titel {canary(f'{what} title')}",
            warning=f"Let op {canary(f'{what} warning')}",
            language="nl",
        )
    )


def _make_topic(world: World, what: str, audience: str) -> int:
    world.posts[f"{what} topic"] = made = make_topic(
        world.bakker,
        "dirk",
        audience,
        canary(f"{what} topic handle"),
        name=canary(f"{what} topic name"),
        summary=canary(f"{what} topic summary"),
    )
    return made


def _delete(world: World, label: str, audience: str) -> None:
    node = world.bakker
    gone = world.write_post(node, label, "anna", audience)
    node.write(lambda db: delete_post(db, node.identity, world.people["anna"], gone))


async def _write_ring_posts(world: World, ring: str) -> None:
    first = _write_whole(world, "ring", ring)
    topic = _make_topic(world, "ring", ring)
    _delete(world, "ring deleted", ring)
    await world.settle()
    _edit_whole(world, "company")
    _edit_whole(world, "ring")
    world.write_post(world.bakker, "ring topic post", "anna", ring, topic_id=topic)
    alt = canary("ring alt text of smit")
    world.write_post(world.smit, "ring post of smit", "sara", ring, pictures=[picture()], alts=[alt])
    world.posts["ring mentions branche"] = post(
        world.bakker, "anna", ring, f"Hoi @hilde@branche.localhost {canary('ring mentions branche')}"
    )
    await world.settle()
    parent = world.stored_at(world.smit, "ring text")
    world.write_post(world.smit, "ring reply of smit", "sara", ring, parent_id=parent)
    world.smit.write(lambda db: like(db, world.smit.identity, world.people["sara"], parent))
    await world.settle()
    world.write_post(
        world.bakker,
        "ring reply of bakker",
        handle_of("bram"),
        ring,
        parent_id=world.stored_at(world.bakker, "ring reply of smit"),
    )
    world.bakker.write(lambda db: like(db, world.bakker.identity, world.people["bram"], first))
    await world.settle()


async def _write_in_left_ring(world: World, ring: str) -> None:
    alts = [canary("left ring alt text before")]
    world.write_post(world.bakker, "left ring before", "anna", ring, pictures=[picture()], alts=alts)
    world.write_post(world.smit, "left ring post of smit", "sara", ring)
    await world.settle()
    await leave_ring(world.smit, "oud")
    await world.settle()
    alts = [canary("left ring alt text after")]
    world.write_post(world.bakker, "left ring after", "anna", ring, pictures=[picture()], alts=alts)
    await world.settle()
    parent = world.stored_at(world.jansen, "left ring before")
    world.write_post(world.jansen, "left ring reply of jansen", "jan", ring, parent_id=parent)
    await world.settle()


async def _write_open_posts(world: World) -> None:
    node, mia = world.bakker, world.strangers["mia"]
    about = mia.activity("Follow", f"{node.base}/p/{world.people['anna']}")
    await mia.deliver(f"{node.base}/inbox", about)
    await world.settle()
    first = _write_whole(world, "open", PUBLIC)
    await world.settle()
    _edit_whole(world, "open")
    note = mia.note(canary("open reply of mia"), inReplyTo=f"{node.base}/o/{first}")
    await mia.deliver(f"{node.base}/inbox", mia.activity("Create", note))
    await mia.deliver(f"{node.base}/inbox", mia.activity("Like", f"{node.base}/o/{first}"))
    world.write_post(node, "company reply under open", handle_of("bram"), COMPANY, parent_id=first)
    make_topic(node, "dirk", PUBLIC, "warmtepomp", name=canary("open topic name of bakker"))
    hub = make_topic(world.branche, "hilde", PUBLIC, "veiligheid", name=canary("open topic name of branche"))
    await mia.deliver(f"{world.branche.base}/inbox", mia.activity("Follow", f"{world.branche.base}/p/{hub}"))
    await world.settle()
    world.write_post(world.branche, "open topic post of branche", "hilde", PUBLIC, topic_id=hub)
    await world.settle()


async def _rule_servers(world: World) -> None:
    """Bakker limits Lies' server and shares only rings with Rik's; Jansen has a list with nobody on it."""
    bakker, jansen = world.bakker, world.jansen
    lies, rik = (Stranger(world.sender, f"{name}.localhost", name) for name in ("lies", "rik"))
    jip = make_member(jansen, "jip", has_face=True)
    anna = f"{bakker.base}/p/{world.people['anna']}"
    for stranger, node, whom in (
        (lies, bakker, anna),
        (rik, bakker, anna),
        (world.strangers["mia"], jansen, f"{jansen.base}/p/{jip}"),
    ):
        await stranger.deliver(f"{node.base}/inbox", stranger.activity("Follow", whom, to=[whom]))
    await world.settle()
    bakker.write(lambda db: follow(db, bakker.identity, world.people["anna"], require_actor(db, lies.actor)))
    await world.settle()
    asked = next(one for one in lies.received if one["type"] == "Follow")
    await lies.deliver(f"{bakker.base}/inbox", lies.activity("Accept", asked, to=[anna]))
    await world.settle()
    for domain, policy in (("lies.localhost", LIMITED), ("rik.localhost", RINGS_ONLY)):
        _rule(bakker, domain, policy)
    jansen.write(lambda db: set_federation(db, jansen.identity, ALLOW_LIST))
    for stranger, label in ((lies, "open post of limited lies"), (rik, "open post of rings only rik")):
        note = stranger.note(canary(label), tag=[{"type": "Mention", "href": anna}])
        await stranger.deliver(f"{bakker.base}/inbox", stranger.activity("Create", note))
    world.sender.log.pop()  # what Rik sends to Bakker is not what a node sends, and stays on no disk there
    world.write_post(jansen, "open post of jansen with a list", "jip", PUBLIC)
    world.write_post(bakker, "open post after the rules", "anna", PUBLIC)
    await world.settle()


def _rule(node: RunningNode, domain: str, policy: str) -> None:
    def change(db: Connection) -> None:
        set_standing(db, node.identity, server_named(db, node.identity, domain), policy)

    node.write(change)


async def _write_personal_posts(world: World) -> None:
    node, mia = world.bakker, world.strangers["mia"]
    anna = f"{node.base}/p/{world.people['anna']}"
    tag = {"type": "Mention", "href": anna, "name": "@anna@bakker.localhost"}
    note = mia.note(canary("personal of mia"), to=[anna], tag=[tag])
    await mia.deliver(f"{node.base}/inbox", mia.activity("Create", note))
    await world.settle()
    known = node.read(lambda db: find_actor(db, mia.actor))
    assert known is not None
    node.write(lambda db: follow(db, node.identity, world.people["anna"], known))
    await world.settle()
    sent = next(activity for activity in mia.received if activity["type"] == "Follow")
    await mia.deliver(f"{node.base}/inbox", mia.activity("Accept", sent, to=[anna]))
    await world.settle()
    for_all = mia.note(canary("for followers of mia"), to=[f"{mia.actor}/followers"])
    await mia.deliver(f"{node.base}/inbox", mia.activity("Create", for_all), sign=sign_cavage)
    await world.settle()
    row = node.read(lambda db: _find(db, note["id"]))
    assert row is not None
    world.write_post(node, "personal of anna", "anna", PEOPLE, parent_id=row.id)
    await world.settle()


def _write_at_gates(world: World, ring: str) -> None:
    """Two gates stand for a while; what came to them then waits still."""
    node, anna = world.bakker, world.people["anna"]
    words = {"title": "", "warning": "", "language": "nl"}
    for audience in (ring, PUBLIC):
        _set_gate(node, audience, Rules(four_eyes=True))
    world.write_post(node, "held in ring", "anna", ring)
    world.write_post(node, "held open", "anna", PUBLIC)
    taken = world.write_post(node, "taken back", "anna", ring)
    node.write(lambda db: take_back(db, anna, taken))
    sent = world.write_post(node, "sent back", "anna", PUBLIC)
    editor, reason = Member(world.people["ed"], frozenset({"editor"})), canary("reason to send back")
    node.write(lambda db: send_back(db, editor, sent, _version(db, sent), reason))
    edited, text = world.posts["ring topic post"], canary("words that wait")
    node.write(lambda db: edit_post(db, node.identity, anna, edited, source=text, **words))
    for audience in (ring, PUBLIC):
        _set_gate(node, audience, Rules())


def _set_gate(node: RunningNode, audience: str, rules: Rules) -> None:
    node.write(lambda db: set_rules(db, audience, rules, None))


def _version(db: Any, object_id: int) -> int:
    wait = find_wait(db, object_id)
    assert wait is not None
    return int(wait.version)


def _fill_in_forms(world: World) -> None:
    node = world.bakker
    note = canary("note on an invitation")
    node.write(lambda db: make_link(db, INVITE, made_by=world.people["ada"], note=note))
    words = canary("purpose of a proposal")
    terms = make_terms(node, world.jansen, name="Nog niet", purpose=words)
    dirk = world.people["dirk"]
    node.write(lambda db: agreements.propose(db, node.identity, dirk, PASSWORD, terms, handle="nogniet"))


def _make_feed(world: World) -> None:
    ring, device = canary("ring handle at bakker"), canary("device of a feed")
    anna = world.people["anna"]
    token = world.bakker.write(lambda db: make_feed(db, anna, handle=ring, device=device))
    world.feed = f"/feeds/{token}"


def _save_everything(world: World) -> None:
    """Each member once saved all that stands at their node: the list shows what they may read."""
    for node in world.nodes.values():
        node.write(_bookmark_all)
    anna, bram, words = world.people["anna"], world.people["bram"], canary("note about bram")
    world.bakker.write(lambda db: keep_note(db, anna, bram, words))


def _bookmark_all(db: Connection) -> None:
    people, saved = db.scalars(select(members.c.actor_id)).all(), db.scalars(select(posts.c.object_id)).all()
    rows = [
        {"id": new_id(), "member_id": one, "object_id": object_id} for one in people for object_id in saved
    ]
    insert_new(db, bookmarks, rows)


# --- readers ---------------------------------------------------------------------------------------


async def _readers(world: World) -> dict[str, Reader]:
    made: dict[str, Reader] = {}

    def add(
        kind: str,
        headers: MakeHeaders = unsigned,
        *,
        home: str = "",
        browser: httpx.AsyncClient | None = None,
        token: str = "",
    ) -> None:
        clients = {name: node.client() for name, node in world.nodes.items()}
        made[kind] = Reader(kind, clients | ({home: browser} if browser else {}), headers, token)

    homes = {"sara": "smit", "dora": "smit", "jan": "jansen", "hilde": "branche", "henk": "branche"}
    for who in ("anna", "bram", "ed", "dirk", "ada", "sara", "dora", "jan", "hilde", "henk"):
        home = homes.get(who, "bakker")
        device = canary("device of bram") if who == "bram" else "test"
        browser = await log_in(world.nodes[home], handle_of(who), device=device)
        add(who, home=home, browser=browser, token=app_token(world.nodes[home], handle_of(who)))
    add("gast", home="bakker", browser=await guest_of_room(world))
    add("disabled otto", home="bakker", browser=await log_in(world.bakker, "otto"))
    world.bakker.write(lambda db: disable_member(db, world.people["otto"]))
    add("ended login", home="bakker", browser=await _ended_login(world))
    add("anonymous")
    add("pretender", pretending)
    mia, vik, boos = (world.strangers[name] for name in ("mia", "vik", "boos"))
    add("mia", by_cavage(mia))
    add("mia by rfc 9421", by_rfc9421(mia))
    add("vik", by_cavage(vik))
    add("blocked", by_cavage(boos))
    for name, node in world.nodes.items():
        add(f"node {name}", by_node_key(node))
    add("rsa key of smit", by_node_rsa(world.smit))
    add("person's key of smit", by_person_of(world.smit, world.people["sara"]))
    return made


async def _ended_login(world: World) -> httpx.AsyncClient:
    """The cookie of a log-in that was ended: as if somebody had kept a copy."""
    client = await log_in(world.bakker, "anna")
    kept = dict(client.cookies)
    answer = await client.post("/logout")
    assert answer.status_code == 303
    client.cookies.clear()
    for name, value in kept.items():
        client.cookies.set(name, value, domain=world.bakker.domain)
    return client
