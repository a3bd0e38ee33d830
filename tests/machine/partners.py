"""Acts of directors and admins about partners: what is exchanged with one, and a new key of their own."""

import random

from node.admin import servers
from node.peers import ALLOWED, LIMITED, NORMAL, RINGS_ONLY
from node.rings import rotation
from tests.factories import PASSWORD
from tests.machine.acts import act, some_site
from tests.machine.machine import Machine
from tests.machine.model import BLOCKED

Chance = random.Random


@act(6)
async def rule_partner(m: Machine, chance: Chance) -> bool:
    """An admin says what of open posts is exchanged with another node; its rings stay as they are (A5)."""
    held = _who_hold_open_things(m)
    one, other = chance.choice(held) if held and chance.random() < 0.6 else chance.sample(list(m.sites), 2)
    node, domain = m.sites[one].node, m.sites[other].domain
    if m.model.pairs.get((one, other)) == BLOCKED:
        return False  # a block ends by pairing again
    choice = chance.choice((NORMAL, ALLOWED, LIMITED, LIMITED, RINGS_ONLY, RINGS_ONLY))
    peer_id = node.write(lambda db: servers.server_named(db, node.identity, domain))
    node.write(lambda db: servers.set_standing(db, node.identity, peer_id, choice))
    m.model.policies[one, other] = choice
    m.touched.extend(m.model.open_things(one, other)[-5:])
    return True


def _who_hold_open_things(m: Machine) -> list[tuple[str, str]]:
    """A node and another one of which it has something open."""
    things = m.model.open_things(*m.sites)[-20:]
    return [
        (site.name, thing.node)
        for site in m.sites.values()
        for thing in things
        if site.name != thing.node and m.id_at(site, thing) is not None
    ]


@act(2)
async def rotate_key(m: Machine, chance: Chance) -> bool:
    """A node gets another key; copies of before are thrown away, for they hold the old one."""
    site = some_site(m, chance)
    node, director = site.node, site.people["dir"]
    node.write(lambda db: rotation.rotate(db, node.identity, director, PASSWORD))
    m.copies.pop(site.name, None)
    return True
