"""No sequence of what clients post lets anybody read more than a page of theirs would."""

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from node.access.tables import members
from tests.factories import make_member
from tests.network import RunningNode
from tests.node.clients.client import AS2, Client, Json, client_of
from tests.node.clients.client import PUBLIC as EVERYONE

PEOPLE_HERE = ("anna", "bram", "carla")
WHOM = st.lists(st.sampled_from(["public", "followers", "nobody", *PEOPLE_HERE]), max_size=2)


@dataclass(frozen=True)
class Step:
    """What one client does; `about` picks one of the posts that are there by then."""

    who: str
    kind: str
    about: int = 0
    whom: tuple[str, ...] = ()
    field: str = "to"


STEPS = st.lists(
    st.builds(
        Step,
        who=st.sampled_from(PEOPLE_HERE),
        kind=st.sampled_from(["note", "answer", "update", "like", "delete", "undo"]),
        about=st.integers(0, 5),
        whom=WHOM.map(tuple),
        field=st.sampled_from(["to", "cc", "audience", "bto"]),
    ),
    min_size=2,
    max_size=8,
)


@dataclass
class Told:
    """Who a post was meant for, as its writer's own words in the request say: judged without the boundary."""

    readers: dict[str, set[str]] = field(default_factory=dict)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_nobody_reads_more_than_was_asked_for(node: RunningNode, steps: list[Step]) -> None:
    clients = _clients(node)
    told = Told()
    for step in steps:
        await _take(clients, told, step)
    for uri, meant in told.readers.items():
        for who, client in clients.items():
            answer = await client.http.get(uri, headers={"accept": AS2})
            assert (answer.status_code in (200, 410)) <= (who in meant), (uri, who, steps)
        async with node.client() as nobody:
            answer = await nobody.get(uri, headers={"accept": AS2})
            assert (answer.status_code in (200, 410)) <= ("anonymous" in meant), (uri, steps)
    for who, client in clients.items():
        found = {one["object"]["id"] for one in await client.items(f"{client.actor}/inbox")}
        assert all(who in told.readers[uri] for uri in found & told.readers.keys())


def _clients(node: RunningNode) -> dict[str, Client]:
    """Made once for a database that all examples share."""
    known = node.read(lambda db: db.scalars(select(members.c.actor_id)).all())
    if not known:
        for handle in PEOPLE_HERE:
            make_member(node, handle, has_face=True)
        node.write(lambda db: db.execute(update(members).values(open_from_apps=True)))
    return {handle: client_of(node, handle) for handle in PEOPLE_HERE}


async def _take(clients: dict[str, Client], told: Told, step: Step) -> None:
    client, there = clients[step.who], list(told.readers)
    about = there[step.about % len(there)] if there else f"{client.actor}/none"
    names = {
        "public": EVERYONE,
        "followers": f"{client.actor}/followers",
        "nobody": "http://bakker.localhost:8001/p/1",
        **{who: one.actor for who, one in clients.items()},
    }
    named = {step.field: [names[who] for who in step.whom]} if step.whom else {}
    wishes: dict[str, Json] = {
        "note": {"type": "Note", "content": "x", **named},
        "answer": {"type": "Note", "content": "x", "inReplyTo": about, **named},
        "update": {"type": "Update", "object": {"id": about, "content": "y", **named}},
        "like": {"type": "Like", "object": about},
        "delete": {"type": "Delete", "object": about},
        "undo": {"type": "Undo", "object": {"type": "Like", "object": about}},
    }
    answer = await client.send(wishes[step.kind])
    assert answer.status_code in (201, 403, 404, 422, 409), answer.text
    may_know = about not in told.readers or step.who in told.readers[about]
    if answer.status_code == 201:
        assert may_know or step.kind == "note"
    if answer.status_code == 201 and step.kind in ("note", "answer"):
        meant = _meant(step)
        if step.kind == "answer":
            meant &= told.readers[about] | {step.who}
        told.readers[answer.json()["object"]["id"]] = meant


def _meant(step: Step) -> set[str]:
    everybody = {*PEOPLE_HERE}
    if "public" in step.whom:
        return everybody | {"anonymous"}
    return everybody if not step.whom else {step.who, *step.whom} & everybody
