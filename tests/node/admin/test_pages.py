"""The admin's page: for admins only, and without anybody's content."""

import csv
import json
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from node.admin.check_rings import Check, Difference, note_check
from node.boundary import Receiver
from node.objects import PUBLIC
from node.outbox import publish
from node.peers import keep_peer
from tests import factories
from tests.network import RunningNode

PATHS = ["/admin", "/admin/departures.csv", "/admin/departures.jsonl"]


def send_something(node: RunningNode) -> None:
    def send(db: Connection) -> None:
        partner = keep_peer(db, "smit.localhost:8002")
        to = [Receiver(partner, "http://smit.localhost:8002/inbox")]
        activity = {"type": "Create", "object": {"type": "Note", "content": "kanarie"}}
        publish(db, node.identity, activity, audience=PUBLIC, receivers=to)

    node.write(send)


@pytest.mark.parametrize("path", PATHS)
async def test_only_admins_see_it(node: RunningNode, path: str) -> None:
    factories.make_member(node, "anna", roles=("admin",))
    factories.make_member(node, "carla", roles=("director", "editor"))
    nobody = node.client()
    assert (await nobody.get(path)).status_code == 404
    carla = await factories.log_in(node, "carla")
    assert (await carla.get(path)).status_code == 403
    anna = await factories.log_in(node, "anna")
    assert (await anna.get(path)).status_code == 200


async def test_it_says_in_words_how_the_node_is(node: RunningNode) -> None:
    factories.make_member(node, "anna", roles=("admin",))
    factories.post(node, "anna", "company", "kanarie")
    send_something(node)
    anna = await factories.log_in(node, "anna")
    page = (await anna.get("/admin")).text
    assert "is van buiten te vinden" in page
    assert "1 regel, zonder breuk" in page
    assert "kanarie" not in page


async def test_a_finding_of_the_check_is_said_in_words_with_what_to_do(node: RunningNode) -> None:
    factories.make_member(node, "anna", roles=("admin",))
    home = node.settings.home
    too_much = Difference("smit.localhost", "/o/7", "text/html", "hidden", "served")
    too_little = Difference("smit.localhost", "/node/rings/ab/people", "text/html", "served", "hidden")
    check = Check("2026-01-01T00:00:00+00:00", ended_at="2026-01-01T00:01:00+00:00", found=1)
    anna = await factories.log_in(node, "anna")
    for difference, words, advice in (
        (too_much, "De partner smit.localhost krijgt een bericht", "Deel niets in je ringen"),
        (too_little, "De partner smit.localhost krijgt niet", "een partner mist iets"),
    ):
        note_check(home, replace(check, differences=[difference]))
        page = (await anna.get("/admin")).text
        assert words in page
        assert page.count(advice) == 2  # beside the lines, and among the findings
        assert difference.path in page


async def test_the_log_can_be_saved_without_salt_or_text(node: RunningNode) -> None:
    factories.make_member(node, "anna", roles=("admin",))
    send_something(node)
    anna = await factories.log_in(node, "anna")
    lines = (await anna.get("/admin/departures.jsonl")).text
    table = (await anna.get("/admin/departures.csv")).text
    [line], [row] = [json.loads(one) for one in lines.splitlines()], [*csv.DictReader(table.splitlines())]
    assert line["receivers"] == ["smit.localhost:8002"]
    assert (line["hash"], str(line["seq"])) == (row["hash"], row["seq"])
    assert "salt" not in line
    assert "kanarie" not in lines + table


async def test_no_other_form_of_the_log_exists(node: RunningNode) -> None:
    factories.make_member(node, "anna", roles=("admin",))
    anna = await factories.log_in(node, "anna")
    assert (await anna.get("/admin/departures.xml")).status_code == 404
