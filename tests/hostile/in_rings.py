"""A partner in the ring that says more than it may, to more than it may, about what is not its own."""

from sqlalchemy import func, select

from node.ids import new_id
from node.media.tables import files
from node.objects import DELETED, objects
from schemas.activitystreams import PUBLIC, ring_urn
from tests.federation.traffic import (
    activity_of,
    deliver_as_node,
    deliver_as_person,
    find_text,
    get_text,
    ring_note,
)
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick


@trick("4", "answer a ring post with a post to the whole world, signed by its own node")
async def answer_openly(stage: Stage) -> str:
    asked = stage.post("Vraag voor de ring één")
    await stage.settle()
    note = stage.note("Antwoord voor iedereen", inReplyTo=f"{stage.bakker.base}/o/{asked}", to=[PUBLIC])
    note.pop("audience")
    answer = await stage.say("Create", note)
    assert stage.kept("Antwoord voor iedereen") is None
    assert not await stage.is_shown_to_the_world("Vraag voor de ring één")
    return f"{answer.status} and dropped: what is open is signed by its author, and a node is none"


@trick("8", "the same answer under the key of one of its people")
async def answer_with_a_persons_key(stage: Stage) -> str:
    asked = stage.post("Vraag voor de ring twee")
    await stage.settle()
    fields = {"inReplyTo": f"{stage.bakker.base}/o/{asked}"}
    for words, note in (
        ("Antwoord onder eigen sleutel", stage.note("Antwoord onder eigen sleutel", **fields)),
        ("Open onder eigen sleutel", stage.note("Open onder eigen sleutel", to=[PUBLIC], **fields)),
    ):
        note = note if words.startswith("Antwoord") else {k: v for k, v in note.items() if k != "audience"}
        answer = await deliver_as_person(
            stage.kwaad, stage.koos, stage.bakker, stage.activity("Create", note)
        )
        assert answer.status == 202
    await stage.settle()
    assert stage.kept("Antwoord onder eigen sleutel") is None
    kept = stage.kept("Open onder eigen sleutel")
    assert kept is None or kept.parent_id is None
    return "202 and dropped: a ring's content counts under the node's own key only"


@trick("3", "widen its own ring post with an Update: to the world, then to another ring")
async def widen_by_update(stage: Stage) -> str:
    note = stage.note("Eerst alleen de ring")
    await stage.say("Create", note)
    for fields in (
        {"to": [PUBLIC], "audience": None},
        {"to": [_urn(stage.closer)], "audience": _urn(stage.closer)},
    ):
        wider = {k: v for k, v in (note | {"content": "<p>Nu wijder</p>"} | fields).items() if v}
        await stage.say("Update", wider)
    row = get_text(stage.bakker, "Eerst alleen de ring")
    assert row.audience == stage.ring
    assert stage.kept("Nu wijder") is None
    return "both refused; text and audience as they were"


def _urn(audience: str) -> str:
    return ring_urn(audience.removeprefix("ring:"))


@trick("4, 7", "answer a company post whose id it guessed right, beside an id that nothing has")
async def answer_a_guessed_id(stage: Stage) -> str:
    inside = stage.company_post("Van de zaak zelf")
    seen = []
    for target in (inside, 7):
        words = f"Ik raad {target}"
        before = len(stage.kwaad.sender.log)
        answer = await stage.say("Create", stage.note(words, inReplyTo=f"{stage.bakker.base}/o/{target}"))
        kept = get_text(stage.bakker, words)
        receipts = [
            request.method
            for request, _ in stage.kwaad.sender.log[before:]
            if request.url.startswith(stage.kwaad.base)
        ]
        seen.append((answer.status, kept.parent_id, kept.audience, receipts))
    assert seen[0] == seen[1]
    assert seen[0][1] is None
    return "both 202, both kept as a post of their own, the same receipt: nothing tells the ids apart"


@trick("13", "hang a picture on a third host on its ring post, so that readers' browsers or nodes go there")
async def attach_from_elsewhere(stage: Stage) -> str:
    far = f"{stage.eva.base}/volg-mij.png"
    attached = {"type": "Document", "mediaType": "image/png", "url": far, "name": "kijk"}
    before = len(stage.bakker.sender.log)
    await stage.say("Create", stage.note("Kijk dit plaatje", attachment=[attached]))
    asked = [request.url for request, _ in stage.bakker.sender.log[before:]]
    assert far not in asked
    row = get_text(stage.bakker, "Kijk dit plaatje")
    query = select(files.c.name).where(files.c.object_id == row.id, files.c.name.is_not(None))
    assert stage.bakker.read(lambda db: db.scalars(query).all()) == []
    return "the text is kept, the picture is neither asked for nor shown"


@trick("8, 9", "post into a ring of two partners that it is not in, should it ever learn its name")
async def post_into_a_ring_of_others(stage: Stage) -> str:
    note = stage.note("Ik hoor hier niet", to=[_urn(stage.closer)], audience=_urn(stage.closer))
    answer = await stage.say("Create", note)
    assert stage.kept("Ik hoor hier niet") is None
    return f"{answer.status} and dropped"


@trick("2", "name two rings at once, or its ring and the world")
async def name_two_audiences(stage: Stage) -> str:
    for second in (_urn(stage.closer), PUBLIC, "urn:leerkring:ring:leesbaar-is-anders"):
        await stage.say("Create", stage.note(f"Twee tegelijk {second}", to=[stage.urn, second]))
        assert stage.kept(f"Twee tegelijk {second}") is None
    return "refused: not addressed to exactly one ring"


@trick("9", "delete or change what another partner wrote")
async def change_what_is_others(stage: Stage) -> str:
    sara = ring_note(stage.smit, stage.sara, stage.ring, "Van Sara zelf")
    await deliver_as_node(stage.smit, stage.bakker, activity_of(stage.smit, stage.sara, "Create", sara))
    await stage.settle()
    await stage.say("Update", sara | {"content": "<p>Verdraaid</p>"})
    await stage.say("Delete", sara["id"])
    forged = activity_of(stage.smit, stage.sara, "Delete", sara["id"]) | {
        "id": f"{stage.kwaad.base}/a/{new_id()}"
    }
    answer = await deliver_as_node(stage.kwaad, stage.bakker, forged)
    await stage.settle()
    row = get_text(stage.bakker, "Van Sara zelf")
    assert row.state != DELETED
    return f"dropped twice; in Sara's name {answer.status}: a node speaks for its own people only"


@trick("2", "pass off a post whose id lies at a partner, or whose author is there")
async def write_in_anothers_name(stage: Stage) -> str:
    for words, fields in (
        ("Id van een ander", {"id": f"{stage.smit.base}/o/{new_id()}"}),
        ("Auteur van een ander", {"attributedTo": f"{stage.smit.base}/p/{stage.sara}"}),
    ):
        await stage.say("Create", stage.note(words, **fields))
        assert stage.kept(words) is None
    return "dropped: id, author and signing node must be of one origin"


@trick("5, 12", "boost a ring post to its followers, and like a company post by its guessed id")
async def boost_and_like(stage: Stage) -> str:
    made, inside = stage.post("Niet om door te geven"), stage.company_post("Intern, niet om te liken")
    await stage.settle()
    await stage.say("Announce", f"{stage.bakker.base}/o/{made}", to=[PUBLIC])
    await stage.say("Like", f"{stage.bakker.base}/o/{inside}")
    reacted = select(func.count()).where(objects.c.kind.in_(("like", "announce")))
    assert stage.bakker.read(lambda db: db.scalar(reacted)) == 0
    assert not await stage.is_shown_to_the_world("Niet om door te geven")
    return "both dropped; no count moves"


@trick("9", "send its own deleted post again, so that it comes back")
async def bring_back_the_deleted(stage: Stage) -> str:
    note = stage.note("Kom terug")
    await stage.say("Create", note)
    await stage.say("Delete", note["id"])
    await stage.say("Create", note, published="2026-01-01T00:00:00Z")
    await stage.say("Update", note | {"content": "<p>Kom terug, echt</p>"})
    assert find_text(stage.bakker, "Kom terug") is None
    return "the Delete wins, whatever comes after it"
