"""Acts of who keeps copies: a backup is made, and later a node is put back from it (rule 17)."""

import random
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from node.admin.restore import close_towards_others
from node.db import open_engine, writing
from tests.machine.acts import act, some_site
from tests.machine.machine import Machine
from tests.machine.model import BLOCKED, PAIRED, Member
from tests.machine.world import Site

Chance = random.Random


@dataclass(frozen=True)
class Copy:
    """A node as it was, with what only it decides."""

    path: Path
    moment: datetime
    active: frozenset[Member]
    ends: dict[Member, datetime]


@act(3)
async def back_up(m: Machine, chance: Chance) -> bool:
    site = some_site(m, chance)
    path = site.node.settings.home / "copy.sqlite3"
    path.unlink(missing_ok=True)
    site.eyes.execute("VACUUM INTO ?", (str(path),))
    m.copies[site.name] = Copy(path, m.moment, frozenset(m.model.active), dict(m.model.ends))
    return True


@act(2)
async def put_back(m: Machine, chance: Chance) -> bool:
    """A node starts again from its copy: leavings that partners know of hold, its own later acts are lost."""
    if not m.copies:
        return False
    name = chance.choice(list(m.copies))
    site, copy = m.sites[name], m.copies[name]
    await _replace(m, site, copy.path)
    _forget(m, name, copy)
    return True


async def _replace(m: Machine, site: Site, path: Path) -> None:
    database = site.node.settings.home / "leerkring.sqlite3"
    site.node.engine.dispose()
    site.eyes.close()
    for old in (database, *database.parent.glob("leerkring.sqlite3-*")):
        old.unlink()
    shutil.copyfile(path, database)
    engine = open_engine(f"sqlite:///{database}")
    with writing(engine) as db:
        close_towards_others(db)
    engine.dispose()
    site.eyes = sqlite3.connect(database, isolation_level=None)
    site.cookies.clear()
    await m.world.restart(site)


def _forget(m: Machine, name: str, copy: Copy) -> None:
    """The model keeps who left and who was never in; of the node's own words since, nothing is promised."""
    model = m.model
    _forget_members(m, name, copy)
    for (node, other), periods in model.blocks.items():
        is_since = any(period.start > copy.moment for period in periods)
        if node == name and is_since and model.pairs.get((node, other)) == BLOCKED:
            model.pairs[node, other] = PAIRED
    model.policies = {pair: policy for pair, policy in model.policies.items() if pair[0] != name}
    for (node, ring), view in model.views.items():
        if node == name:
            view.is_restored = True  # what it must have again is told by tests of its own
            model.settle(name, ring, m.moment)
    for thing in model.things:
        if thing.node == name:
            changed = [thing.published, *thing.versions, *([thing.deleted] if thing.deleted else [])]
            thing.is_unsure = thing.is_unsure or bool(thing.waits) or max(changed) > copy.moment
            thing.waits = ""
            if thing.deleted is not None and thing.deleted > copy.moment:
                thing.deleted = None
    for room in model.rooms.values():
        room.sure.clear()
        if room.home == name:
            room.people.clear()
            room.welcome |= {(site.name, person) for site in m.sites.values() for person in site.people}


def _forget_members(m: Machine, name: str, copy: Copy) -> None:
    here = {(name, person) for person in m.sites[name].people}
    m.model.active = (m.model.active - here) | (copy.active & here)
    m.model.ends = {who: end for who, end in m.model.ends.items() if who not in here}
    m.model.ends |= {who: end for who, end in copy.ends.items() if who in here}
