"""A partner that was in the ring and is not any more, or that says two things."""

from sqlalchemy import select

from node.media.tables import files
from node.outbox import last_number
from node.queue import deliveries
from node.rings.catching_up import gaps
from tests.factories import leave_ring, post, ring_of
from tests.federation.traffic import deliver_as_node, get_text
from tests.hostile.stage import Stage
from tests.hostile.tricks import trick


@trick(
    "9",
    "leave, then read posts, pictures, people and numbers of its time with the key it always had",
    ends=True,
)
async def read_after_leaving(stage: Stage) -> str:
    made, picture = stage.post_picture("Uit de goede tijd")
    await stage.settle()
    ring = stage.ring.removeprefix("ring:")
    paths = [
        f"/o/{made}",
        f"/media/{picture}",
        f"/media/{picture}/thumb",
        f"/node/rings/{ring}/people",
        f"/node/rings/{ring}/activities?epoch=1&after=0",
        f"/p/{stage.anna}/outbox?page=true",
    ]
    before = [(await stage.ask(path)).status_code for path in paths]
    assert before == [200] * 6
    await leave_ring(stage.kwaad, "monteurs")
    await stage.settle()
    after = [await stage.ask(path) for path in paths]
    assert [answer.status_code for answer in after[:5]] == [404] * 5
    assert "Uit de goede tijd" not in after[5].text
    nothing = await stage.ask("/o/7")
    assert after[0].content == nothing.content
    return "404 at once for all of it, the very bytes of what does not exist"


@trick("9", "be away while it is put out, and wait for what was on its way", ends=True)
async def wait_for_the_queue(stage: Stage) -> str:
    stage.bakker.sender.down.add(stage.kwaad.domain)
    stage.post("Nog onderweg")
    await stage.settle()
    await leave_ring(stage.bakker, "monteurs")
    stage.bakker.sender.down.discard(stage.kwaad.domain)
    before = len(stage.bakker.sender.log)
    await stage.settle()
    assert stage.kept("Nog onderweg", stage.kwaad) is None
    sent = [
        request.body
        for request, _ in stage.bakker.sender.log[before:]
        if request.url.startswith(stage.kwaad.base)
    ]
    assert not any(b"Nog onderweg" in body for body in sent)
    dropped = select(deliveries.c.state).where(deliveries.c.state == "dropped")
    assert stage.bakker.read(lambda db: db.scalars(dropped).all())
    return "what waited is dropped in the transaction that ends the ring; only Deletes still go"


@trick("9", "post, edit and answer after it left, as if it had not heard", ends=True)
async def post_after_leaving(stage: Stage) -> str:
    note = stage.note("Van voor het vertrek")
    await stage.say("Create", note)
    await leave_ring(stage.kwaad, "monteurs")
    await stage.settle()
    late = stage.note("Van na het vertrek")
    for kind, about in (("Create", late), ("Update", note | {"content": "<p>Alsnog veranderd</p>"})):
        await deliver_as_node(stage.kwaad, stage.bakker, stage.activity(kind, about))
    await stage.settle()
    assert stage.kept("Van na het vertrek") is None
    assert get_text(stage.bakker, "Van voor het vertrek")
    return "dropped; what it wrote before stays until the agreed days are over"


@trick("honest limits", "give two partners two different texts under one id")
async def say_two_things(stage: Stage) -> str:
    note = stage.note("Tegen Bakker: ja")
    await stage.say("Create", note)
    await stage.say("Create", note | {"content": "<p>Tegen Smit: nee</p>"}, stage.smit)
    assert get_text(stage.bakker, "Tegen Bakker: ja").uri == get_text(stage.smit, "Tegen Smit: nee").uri
    help_page = (await stage.bakker.client().get("/help")).text
    assert help_page
    return "works and cannot be prevented; the honest limits say so"


@trick("8", "make Bakker fetch a partner's ring picture for it, by naming it in a post of its own")
async def borrow_the_key(stage: Stage) -> str:
    _, picture = stage.post_picture("Plaatje van Bakker", stage.closer)
    await stage.settle()
    stolen = {
        "type": "Document",
        "mediaType": "image/png",
        "url": f"{stage.bakker.base}/media/{picture}",
        "name": "x",
    }
    await stage.say("Create", stage.note("Geef mij dat plaatje", attachment=[stolen]), stage.smit)
    query = select(files.c.name).where(files.c.remote_url == stolen["url"])
    row = get_text(stage.smit, "Geef mij dat plaatje")
    mine = select(files.c.name).where(files.c.object_id == row.id, files.c.name.is_not(None))
    assert stage.smit.read(lambda db: db.scalars(mine).all()) == []
    assert stage.smit.read(lambda db: db.scalars(query).all()) is not None
    return "not fetched: a ring post's files come from its author's own node"


@trick("17", "put back an old copy of its own database and give numbers out a second time")
async def put_back_a_copy(stage: Stage) -> str:
    for words in ("Nummer een van Kwaad", "Nummer twee van Kwaad"):
        post(stage.kwaad, "koos", stage.ring, words)
    await stage.settle()
    ring = ring_of(stage.bakker, "monteurs")
    kwaad = stage.peer_id(stage.bakker, stage.kwaad)
    number = stage.kwaad.read(lambda db: last_number(db, stage.kwaad.identity, stage.ring))
    epoch = stage.kwaad.identity.epoch
    await stage.say("Create", stage.note("Hetzelfde nummer, andere tekst"), epoch=epoch, n=number)
    assert stage.kept("Nummer twee van Kwaad") is not None
    assert stage.bakker.read(lambda db: gaps(db, ring.audience, kwaad)) == 0
    return "what it said before stays, no gap opens; its own software is told the higher number and closes"
