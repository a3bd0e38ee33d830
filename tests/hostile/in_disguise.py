"""Names and addresses that pass for somebody else's."""

from sqlalchemy import select

from node.errors import NodeError
from node.people.queries import author_views
from node.rings import pairing, pairing_talks
from node.rings.people import people_of_ring
from node.rings.tables import ring_people
from schemas.activitystreams import ring_urn
from tests.factories import director_of, log_in, ring_of
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick
from tests.network import RunningNode


@trick("12", "call its people what Bakker's people and Smit itself are called, with signs that look the same")
async def borrow_names(stage: Stage) -> str:
    shown = []
    for number, name in enumerate(("Anna de Boer", "Аnnа dе Bоer", "Anna\u200b de Boer", "Smit", "ЅМІТ")):
        person = {
            "id": f"{stage.kwaad.base}/p/{900 + number}",
            "type": "Person",
            "preferredUsername": f"nep{number}",
            "name": name,
        }
        urn = ring_urn(stage.ring.removeprefix("ring:"))
        await stage.say_as_node(
            {
                "@context": "https://www.w3.org/ns/activitystreams",
                "id": f"{stage.kwaad.base}/a/{800 + number}",
                "type": "Add",
                "to": [urn],
                "audience": urn,
                "object": person,
                "target": f"{stage.kwaad.base}/node/rings/{urn.rpartition(':')[2]}/people",
            }
        )
    rows = stage.bakker.read(lambda db: people_of_ring(db, ring_of(stage.bakker, "monteurs")))
    ids = [row.id for row in rows if row.uri.startswith(stage.kwaad.base) and row.handle.startswith("nep")]
    views = stage.bakker.read(lambda db: author_views(db, stage.bakker.identity, ids))
    shown = [view.name for view in views.values()]
    assert len(shown) == 5
    assert all(name.endswith(f"({stage.kwaad.domain})") for name in shown)
    client = await log_in(stage.bakker, "anna")
    page = (await client.get("/rings/monteurs/about")).text
    await client.aclose()
    assert f"({stage.kwaad.domain})" in page
    return "each is shown with its domain inside the name"


@trick("12", "say that Bakker's and Smit's people are its own")
async def claim_people_of_others(stage: Stage) -> str:
    urn = ring_urn(stage.ring.removeprefix("ring:"))
    for number, uri in enumerate(
        (f"{stage.smit.base}/p/{stage.sara}", f"{stage.bakker.base}/p/{stage.anna}")
    ):
        for kind in ("Add", "Remove"):
            await stage.say_as_node(
                {
                    "@context": "https://www.w3.org/ns/activitystreams",
                    "id": f"{stage.kwaad.base}/a/{700 + number}{kind}",
                    "type": kind,
                    "to": [urn],
                    "audience": urn,
                    "object": {
                        "id": uri,
                        "type": "Person",
                        "preferredUsername": "sara",
                        "name": "Overgenomen",
                    },
                }
            )
    kwaad = stage.peer_id(stage.bakker, stage.kwaad)
    smit = stage.peer_id(stage.bakker, stage.smit)
    query = select(ring_people.c.peer_id).where(ring_people.c.peer_id == smit)
    assert stage.bakker.read(lambda db: db.scalars(query).all())
    rows = stage.bakker.read(lambda db: people_of_ring(db, ring_of(stage.bakker, "monteurs")))
    assert all(row.peer_id != kwaad or row.uri.startswith(stage.kwaad.base) for row in rows)
    assert "Overgenomen" not in {row.name for row in rows}
    return "dropped: a node names its own people and nobody else's"


@trick("pairing", "guess the code of an invitation, as the invited domain and as another")
async def guess_the_code(stage: Stage) -> str:
    director = director_of(stage.bakker)
    made = stage.bakker.write(
        lambda db: pairing.invite(db, stage.bakker.identity, director, stage.kwaad.domain, "Kwaad")
    )
    for _ in range(6):
        await _try_code(stage.kwaad, stage.bakker, "22222222")
    with_the_right_one = await _try_code(stage.kwaad, stage.bakker, made.code)
    row = stage.bakker.read(lambda db: pairing.get_pairing(db, made.id))
    assert (row.state, row.wrong_codes, with_the_right_one) == (pairing.FAILED, 5, pairing.FAILED)
    return "five tries end the invitation and its director is told; then the right code opens nothing"


async def _try_code(node: RunningNode, inviter: RunningNode, code: str) -> str:
    director = director_of(node)
    try:
        made = node.write(
            lambda db: pairing.accept(db, node.identity, director, inviter.domain, "Bakker BV", code)
        )
    except NodeError as error:
        return type(error).__name__
    await pairing_talks.advance(node.work.network, made)
    return node.read(lambda db: str(pairing.get_pairing(db, made).state))


@trick("pairing", "relay a code that Bakker made for another firm, from a domain that looks like that firm's")
async def relay_the_code(stage: Stage) -> str:
    director = director_of(stage.bakker)
    made = stage.bakker.write(
        lambda db: pairing.invite(db, stage.bakker.identity, director, "kvvaad.localhost", "Kvvaad")
    )
    state = await _try_code(stage.kwaad, stage.bakker, made.code)
    row = stage.bakker.read(lambda db: pairing.get_pairing(db, made.id))
    assert state == pairing.FAILED
    assert (row.wrong_codes, row.their_commitment) == (0, None)
    return "404, as if there were no invitation; no try is counted. Through a firm it fools: other words"
