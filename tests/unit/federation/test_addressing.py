from typing import Any

import pytest
from hypothesis import given

from federation.addressing import Addressing, read_addressing, shared_inboxes, strip_blind
from federation.errors import Rejected
from schemas.activitystreams import PUBLIC, parse_ring_urn, parse_room_urn, ring_urn, room_urn
from tests.unit.federation.test_documents import JSON

RING, ROOM = "a1" * 32, "b2" * 32
ALICE = "https://a.example/p/1"
FOLLOWERS = "https://a.example/p/1/followers"


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_public_has_three_spellings(spelling: str) -> None:
    assert read_addressing({"to": spelling}).public_in_to
    unlisted = read_addressing({"to": [FOLLOWERS], "cc": [spelling]}, followers=FOLLOWERS)
    assert (unlisted.public_in_to, unlisted.public_in_cc, unlisted.followers) == (False, True, True)
    assert unlisted.public
    assert unlisted.actors == ()


def test_public_in_audience_alone_is_not_open() -> None:
    assert not read_addressing({"audience": PUBLIC}).public


@pytest.mark.parametrize("field", ["to", "cc", "audience"])
def test_rings_and_rooms_are_found_in_every_field(field: str) -> None:
    found = read_addressing({field: [ring_urn(RING), {"id": room_urn(ROOM)}]})
    assert (list(found.rings), list(found.rooms), found.closed) == ([RING], [ROOM], True)


def test_a_ring_named_by_the_object_counts_for_the_activity() -> None:
    found = read_addressing({"to": [PUBLIC]}, {"to": [ring_urn(RING)], "cc": [ALICE]})
    assert found.closed
    assert found.public
    assert found.actors == (ALICE,)


def test_nobody_is_addressed_by_nothing() -> None:
    assert read_addressing({}) == Addressing()
    assert read_addressing({"to": [], "cc": [None]}) == Addressing()


def test_a_followers_collection_is_only_the_author_s() -> None:
    found = read_addressing({"to": ["https://b.example/p/2/followers"]}, followers=FOLLOWERS)
    assert not found.followers


@pytest.mark.parametrize(
    "name",
    [
        "urn:leerkring:ring:" + "a" * 63,
        "urn:leerkring:ring:" + "A1" * 32,
        "URN:LEERKRING:RING:" + RING,
        "urn:leerkring:circle:" + RING,
        ["urn:leerkring:ring:" + RING, PUBLIC],
        {"name": "no id"},
        "with space",
        7,
    ],
)
def test_an_unreadable_receiver_makes_nothing_open(name: Any) -> None:
    with pytest.raises(Rejected):
        read_addressing({"to": [PUBLIC, name]})


def test_a_ring_cannot_hide_behind_a_long_list() -> None:
    with pytest.raises(Rejected):
        read_addressing({"to": [PUBLIC, *[ALICE] * 1000, ring_urn(RING)]})


@given(JSON, JSON)
def test_any_addressing_is_read_or_rejected(to: Any, cc: Any) -> None:
    try:
        read_addressing({"to": to, "cc": cc})
    except Rejected:
        return


def test_urns_are_made_and_read() -> None:
    assert parse_ring_urn(ring_urn(RING)) == RING
    assert parse_room_urn(room_urn(ROOM)) == ROOM
    assert parse_ring_urn(room_urn(ROOM)) is None
    assert parse_room_urn(ring_urn(RING)) is None
    with pytest.raises(ValueError, match="64"):
        ring_urn("short")


def test_blind_receivers_are_stripped_everywhere() -> None:
    document = {"to": [ALICE], "bto": [ALICE], "object": [{"bcc": [ALICE], "type": "Note"}]}
    assert strip_blind(document) == {"to": [ALICE], "object": [{"type": "Note"}]}
    assert "bto" in document


def test_each_inbox_is_used_once_and_the_shared_one_first() -> None:
    receivers = [
        ("https://b/1/inbox", "https://b/inbox"),
        ("https://b/2/inbox", "https://b/inbox"),
        ("https://c/in", ""),
    ]
    assert shared_inboxes([*receivers, ("", "")]) == ["https://b/inbox", "https://c/in"]
