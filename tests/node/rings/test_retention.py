"""After a firm parted, its content leaves our disk when the agreement's days are over, unasked."""

from datetime import timedelta

import time_machine
from sqlalchemy import select

from node.ids import now
from node.media.tables import files
from node.posts.tables import posts
from node.workers.housekeeping import tidy
from tests.factories import leave_ring, make_ring, pair, picture, post
from tests.network import RunningNode, settle
from tests.node.rings.conftest import Firms

WORD = "zeldzaamwoordje"


def words_and_pictures(node: RunningNode) -> tuple[list[str], int]:
    with_word = select(posts.c.html).where(posts.c.html.contains(WORD))
    named = select(files.c.id).where(files.c.name.is_not(None))
    return node.read(lambda db: (list(db.scalars(with_word)), len(db.execute(named).all())))


async def test_a_parted_firms_words_and_pictures_leave_after_the_agreed_days(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    audience = await make_ring(firms.bakker, firms.smit)
    post(firms.bakker, "directeur", audience, WORD, pictures=[picture()], alts=["rood"])
    await settle(firms.bakker, firms.smit)
    await leave_ring(firms.bakker, "monteurs")
    await settle(firms.bakker, firms.smit)
    tidy(firms.smit.engine, firms.smit.settings)
    assert words_and_pictures(firms.smit) == ([f"<p>{WORD}</p>\n"], 1)
    with time_machine.travel(now() + timedelta(days=31), tick=True):
        tidy(firms.smit.engine, firms.smit.settings)
        tidy(firms.bakker.engine, firms.bakker.settings)
    assert words_and_pictures(firms.smit) == ([], 0)
    assert words_and_pictures(firms.bakker)[1] == 1, "its own author keeps it"
