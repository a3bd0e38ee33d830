"""Where runs begin: strangers, paired firms, or firms with rings; made once by the machine's own acts."""

import random
from functools import cache

from node.rings import agreements
from tests.factories import PASSWORD, make_terms, pair
from tests.machine.acts import pact_at
from tests.machine.machine import Machine, Start, fresh, keep, running


@cache
def paired(count: int) -> Start:
    """Every two of them are paired."""
    with running(fresh(count)) as (machine, runner):
        runner.run(_pair_all(machine))
        return keep(machine)


async def _pair_all(m: Machine) -> None:
    names = list(m.sites)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            await pair(m.sites[one].node, m.sites[other].node)
            m.model.pair(one, other, m.moment)
    m.observe()


@cache
def ringed(count: int) -> Start:
    """A ring of the first two or three, and one of the last two."""
    with running(paired(count)) as (machine, runner):
        names = list(machine.sites)
        runner.run(_agree(machine, names[:3], "monteurs"))
        runner.run(_agree(machine, names[-2:], "leerlingen"))
        return keep(machine)


async def _agree(m: Machine, firms: list[str], handle: str) -> None:
    first, *others = (m.sites[name] for name in firms)
    terms = make_terms(*(m.sites[name].node for name in firms))
    node, director = first.node, first.people["dir"]
    found = node.write(
        lambda db: agreements.propose(db, node.identity, director, PASSWORD, terms, handle=handle)
    )
    m.model.sign(first.name, pact_at(first, found), m.moment)
    await m.settle()
    for site in others:
        _sign(m, site.name, found, handle)
        await m.settle()


def _sign(m: Machine, name: str, found: str, handle: str) -> None:
    site = m.sites[name]
    node, director = site.node, site.people["dir"]
    node.write(lambda db: agreements.sign(db, node.identity, director, PASSWORD, found, handle=handle))
    m.model.sign(name, pact_at(site, found), m.moment)


def any_start(chance: random.Random) -> Start:
    """Mostly with rings, which is where most can go wrong."""
    count = chance.choice((3, 4, 4, 5))
    return chance.choices((ringed, paired, fresh), weights=(7, 2, 1))[0](count)
