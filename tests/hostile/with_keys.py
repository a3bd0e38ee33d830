"""Signatures used again, elsewhere, too late, or by whom they do not belong to."""

from datetime import timedelta

import time_machine

from federation import keys
from federation.messages import Request
from federation.signatures import sign_rfc9421
from node.actors import get_actor
from node.ids import now
from node.objects import DELETED
from tests.federation.strangers import sign_as
from tests.federation.traffic import activity_of, get_text, ring_note
from tests.hostile.stage import Stage, as_body, signed_by
from tests.hostile.tricks import trick


@trick("8", "send what Smit signed for Kwaad on to Bakker: a signature for another host")
async def pass_on_a_signature(stage: Stage) -> str:
    note = ring_note(stage.smit, stage.sara, stage.ring, "Alleen aan Kwaad gezegd")
    body = as_body(activity_of(stage.smit, stage.sara, "Create", note))
    made = signed_by(stage.smit, "POST", f"{stage.kwaad.base}/inbox", body)
    statuses = set()
    for headers in (dict(made.headers), dict(made.headers) | {"host": stage.bakker.domain}):
        answer = await stage.kwaad.sender(Request("POST", f"{stage.bakker.base}/inbox", headers, body))
        statuses.add(answer.status)
    await stage.settle()
    assert stage.kept("Alleen aan Kwaad gezegd") is None
    assert statuses == {401}
    return "401: the signature covers the address it was made for"


@trick("9", "send a recorded delivery of Smit's again, after Smit deleted what it brought")
async def replay_a_delivery(stage: Stage) -> str:
    note = ring_note(stage.smit, stage.sara, stage.ring, "Opgenomen en herhaald")
    create = activity_of(stage.smit, stage.sara, "Create", note)
    recorded = signed_by(stage.smit, "POST", f"{stage.bakker.base}/inbox", as_body(create))
    delete = activity_of(stage.smit, stage.sara, "Delete", note["id"])
    gone = signed_by(stage.smit, "POST", f"{stage.bakker.base}/inbox", as_body(delete))
    for request in (recorded, gone, recorded):
        await stage.kwaad.sender(request)
        await stage.settle()
    assert stage.kept("Opgenomen en herhaald") is None
    return "202, known by its id and not handled again"


@trick("18", "sign with a clock that is three hours off, and date a post three hours ahead")
async def set_the_clock_wrong(stage: Stage) -> str:
    statuses = []
    for hours in (-3, 3):
        body = as_body(stage.activity("Create", stage.note(f"Verkeerde klok {hours}")))
        with time_machine.travel(now() + timedelta(hours=hours)):
            request = signed_by(stage.kwaad, "POST", f"{stage.bakker.base}/inbox", body)
        statuses.append((await stage.kwaad.sender(request)).status)
    ahead = (now() + timedelta(hours=3)).isoformat()
    await stage.say("Create", stage.note("Uit de toekomst", published=ahead))
    row = get_text(stage.bakker, "Uit de toekomst")
    assert statuses == [401, 401]
    assert row.published <= now()
    return "401 both ways; a date ahead counts as the moment it came"


@trick("8", "ask for a colleague's ring post under a person's key, the RSA key, and a key of its own making")
async def ask_with_other_keys(stage: Stage) -> str:
    made = stage.post("Onder de verkeerde sleutel")
    await stage.settle()

    node = stage.kwaad.identity
    answers = []
    for key_id, private in (
        (f"{stage.kwaad.base}/p/{stage.koos}#main-key", _person_key(stage)),
        (node.rsa_key_id, node.rsa_private),
        (node.node_key_id, keys.new_ed25519()),
    ):
        request = Request("GET", f"{stage.bakker.base}/o/{made}", {"accept": "application/activity+json"})
        answer = await stage.kwaad.sender(sign_as(request, key_id, private, sign_rfc9421))
        answers.append(answer.status)
    assert answers == [404, 404, 404]
    assert (await stage.ask(f"/o/{made}")).status_code == 200
    return "404 for each; only the pinned node key opens it"


def _person_key(stage: Stage) -> str:

    return str(stage.kwaad.read(lambda db: get_actor(db, stage.koos)).rsa_private)


@trick("8", "keep a signed request and send it hours later")
async def wait_with_a_signature(stage: Stage) -> str:
    made = stage.post("Later opgevraagd")
    await stage.settle()
    request = signed_by(stage.kwaad, "GET", f"{stage.bakker.base}/o/{made}")
    request.headers["accept"] = "application/activity+json"
    with time_machine.travel(now() + timedelta(hours=2)):
        late = await stage.kwaad.sender(request)
    assert late.status == 404
    assert get_text(stage.bakker, "Later opgevraagd").state != DELETED
    return "404: outside the clock's window it is no signature"
