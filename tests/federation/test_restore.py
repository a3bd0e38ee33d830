"""A node put back from a copy hears first what it forgot; a copy put back by hand is found (rule 17)."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import time_machine
from sqlalchemy import select

from node.admin.backup import make_backup
from node.admin.copying import set_revision
from node.admin.restore import restore_backup
from node.app import build_app, open_home, workers
from node.boundary import is_in_ring
from node.ids import now
from node.migrations.upgrade import HEAD
from node.objects import DELETED, objects
from node.peers import find_peer
from node.posts.actions import delete_post
from node.posts.tables import posts
from node.rings import restoring, rotation, witnesses
from node.rings.restore_rows import BACKUP, COPY, closed_towards, restores_with_names
from node.rings.rosters import block_peer, close_for_restore
from node.settings import Settings, load
from tests.factories import (
    PASSWORD,
    director_of,
    leave_ring,
    log_in,
    make_member,
    make_ring,
    member_row,
    pair,
    post,
    ring_of,
)
from tests.federation.conftest import NewUrl, copies
from tests.network import RunningNode, fediverse, settle

NAMES = ("bakker", "smit", "jansen")


class Ring:
    """Bakker, Smit and Jansen; Bakker is the one that is put back."""

    def __init__(
        self, nodes: dict[str, RunningNode], audience: str, folder: Path, stack: AsyncExitStack
    ) -> None:
        self.nodes, self.audience, self.folder, self._stack = nodes, audience, folder, stack

    @property
    def bakker(self) -> RunningNode:
        return self.nodes["bakker"]

    @property
    def smit(self) -> RunningNode:
        return self.nodes["smit"]

    @property
    def jansen(self) -> RunningNode:
        return self.nodes["jansen"]

    async def settle(self) -> None:
        await settle(*self.nodes.values())

    async def write(self, node: RunningNode, words: str) -> int:
        made = post(node, "directeur", self.audience, words)
        await self.settle()
        return made

    def back_up(self) -> Path:
        return make_backup(self.bakker.engine, self.bakker.settings, self.folder / "backup.tar").path

    async def put_back(self, backup: Path) -> None:
        """The backup in an empty home, running in Bakker's place."""
        home = self.folder / "restored"
        restore_backup(backup, home, open_home, database="")
        await self._run(load(home, local=True, database=""))

    async def run_on(self, copy: Path) -> None:
        """A file put in place by hand: nobody told the node."""
        await self._run(self.bakker.settings.model_copy(update={"database": f"sqlite:///{copy}"}))

    async def _run(self, settings: Settings) -> None:
        old = self.bakker
        engine = open_home(settings)
        app = build_app(settings, engine=engine, sender=old.sender)
        await self._stack.enter_async_context(app.router.lifespan_context(app))
        self._stack.callback(engine.dispose)
        old.sender.apps[old.domain] = app
        self.nodes["bakker"] = RunningNode(old.domain, settings, engine, app, old.sender, workers())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(
    databases: Callable[[str], NewUrl], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Path], str]:
    """Three firms in a ring, made once: the file of each, and the ring's audience."""
    new_url, folder = databases("sqlite"), tmp_path_factory.mktemp("made")
    domains = {f"{name}.localhost": new_url() for name in NAMES}
    async with fediverse(folder / "homes", domains) as nodes:
        for one, other in (("bakker", "smit"), ("bakker", "jansen"), ("smit", "jansen")):
            await pair(nodes[one], nodes[other])
        audience = await make_ring(*(nodes[name] for name in NAMES))
        await settle(*nodes.values())
        for node in nodes.values():
            node.write(lambda db: set_revision(db, HEAD))
    files = {domain: Path(url.removeprefix("sqlite:///")) for domain, url in domains.items()}
    return files, audience


@pytest.fixture
async def three(made: tuple[dict[str, Path], str], tmp_path: Path) -> AsyncIterator[Ring]:
    files, audience = made
    domains = copies(files, tmp_path)
    async with AsyncExitStack() as stack, fediverse(tmp_path / "homes", domains) as nodes:
        yield Ring(dict(nodes), audience, tmp_path, stack)


def texts(node: RunningNode, audience: str) -> list[str]:
    """What members of a node can read in the ring."""
    if not node.read(lambda db: is_in_ring(db, audience)):
        return []
    joined = select(posts.c.source, posts.c.html).join(objects, objects.c.id == posts.c.object_id)
    query = joined.where(objects.c.audience == audience, objects.c.state != DELETED).order_by(objects.c.id)
    found = node.read(lambda db: db.execute(query).all())
    return [row.source or row.html.strip().removeprefix("<p>").removesuffix("</p>") for row in found]


def waits_for(node: RunningNode) -> set[str]:
    rows = node.read(restores_with_names)
    return {str(row.domain).partition(".")[0] for row in rows if row.answered_at is None}


def delete_it(node: RunningNode, object_id: int) -> None:
    who = member_row(node, "directeur").actor_id
    node.write(lambda db: delete_post(db, node.identity, who, object_id))


async def test_deletions_are_heard_before_anybody_reads_and_the_rest_is_caught_up(three: Ring) -> None:
    ours, theirs = (
        await three.write(three.bakker, "van ons, straks weg"),
        await three.write(three.smit, "ook weg"),
    )
    await three.write(three.bakker, "blijft")
    backup = three.back_up()
    delete_it(three.bakker, ours)
    delete_it(three.smit, theirs)
    await three.write(three.smit, "na de kopie")
    await three.write(three.bakker, "van ons na de kopie")
    before = three.bakker.identity.epoch
    three.bakker.sender.down.update({three.smit.domain, three.jansen.domain})
    await three.put_back(backup)
    await three.bakker.run_once()
    assert texts(three.bakker, three.audience) == []
    assert waits_for(three.bakker) == {"smit", "jansen"}
    three.bakker.sender.down.clear()
    with time_machine.travel(now() + timedelta(minutes=6), tick=True):
        await three.settle()
        assert waits_for(three.bakker) == set()
        assert three.bakker.identity.epoch > before
        assert sorted(texts(three.bakker, three.audience)) == ["blijft", "na de kopie"]
        await three.write(three.bakker, "weer open")
        for partner in (three.smit, three.jansen):
            assert "weer open" in texts(partner, three.audience)
            assert "van ons, straks weg" not in texts(partner, three.audience)
    lost = {row.domain: row.lost for row in three.bakker.read(restores_with_names)}
    assert lost[three.smit.domain] == 1


async def test_one_silent_partner_keeps_the_ring_closed_until_the_director_goes_on(three: Ring) -> None:
    backup = three.back_up()
    three.bakker.sender.down.add(three.jansen.domain)
    await three.put_back(backup)
    await settle(three.bakker, three.smit)
    assert waits_for(three.bakker) == {"jansen"}
    assert not three.bakker.read(lambda db: is_in_ring(db, three.audience))
    jansen = three.bakker.read(lambda db: find_peer(db, three.jansen.domain))
    assert jansen is not None
    browser = await log_in(three.bakker, "directeur")
    early = {"password": PASSWORD, "peer": str(jansen.id)}
    assert (await browser.post("/restored", data=early)).status_code == 422
    assert 'href="/restored"' in (await browser.get("/rings")).text
    assert "Je hoeft niets te doen: de ringen gaan vanzelf open." in (await browser.get("/admin")).text
    with time_machine.travel(now() + timedelta(days=7, minutes=1), tick=True):
        await settle(three.bakker, three.smit)
        browser = await log_in(three.bakker, "directeur")
        assert "al 7 dagen stil" in (await browser.get("/notices")).text
        assert "Een directeur kan zonder hen verdergaan" in (await browser.get("/admin")).text
        wrong = await browser.post("/restored", data=early | {"password": "fout"})
        assert (wrong.status_code, "checked" in wrong.text) == (422, True)
        assert (await browser.post("/restored", data=early)).status_code == 303
        await three.write(three.bakker, "zonder jansen")
        assert "zonder jansen" in texts(three.smit, three.audience)
        three.bakker.sender.down.clear()
        with time_machine.travel(now() + timedelta(hours=13), tick=True):
            await three.settle()
            await three.write(three.bakker, "met jansen")
            assert texts(three.jansen, three.audience) == ["met jansen"]


async def test_who_left_meanwhile_stays_out_and_gets_nothing(three: Ring) -> None:
    backup = three.back_up()
    await leave_ring(three.jansen, "monteurs")
    await three.settle()
    await three.put_back(backup)
    await three.settle()
    await three.write(three.bakker, "zonder jansen")
    assert "zonder jansen" in texts(three.smit, three.audience)
    assert three.jansen.read(lambda db: "zonder" not in str(db.execute(select(posts.c.html)).all()))


async def test_a_firm_that_left_itself_is_not_in_again_by_a_backup(three: Ring) -> None:
    backup = three.back_up()
    await leave_ring(three.bakker, "monteurs")
    await three.settle()
    await three.put_back(backup)
    await three.settle()
    assert ring_of(three.bakker, "monteurs").state == "closed"
    browser = await log_in(three.bakker, "directeur")
    assert "ons bedrijf is eruit gegaan" in (await browser.get("/rings/monteurs/about")).text


async def test_a_ring_made_after_the_backup_is_heard_of(three: Ring) -> None:
    backup = three.back_up()
    later = await make_ring(three.bakker, three.smit, name="Later", handle="later")
    await three.settle()
    await three.put_back(backup)
    await three.settle()
    post(three.smit, "directeur", later, "ook in de nieuwe ring")
    await three.settle()
    assert texts(three.bakker, later) == ["ook in de nieuwe ring"]


async def test_what_comes_meanwhile_waits_at_its_sender(three: Ring) -> None:
    backup = three.back_up()
    three.bakker.sender.down.add(three.jansen.domain)
    await three.put_back(backup)
    await settle(three.bakker, three.smit)
    await three.write(three.smit, "terwijl jullie wachten")
    three.bakker.sender.down.clear()
    with time_machine.travel(now() + timedelta(minutes=10), tick=True):
        await three.settle()
    assert texts(three.bakker, three.audience) == ["terwijl jullie wachten"]


async def test_a_copy_put_back_by_hand_is_found_before_it_sends_anything(three: Ring) -> None:
    await three.write(three.bakker, "eerste")
    copy = three.folder / "copy.sqlite3"
    url = str(three.bakker.engine.url.database)
    with sqlite3.connect(url) as db:
        db.execute("VACUUM INTO ?", (str(copy),))
    db.close()
    await three.write(three.bakker, "tweede")
    await three.run_on(copy)
    post(three.bakker, "directeur", three.audience, "op de oude kopie geschreven")
    start = len(three.bakker.sender.log)
    await three.bakker.run_once()
    sent = [request for request, _ in three.bakker.sender.log[start:] if request.url.endswith("/inbox")]
    assert sent == []
    assert {row.why for row in three.bakker.read(restores_with_names)} == {COPY}
    browser = await log_in(three.bakker, "directeur")
    assert "met de hand" in (await browser.get("/restored")).text
    with time_machine.travel(now() + timedelta(minutes=6), tick=True):
        await three.settle()
        await three.write(three.bakker, "derde")
    assert texts(three.smit, three.audience) == ["eerste", "tweede", "derde"]


async def test_a_backup_older_than_the_key_needs_pairing_again(three: Ring) -> None:
    backup = three.back_up()
    director = director_of(three.bakker)
    three.bakker.write(lambda db: rotation.rotate(db, three.bakker.identity, director, PASSWORD))
    await three.settle()
    await three.put_back(backup)
    await three.settle()
    assert waits_for(three.bakker) == {"smit", "jansen"}
    browser = await log_in(three.bakker, "directeur")
    assert "nieuwere sleutel" in (await browser.get("/restored")).text
    for partner in (three.smit, three.jansen):
        await pair(three.bakker, partner)
    with time_machine.travel(now() + timedelta(minutes=6), tick=True):
        await three.settle()
        await three.write(three.bakker, "opnieuw gekoppeld")
    assert texts(three.smit, three.audience) == ["opnieuw gekoppeld"]


async def test_two_that_were_put_back_do_not_wait_for_each_other(three: Ring) -> None:
    await three.write(three.bakker, "van voor de brand")
    for node in (three.bakker, three.smit):
        node.write(lambda db: close_for_restore(db, BACKUP))
    with time_machine.travel(now() + timedelta(minutes=6), tick=True):
        await three.settle()
        assert waits_for(three.bakker) == waits_for(three.smit) == set()
        await three.write(three.smit, "weer samen")
    assert texts(three.bakker, three.audience) == ["van voor de brand", "weer samen"]


async def test_a_restored_chain_of_departures_is_no_tampering(three: Ring) -> None:
    backup = three.back_up()
    await three.write(three.bakker, "na de kopie")
    with time_machine.travel(now() + timedelta(hours=25), tick=True):
        await three.settle()
        await three.put_back(backup)
        await three.settle()
        partner = three.bakker.read(lambda db: witnesses.witnesses(db)[0])
        shown = await witnesses.ask_heads(three.bakker.work.network, partner)
        assert shown
        found = three.bakker.read(lambda db: witnesses.compare(db, shown))
    assert (found.differs_at, found.is_restored) == (None, True)


async def test_a_blocked_partner_is_not_waited_for_and_members_see_no_page(three: Ring) -> None:
    backup = three.back_up()
    three.bakker.sender.down.add(three.jansen.domain)
    await three.put_back(backup)
    await settle(three.bakker, three.smit)
    jansen = three.bakker.read(lambda db: find_peer(db, three.jansen.domain))
    assert jansen is not None
    make_member(three.bakker, "monteur")
    assert (await (await log_in(three.bakker, "monteur")).get("/restored")).status_code == 403
    three.bakker.write(lambda db: block_peer(db, jansen.id))
    await settle(three.bakker, three.smit)
    assert three.bakker.read(lambda db: is_in_ring(db, three.audience))


@pytest.fixture
async def pairs(
    database_kind: str, databases: Callable[[str], Callable[[], str]], tmp_path: Path
) -> AsyncIterator[Ring]:
    new_url = databases(database_kind)
    domains = {f"{name}.localhost": new_url() for name in NAMES[:2]}
    async with AsyncExitStack() as stack, fediverse(tmp_path / "homes", domains) as nodes:
        await pair(nodes["bakker"], nodes["smit"])
        audience = await make_ring(nodes["bakker"], nodes["smit"])
        yield Ring(dict(nodes), audience, tmp_path, stack)


@pytest.mark.each_database
async def test_the_rows_of_a_restore_on_both_databases(pairs: Ring) -> None:
    await pairs.settle()
    await pairs.write(pairs.bakker, "van voor de kopie")
    pairs.bakker.write(lambda db: close_for_restore(db, BACKUP))
    assert texts(pairs.bakker, pairs.audience) == []
    await pairs.settle()
    assert texts(pairs.bakker, pairs.audience) == ["van voor de kopie"]
    told = {pairs.audience: [pairs.bakker.identity.epoch, 10_000]}
    smit = pairs.bakker.read(lambda db: find_peer(db, pairs.smit.domain))
    assert smit is not None
    pairs.bakker.write(lambda db: restoring.notice_copy(db, pairs.bakker.identity, smit.id, told))
    assert pairs.bakker.read(closed_towards) == {smit.id}
