"""Which audience a received post gets (rules 2 and 4), and what changes, deletions and likes do."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from node.actors import get_actor
from node.boundary import Anonymous, Member, Outside, Reader, may_read
from node.ids import now
from node.incoming import Dropped, Missing
from node.memberships import close_period
from node.notices import list_notices
from node.objects import COMPANY, DELETED, PEOPLE, PUBLIC, find_object, ring_audience
from node.posts.actions import Draft, publish_post
from node.posts.activities import (
    delete_post_if_any,
    receive_create,
    receive_like,
    receive_update,
    store_fetched,
    undo_reaction,
)
from node.posts.relays import receive_announce
from node.posts.storing import find_post
from node.posts.tables import posts, reactions
from schemas import activitystreams
from schemas.activitystreams import ring_urn, room_urn
from tests.node.posts.conftest import BASE, OTHER_RING, RING, World, activity, note, to_ring

AS_PUBLIC = activitystreams.PUBLIC
URI, SECOND = "https://smit.example/o/1", "https://smit.example/o/2"
EVERY_TIME = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def world(world: World) -> World:
    """Anna has a face here; what outsiders can do to bert, who has none, is a test of its own."""
    world.show_face(world.anna)
    return world


def anna_uri(world: World) -> str:
    return f"{BASE}{get_actor(world.db, world.anna).uri}"


def create(world: World, uri: str, author: str, *, by_node: bool = False, **fields: Any) -> None:
    document = note(uri, author, **fields)
    receive_create(world.db, world.incoming(activity("Create", document, author), by_node=by_node))


def found(world: World, uri: str = URI) -> Any:
    row = find_post(world.db, uri)
    assert row is not None
    return row


def readers(world: World, uri: str = URI) -> set[str]:
    """Which of everybody there is may read it."""
    row = found(world, uri)
    everybody: dict[str, Reader] = {
        "anna": Member(world.anna),
        "bert": Member(world.bert),
        "partner": Outside(world.partner, node_key=True),
        "stranger": Outside(world.stranger),
        "nobody": Anonymous(),
    }
    return {name for name, reader in everybody.items() if may_read(world.db, reader, row)}


def publish(world: World, audience: str, **draft: Any) -> int:
    return publish_post(world.db, world.node, world.settings, world.anna, Draft(audience, "Vraag", **draft))


# --- rule 2, as a table --------------------------------------------------------------------------

ANNA, FOLLOWERS, ELSEWHERE = "anna", "followers", "https://elders.example/users/x"
# to, cc, signed by the node, what becomes of it
TABLE: dict[str, tuple[list[str], list[str], bool, str]] = {
    "a ring": ([ring_urn(RING)], [], True, ring_audience(RING)),
    "a ring and a member": ([ring_urn(RING), ANNA], [], True, ring_audience(RING)),
    "a ring, signed by a person": ([ring_urn(RING)], [], False, "dropped"),
    "a ring we are not in": ([ring_urn(OTHER_RING)], [], True, "dropped"),
    "two rings": ([ring_urn(RING)], [ring_urn(OTHER_RING)], True, "dropped"),
    "a ring and a room": ([ring_urn(RING), room_urn(RING)], [], True, "dropped"),
    "a room": ([room_urn(RING)], [], True, "dropped"),
    "a ring and everyone": ([ring_urn(RING)], [AS_PUBLIC], True, "dropped"),
    "everyone and a member": ([AS_PUBLIC], [ANNA], False, PUBLIC),
    "everyone, unlisted": ([ANNA], ["as:Public"], False, PUBLIC),
    "everyone, short": (["Public"], [ANNA], False, PUBLIC),
    "everyone, concerning nobody here": ([AS_PUBLIC], [ELSEWHERE], False, "dropped"),
    "followers, none of them here": ([FOLLOWERS], [], False, "dropped"),
    "a member": ([ANNA], [], False, PEOPLE),
    "a member and followers": ([FOLLOWERS], [ANNA], False, PEOPLE),
    "somebody elsewhere": ([ELSEWHERE], [], False, "dropped"),
    "somebody else's followers": ([f"{ELSEWHERE}/followers"], [], False, "dropped"),
    "nobody": ([], [], False, "dropped"),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_audience_of_a_received_post(world: World, case: str) -> None:
    to, cc, by_node, expected = TABLE[case]
    jan = world.person(world.partner, "smit.example", "jan")
    names = {ANNA: anna_uri(world), FOLLOWERS: f"{jan}/followers"}
    fields = {"to": [names.get(one, one) for one in to], "cc": [names.get(one, one) for one in cc]}
    if expected == "dropped":
        with pytest.raises(Dropped):
            create(world, URI, jan, by_node=by_node, **fields)
        assert find_object(world.db, URI) is None
    else:
        create(world, URI, jan, by_node=by_node, **fields)
        assert found(world).audience == expected


def test_a_post_for_followers_is_for_the_local_followers_of_that_moment(world: World) -> None:
    jan = world.person(world.stranger, "elders.example", "jan")
    world.follow(world.anna, jan)
    create(world, "https://elders.example/o/1", jan, to=[f"{jan}/followers"])
    world.follow(world.bert, jan)
    assert readers(world, "https://elders.example/o/1") == {"anna"}


def test_a_personal_post_is_read_by_those_it_names(world: World) -> None:
    jan = world.person(world.stranger, "elders.example", "jan")
    create(world, "https://elders.example/o/1", jan, to=[anna_uri(world)])
    assert readers(world, "https://elders.example/o/1") == {"anna"}


def test_a_ring_post_is_read_by_our_members_and_served_to_nobody_else(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    create(world, URI, jan, by_node=True, **to_ring())
    assert readers(world) == {"anna", "bert"}


def test_a_ring_post_of_a_node_that_left_is_dropped(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    close_period(world.db, ring_audience(RING), world.partner)
    with pytest.raises(Dropped):
        create(world, URI, jan, by_node=True, **to_ring())


def test_a_post_must_be_its_senders_own(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    forged = note(URI, "https://smit.example/users/kees", to=[AS_PUBLIC], cc=[anna_uri(world)])
    elsewhere = note("https://elders.example/o/1", jan, to=[AS_PUBLIC], cc=[anna_uri(world)])
    for document in (forged, elsewhere):
        with pytest.raises(Dropped):
            receive_create(world.db, world.incoming(activity("Create", document, jan)))


def test_an_unknown_author_is_asked_for_first(world: World) -> None:
    piet = "https://elders.example/users/piet"
    with pytest.raises(Missing) as missing:
        create(world, "https://elders.example/o/1", piet, cc=[anna_uri(world)])
    assert (missing.value.what, missing.value.uri) == ("actor", piet)


def test_published_counts_as_received_when_it_claims_to_be_later(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    later = (now() + timedelta(days=3)).isoformat()
    create(world, URI, jan, by_node=True, published=later, **to_ring())
    assert found(world).published <= now()


def test_the_same_create_twice_is_one_post(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    for _ in range(2):
        create(world, URI, jan, by_node=True, **to_ring())
    assert world.db.scalar(select(func.count()).select_from(posts)) == 1


# --- rule 4: replies -----------------------------------------------------------------------------


def test_an_open_answer_to_a_ring_post_by_somebody_without_it_knows_no_parent(world: World) -> None:
    parent = publish(world, ring_audience(RING))
    kees = world.person(world.stranger, "elders.example", "kees")
    uri = "https://elders.example/o/9"
    create(world, uri, kees, cc=[anna_uri(world)], inReplyTo=f"{BASE}/o/{parent}")
    assert found(world, uri).audience == PUBLIC
    assert found(world, uri).parent_id is None
    assert found(world, uri).root_id != parent


def test_an_open_answer_to_a_guessed_company_post_that_concerns_nobody_is_dropped(world: World) -> None:
    parent = publish(world, COMPANY)
    kees = world.person(world.stranger, "elders.example", "kees")
    with pytest.raises(Dropped):
        create(world, "https://elders.example/o/9", kees, inReplyTo=f"{BASE}/o/{parent}")


def test_an_open_answer_to_a_personal_post_stays_personal(world: World) -> None:
    jan = world.person(world.stranger, "elders.example", "jan")
    first, second = "https://elders.example/o/1", "https://elders.example/o/2"
    create(world, first, jan, to=[anna_uri(world)])
    create(world, second, jan, inReplyTo=first)
    assert found(world, second).audience == PEOPLE
    assert readers(world, second) == {"anna"}


@pytest.mark.parametrize("addressed", [{"to": ["bert"]}, {"to": [AS_PUBLIC], "cc": ["bert"]}])
def test_to_outsiders_a_member_without_a_face_does_not_exist(
    world: World, addressed: dict[str, list[str]]
) -> None:
    bert = f"{BASE}{get_actor(world.db, world.bert).uri}"
    named = {
        field: [bert if name == "bert" else name for name in names] for field, names in addressed.items()
    }
    kees = world.person(world.stranger, "elders.example", "kees")
    document = note("https://elders.example/o/9", kees, **named)
    with pytest.raises(Dropped):
        receive_create(world.db, world.incoming(activity("Create", document, kees)))
    assert find_post(world.db, "https://elders.example/o/9") is None


def test_a_personal_answer_adds_nobody_to_the_circle(world: World) -> None:
    jan = world.person(world.stranger, "elders.example", "jan")
    bert = BASE + get_actor(world.db, world.bert).uri
    first, second = "https://elders.example/o/1", "https://elders.example/o/2"
    create(world, first, jan, to=[anna_uri(world)])
    create(world, second, jan, to=[anna_uri(world), bert], inReplyTo=first)
    assert readers(world, second) == {"anna"}


def test_a_ring_answer_stands_under_its_ring_post_and_its_writer_is_told(world: World) -> None:
    parent = publish(world, ring_audience(RING))
    jan = world.person(world.partner, "smit.example", "jan")
    create(world, URI, jan, by_node=True, inReplyTo=f"{BASE}/o/{parent}", **to_ring())
    assert (found(world).parent_id, found(world).root_id) == (parent, parent)
    assert [notice.kind for notice in list_notices(world.db, Member(world.anna))] == ["reply"]


def test_an_open_answer_to_an_open_post_is_kept(world: World) -> None:
    parent = publish(world, PUBLIC)
    kees = world.person(world.stranger, "elders.example", "kees")
    create(world, "https://elders.example/o/9", kees, inReplyTo=f"{BASE}/o/{parent}")
    assert found(world, "https://elders.example/o/9").parent_id == parent


def test_an_answer_that_comes_first_takes_its_place_later(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    create(world, SECOND, jan, by_node=True, inReplyTo=URI, **to_ring())
    assert found(world, SECOND).parent_uri == URI
    create(world, URI, jan, by_node=True, **to_ring())
    answer = found(world, SECOND)
    assert (answer.parent_id, answer.root_id) == (found(world).id, found(world).id)


def test_an_answer_never_takes_a_place_under_something_narrower(world: World) -> None:
    kees = world.person(world.stranger, "elders.example", "kees")
    jan = world.person(world.partner, "smit.example", "jan")
    create(world, "https://elders.example/o/9", kees, cc=[anna_uri(world)], inReplyTo=URI)
    create(world, URI, jan, by_node=True, **to_ring())
    assert found(world, "https://elders.example/o/9").parent_id is None


WORDS = (ANNA, "bert", FOLLOWERS, ELSEWHERE, AS_PUBLIC, ring_urn(RING), ring_urn(OTHER_RING), room_urn(RING))


@EVERY_TIME
@given(
    to=st.lists(st.sampled_from(WORDS), max_size=3),
    cc=st.lists(st.sampled_from(WORDS), max_size=3),
    by_node=st.booleans(),
    parent=st.sampled_from([None, COMPANY, ring_audience(RING), PEOPLE]),
)
def test_whatever_it_is_addressed_to_nobody_reads_more_than_was_asked_and_the_parent_allows(
    world: World, to: list[str], cc: list[str], by_node: bool, parent: str | None
) -> None:
    with world.db.begin_nested() as savepoint:
        _check_reach(world, [*to, *cc], {"to": to, "cc": cc}, by_node, parent)
        savepoint.rollback()


def _check_reach(
    world: World, named: list[str], fields: dict[str, list[str]], by_node: bool, parent: str | None
) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    bert = BASE + get_actor(world.db, world.bert).uri
    names = {ANNA: anna_uri(world), "bert": bert, FOLLOWERS: f"{jan}/followers"}
    answered: dict[str, Any] = {}
    if parent == PEOPLE:
        create(world, SECOND, jan, to=[anna_uri(world)])
        answered = {"inReplyTo": SECOND}
    elif parent is not None:
        answered = {"inReplyTo": f"{BASE}/o/{publish(world, parent)}"}
    addressed = {field: [names.get(one, one) for one in ones] for field, ones in fields.items()}
    try:
        create(world, URI, jan, by_node=by_node, **addressed, **answered)
    except Dropped:
        assert find_object(world.db, URI) is None
        return
    seen = readers(world)
    assert not seen & {"partner", "stranger"}
    assert "nobody" not in seen or AS_PUBLIC in named
    if {ring_urn(RING), ring_urn(OTHER_RING), room_urn(RING)}.intersection(named):
        assert found(world).audience == ring_audience(RING) or parent == PEOPLE
        assert by_node
    elif AS_PUBLIC not in named:
        assert seen <= {one for one in (ANNA, "bert") if one in named}
    if parent == PEOPLE and found(world).parent_id is not None:
        assert seen <= {"anna"}


# --- changes and deletions -----------------------------------------------------------------------


def ring_post(world: World) -> str:
    jan = world.person(world.partner, "smit.example", "jan")
    create(world, URI, jan, by_node=True, **to_ring())
    return jan


def change(world: World, author: str, *, by_node: bool = True, **fields: Any) -> None:
    document = note(URI, author, content="<p>Anders</p>", **fields)
    receive_update(world.db, world.incoming(activity("Update", document, author), by_node=by_node))


def test_a_change_replaces_the_words(world: World) -> None:
    change(world, ring_post(world), updated=now().isoformat(), **to_ring())
    assert found(world).html == "<p>Anders</p>"


@pytest.mark.parametrize(
    "fields", [{"to": [AS_PUBLIC]}, {"to": [ring_urn(OTHER_RING)]}, {"to": [BASE + "/p/1"]}, {"to": []}]
)
def test_a_change_with_another_audience_is_refused(world: World, fields: dict[str, Any]) -> None:
    jan = ring_post(world)
    with pytest.raises(Dropped):
        change(world, jan, **fields)
    assert found(world).html == "<p>Hallo</p>"


def test_a_change_of_a_ring_post_needs_the_nodes_own_key(world: World) -> None:
    jan = ring_post(world)
    with pytest.raises(Dropped):
        change(world, jan, by_node=False, **to_ring())


def test_an_older_change_that_comes_later_changes_nothing(world: World) -> None:
    jan = ring_post(world)
    change(world, jan, updated=now().isoformat(), **to_ring())
    old = note(URI, jan, content="<p>Oud</p>", updated=(now() - timedelta(hours=2)).isoformat(), **to_ring())
    receive_update(world.db, world.incoming(activity("Update", old, jan), by_node=True))
    assert found(world).html == "<p>Anders</p>"


def test_more_names_in_a_personal_post_change_its_words_and_add_nobody(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    bert = BASE + get_actor(world.db, world.bert).uri
    create(world, URI, jan, by_node=True, to=[anna_uri(world)])
    change(world, jan, to=[anna_uri(world), bert])
    assert found(world).html == "<p>Anders</p>"
    assert readers(world) == {"anna"}


def test_another_person_of_the_same_node_cannot_change_or_delete_it(world: World) -> None:
    ring_post(world)
    kees = world.person(world.partner, "smit.example", "kees")
    with pytest.raises(Dropped):
        change(world, kees, **to_ring())
    gone = world.incoming(activity("Delete", {"id": URI, **to_ring()}, kees), by_node=True)
    assert not delete_post_if_any(world.db, gone)
    assert found(world).state == "live"


def test_a_delete_empties_the_post(world: World) -> None:
    jan = ring_post(world)
    tombstone = {"id": URI, "type": "Tombstone", **to_ring()}
    assert delete_post_if_any(world.db, world.incoming(activity("Delete", tombstone, jan), by_node=True))
    assert (found(world).state, found(world).html) == (DELETED, "")
    assert readers(world) == set()


def test_a_delete_that_comes_first_wins_over_the_create(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    tombstone = {"id": URI, "type": "Tombstone", **to_ring()}
    assert delete_post_if_any(world.db, world.incoming(activity("Delete", tombstone, jan), by_node=True))
    create(world, URI, jan, by_node=True, **to_ring())
    row = find_object(world.db, URI)
    assert row is not None
    assert row.state == DELETED
    assert not may_read(world.db, Member(world.anna), row)


def test_nobody_deletes_in_advance_for_another_server(world: World) -> None:
    kees = world.person(world.stranger, "elders.example", "kees")
    gone = world.incoming(activity("Delete", URI, kees))
    assert not delete_post_if_any(world.db, gone)
    assert find_object(world.db, URI) is None


# --- likes and announces -------------------------------------------------------------------------


def likes(world: World) -> int:
    return int(world.db.scalar(select(func.count()).select_from(reactions)) or 0)


def test_a_partners_like_of_a_ring_post_counts_and_can_be_taken_back(world: World) -> None:
    target = f"{BASE}/o/{publish(world, ring_audience(RING))}"
    jan = world.person(world.partner, "smit.example", "jan")
    liked = {"id": "https://smit.example/o/7", "type": "Like", "actor": jan, "object": target, **to_ring()}
    receive_like(world.db, world.incoming(liked, by_node=True))
    assert likes(world) == 1
    undone = {"id": "https://smit.example/a/8", "type": "Undo", "actor": jan, "object": liked}
    assert undo_reaction(world.db, world.incoming(undone, by_node=True))
    assert likes(world) == 0


@pytest.mark.parametrize("audience", [COMPANY, ring_audience(RING)])
def test_a_stranger_cannot_like_what_they_may_not_read(world: World, audience: str) -> None:
    target = f"{BASE}/o/{publish(world, audience)}"
    kees = world.person(world.stranger, "elders.example", "kees")
    liked = {"id": "https://elders.example/l/1", "type": "Like", "actor": kees, "object": target}
    with pytest.raises(Dropped):
        receive_like(world.db, world.incoming(liked))
    assert likes(world) == 0


def announce(world: World, actor: str, what: Any) -> None:
    sent = {"id": f"{actor}#announce", "type": "Announce", "actor": actor, "object": what, "to": [AS_PUBLIC]}
    receive_announce(world.db, world.incoming(sent))


def test_what_a_followed_person_boosts_is_fetched_from_its_own_server(world: World) -> None:
    kees = world.person(world.stranger, "elders.example", "kees")
    world.follow(world.anna, kees)
    with pytest.raises(Missing) as missing:
        announce(world, kees, URI)
    assert (missing.value.what, missing.value.uri) == ("object", URI)
    jan = world.person(world.partner, "smit.example", "jan")
    store_fetched(world.db, world.node, note(URI, jan), world.partner)
    announce(world, kees, URI)
    assert likes(world) == 1


def test_a_post_that_is_fetched_again_unchanged_does_not_count_as_edited(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    store_fetched(world.db, world.node, note(URI, jan), world.partner)
    store_fetched(world.db, world.node, note(URI, jan), world.partner)
    assert found(world).edited_at is None
    store_fetched(world.db, world.node, note(URI, jan, content="<p>Anders</p>"), world.partner)
    assert found(world).edited_at is not None


def test_nothing_is_fetched_for_somebody_nobody_follows(world: World) -> None:
    kees = world.person(world.stranger, "elders.example", "kees")
    with pytest.raises(Dropped):
        announce(world, kees, URI)


def test_a_ring_post_cannot_be_announced(world: World) -> None:
    kees = world.person(world.stranger, "elders.example", "kees")
    world.follow(world.anna, kees)
    with pytest.raises(Dropped):
        announce(world, kees, f"{BASE}/o/{publish(world, ring_audience(RING))}")


def test_only_what_is_open_is_kept_when_it_was_fetched(world: World) -> None:
    jan = world.person(world.partner, "smit.example", "jan")
    with pytest.raises(Dropped):
        store_fetched(world.db, world.node, note(URI, jan, to=[anna_uri(world)]), world.partner)
    with pytest.raises(Dropped):
        store_fetched(world.db, world.node, note(URI, jan, **to_ring()), world.partner)
