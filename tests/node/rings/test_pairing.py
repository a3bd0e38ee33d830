"""Pairing: a code for one domain, two nonces, words over the phone, and both directors' passwords."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import Row, select

from federation import keys
from node import identity
from node.errors import Forbidden
from node.ids import now
from node.notices import notices
from node.peers import PAIRED, find_peer
from node.rings import pairing, pairing_talks
from node.rings.words import Party, all_words, are_right, make_words
from tests.factories import director_of, log_in, make_member, pair
from tests.network import RunningNode
from tests.node.rings.conftest import Firms

WRONG_CODE = "22222222"


def invite(firms: Firms) -> pairing.Invitation:
    director = director_of(firms.bakker)
    return firms.bakker.write(
        lambda db: pairing.invite(db, firms.bakker.identity, director, firms.smit.domain, "Smit")
    )


async def accept(node: RunningNode, inviter: RunningNode, code: str) -> int:
    director = director_of(node)
    made = node.write(lambda db: pairing.accept(db, node.identity, director, inviter.domain, "Bakker", code))
    await pairing_talks.advance(node.work.network, made)
    return made


def state(node: RunningNode, pairing_id: int) -> str:
    return node.read(lambda db: pairing.state_of(pairing.get_pairing(db, pairing_id)))


def peer_of(node: RunningNode, other: RunningNode) -> Row[Any]:
    peer = node.read(lambda db: find_peer(db, other.domain))
    assert peer is not None
    return peer


def words(node: RunningNode, pairing_id: int) -> tuple[str, ...]:
    return node.read(lambda db: pairing.our_words(node.identity, pairing.get_pairing(db, pairing_id)))


def confirm(node: RunningNode, pairing_id: int, heard: tuple[str, ...], password: str) -> bool:
    places = node.read(lambda db: pairing.get_pairing(db, pairing_id).asked_places)
    first, second = (heard[int(place) - 1] for place in places.split())
    director = director_of(node)
    return node.write(
        lambda db: pairing.confirm(db, node.identity, director, password, pairing_id, (first, second))
    )


def test_the_words_are_512_and_no_two_are_alike() -> None:
    assert len(all_words()) == len(set(all_words())) == 512


def test_each_side_sees_other_words() -> None:
    one, other = Party("a.nl", "key a", "1"), Party("b.nl", "key b", "2")
    assert make_words(one, other, "inviter") != make_words(one, other, "invited")


def test_a_man_in_the_middle_with_the_right_code_gives_other_words() -> None:
    bakker, smit = Party("a.nl", "key a", "1"), Party("b.nl", "key b", "2")
    to_bakker, to_smit = Party("b.nl", "his key", "3"), Party("a.nl", "his key", "4")
    for side in ("inviter", "invited"):
        assert make_words(bakker, to_bakker, side) != make_words(to_smit, smit, side)


def test_capitals_and_blanks_do_not_make_a_word_wrong() -> None:
    assert are_right(("een", "twee", "drie"), "1 3", (" Een", "DRIE "))
    assert not are_right(("een", "twee", "drie"), "1 3", ("drie", "een"))


async def test_paired_when_both_directors_typed_the_words(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    for node, other in ((firms.bakker, firms.smit), (firms.smit, firms.bakker)):
        peer = peer_of(node, other)
        assert (peer.state, peer.node_key) == (PAIRED, other.identity.multikey)
        assert peer.inbox == f"{other.base}/inbox"
        assert node.identity.tied_at is not None


async def test_nothing_is_paired_while_one_director_did_not_confirm(firms: Firms) -> None:
    invitation = invite(firms)
    accepted = await accept(firms.smit, firms.bakker, invitation.code)
    confirm(firms.bakker, invitation.id, words(firms.smit, accepted), "een lang wachtwoord")
    await pairing_talks.advance(firms.bakker.work.network, invitation.id)
    assert state(firms.bakker, invitation.id) == pairing.CONFIRMED
    assert state(firms.smit, accepted) == pairing.WORDS
    assert firms.bakker.read(lambda db: find_peer(db, firms.smit.domain)) is None


async def test_confirming_asks_the_password(firms: Firms) -> None:
    invitation = invite(firms)
    accepted = await accept(firms.smit, firms.bakker, invitation.code)
    with pytest.raises(Forbidden):
        confirm(firms.bakker, invitation.id, words(firms.smit, accepted), "een ander wachtwoord")
    assert state(firms.bakker, invitation.id) == pairing.WORDS


async def test_three_wrong_tries_at_the_words_end_it_on_both_sides(firms: Firms) -> None:
    invitation = invite(firms)
    accepted = await accept(firms.smit, firms.bakker, invitation.code)
    wrong = tuple(reversed(words(firms.bakker, invitation.id)))
    for _ in range(3):
        assert not confirm(firms.bakker, invitation.id, wrong, "een lang wachtwoord")
    await pairing_talks.advance(firms.bakker.work.network, invitation.id)
    assert state(firms.bakker, invitation.id) == state(firms.smit, accepted) == pairing.FAILED


async def test_five_wrong_codes_end_the_invitation_and_the_director_is_told(firms: Firms) -> None:
    invitation = invite(firms)
    for _ in range(5):
        accepted = await accept(firms.smit, firms.bakker, WRONG_CODE)
        assert state(firms.smit, accepted) == pairing.FAILED
    assert state(firms.bakker, invitation.id) == pairing.FAILED
    kinds = firms.bakker.read(lambda db: set(db.scalars(select(notices.c.kind))))
    assert {"pairing_wrong_code", "pairing_ended"} <= kinds


async def test_only_the_named_domain_can_use_or_try_the_code(firms: Firms) -> None:
    invitation = invite(firms)
    for code in (invitation.code, WRONG_CODE):
        accepted = await accept(firms.stranger, firms.bakker, code)
        assert state(firms.stranger, accepted) == pairing.FAILED
    row = firms.bakker.read(lambda db: pairing.get_pairing(db, invitation.id))
    assert (row.wrong_codes, row.their_commitment) == (0, None)


async def test_a_stranger_gets_the_same_answer_with_and_without_an_invitation(firms: Firms) -> None:
    def answers() -> list[tuple[int, bytes]]:
        asked = [pair for pair in firms.bakker.sender.log if pair[0].url.endswith("/node/pairing")]
        return [(answer.status, answer.body) for _, answer in asked]

    await accept(firms.stranger, firms.bakker, WRONG_CODE)
    invitation = invite(firms)
    await accept(firms.stranger, firms.bakker, invitation.code)
    async with firms.stranger.client() as visitor:
        unsigned = await visitor.post(f"{firms.bakker.base}/node/nothing", json={})
    without, present = answers()
    assert without == present
    assert without[0] == 404
    assert unsigned.status_code == 404


async def test_a_code_expires_by_the_clock(firms: Firms) -> None:
    invitation = invite(firms)
    with time_machine.travel(now() + timedelta(hours=25)):
        accepted = await accept(firms.smit, firms.bakker, invitation.code)
        assert state(firms.smit, accepted) == pairing.FAILED
        assert state(firms.bakker, invitation.id) == pairing.EXPIRED


async def test_pairing_goes_on_after_the_other_node_was_away(firms: Firms) -> None:
    invitation = invite(firms)
    firms.smit.sender.down.add(firms.bakker.domain)
    accepted = await accept(firms.smit, firms.bakker, invitation.code)
    assert state(firms.smit, accepted) == pairing.ASKED
    firms.smit.sender.down.clear()
    await pairing_talks.advance(firms.smit.work.network, accepted)
    assert state(firms.smit, accepted) == state(firms.bakker, invitation.id) == pairing.WORDS


async def test_a_pinned_key_changes_only_by_pairing_again(firms: Firms) -> None:
    await pair(firms.bakker, firms.smit)
    fresh = keys.new_ed25519()
    firms.smit.write(lambda db: identity.change(db, ed25519_private=fresh))
    pinned = firms.bakker.read(lambda db: find_peer(db, firms.smit.domain))
    assert pinned is not None
    assert pinned.node_key != firms.smit.identity.multikey
    await pair(firms.bakker, firms.smit)
    again = firms.bakker.read(lambda db: find_peer(db, firms.smit.domain))
    assert again is not None
    assert again.node_key == firms.smit.identity.multikey


async def test_a_look_alike_of_the_domain_is_another_domain(firms: Firms) -> None:
    director = director_of(firms.bakker)
    invitation = firms.bakker.write(
        lambda db: pairing.invite(db, firms.bakker.identity, director, "smіt.localhost:8002", "Smit")
    )
    assert invitation.domain.startswith("xn--")
    accepted = await accept(firms.smit, firms.bakker, invitation.code)
    assert state(firms.smit, accepted) == pairing.FAILED


async def test_pairing_on_the_pages(firms: Firms) -> None:
    director_of(firms.bakker)
    director_of(firms.smit)
    one, other = await log_in(firms.bakker, "directeur"), await log_in(firms.smit, "directeur")
    made = await one.post("/pairings/new", data={"domain": firms.smit.domain, "name": "Smit"})
    assert made.status_code == 303, made.text
    page = made.headers["location"]
    code = firms.bakker.read(lambda db: pairing.list_pairings(db)[0].code)
    assert code[:4] in (await one.get(page)).text
    taken = await other.post(
        "/pairings/accept", data={"domain": firms.bakker.domain, "name": "Bakker", "code": code.lower()}
    )
    assert taken.status_code == 303, taken.text
    for browser, shown, node, heard in (
        (one, page, firms.bakker, firms.smit),
        (other, taken.headers["location"], firms.smit, firms.bakker),
    ):
        theirs = heard.read(lambda db: pairing.list_pairings(db)[0].id)
        ours = node.read(lambda db: pairing.list_pairings(db)[0])
        spoken = words(heard, theirs)
        first, second = (spoken[int(place) - 1] for place in ours.asked_places.split())
        for word in words(node, ours.id):
            assert word in (await browser.get(shown)).text
        form = {"first": first, "second": second, "password": "niet goed"}
        assert (await browser.post(f"{shown}/words", data=form)).status_code == 422
        form["password"] = "een lang wachtwoord"
        assert (await browser.post(f"{shown}/words", data=form)).status_code == 303
        fragment = await browser.get(shown, headers={"hx-request": "true"})
        assert "<html" not in fragment.text
    assert state(firms.smit, firms.smit.read(lambda db: pairing.list_pairings(db)[0].id)) == pairing.PAIRED
    assert (await one.get("/rings")).status_code == 200
    await one.aclose()
    await other.aclose()


async def test_only_a_director_may_pair(firms: Firms) -> None:
    member = make_member(firms.bakker, "monteur")
    with pytest.raises(Forbidden):
        firms.bakker.write(
            lambda db: pairing.invite(db, firms.bakker.identity, member, firms.smit.domain, "Smit")
        )
    browser = await log_in(firms.bakker, "monteur")
    assert (await browser.get("/pairings/new")).status_code == 403
    await browser.aclose()
