"""Rooms over three nodes: who comes in and how, who gets what, and how it all ends."""

import pytest
from sqlalchemy import delete, update

from node.access.members import disable_member, make_reset, use_reset
from node.app import workers
from node.boundary import people_inside
from node.errors import Invalid
from node.peers import peers
from node.posts.actions import delete_post
from node.posts.reactions import like
from node.queue import deliveries
from node.rooms import actions
from node.rooms.queries import find_room
from tests.factories import leave_ring, log_in, make_member, member_row, post
from tests.federation.firms import Firms, steering
from tests.federation.readers import DOCUMENT, Reader, by_node_key
from tests.federation.traffic import find_text, get_text
from tests.network import RunningNode, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


# --- coming in -------------------------------------------------------------------------------------


async def test_a_room_reaches_the_nodes_of_who_is_in_and_nobody_else(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    assert [firms.inside(node, audience) for node in firms.all] == [{"anna", "sara"}, {"anna", "sara"}, set()]
    post(firms.bakker, "anna", audience, "Alleen voor ons twee")
    await firms.settle()
    there = get_text(firms.smit, "Alleen voor ons twee")
    assert there.audience == audience
    assert find_text(firms.jansen, "Alleen voor ons twee") is None
    answer = post(firms.smit, "sara", audience, "Dank je", parent_id=there.id)
    firms.smit.write(
        lambda db: like(db, firms.smit.identity, member_row(firms.smit, "sara").actor_id, there.id)
    )
    await firms.settle()
    assert get_text(firms.bakker, "Dank je").parent_id is not None
    assert not any(b"Dank je" in sent.body for sent, _ in firms.bakker.sender.log if "jansen" in sent.url)
    firms.smit.write(
        lambda db: delete_post(db, firms.smit.identity, member_row(firms.smit, "sara").actor_id, answer)
    )
    await firms.settle()
    assert find_text(firms.bakker, "Dank je") is None
    for node, handle, sees in (
        (firms.bakker, "bert", 404),
        (firms.smit, "sjef", 404),
        (firms.smit, "sara", 200),
    ):
        browser = await log_in(node, handle)
        path = f"/o/{get_text(node, 'Alleen voor ons twee').id}"
        assert (await browser.get(path)).status_code == sees


async def test_who_asks_answers_the_question_and_comes_in_when_a_host_says_so(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    with pytest.raises(Invalid):
        firms.act(firms.smit, "sara", audience, actions.join, "")
    assert firms.act(firms.smit, "sara", audience, actions.join, "Solderen") is False
    await firms.settle()
    assert firms.inside(firms.bakker, audience) == {"anna"}
    room, browser = firms.room(firms.bakker, audience), await log_in(firms.bakker, "anna")
    page = (await browser.get(f"/rooms/{room.id}/about")).text
    assert "Solderen" in page
    assert "Smit" in page
    assert "notice warning" in page  # nobody of that firm was ever in it
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    answer = await browser.post(f"/rooms/{room.id}/people/{sara}/approve")
    assert answer.status_code == 303
    await firms.settle()
    assert firms.inside(firms.smit, audience) == {"anna", "sara"}
    assert "Solderen" not in (await browser.get(f"/rooms/{room.id}/about")).text


async def test_a_refused_request_opens_nothing(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    firms.act(firms.smit, "sara", audience, actions.join, "Graag")
    await firms.settle()
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    firms.act(firms.bakker, "anna", audience, actions.refuse, sara)
    post(firms.bakker, "anna", audience, "Zonder haar")
    await firms.settle()
    assert firms.inside(firms.smit, audience) == set()
    assert find_text(firms.smit, "Zonder haar") is None


async def test_a_hidden_room_is_known_to_those_invited_only(firms: Firms) -> None:
    audience = firms.make(listed=False, name="Verborgen")
    await firms.settle()
    assert firms.smit.read(lambda db: find_room(db, audience)) is None
    firms.act(
        firms.bakker, "anna", audience, actions.invite, [firms.known_as(firms.bakker, firms.smit, "sara")]
    )
    await firms.settle()
    seen = {handle: firms.sees(firms.smit, handle) for handle in ("sara", "sjef")}
    assert "Verborgen" in seen["sara"]
    assert "Verborgen" not in seen["sjef"]
    assert firms.jansen.read(lambda db: find_room(db, audience)) is None
    assert firms.inside(firms.smit, audience) == set()


async def test_a_newcomer_sees_nothing_from_before_and_no_count_of_it(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    first = post(firms.bakker, "anna", audience, "Van voor Jan")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sjef")
    await firms.bring_in(audience, firms.jansen, "jan")
    post(firms.smit, "sara", audience, "Antwoord na Jan", parent_id=get_text(firms.smit, "Van voor Jan").id)
    await firms.settle()
    assert find_text(firms.jansen, "Van voor Jan") is None
    browser = await log_in(firms.jansen, "jan")
    page = await browser.get(f"/o/{get_text(firms.jansen, 'Antwoord na Jan').id}")
    assert page.status_code == 200
    assert "begin van dit gesprek" in page.text or "beginning of this conversation" in page.text
    assert str(first) not in page.text
    sjef = await log_in(firms.smit, "sjef")
    assert (await sjef.get(f"/o/{get_text(firms.smit, 'Van voor Jan').id}")).status_code == 404


async def test_what_was_lost_on_the_way_is_fetched(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    firms.bakker.sender.down.add(firms.smit.domain)
    for number in range(5):
        post(firms.bakker, "anna", audience, f"Kamerbericht {number}")
    await settle(firms.bakker)
    firms.bakker.write(lambda db: db.execute(delete(deliveries)))
    firms.bakker.sender.down.clear()
    firms.smit.runners[:] = workers()  # started again
    await firms.settle()
    assert all(find_text(firms.smit, f"Kamerbericht {number}") for number in range(5))
    path = f"/node/rooms/{audience.removeprefix('room:')}/activities?epoch=1&after=0"
    assert await ask(firms.smit, firms.bakker, path) == 200
    assert await ask(firms.jansen, firms.bakker, path) == 404


async def ask(asker: RunningNode, at: RunningNode, path: str) -> int:
    reader = Reader(asker.domain, {at.domain.partition(".")[0]: at.client()}, by_node_key(asker))
    return (await reader.get(at, path, DOCUMENT)).status_code


async def test_who_is_in_reaches_a_node_that_missed_it(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    await firms.bring_in(audience, firms.jansen, "jan")
    firms.smit.sender.down.add(firms.smit.domain)
    bert = member_row(firms.bakker, "bert").actor_id
    firms.act(firms.bakker, "anna", audience, actions.invite, [bert])
    firms.act(firms.bakker, "bert", audience, actions.join, "")
    post(firms.bakker, "bert", audience, "Ik ben Bert")
    await settle(firms.bakker, firms.jansen)
    firms.bakker.write(lambda db: db.execute(delete(deliveries)))
    firms.smit.sender.down.clear()
    firms.smit.runners[:] = workers()  # started again
    await firms.settle()
    assert firms.inside(firms.smit, audience) == {"anna", "sara", "jan", "bert"}
    assert find_text(firms.smit, "Ik ben Bert") is not None


async def test_a_post_that_comes_before_its_author_is_known_waits_for_that(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    person = firms.known_as(firms.bakker, firms.jansen, "jan")
    firms.act(firms.bakker, "anna", audience, actions.invite, [person])
    await firms.settle()
    firms.act(firms.jansen, "jan", audience, actions.join, "")
    await settle(firms.jansen)
    firms.bakker.sender.down.add(firms.smit.domain)
    await settle(firms.bakker, firms.jansen)
    firms.bakker.sender.down.clear()
    post(firms.jansen, "jan", audience, "Ik was er al")
    await settle(firms.jansen)  # Smit hears Jan before it hears of him
    await settle(firms.smit)
    assert find_text(firms.smit, "Ik was er al") is None
    firms.bakker.write(lambda db: db.execute(update(peers).values(retry_at=None)))
    await firms.settle()
    assert find_text(firms.smit, "Ik was er al") is not None


# --- going out -------------------------------------------------------------------------------------


async def test_who_leaves_gets_nothing_more_and_everybody_sees_a_line(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    for node, handle in ((firms.smit, "sara"), (firms.jansen, "jan")):
        await firms.bring_in(audience, node, handle)
    firms.act(firms.smit, "sara", audience, actions.leave_room)
    post(firms.bakker, "anna", audience, "Nog onderweg")
    await firms.settle()
    post(firms.bakker, "anna", audience, "Zonder Sara")
    await firms.settle()
    assert find_text(firms.smit, "Zonder Sara") is None
    assert find_text(firms.jansen, "Zonder Sara") is not None
    assert [firms.inside(node, audience) for node in firms.all] == [{"anna", "jan"}, set(), {"anna", "jan"}]
    assert "left" in firms.lines(firms.bakker, "anna", audience)


async def test_who_is_taken_out_is_out_everywhere(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    for handle in ("sara", "sjef"):
        await firms.bring_in(audience, firms.smit, handle)
    post(firms.bakker, "anna", audience, "Van eerder")
    await firms.settle()
    sara = firms.known_as(firms.bakker, firms.smit, "sara")
    firms.act(firms.bakker, "anna", audience, actions.remove, sara)
    await firms.settle()
    assert [firms.inside(node, audience) for node in firms.all] == [{"anna", "sjef"}, {"anna", "sjef"}, set()]
    path = f"/o/{get_text(firms.smit, 'Van eerder').id}"
    assert (await (await log_in(firms.smit, "sara")).get(path)).status_code == 404
    assert (await (await log_in(firms.smit, "sjef")).get(path)).status_code == 200
    assert "removed" in firms.lines(firms.smit, "sjef", audience)


@pytest.mark.each_database
async def test_a_firm_that_leaves_the_ring_leaves_its_rooms_at_once_and_those_it_kept_end(
    own_firms: Firms,
) -> None:
    audience = own_firms.make()
    await own_firms.settle()
    for node, handle in ((own_firms.smit, "sara"), (own_firms.jansen, "jan")):
        await own_firms.bring_in(audience, node, handle)
    post(own_firms.bakker, "anna", audience, "Voor het vertrek")
    await own_firms.settle()
    steers = steering(own_firms, own_firms.bakker)
    await leave_ring(own_firms.smit, "monteurs")
    assert own_firms.inside(own_firms.smit, audience) == set()
    assert own_firms.inside(own_firms.smit, steers) == set()
    path = f"/o/{get_text(own_firms.smit, 'Voor het vertrek').id}"
    assert (await (await log_in(own_firms.smit, "sara")).get(path)).status_code == 404
    await own_firms.settle()
    assert own_firms.inside(own_firms.bakker, audience) == {"anna", "jan"}
    assert "firm_left" in own_firms.lines(own_firms.bakker, "anna", audience)
    post(own_firms.jansen, "jan", audience, "Na het vertrek")
    await own_firms.settle()
    assert find_text(own_firms.bakker, "Na het vertrek") is not None
    assert find_text(own_firms.smit, "Na het vertrek") is None
    assert len(own_firms.bakker.read(lambda db: people_inside(db, steers))) == 2
    await leave_ring(own_firms.bakker, "monteurs")  # the firm that keeps the room
    await own_firms.settle()
    assert [own_firms.inside(node, audience) for node in own_firms.all] == [set(), set(), set()]
    with pytest.raises(Invalid):
        post(own_firms.jansen, "jan", audience, "Is daar nog iemand")


async def test_an_account_that_ends_is_out_of_its_rooms(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    make_member(firms.smit, "siem")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "siem")
    firms.smit.write(lambda db: disable_member(db, member_row(firms.smit, "siem").actor_id))
    await firms.settle()
    assert firms.inside(firms.bakker, audience) == {"anna"}


async def test_a_room_that_is_ended_is_over_everywhere(firms: Firms) -> None:
    audience = firms.make(listed=False)
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "sara")
    post(firms.bakker, "anna", audience, "Tot hier")
    await firms.settle()
    firms.act(firms.bakker, "anna", audience, actions.end_room)
    await firms.settle()
    assert [firms.inside(node, audience) for node in firms.all] == [set(), set(), set()]
    path = f"/o/{get_text(firms.smit, 'Tot hier').id}"
    assert (await (await log_in(firms.smit, "sara")).get(path)).status_code == 404


async def test_a_password_that_an_admin_reset_is_told_in_the_rooms(firms: Firms) -> None:
    audience = firms.make()
    await firms.settle()
    make_member(firms.smit, "suus")
    await firms.settle()
    await firms.bring_in(audience, firms.smit, "suus")
    sara = member_row(firms.smit, "suus").actor_id
    token = firms.smit.write(lambda db: make_reset(db, sara, None))
    firms.smit.write(lambda db: use_reset(db, token, "een ander lang wachtwoord"))
    await firms.settle()
    assert "reset" in firms.lines(firms.bakker, "anna", audience)
    assert "reset" in firms.lines(firms.smit, "suus", audience)
