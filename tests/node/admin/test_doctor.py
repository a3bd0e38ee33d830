"""The doctor says what is wrong in words, and to admins only on the page."""

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import Engine, update

from node import identity
from node.admin.doctor import Finding, examine
from node.admin.domain import change_domain
from node.boundary import Receiver
from node.db import reading, writing
from node.departures import departures
from node.errors import Conflict, Invalid
from node.ids import now
from node.objects import PUBLIC
from node.outbox import publish
from node.peers import PAIRED, change_peer, keep_peer
from node.queue import activities
from node.settings import Settings

PARTNER = "smit.localhost:8002"
INBOX = f"http://{PARTNER}/inbox"


def faults(engine: Engine, settings: Settings) -> list[Finding]:
    return [finding for finding in examine(engine, settings, "nl") if not finding.ok]


def send_something(engine: Engine) -> int:
    with writing(engine) as db:
        partner = keep_peer(db, PARTNER)
        change_peer(db, partner, state=PAIRED, name="Smit", node_key="z6Mk", inbox=INBOX)
        activity = {"type": "Create", "object": {"type": "Note", "content": "kanarie"}}
        node = identity.load(db, "http")
        publish(db, node, activity, audience=PUBLIC, receivers=[Receiver(partner, INBOX)])
        return partner


@pytest.mark.each_database
def test_a_new_node_has_nothing_to_do(engine: Engine, settings: Settings) -> None:
    assert faults(engine, settings) == []


@pytest.mark.each_database
def test_a_partner_that_gets_nothing_is_named_with_day_and_reason(engine: Engine, settings: Settings) -> None:
    with time_machine.travel("2026-11-17 10:00+01:00"):
        partner = send_something(engine)
    with writing(engine) as db:
        change_peer(db, partner, failures=3, last_error="no answer in time")
    with time_machine.travel("2026-11-19 10:00+01:00"):
        [fault] = faults(engine, settings)
    assert "Smit" in fault.text
    assert "dinsdag 17 november" in fault.text
    assert fault.advice


@pytest.mark.each_database
def test_what_nobody_takes_up_is_found(engine: Engine, settings: Settings) -> None:
    send_something(engine)
    assert faults(engine, settings) == []
    with time_machine.travel(now() + timedelta(hours=1)):
        assert [fault.about for fault in faults(engine, settings)] == ["Queue"]


def test_a_clock_five_minutes_off_is_shown(engine: Engine, settings: Settings) -> None:
    partner = send_something(engine)
    with writing(engine) as db:
        change_peer(db, partner, clock_skew=-301.0)
    [fault] = faults(engine, settings)
    assert "5 minutes behind" in fault.text


def test_a_changed_departure_is_found(engine: Engine, settings: Settings) -> None:
    send_something(engine)
    with writing(engine) as db:
        db.execute(update(departures).values(receivers='["anders.example"]'))
    assert [fault.about for fault in faults(engine, settings)] == ["Departures"]


def test_a_node_in_earnest_without_backup_is_told(engine: Engine, settings: Settings) -> None:
    found = faults(engine, settings.model_copy(update={"local": False}))
    assert [fault.about for fault in found] == ["Backup"]


def test_no_finding_says_what_people_write(engine: Engine, settings: Settings) -> None:
    send_something(engine)
    assert "kanarie" not in str(examine(engine, settings, "nl"))


def test_a_domain_changes_with_everything_that_names_it(engine: Engine) -> None:
    with writing(engine) as db:
        node = identity.load(db, "http")
        publish(db, node, {"type": "Create", "actor": node.actor_uri}, audience=PUBLIC, receivers=[])
        assert change_domain(db, "Leren.Bakker.nl.", local=False) == "leren.bakker.nl"
    with reading(engine) as db:
        body = json.loads(db.execute(activities.select()).one().body)
    assert body["actor"] == "https://leren.bakker.nl/actor"
    assert body["id"].startswith("https://leren.bakker.nl/a/")


def test_a_domain_that_others_know_stays(engine: Engine) -> None:
    send_something(engine)
    with writing(engine) as db, pytest.raises(Conflict):
        change_domain(db, "leren.bakker.nl", local=False)


@pytest.mark.parametrize("name", ["https://x.nl", "x", "localhost:8001", "a b.nl", "x.nl/pad", "-x.nl"])
def test_a_domain_is_a_plain_public_name(engine: Engine, name: str) -> None:
    with writing(engine) as db, pytest.raises(Invalid):
        change_domain(db, name, local=False)
