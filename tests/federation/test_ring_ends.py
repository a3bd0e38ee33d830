"""A ring ends: by leaving, by the clock, at once and on every path, and Deletes still go through."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from node.changes import NEW, note_change
from node.errors import Invalid, NotFound
from node.ids import now
from node.media.tables import files
from node.objects import COMPANY
from node.posts.actions import delete_post
from tests.factories import app_token, leave_ring, log_in, picture, post
from tests.federation.circle import Circle
from tests.federation.traffic import find_text, find_uri, get_text
from tests.streams import listening


async def test_a_delete_reaches_a_node_that_left(own_circle: Circle) -> None:
    made = own_circle.post("Ooit gedeeld")
    await own_circle.settle()
    await leave_ring(own_circle.smit, "monteurs")
    await own_circle.settle()
    own_circle.bakker.write(lambda db: delete_post(db, own_circle.bakker.identity, own_circle.anna, made))
    await own_circle.settle()
    assert find_text(own_circle.smit, "Ooit gedeeld") is None
    row = find_uri(own_circle.smit, f"{own_circle.bakker.base}/o/{made}")
    assert row is not None
    assert row.state == "deleted"


async def test_leaving_closes_at_once(own_circle: Circle) -> None:
    made = own_circle.post("Voor het weggaan", pictures=[picture()])
    await own_circle.settle()
    file_id = own_circle.bakker.read(lambda db: db.scalar(select(files.c.id)))
    assert await own_circle.ask(own_circle.smit, f"/o/{made}") == 200
    assert await own_circle.ask(own_circle.smit, f"/media/{file_id}") == 200
    own_circle.bakker.sender.down.add(own_circle.smit.domain)
    own_circle.post("Nooit aangekomen")
    await leave_ring(own_circle.bakker, "monteurs")
    assert await own_circle.ask(own_circle.smit, f"/o/{made}") == 404
    assert await own_circle.ask(own_circle.smit, f"/media/{file_id}") == 404
    with pytest.raises(Invalid):
        own_circle.post("Niet meer")
    own_circle.bakker.sender.down.clear()
    await own_circle.settle()
    assert find_text(own_circle.smit, "Nooit aangekomen") is None


async def test_a_node_that_left_reads_nothing_on_its_own_pages_either(own_circle: Circle) -> None:
    own_circle.post("Van de ring")
    await own_circle.settle()
    there = get_text(own_circle.smit, "Van de ring").id
    client = await log_in(own_circle.smit, "sara")
    assert (await client.get(f"/o/{there}")).status_code == 200
    await leave_ring(own_circle.smit, "monteurs")
    assert (await client.get(f"/o/{there}")).status_code == 404


async def test_the_clock_ends_a_ring(own_circle: Circle) -> None:
    made = own_circle.post("Tot de einddatum")
    await own_circle.settle()
    with time_machine.travel(now() + timedelta(days=500), tick=True):
        assert await own_circle.ask(own_circle.smit, f"/o/{made}") == 404
        with pytest.raises((Invalid, NotFound)):
            own_circle.post("Te laat voor de ring")


async def test_a_stream_says_nothing_of_a_ring_from_the_moment_that_we_left_it(own_circle: Circle) -> None:
    node = own_circle.bakker
    async with listening(node, app_token(node, "anna"), "user") as app:
        await app.message()
        made = own_circle.post("In de ring")
        assert (await app.event())["payload"]["id"] == str(made)
        known = post(own_circle.smit, "sara", own_circle.ring, "Van Smit")
        await own_circle.settle()
        heard = await app.event()
        assert heard["payload"]["account"]["acct"].startswith("sara@")
        await leave_ring(node, "monteurs")
        node.write(lambda db: note_change(db, NEW, int(heard["payload"]["id"])))
        last = own_circle.post("Van ons", audience=COMPANY)
        assert (await app.event())["payload"]["id"] == str(last) != str(known)
