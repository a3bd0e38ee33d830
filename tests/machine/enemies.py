"""Acts of enemies: partners with real keys, and persons of theirs, who send what they may not."""

import json
import random

from federation.messages import Request
from federation.signatures import sign_cavage, sign_rfc9421
from node.actors import get_actor
from schemas.activitystreams import CONTENT_TYPE, OBJECT_CONTEXT, PUBLIC, ring_urn
from tests.federation.strangers import sign_as
from tests.machine.acts import act, some_site
from tests.machine.machine import Machine
from tests.machine.model import Thing, is_ring
from tests.machine.world import Site

Chance = random.Random
Document = dict[str, object]


def _note(m: Machine, enemy: Site, person: str, **fields: object) -> tuple[Document, Thing]:
    """A post as their software would send it, with a word of its own; for nobody until said otherwise."""
    number = m.new_number()
    uri = f"/o/{10**17 + number}"
    thing = Thing(
        number, "post", enemy.name, "", "nobody", m.moment, uri, 0, versions=[m.moment], is_unsure=True
    )
    note: Document = {
        "id": enemy.base + uri,
        "type": "Note",
        "attributedTo": f"{enemy.base}/p/{enemy.people[person]}",
        "content": f"<p>vals {thing.word}</p>",
    }
    m.add(thing)
    return note | fields, thing


def _around(enemy: Site, kind: str, note: Document) -> Document:
    addressed = {name: note[name] for name in ("to", "cc", "audience") if name in note}
    number = str(note["content"]).partition("kz")[2][:6]
    activity: Document = {
        "@context": OBJECT_CONTEXT,
        "id": f"{enemy.base}/a/{10**17 + int(number)}",
        "type": kind,
        "actor": note["attributedTo"],
        "object": note,
    }
    return activity | addressed


async def _send(
    m: Machine, enemy: Site, person: str, target: Site, activity: Document, thing: Thing, *, by_node: bool
) -> bool:
    if target.domain in m.world.network.down:
        return False
    body = json.dumps(activity).encode()
    request = Request("POST", f"{target.base}/inbox", {"content-type": CONTENT_TYPE}, body)
    if by_node:
        found = enemy.node.identity
        sign_as(request, found.node_key_id, found.ed25519_private, sign_rfc9421)
    else:
        key = enemy.node.read(lambda db: get_actor(db, enemy.people[person])).rsa_private
        key_id = f"{enemy.base}/p/{enemy.people[person]}#main-key"
        sign_as(request, key_id, key, sign_cavage)
    m.allowed.setdefault(target.name, set()).add((thing.number, 0))
    answer = await m.world.network.hand_over("", target.domain, request)
    return answer.status == 202


def _some_two(m: Machine, chance: Chance) -> tuple[Site, Site]:
    enemy, target = chance.sample(list(m.sites), 2)
    return m.sites[enemy], m.sites[target]


@act(5)
async def widen(m: Machine, chance: Chance) -> bool:
    """A partner sends an Update of its own ring post that says it is for everyone."""
    things = [t for t in m.model.things if is_ring(t.audience) and t.kind == "post" and not t.is_unsure]
    if not things:
        return False
    thing = chance.choice(things[-40:])
    enemy, target = m.sites[thing.node], some_site(m, chance)
    if target is enemy:
        return False
    note, forged = _note(m, enemy, thing.author, to=[PUBLIC])
    note["id"] = enemy.base + thing.uri
    update = _around(enemy, "Update", note)
    m.touched.append(thing)
    by_node = chance.random() < 0.5
    return await _send(m, enemy, thing.author, target, update, forged, by_node=by_node)


@act(6)
async def forge(m: Machine, chance: Chance) -> bool:
    """Ring content under a person's key, by a node that is not in it, or for two audiences at once."""
    rings = m.model.rings()
    if not rings:
        return False
    enemy, target = _some_two(m, chance)
    ring, person = chance.choice(rings), chance.choice(list(enemy.people))
    by_node = chance.random() < 0.5
    to = [ring_urn(ring)]
    if by_node and m.model.is_in(target.name, ring, enemy.name, m.moment):
        to.append(PUBLIC)
    note, forged = _note(m, enemy, person, to=to, audience=ring_urn(ring))
    create = _around(enemy, "Create", note)
    return await _send(m, enemy, person, target, create, forged, by_node=by_node)


def _may_hold(m: Machine, target: Site, enemy: Site, parent: Thing) -> bool:
    """Whether the target knows that the enemy has the post; else it counts as an answer to nothing."""
    view = m.model.view(target.name, parent.audience)
    both = view.was_in(enemy.name, m.moment) and view.was_in(enemy.name, parent.published)
    return parent.deleted is None and (both or parent.node == enemy.name)


@act(5)
async def answer_widely(m: Machine, chance: Chance) -> bool:
    """An answer to a ring post that says it is for everyone: kept for the ring, or nowhere."""
    enemy, target = _some_two(m, chance)
    parents = [
        t
        for t in m.model.things[-60:]
        if t.kind == "post" and is_ring(t.audience) and m.id_at(target, t) is not None
    ]
    if not parents:
        return False
    parent, person = chance.choice(parents), chance.choice(list(enemy.people))
    uri = m.sites[parent.node].base + parent.uri
    note, forged = _note(m, enemy, person, to=[PUBLIC], inReplyTo=uri)
    create = _around(enemy, "Create", note)
    by_node = chance.random() < 0.5
    forged.audience = parent.audience if by_node and _may_hold(m, target, enemy, parent) else "public"
    return await _send(m, enemy, person, target, create, forged, by_node=by_node)
