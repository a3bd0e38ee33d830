"""Partners hold heads of our departures, so a chain that was rewritten whole is found (rule 11)."""

from collections.abc import Callable
from datetime import timedelta

import time_machine
from sqlalchemy import Connection, delete, func, select, update

from node.departures import START, departures, line_hash, list_departures, verify_departures
from node.ids import now
from node.peers import peers
from node.rings import witnesses
from node.rings.trust_tables import comparisons, witnessed_heads
from node.rings.witnesses import Comparison
from tests.federation.circle import Circle
from tests.network import RunningNode


def lines(node: RunningNode) -> int:
    return int(node.read(lambda db: db.scalar(select(func.count()).select_from(departures))) or 0)


def rewrite(node: RunningNode, change: Callable[[dict[str, object]], None]) -> None:
    """Every line made anew, so that the chain itself shows nothing."""

    def work(db: Connection) -> None:
        previous = START
        for row in list(list_departures(db)):
            line = dict(row._mapping)
            change(line)
            line["previous"] = previous
            previous = line["hash"] = line_hash(line)
            values = {name: line[name] for name in ("receivers", "previous", "hash")}
            db.execute(update(departures).where(departures.c.seq == row.seq).values(**values))

    node.write(work)


async def compared(circle: Circle) -> Comparison | None:
    partner = circle.bakker.read(lambda db: witnesses.witnesses(db)[0])
    shown = await witnesses.ask_heads(circle.bakker.work.network, partner)
    return None if shown is None else circle.bakker.read(lambda db: witnesses.compare(db, shown))


async def test_a_partner_gets_the_head_once_a_day_and_only_it(own_circle: Circle) -> None:
    seen = own_circle.smit.read(lambda db: db.execute(select(witnessed_heads)).all())
    assert len(seen) == 1
    assert own_circle.branche.read(lambda db: db.execute(select(witnessed_heads)).all()) == []
    own_circle.post("nog een regel")
    await own_circle.settle()
    with time_machine.travel(now() + timedelta(hours=25), tick=True):
        await own_circle.settle()
    last = own_circle.smit.read(lambda db: db.execute(select(func.max(witnessed_heads.c.seq))).scalar_one())
    assert last > seen[0].seq
    found = await compared(own_circle)
    assert found is not None
    assert (found.heads, found.differs_at, found.is_restored) == (2, None, False)


async def test_a_chain_rewritten_whole_is_found_without_our_own_record(own_circle: Circle) -> None:
    own_circle.bakker.write(lambda db: db.execute(update(departures).values(salt=None)))
    assert (await compared(own_circle)) == Comparison(1, None, False)

    def forget_smit(line: dict[str, object]) -> None:
        line["receivers"] = "[]"

    rewrite(own_circle.bakker, forget_smit)
    own_circle.bakker.write(lambda db: db.execute(delete(comparisons)))
    own_circle.bakker.write(lambda db: db.execute(update(peers).values(told_head_at=None)))
    assert own_circle.bakker.read(verify_departures).broken_at is None
    found = await compared(own_circle)
    assert found is not None
    assert found.differs_at
    await own_circle.settle()
    assert own_circle.bakker.read(lambda db: witnesses.last_comparisons(db)[0].differs_at) == found.differs_at


async def test_lines_cut_off_at_the_end_are_found(own_circle: Circle) -> None:
    own_circle.bakker.write(lambda db: db.execute(update(peers).values(told_head_at=None)))
    await own_circle.settle()
    last = lines(own_circle.bakker)
    own_circle.bakker.write(lambda db: db.execute(delete(departures).where(departures.c.seq > 2)))
    assert last > 2
    found = await compared(own_circle)
    assert found is not None
    assert found.differs_at is not None
